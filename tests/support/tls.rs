use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use rcgen::{ExtendedKeyUsagePurpose, KeyUsagePurpose};
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use std::sync::Arc;
use tokio_rustls::TlsAcceptor;

/// A certificate authority of a test: every cluster has its own.
#[derive(Debug)]
pub struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
}

/// A certificate for loopback and its key, both PEM.
#[derive(Debug, Clone)]
pub struct Identity {
    pub certificate: String,
    pub key: String,
}

impl Authority {
    pub fn new(name: &str) -> Self {
        let mut params = CertificateParams::new(Vec::new()).expect("no names are valid names");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        params.distinguished_name.push(DnType::CommonName, name);
        let key = KeyPair::generate().expect("a key can be made");
        let issuer = CertifiedIssuer::self_signed(params, key).expect("a CA can sign itself");
        Self { issuer }
    }

    pub fn pem(&self) -> String {
        self.issuer.pem()
    }

    /// Takes connections with a new certificate of its own.
    pub fn acceptor(&self) -> TlsAcceptor {
        super::init();
        let Identity { certificate, key } = self.issue();
        let chain = CertificateDer::from_pem_slice(certificate.as_bytes()).expect("it is PEM");
        let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).expect("it is PEM");
        let server = ServerConfig::builder()
            .with_no_client_auth()
            .with_single_cert(vec![chain], key)
            .expect("the key belongs to the certificate");
        Arc::new(server).into()
    }

    /// A new serving certificate for 127.0.0.1 and localhost.
    pub fn issue(&self) -> Identity {
        let names = ["127.0.0.1".to_owned(), "localhost".to_owned()];
        let mut params = CertificateParams::new(names).expect("loopback has valid names");
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params
            .distinguished_name
            .push(DnType::CommonName, "127.0.0.1");
        let key = KeyPair::generate().expect("a key can be made");
        let certificate = params
            .signed_by(&key, &self.issuer)
            .expect("the CA can sign");
        Identity {
            certificate: certificate.pem(),
            key: key.serialize_pem(),
        }
    }
}
