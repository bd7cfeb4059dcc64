//! A certificate authority of a server's own, and the one certificate that it issues.

use super::StartError;
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, KeyUsagePurpose,
};
use rustls::ServerConfig;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use std::net::Ipv4Addr;
use std::sync::Arc;

/// What clients trust, and what the server shows them.
#[derive(Debug)]
pub struct Authority {
    pub pem: String,
    pub certificate_pem: String,
    pub key_pem: String,
    pub(super) tls: Arc<ServerConfig>,
}

impl Authority {
    /// The server is known as `127.0.0.1`, `localhost` and by `name`.
    pub fn new(name: &str) -> Result<Self, StartError> {
        let failed = |source| StartError::Certificate {
            server: name.to_owned(),
            source,
        };
        let issuer = issuer(name).map_err(failed)?;
        let key = KeyPair::generate().map_err(failed)?;
        let names = vec![
            name.to_owned(),
            "localhost".to_owned(),
            Ipv4Addr::LOCALHOST.to_string(),
        ];
        let mut leaf = CertificateParams::new(names).map_err(failed)?;
        leaf.distinguished_name.push(DnType::CommonName, name);
        let certificate = leaf.signed_by(&key, &issuer).map_err(failed)?;
        let private = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let tls = ServerConfig::builder()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], private)
            .map_err(|source| StartError::Tls {
                server: name.to_owned(),
                source,
            })?;
        Ok(Self {
            pem: issuer.pem(),
            certificate_pem: certificate.pem(),
            key_pem: key.serialize_pem(),
            tls: Arc::new(tls),
        })
    }

    /// The same for a server that clients may speak HTTP/2 with, as they do with a kube-apiserver.
    pub(super) fn with_http2(&self) -> Arc<ServerConfig> {
        let mut tls = ServerConfig::clone(&self.tls);
        tls.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Arc::new(tls)
    }
}

fn issuer(name: &str) -> Result<CertifiedIssuer<'static, KeyPair>, rcgen::Error> {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params
        .distinguished_name
        .push(DnType::CommonName, format!("{name} authority"));
    CertifiedIssuer::self_signed(params, KeyPair::generate()?)
}
