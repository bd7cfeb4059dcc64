//! What is asked of a world from outside: how often its servers were asked, and what they are to do wrong. A port of its
//! own, so that the servers' own APIs stay as the real ones'.

use super::StartError;
use super::fault::{Fault, Faults};
use super::meter::{Counts, Meter};
use super::server::Server;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::{get, put};
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

/// What can be seen and set of one server beside its API.
#[derive(Debug)]
pub(super) struct Watched {
    pub meter: Arc<Meter>,
    pub faults: Arc<Faults>,
}

#[derive(Debug)]
pub(super) struct Servers {
    pub vault: Watched,
    pub clusters: BTreeMap<String, Watched>,
}

/// What the Vault is called where clusters are called by their names.
const VAULT: &str = "vault";

#[derive(Debug)]
pub(super) struct Control {
    server: Server,
}

impl Control {
    pub(super) async fn start(servers: Arc<Servers>) -> Result<Self, StartError> {
        let api = Router::new()
            .route("/counts", get(so_far).delete(taken))
            .route("/faults/{server}", put(broken).delete(mended))
            .with_state(servers);
        let server = Server::start("the counts", 0, None, api).await?;
        Ok(Self { server })
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.server.address()
    }
}

async fn so_far(State(servers): State<Arc<Servers>>) -> Json<WorldCounts> {
    Json(servers.counts(Meter::so_far))
}

/// The counts, which start again at nothing.
async fn taken(State(servers): State<Arc<Servers>>) -> Json<WorldCounts> {
    Json(servers.counts(Meter::take))
}

/// What is sent is JSON, whatever it calls itself: `curl -d` calls it a form.
async fn broken(
    State(servers): State<Arc<Servers>>,
    Path(server): Path<String>,
    body: Bytes,
) -> (StatusCode, String) {
    match serde_json::from_slice(&body) {
        Ok(fault) => set(&servers, &server, Some(fault)),
        Err(error) => (StatusCode::BAD_REQUEST, format!("no such fault: {error}\n")),
    }
}

async fn mended(
    State(servers): State<Arc<Servers>>,
    Path(server): Path<String>,
) -> (StatusCode, String) {
    set(&servers, &server, None)
}

fn set(servers: &Servers, server: &str, fault: Option<Fault>) -> (StatusCode, String) {
    if servers.set_fault(server, fault) {
        return (StatusCode::NO_CONTENT, String::new());
    }
    let clusters: Vec<&str> = servers.clusters.keys().map(String::as_str).collect();
    let known = format!("there are `{VAULT}`, `{}`", clusters.join("`, `"));
    (
        StatusCode::NOT_FOUND,
        format!("no server `{server}`: {known}\n"),
    )
}

impl Servers {
    /// Says whether there is such a server.
    pub(super) fn set_fault(&self, server: &str, fault: Option<Fault>) -> bool {
        let found = match server {
            VAULT => Some(&self.vault),
            name => self.clusters.get(name),
        };
        found.map(|server| server.faults.set(fault)).is_some()
    }

    pub(super) fn counts(&self, read: impl Fn(&Meter) -> Counts) -> WorldCounts {
        let clusters = self.clusters.iter();
        let counts = clusters.map(|(name, server)| (name.clone(), read(&server.meter)));
        WorldCounts {
            vault: read(&self.vault.meter),
            clusters: counts.filter(|(_, counts)| !counts.is_empty()).collect(),
        }
    }
}
