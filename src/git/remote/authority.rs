use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use git2::cert::Cert;
use git2::{CertificateCheckStatus, ErrorClass, ErrorCode};
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier as _;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, ClientConfig, ClientConnection, RootCertStore};

use crate::git::Error;
use crate::git::source::Url;

/// Decides whether an https server is who it should be, by the authorities of one file and no others.
///
/// libgit2's own setting for such a file belongs to the whole process. So its verdict is overruled for each connection,
/// with the certificate that the server has proved to own in that connection's handshake. libgit2 hands over that one only: where the
/// file does not hold the authorities in between, they are asked from the server by a connection of our own. They need
/// no trust: they are links between the server and an authority of the file, or nothing.
pub(super) struct Authority {
    file: PathBuf,
    host: String,
    port: u16,
    deadline: Instant,
    roots: Arc<RootCertStore>,
    refused: Option<String>,
}

impl Authority {
    pub(super) fn new(file: &Path, url: &Url, deadline: Instant) -> Result<Self, Error> {
        let failed = |why: String| Error::AccessFile {
            what: "the certificate authorities",
            path: file.to_owned(),
            source: std::io::Error::other(why),
        };
        let pem = std::fs::read(file).map_err(|source| Error::AccessFile {
            what: "the certificate authorities",
            path: file.to_owned(),
            source,
        })?;
        let mut roots = RootCertStore::empty();
        for certificate in CertificateDer::pem_slice_iter(&pem) {
            let certificate = certificate.map_err(|error| failed(error.to_string()))?;
            let added = roots.add(certificate);
            added.map_err(|error| failed(error.to_string()))?;
        }
        if roots.is_empty() {
            return Err(failed("it holds no certificate in PEM format".to_owned()));
        }
        Ok(Self {
            file: file.to_owned(),
            host: url.host.clone(),
            port: url.port.unwrap_or(443),
            deadline,
            roots: Arc::new(roots),
            refused: None,
        })
    }

    pub(super) fn check(
        &mut self,
        certificate: &Cert<'_>,
        host: &str,
    ) -> Result<CertificateCheckStatus, git2::Error> {
        if !host.eq_ignore_ascii_case(&self.host) {
            // A proxy that speaks TLS itself: the file is not about that one.
            return Ok(CertificateCheckStatus::CertificatePassthrough);
        }
        let leaf = certificate.as_x509().map(|x509| x509.data().to_vec());
        let leaf = CertificateDer::from(leaf.unwrap_or_default());
        match self.verify(&leaf) {
            Ok(()) => Ok(CertificateCheckStatus::CertificateOk),
            Err(error) => {
                self.refused = Some(error.to_string());
                let why = "the certificate is not trusted";
                Err(git2::Error::new(
                    ErrorCode::Certificate,
                    ErrorClass::Ssl,
                    why,
                ))
            }
        }
    }

    /// What was wrong with the certificate, and the file that decided it.
    pub(super) fn refused(&self) -> Option<(String, PathBuf)> {
        let refused = self.refused.clone();
        refused.map(|what| (what, self.file.clone()))
    }

    fn verify(&self, leaf: &CertificateDer<'_>) -> Result<(), rustls::Error> {
        match self.verify_through(leaf, &[]) {
            Err(rustls::Error::InvalidCertificate(CertificateError::UnknownIssuer)) => {
                let between = self.chain_of_server()?;
                self.verify_through(leaf, &between)
            }
            verdict => verdict,
        }
    }

    fn verify_through(
        &self,
        leaf: &CertificateDer<'_>,
        between: &[CertificateDer<'_>],
    ) -> Result<(), rustls::Error> {
        let provider = Arc::new(ring::default_provider());
        let verifier = WebPkiServerVerifier::builder_with_provider(self.roots.clone(), provider)
            .build()
            .map_err(|error| rustls::Error::General(error.to_string()))?;
        let now = UnixTime::now();
        verifier.verify_server_cert(leaf, between, &self.name()?, &[], now)?;
        Ok(())
    }

    /// The certificates that the server sends besides its own, once they lead to an authority of the file.
    fn chain_of_server(&self) -> Result<Vec<CertificateDer<'static>>, rustls::Error> {
        let provider = Arc::new(ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_root_certificates(self.roots.clone())
            .with_no_client_auth();
        let mut connection = ClientConnection::new(Arc::new(config), self.name()?)?;
        let mut stream = self.connect().map_err(|error| said(&error))?;
        while connection.is_handshaking() {
            if let Err(error) = connection.complete_io(&mut stream) {
                // What TLS itself found wrong is inside.
                let inner = error.into_inner();
                let inner = inner.and_then(|inner| inner.downcast::<rustls::Error>().ok());
                let late = || said(&"the server ended a second connection, or was too late");
                return Err(inner.map_or_else(late, |error| *error));
            }
        }
        let sent = connection.peer_certificates().unwrap_or_default();
        Ok(sent
            .iter()
            .skip(1)
            .map(|certificate| certificate.clone().into_owned())
            .collect())
    }

    fn connect(&self) -> std::io::Result<TcpStream> {
        let left = self.deadline.saturating_duration_since(Instant::now());
        let left = left.clamp(Duration::from_millis(1), Duration::from_secs(30));
        let mut failed = std::io::Error::other("the host has no address");
        let addresses = std::net::ToSocketAddrs::to_socket_addrs(&(&*self.host, self.port))?;
        for address in addresses {
            match TcpStream::connect_timeout(&address, left) {
                Ok(stream) => {
                    stream.set_read_timeout(Some(left))?;
                    stream.set_write_timeout(Some(left))?;
                    return Ok(stream);
                }
                Err(error) => failed = error,
            }
        }
        Err(failed)
    }

    fn name(&self) -> Result<ServerName<'static>, rustls::Error> {
        ServerName::try_from(self.host.clone()).map_err(|error| said(&error))
    }
}

fn said(error: &impl ToString) -> rustls::Error {
    rustls::Error::General(error.to_string())
}
