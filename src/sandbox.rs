//! A world in a box: one Vault and any number of Kubernetes clusters, served on loopback over real HTTP and TLS.
//!
//! Nothing here is a stage of keyfleet, and no stage knows that it is here: they meet over the network only. Every server
//! keeps its state in memory, enforces what the real one enforces (policies, RBAC, signatures, preconditions), and is held
//! to it: the contract tests put the same requests to the sandbox, to a real `OpenBao` or `HashiCorp` Vault and to a real
//! kube-apiserver, and want the same answers.
//!
//! Absent on purpose: persistence, high availability, sealing by keys, controllers (apart from the end of a namespace), nodes,
//! and every engine, auth method and resource that the road and its users do not touch. What is asked of those is
//! refused as a server without them refuses it.

mod authority;
mod control;
mod fault;
mod jwt;
pub mod kubernetes;
mod meter;
mod server;
pub mod vault;

pub use authority::Authority;
pub use control::WorldCounts;
pub use fault::{Fault, Mishap};
pub use meter::{Counts, Kind};

use control::{Control, Servers};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;

/// What a world is made of.
#[derive(Debug, Clone, Default)]
pub struct Options {
    pub vault: vault::Options,
    pub clusters: Vec<kubernetes::Options>,
}

/// Servers that listen until this is dropped.
#[derive(Debug)]
pub struct World {
    pub vault: vault::Vault,
    /// By name.
    pub clusters: BTreeMap<String, kubernetes::Cluster>,
    servers: Arc<Servers>,
    control: Control,
}

/// Why a world could not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error(
        "failed to listen on 127.0.0.1:{port} for {server}; another port, or 0 for any free one, may do"
    )]
    Listen {
        server: String,
        port: u16,
        #[source]
        source: std::io::Error,
    },
    #[error("failed to make a certificate for {server}")]
    Certificate {
        server: String,
        #[source]
        source: rcgen::Error,
    },
    #[error("failed to serve TLS as {server}")]
    Tls {
        server: String,
        #[source]
        source: rustls::Error,
    },
}

impl World {
    pub async fn start(options: Options) -> Result<Self, StartError> {
        let vault = vault::Vault::start(options.vault).await?;
        let mut clusters = BTreeMap::new();
        for wanted in options.clusters {
            let cluster = kubernetes::Cluster::start(wanted).await?;
            clusters.insert(cluster.name().to_owned(), cluster);
        }
        let servers = Arc::new(Servers {
            vault: vault.watch(),
            clusters: clusters
                .iter()
                .map(|(name, cluster)| (name.clone(), cluster.watch()))
                .collect(),
        });
        let control = Control::start(Arc::clone(&servers)).await?;
        Ok(Self {
            vault,
            clusters,
            servers,
            control,
        })
    }

    /// How often every server was asked since this was last called.
    pub fn take_counts(&self) -> WorldCounts {
        self.servers.counts(meter::Meter::take)
    }

    /// Lets `vault`, or the cluster of this name, go wrong from now on, or be well again. Says whether there is one.
    pub fn set_fault(&self, server: &str, fault: Option<Fault>) -> bool {
        self.servers.set_fault(server, fault)
    }

    /// Where another process counts and breaks: `GET` and `DELETE /counts`, `PUT` and `DELETE /faults/SERVER`.
    pub fn control_address(&self) -> SocketAddr {
        self.control.address()
    }
}
