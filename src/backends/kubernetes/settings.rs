//! Everything that a client is made from, checked: the address, the CA and the credentials.

use super::connect::Limits;
use super::{address, client, exec};
use crate::backends::file_trouble;
use crate::fence::Fence;
use crate::observe::{Failure, FailureClass};
use http::Uri;
use kube::config::{AuthInfo, ExecConfig};
use kube::{Client, Config};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use secrecy::{ExposeSecret, SecretString};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use zeroize::Zeroizing;

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
    /// Read for each client, since authorities are replaced while keyfleet runs.
    ca_file: Option<PathBuf>,
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
        Ok(Self {
            peer,
            limits,
            config,
            ca_file: None,
            exec: None,
        })
    }

    /// With a CA given, the trust store of the machine is not even loaded.
    pub(super) fn set_ca(&mut self, pem: &[u8]) -> Result<(), Failure> {
        self.config.root_cert = Some(self.authorities(pem)?);
        Ok(())
    }

    /// It must be good now, and is read again for each client.
    pub(super) fn set_ca_file(&mut self, path: PathBuf) -> Result<(), Failure> {
        self.config.root_cert = Some(self.read_ca(&path)?);
        self.ca_file = Some(path);
        Ok(())
    }

    fn read_ca(&self, path: &Path) -> Result<Vec<Vec<u8>>, Failure> {
        let pem = std::fs::read(path).map_err(|error| {
            let why = file_trouble::of_file(&error);
            self.wrong(&format!(
                "its CA file {} cannot be read: {why}",
                path.display()
            ))
        })?;
        self.authorities(&pem)
    }

    fn authorities(&self, pem: &[u8]) -> Result<Vec<Vec<u8>>, Failure> {
        let certificates: Result<Vec<Vec<u8>>, _> = CertificateDer::pem_slice_iter(pem)
            .map(|certificate| certificate.map(|certificate| certificate.to_vec()))
            .collect();
        match certificates {
            Ok(certificates) if !certificates.is_empty() => Ok(certificates),
            _ => Err(self.wrong("its CA is not a PEM certificate")),
        }
    }

    /// What a client is made of beside what is held here. When one of them changes, another client is needed.
    pub(super) fn files(&self) -> Vec<PathBuf> {
        let user = &self.config.auth_info;
        let of_user = [&user.token_file, &user.client_certificate, &user.client_key];
        let of_user = of_user.into_iter().flatten().map(PathBuf::from);
        let of_server = self.ca_file.iter().chain(&self.config.root_cert_file);
        of_server.cloned().chain(of_user).collect()
    }

    /// kube would read it too, every minute, and send the end of its line along.
    fn read_token(&self, path: &str) -> Result<SecretString, Failure> {
        let text = std::fs::read_to_string(path).map(Zeroizing::new);
        let text = text.map_err(|error| {
            let why = file_trouble::of_file(&error);
            self.wrong(&format!("its token file {path} cannot be read: {why}"))
        })?;
        self.bearer(&text)
    }

    /// kube panics on a token that cannot be a header, and files often end in a newline.
    fn bearer(&self, token: &str) -> Result<SecretString, Failure> {
        let token = token.trim();
        if token.is_empty() || !token.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(self.wrong("its token is not a bearer token"));
        }
        Ok(token.into())
    }

    pub(super) fn set_credentials(&mut self, mut credentials: AuthInfo) -> Result<(), Failure> {
        if let Some(token) = &credentials.token {
            credentials.token = Some(self.bearer(token.expose_secret())?);
        }
        self.exec = credentials.exec.take();
        self.config.auth_info = credentials;
        Ok(())
    }

    /// Makes a client whose bodies go out while the fence lets them. Blocks: resolves the host, reads files, and may run a
    /// credential plugin.
    pub(super) fn open(&self, fence: Fence) -> Result<Opened, Failure> {
        let request = connecting(&self.peer.trust);
        address::check_resolved(&self.config.cluster_url, &request)?;
        let (mut config, mut until) = (self.config.clone(), None);
        if let Some(path) = &self.ca_file {
            config.root_cert = Some(self.read_ca(path)?);
        }
        if let Some(path) = config.auth_info.token_file.take()
            && config.auth_info.token.is_none()
        {
            config.auth_info.token = Some(self.read_token(&path)?);
        }
        if let Some(plugin) = &self.exec {
            let issued = exec::run(plugin, self.limits.plugin, &request)?;
            until = issued.lives.map(|lives| Instant::now() + lives);
            config.auth_info = issued.credentials;
        }
        let client = client::client(config, fence).map_err(|error| self.unusable(&error))?;
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
