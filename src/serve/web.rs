//! What the service listens on: the dashboard with its API, webhooks, and the probes with `/metrics`, each on a port of its own.
//!
//! Promises: a port in use, an address that would be open to strangers, and a secret that is missing or empty are errors
//! before anything else happens. Whoever connects costs a bounded number of connections, bytes and seconds. No request makes
//! keyfleet do more than look at git a little earlier, or review a pull request.
//!
//! Deliberately absent: TLS, which a proxy or an ingress ends; HTTP/2, whose streams would need bounds of their own;
//! decompression; anything that changes the fleet.

pub mod admission;
pub mod api;
mod ask;
mod connections;
mod headers;
pub mod limits;
mod listeners;
pub mod metrics;
pub mod pages;
pub mod probes;
pub mod webhooks;

pub use admission::Viewer;
pub use limits::Peer;
pub(super) use listeners::shared_address;
pub use listeners::{Addresses, Listeners, Parts, Purpose};
pub use metrics::Counters;
pub use probes::Watchdog;
pub use webhooks::Nudge;

use crate::serve::settings;
use std::io;
use std::net::SocketAddr;

/// Why the service cannot listen.
#[derive(Debug, thiserror::Error)]
pub enum ListenError {
    #[error(
        "failed to listen on {address} for {}: {source}; {}",
        purpose.what(),
        advice(source)
    )]
    Bind {
        purpose: Purpose,
        address: SocketAddr,
        source: io::Error,
    },
    #[error("{} and {} cannot share {address}; give each a port of its own", one.what(), other.what())]
    Shared {
        one: Purpose,
        other: Purpose,
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

/// Whether anybody could get in: of a token, that it is there and is one.
pub(super) fn check_admission(web: &settings::Web) -> Result<(), ListenError> {
    admission::Gate::new(web).map(drop)
}

/// Whether its secret is there, and is one of its forge.
pub(super) fn check_webhook(hook: &settings::Webhook) -> Result<(), ListenError> {
    webhooks::Hooks::check(hook)
}

impl ListenError {
    /// The setting that it is about.
    pub(super) fn setting(&self) -> &'static str {
        match self {
            Self::Bind { purpose, .. } | Self::Shared { other: purpose, .. } => match purpose {
                Purpose::Web => "web.listen",
                Purpose::Probes => "probes.listen",
                Purpose::Webhooks => "webhooks.listen",
            },
            Self::Open(_) => "web.listen",
            Self::Header { .. } | Self::NoProxy => "web.proxy",
            Self::Token(_) => "web.token",
            Self::Webhook { .. } => "webhooks.from",
        }
    }
}

fn advice(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::AddrInUse => "another process has this port: end it, or choose another port",
        io::ErrorKind::AddrNotAvailable => "this machine does not have this address",
        io::ErrorKind::PermissionDenied => "ports below 1024 need a privilege: choose a higher one",
        _ => "choose another address",
    }
}
