//! What is agreed on before the first request: a client that offers HTTP/2 speaks it, as kubectl does.

use super::clusters;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use std::sync::Arc;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

/// The protocol that a server chooses of those that are offered.
async fn chosen(server: &str, ca_pem: &str, offered: &[&str]) -> Option<String> {
    let mut roots = RootCertStore::empty();
    let authority = CertificateDer::from_pem_slice(ca_pem.as_bytes()).unwrap();
    roots.add(authority).unwrap();
    let builder = ClientConfig::builder().with_root_certificates(roots);
    let mut tls = builder.with_no_client_auth();
    tls.alpn_protocols = offered
        .iter()
        .map(|name| name.as_bytes().to_vec())
        .collect();
    let address = server.strip_prefix("https://").unwrap();
    let stream = TcpStream::connect(address).await.unwrap();
    let name = ServerName::try_from("127.0.0.1").unwrap();
    let stream = TlsConnector::from(Arc::new(tls)).connect(name, stream);
    let stream = stream.await.unwrap();
    let protocol = stream.get_ref().1.alpn_protocol()?;
    Some(String::from_utf8_lossy(protocol).into_owned())
}

#[tokio::test]
async fn both_speak_the_newest_protocol_that_is_offered() {
    let (_pair, sandbox, real) = clusters().await;
    for offered in [&["h2", "http/1.1"][..], &["http/1.1"], &[]] {
        let ours = chosen(sandbox.server(), sandbox.ca_pem(), offered).await;
        let theirs = chosen(real.server(), &real.authority().pem(), offered).await;
        assert_eq!(ours, theirs, "of {offered:?}");
    }
}
