//! What is asked of a world from outside: how often its servers were asked. A port of its own, so that the servers' own
//! APIs stay as the real ones'.

use super::StartError;
use super::meter::{Counts, Meter};
use super::server::Server;
use axum::extract::State;
use axum::routing::get;
use axum::{Json, Router};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;

/// The counts of one look at a world.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct WorldCounts {
    pub vault: Counts,
    /// By name of the cluster, where it was asked at all.
    pub clusters: BTreeMap<String, Counts>,
}

#[derive(Debug)]
pub(super) struct Meters {
    pub vault: Arc<Meter>,
    pub clusters: BTreeMap<String, Arc<Meter>>,
}

#[derive(Debug)]
pub(super) struct Control {
    server: Server,
}

impl Control {
    pub(super) async fn start(meters: Arc<Meters>) -> Result<Self, StartError> {
        let api = Router::new()
            .route("/counts", get(so_far).delete(taken))
            .with_state(meters);
        let server = Server::start("the counts", 0, None, api).await?;
        Ok(Self { server })
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.server.address()
    }
}

async fn so_far(State(meters): State<Arc<Meters>>) -> Json<WorldCounts> {
    Json(meters.each(Meter::so_far))
}

/// The counts, which start again at nothing.
async fn taken(State(meters): State<Arc<Meters>>) -> Json<WorldCounts> {
    Json(meters.each(Meter::take))
}

impl Meters {
    pub(super) fn each(&self, read: impl Fn(&Meter) -> Counts) -> WorldCounts {
        let clusters = self.clusters.iter();
        let counts = clusters.map(|(name, meter)| (name.clone(), read(meter)));
        WorldCounts {
            vault: read(&self.vault),
            clusters: counts.filter(|(_, counts)| !counts.is_empty()).collect(),
        }
    }
}
