//! The servers under a playground: embedded, or real ones where they are found.

use super::Shape;
use super::address::{Addresses, ClusterAddress};
use super::loopback;
use super::real::RealServers;
use crate::sandbox;
use std::net::SocketAddr;
use uuid::Uuid;

/// They run until this is dropped.
#[derive(Debug)]
pub(in crate::cli) enum Servers {
    Embedded(Box<sandbox::World>),
    Real(RealServers),
}

impl Servers {
    pub(in crate::cli) async fn embedded(
        shape: Shape,
        vault: sandbox::vault::Options,
    ) -> anyhow::Result<Self> {
        loopback::must_be_up()?;
        let clusters = shape
            .names()
            .into_iter()
            .map(|name| sandbox::kubernetes::Options {
                name,
                port: 0,
                admin_token: Uuid::new_v4().to_string(),
                user_token: None,
            });
        let options = sandbox::Options {
            vault,
            clusters: clusters.collect(),
        };
        let world = sandbox::World::start(options).await?;
        Ok(Self::Embedded(Box::new(world)))
    }

    pub(in crate::cli) async fn real(shape: Shape) -> anyhow::Result<Self> {
        loopback::must_be_up()?;
        Ok(Self::Real(RealServers::start(&shape.names()).await?))
    }

    /// Where the embedded ones say how often they were asked, and are broken.
    pub(in crate::cli) fn control_address(&self) -> Option<SocketAddr> {
        match self {
            Self::Embedded(world) => Some(world.control_address()),
            Self::Real(_) => None,
        }
    }

    /// What they were asked since this was last called; real ones do not count.
    pub(in crate::cli) fn take_counts(&self) -> Option<sandbox::WorldCounts> {
        match self {
            Self::Embedded(world) => Some(world.take_counts()),
            Self::Real(_) => None,
        }
    }

    pub(in crate::cli) fn addresses(&self) -> Addresses {
        match self {
            Self::Real(servers) => servers.addresses().clone(),
            Self::Embedded(world) => Addresses {
                vault: world.vault.addr().to_owned(),
                vault_token: world.vault.root_token().to_owned(),
                vault_ca_pem: world.vault.ca_pem().map(ToOwned::to_owned),
                clusters: world.clusters.values().map(address).collect(),
            },
        }
    }
}

fn address(cluster: &sandbox::kubernetes::Cluster) -> ClusterAddress {
    ClusterAddress {
        name: cluster.name().to_owned(),
        server: cluster.server().to_owned(),
        ca_pem: cluster.ca_pem().to_owned(),
        token: cluster.admin_token().to_owned(),
    }
}
