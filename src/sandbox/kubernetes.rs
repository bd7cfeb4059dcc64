//! A Kubernetes cluster of a world: the API server's HTTP API for the objects that the road and its users touch.
//!
//! A request goes through `request` (which verb on which object), `authn` (who asks), `authz` (whether RBAC grants it), and
//! then to the `store` or to one of the few objects that are questions (`TokenReview`, `SelfSubjectAccessReview`). What a
//! kind may hold is a `schema`: decoding, defaults, field validation, managedFields and server-side apply read the same one.
//!
//! Absent: controllers (apart from the end of a namespace), nodes, admission plug-ins, answers in protobuf, aggregated APIs.

mod answer;
mod authn;
mod authz;
mod decode;
mod discovery;
mod fields;
mod http;
mod json_patch;
mod kinds;
mod layout;
mod metadata;
mod namespaces;
mod options;
mod path;
mod protobuf;
mod query;
mod request;
mod rest;
mod reviews;
mod schema;
mod selectors;
mod status;
mod store;
mod table;
mod validate;

use super::StartError;
use super::authority::Authority;
use super::control::Watched;
use super::jwt::SigningKey;
use super::meter::{Counts, Meter};
use super::server::Server;
use authn::Credentials;
use http::Api;
use jiff::Timestamp;
use request::User;
use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};
use store::Store;

/// How a cluster is to be.
#[derive(Debug, Clone)]
pub struct Options {
    pub name: String,
    /// 0 is any free port.
    pub port: u16,
    /// The bearer token of a `system:masters` user.
    pub admin_token: String,
    /// The bearer token of a user with no rights, named `user`.
    pub user_token: Option<String>,
}

#[derive(Debug)]
pub struct Cluster {
    name: String,
    server: String,
    ca_pem: String,
    admin_token: String,
    meter: Arc<Meter>,
    listener: Server,
}

impl Cluster {
    pub async fn start(options: Options) -> Result<Self, StartError> {
        let authority = Authority::new(&options.name)?;
        let meter = Arc::new(Meter::default());
        let credentials = credentials(&options)?;
        let store = begin(Timestamp::now());
        let api = http::router(Arc::new(Api::new(store, credentials, Arc::clone(&meter))));
        let tls = Some(authority.with_http2());
        let server = Server::start(&options.name, options.port, tls, api).await?;
        Ok(Self {
            name: options.name,
            server: format!("https://{}", server.address()),
            ca_pem: authority.pem,
            admin_token: options.admin_token,
            meter,
            listener: server,
        })
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    /// `https://127.0.0.1:PORT`.
    pub fn server(&self) -> &str {
        &self.server
    }

    pub fn ca_pem(&self) -> &str {
        &self.ca_pem
    }

    pub fn admin_token(&self) -> &str {
        &self.admin_token
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

/// What a cluster has before anybody has asked it for anything.
fn begin(now: Timestamp) -> Store {
    let mut store = Store::default();
    for (key, object) in roles() {
        store.found(key.clone(), Arc::clone(object));
    }
    namespaces::begin(&mut store, now);
    store
}

/// The roles and bindings of the start: many and large, so all clusters of a process share them.
fn roles() -> &'static [(store::Key, Arc<serde_json::Value>)] {
    static ROLES: OnceLock<Vec<(store::Key, Arc<serde_json::Value>)>> = OnceLock::new();
    ROLES.get_or_init(|| {
        let mut store = Store::default();
        authz::begin(&mut store, Timestamp::now());
        store.objects.into_iter().collect()
    })
}

fn credentials(options: &Options) -> Result<Credentials, StartError> {
    let of = |name: &str, groups: &[&str]| User {
        name: name.to_owned(),
        uid: format!("{name}-uid"),
        groups: groups.iter().map(|group| (*group).to_owned()).collect(),
        extra: BTreeMap::new(),
    };
    let admin = of("admin", &["system:masters"]);
    let mut known = vec![(options.admin_token.clone(), admin)];
    if let Some(token) = &options.user_token {
        known.push((token.clone(), of("user", &[])));
    }
    let key = SigningKey::generate().map_err(|source| StartError::Certificate {
        server: options.name.clone(),
        source,
    })?;
    Ok(Credentials {
        known,
        public: key.public(),
        key,
    })
}
