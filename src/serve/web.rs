//! What the service listens on: the dashboard with its API, webhooks, and the probes with `/metrics`, each on a port of its own.
//!
//! Promises: a port in use, an address that would be open to strangers, and a secret that is missing or empty are errors
//! before anything else happens. Whoever connects costs a bounded number of connections, bytes and seconds. No request makes
//! keyfleet do more than look at git a little earlier.
//!
//! Deliberately absent: TLS, which a proxy or an ingress ends; HTTP/2, whose streams would need bounds of their own;
//! decompression; anything that changes the fleet.

pub mod admission;
pub mod api;
mod ask;
mod connections;
mod headers;
pub mod limits;
pub mod metrics;
pub mod pages;
pub mod probes;
pub mod webhooks;

pub use admission::Viewer;
pub use limits::Peer;
pub use metrics::Counters;
pub use probes::Watchdog;
pub use webhooks::Nudge;

use crate::serve::{Board, Settings};
use admission::Gate;
use axum::Router;
use connections::Server;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::watch;
use webhooks::Hooks;

/// How long answers that are under way have when the process is told to end.
const ENDING: Duration = Duration::from_secs(5);

/// Why the service cannot listen.
#[derive(Debug, thiserror::Error)]
pub enum ListenError {
    #[error(
        "failed to listen on {address} for {what}: {source}; {}",
        advice(source)
    )]
    Bind {
        what: &'static str,
        address: SocketAddr,
        source: io::Error,
    },
    #[error("{one} and {other} cannot share {address}; give each a port of its own")]
    Shared {
        one: &'static str,
        other: &'static str,
        address: SocketAddr,
    },
    #[error(
        "the dashboard would be open to everybody who reaches {0}; set a token, or a proxy's header and its addresses, or listen on 127.0.0.1"
    )]
    Open(SocketAddr),
    #[error(
        "{header:?} cannot be the header in which a proxy names a user; name one such as X-Forwarded-User"
    )]
    Header { header: String },
    #[error("nobody is trusted to name users: say at which addresses the proxy is")]
    NoProxy,
    #[error("the token of the dashboard: {0}")]
    Token(String),
    #[error("the secret of the webhooks of {forge}: {why}")]
    Webhook { forge: &'static str, why: String },
}

fn advice(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::AddrInUse => "another process has this port: end it, or choose another port",
        io::ErrorKind::AddrNotAvailable => "this machine does not have this address",
        io::ErrorKind::PermissionDenied => "ports below 1024 need a privilege: choose a higher one",
        _ => "choose another address",
    }
}

/// Every address, bound; nobody is answered yet.
pub struct Listeners {
    web: Bound,
    gate: Arc<Gate>,
    probes: Bound,
    webhooks: Option<(Bound, Hooks)>,
}

struct Bound {
    listener: TcpListener,
    address: SocketAddr,
}

/// Where it listens, with the ports that the system chose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Addresses {
    pub web: SocketAddr,
    pub probes: SocketAddr,
    pub webhooks: Option<SocketAddr>,
}

/// What answers are made of.
pub struct Parts {
    pub board: Arc<Board>,
    pub counters: Arc<Counters>,
    pub watchdog: Arc<Watchdog>,
    pub nudge: Nudge,
    /// The pages and the API; who may look is decided before them.
    pub pages: Router,
}

impl Listeners {
    /// Checks who may look and binds every address, or says what is wrong with the first that cannot be had.
    pub async fn bind(settings: &Settings) -> Result<Self, ListenError> {
        let (web, webhooks) = (&settings.web, &settings.webhooks);
        let listens_for_webhooks = !webhooks.from.is_empty();
        let mut wanted = vec![
            ("the dashboard", web.listen),
            ("the probes", settings.probes),
        ];
        if listens_for_webhooks {
            wanted.push(("webhooks", webhooks.listen));
        }
        apart(&wanted)?;
        let gate = Arc::new(Gate::new(web)?);
        let hooks = Hooks::new(webhooks, settings.repository.reference.as_deref())?;
        let bound_webhooks = if listens_for_webhooks {
            Some((Bound::at("webhooks", webhooks.listen).await?, hooks))
        } else {
            None
        };
        Ok(Self {
            web: Bound::at("the dashboard", web.listen).await?,
            gate,
            probes: Bound::at("the probes", settings.probes).await?,
            webhooks: bound_webhooks,
        })
    }

    pub fn addresses(&self) -> Addresses {
        Addresses {
            web: self.web.address,
            probes: self.probes.address,
            webhooks: self.webhooks.as_ref().map(|(bound, _)| bound.address),
        }
    }

    /// Answers until `shutdown` is done, and then ends within 5 seconds.
    pub async fn serve(self, parts: Parts, shutdown: impl Future<Output = ()>) {
        let Parts {
            board,
            counters,
            watchdog,
            nudge,
            pages,
        } = parts;
        let (end, ended) = watch::channel(false);
        let probes = probes::router(board, Arc::clone(&counters), watchdog);
        let mut servers = vec![
            Server::new(
                self.web.listener,
                limits::WEB,
                admission::router(self.gate, pages),
            ),
            Server::new(self.probes.listener, limits::PROBES, probes),
        ];
        if let Some((bound, hooks)) = self.webhooks {
            let router = webhooks::router(hooks, nudge, counters);
            servers.push(Server::new(bound.listener, limits::WEBHOOKS, router));
        }
        let serving = servers
            .into_iter()
            .map(|server| server.run(ended.clone(), ENDING));
        let serving = futures::future::join_all(serving);
        let told = async {
            shutdown.await;
            // Nobody listens any more only when every server has ended.
            let _ = end.send(true);
        };
        tokio::join!(serving, told);
    }
}

/// Each on a port of its own: who may look differs.
fn apart(wanted: &[(&'static str, SocketAddr)]) -> Result<(), ListenError> {
    for (index, (one, address)) in wanted.iter().enumerate() {
        let same = wanted[index + 1..]
            .iter()
            .find(|(_, other)| other == address && address.port() != 0);
        if let Some((other, _)) = same {
            return Err(ListenError::Shared {
                one,
                other,
                address: *address,
            });
        }
    }
    Ok(())
}

impl Bound {
    async fn at(what: &'static str, address: SocketAddr) -> Result<Self, ListenError> {
        let failed = |source| ListenError::Bind {
            what,
            address,
            source,
        };
        let listener = TcpListener::bind(address).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        Ok(Self { listener, address })
    }
}
