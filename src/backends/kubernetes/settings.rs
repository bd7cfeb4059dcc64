//! Everything that a client is made from, checked: the address, the CA and the credentials.

use super::connect::Limits;
use super::{address, exec};
use crate::observe::{Failure, FailureClass};
use http::Uri;
use kube::client::ClientBuilder;
use kube::config::{AuthInfo, ExecConfig};
use kube::{Client, Config};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use secrecy::ExposeSecret;
use std::time::{Duration, Instant};

/// Who is at the other end, in the words of messages.
#[derive(Debug, Clone)]
pub(super) struct Peer {
    /// `https://prod-eu.example:6443`
    pub(super) server: String,
    /// Where its CA and the credentials come from: `the kubeconfig kv/clusters/prod-eu`.
    pub(super) trust: String,
}

pub(super) struct Settings {
    pub(super) peer: Peer,
    pub(super) limits: Limits,
    pub(super) config: Config,
    /// Run by keyfleet itself, once per client: kube would run it three times, and prints what it printed.
    pub(super) exec: Option<ExecConfig>,
}

/// A client, and until when its credentials are good.
#[derive(Clone)]
pub(super) struct Opened {
    pub(super) client: Client,
    pub(super) until: Option<Instant>,
}

impl Settings {
    pub(super) fn new(server: &str, trust: &str, limits: Limits) -> Result<Self, Failure> {
        let uri = address::parse(server, &connecting(trust))?;
        let peer = Peer {
            server: shown(&uri),
            trust: trust.to_owned(),
        };
        // Made from the address alone, so that nothing of the environment gets in: kube's own way from a kubeconfig
        // reads HTTPS_PROXY, and then fails, because this build has no proxy support.
        let mut config = Config::new(uri);
        config.connect_timeout = Some(limits.connect);
        // The deadline around a whole request bounds reading and writing too. kube's own read timeout would count the
        // time that a pooled connection was idle.
        config.read_timeout = None;
        // kube's retries repeat writes too, up to fifteen times.
        config.default_retry = false;
        Ok(Self {
            peer,
            limits,
            config,
            exec: None,
        })
    }

    /// With a CA given, the trust store of the machine is not even loaded.
    pub(super) fn set_ca(&mut self, pem: &[u8]) -> Result<(), Failure> {
        let certificates: Result<Vec<Vec<u8>>, _> = CertificateDer::pem_slice_iter(pem)
            .map(|certificate| certificate.map(|certificate| certificate.to_vec()))
            .collect();
        match certificates {
            Ok(certificates) if !certificates.is_empty() => {
                self.config.root_cert = Some(certificates);
                Ok(())
            }
            _ => Err(self.wrong("its CA is not a PEM certificate")),
        }
    }

    pub(super) fn set_credentials(&mut self, mut credentials: AuthInfo) -> Result<(), Failure> {
        // kube panics on a token that cannot be a header, and files often end in a newline.
        if let Some(token) = &credentials.token {
            let token = token.expose_secret().trim();
            if token.is_empty() || !token.bytes().all(|byte| byte.is_ascii_graphic()) {
                return Err(self.wrong("its token is not a bearer token"));
            }
            credentials.token = Some(token.into());
        }
        self.exec = credentials.exec.take();
        self.config.auth_info = credentials;
        Ok(())
    }

    /// Makes a client. Blocks: resolves the host, reads files, and may run a credential plugin.
    pub(super) fn open(&self) -> Result<Opened, Failure> {
        let request = connecting(&self.peer.trust);
        address::check_resolved(&self.config.cluster_url, &request)?;
        let (mut config, mut until) = (self.config.clone(), None);
        if let Some(plugin) = &self.exec {
            let issued = exec::run(plugin, self.limits.plugin, &request)?;
            until = issued.lives.map(|lives| Instant::now() + lives);
            config.auth_info = issued.credentials;
        }
        let client = ClientBuilder::try_from(config)
            .map_err(|error| self.unusable(&error))?
            .build();
        Ok(Opened { client, until })
    }

    /// Error texts stay behind: those of credential commands hold what the command printed.
    fn unusable(&self, error: &kube::Error) -> Failure {
        match error {
            kube::Error::RustlsTls(_) | kube::Error::InferKubeconfig(_) => {
                self.wrong("its CA, client certificate or key cannot be used")
            }
            kube::Error::Auth(_) => self.wrong("its credentials cannot be read"),
            _ => self.wrong("it does not describe a usable connection"),
        }
        .hint("see whether kubectl works with the same file")
    }

    pub(super) fn wrong(&self, why: &str) -> Failure {
        Failure::new(FailureClass::Setup, connecting(&self.peer.trust), why)
    }
}

pub(super) fn connecting(trust: &str) -> String {
    format!("connect with {trust}")
}

fn shown(uri: &Uri) -> String {
    uri.to_string().trim_end_matches('/').to_owned()
}

/// How long before its end a credential counts as spent.
pub(super) const MARGIN: Duration = Duration::from_secs(30);
