//! Getting in: one connection per cluster, and the reader and the writer made of it.

use super::kubeconfig::{self, KubeconfigFile};
use super::request::Requests;
use super::settings::Settings;
use super::{lease, read, write};
use crate::backends::Conduct;
use crate::observe::{Failure, FailureClass};
use crate::secret::SecretBytes;
use kube::Config;
use kube::config::AuthInfo;
use std::sync::Arc;
use std::time::Duration;

/// How keyfleet gets into a cluster.
#[derive(Debug)]
pub enum Access {
    /// The operator's own file. Only here may a credential plugin run.
    Kubeconfig {
        file: Arc<KubeconfigFile>,
        context: Option<String>,
    },
    /// A kubeconfig kept elsewhere; `origin` says where, in messages: `kv/clusters/prod-eu#kubeconfig`.
    KubeconfigText {
        text: SecretBytes,
        context: Option<String>,
        origin: String,
    },
    /// An address and a token. Without a CA, the machine's trust store decides.
    Token {
        server: String,
        ca_pem: Option<String>,
        token: SecretBytes,
        origin: String,
    },
    /// The service account of the pod that keyfleet runs in.
    InCluster,
}

/// How much of a cluster's time a connection may take.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    pub connect: Duration,
    /// For one request with its answer, without the wait before another try.
    pub request: Duration,
    /// For one run of a credential plugin.
    pub plugin: Duration,
    /// Requests at the same time.
    pub at_once: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(5),
            request: Duration::from_secs(30),
            plugin: Duration::from_secs(60),
            at_once: 4,
        }
    }
}

/// A cluster that can be asked. Nothing is sent before the first request.
pub struct ClusterConnection {
    requests: Arc<Requests>,
}

impl ClusterConnection {
    /// Checks what is given; reads files, but asks no server.
    pub fn new(access: Access, limits: Limits) -> Result<Self, Failure> {
        Self::with_conduct(access, limits, Conduct::default())
    }

    /// The same, under what holds for the requests of this process together.
    pub fn with_conduct(access: Access, limits: Limits, conduct: Conduct) -> Result<Self, Failure> {
        let settings = match access {
            Access::Kubeconfig { file, context } => file.settings(context.as_deref(), limits)?,
            Access::KubeconfigText {
                text,
                context,
                origin,
            } => kubeconfig::text(&text, context.as_deref(), &origin, limits)?,
            Access::Token {
                server,
                ca_pem,
                token,
                origin,
            } => by_token(&server, ca_pem.as_deref(), &token, &origin, limits)?,
            Access::InCluster => in_cluster(limits)?,
        };
        Ok(Self {
            requests: Arc::new(Requests::new(settings, conduct)),
        })
    }

    /// The address of the API server.
    pub fn server(&self) -> &str {
        self.requests.server()
    }

    /// Whether the server's last answer was that these credentials, or this authority, are not the right ones. What they were
    /// made from may hold others by now.
    pub fn is_turned_away(&self) -> bool {
        self.requests.is_turned_away()
    }

    pub fn reader(&self) -> read::ClusterReader {
        read::ClusterReader::new(Arc::clone(&self.requests))
    }

    pub fn writer(&self) -> write::ClusterWriter {
        write::ClusterWriter::new(Arc::clone(&self.requests))
    }

    /// What the active process is agreed on with.
    pub fn leases(&self) -> lease::ClusterLeases {
        lease::ClusterLeases::new(Arc::clone(&self.requests))
    }
}

impl std::fmt::Debug for ClusterConnection {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "ClusterConnection({})", self.server())
    }
}

fn by_token(
    server: &str,
    ca_pem: Option<&str>,
    token: &SecretBytes,
    origin: &str,
    limits: Limits,
) -> Result<Settings, Failure> {
    let mut settings = Settings::new(server, origin, limits)?;
    if let Some(pem) = ca_pem {
        settings.set_ca(pem.as_bytes())?;
    }
    let token = token
        .expose_text()
        .ok_or_else(|| settings.wrong("its token is not text"))?;
    settings.set_credentials(AuthInfo {
        token: Some(token.into()),
        ..AuthInfo::default()
    })?;
    Ok(settings)
}

/// The files of the pod are rotated, and are read again then.
fn in_cluster(limits: Limits) -> Result<Settings, Failure> {
    const ORIGIN: &str = "the pod's service account";
    let found = Config::incluster_env().map_err(|_| {
        Failure::new(
            FailureClass::Setup,
            format!("connect with {ORIGIN}"),
            "this is not a pod with a service account",
        )
        .hint("outside of a cluster, connect with a kubeconfig")
    })?;
    let mut settings = Settings::new(&found.cluster_url.to_string(), ORIGIN, limits)?;
    settings.config.root_cert = found.root_cert;
    settings.config.root_cert_file = found.root_cert_file;
    settings.config.auth_info = found.auth_info;
    Ok(settings)
}
