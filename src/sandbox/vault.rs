//! The Vault of a world: `OpenBao`'s HTTP API, or `HashiCorp` Vault's, for what the road and its users touch.
//!
//! A request goes through `http` (what is asked), `core` (who asks, whether a policy grants it, which mount answers) and
//! then to `sys`, `auth/token` or the `backend` of a mount. State is one structure behind one lock, which is never held
//! while another server is asked: a login hands out the question, and the answer is brought back to the mount.
//!
//! Absent: engines other than KV v1, KV v2 and cubbyhole, auth methods other than token, kubernetes and jwt, leases,
//! quotas, audit, identity. They are refused as unknown.

mod access;
mod auth_jwt;
mod auth_kubernetes;
mod auth_method;
mod auth_token;
mod backend;
mod call;
mod claims;
mod core;
mod cubbyhole;
mod fields;
mod form;
mod http;
mod keys;
mod kv1;
mod kv2;
mod kv_version;
mod mounts;
mod names;
mod policies;
mod review;
mod state;
mod sys;
mod token_role;
mod tokens;
mod wrapping;

use super::StartError;
use super::control::Watched;
use super::meter::{Counts, Meter};
use super::server::Server;
use std::sync::Arc;

/// Whose API it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Flavour {
    #[default]
    OpenBao,
    HashiCorp,
}

#[derive(Debug, Clone)]
pub struct Options {
    pub flavour: Flavour,
    /// 0 is any free port.
    pub port: u16,
    pub root_token: String,
    /// Plain HTTP otherwise, as a development server has it.
    pub tls: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            flavour: Flavour::default(),
            port: 0,
            root_token: "root".to_owned(),
            tls: false,
        }
    }
}

/// A Vault that listens, unsealed and as empty as a development server: `sys/`, `cubbyhole/`, `identity/`, `auth/token/`,
/// and KV v2 at `secret/`.
#[derive(Debug)]
pub struct Vault {
    addr: String,
    ca_pem: Option<String>,
    root_token: String,
    meter: Arc<Meter>,
    listener: Server,
}

impl Vault {
    pub async fn start(options: Options) -> Result<Self, StartError> {
        let authority = if options.tls {
            Some(super::authority::Authority::new("vault")?)
        } else {
            None
        };
        let meter = Arc::new(Meter::default());
        let core = Arc::new(core::Core::new(options.flavour, &options.root_token));
        let api = http::router(core, Arc::clone(&meter));
        let tls = authority
            .as_ref()
            .map(|authority| Arc::clone(&authority.tls));
        let server = Server::start("the Vault", options.port, tls, api).await?;
        let scheme = if options.tls { "https" } else { "http" };
        Ok(Self {
            addr: format!("{scheme}://{}", server.address()),
            ca_pem: authority.map(|authority| authority.pem),
            root_token: options.root_token,
            meter,
            listener: server,
        })
    }

    /// What `VAULT_ADDR` is to be.
    pub fn addr(&self) -> &str {
        &self.addr
    }

    /// What `VAULT_CACERT` is to hold, where the Vault speaks TLS.
    pub fn ca_pem(&self) -> Option<&str> {
        self.ca_pem.as_deref()
    }

    pub fn root_token(&self) -> &str {
        &self.root_token
    }

    /// How often it was asked since this was last called.
    pub fn take_counts(&self) -> Counts {
        self.meter.take()
    }

    pub(super) fn watch(&self) -> Watched {
        Watched {
            meter: Arc::clone(&self.meter),
            faults: self.listener.faults(),
        }
    }
}
