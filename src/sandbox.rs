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
mod jwt;
pub mod kubernetes;
mod meter;
mod server;
pub mod vault;

pub use meter::{Counts, Kind};

use std::collections::BTreeMap;

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
        Ok(Self { vault, clusters })
    }
}
