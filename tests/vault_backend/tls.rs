use super::{CANARY, assert_failure};
use crate::support::tls::Authority;
use keyfleet::backends::vault::{Budget, VaultConnection, VaultReader};
use keyfleet::observe::{FailureClass, ReadVault};
use keyfleet::secret::SecretBytes;
use std::net::Ipv4Addr;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

const ANSWER: &[u8] =
    b"HTTP/1.1 200 OK\r\nContent-Length: 11\r\nConnection: close\r\n\r\n{\"data\":{}}";

/// A server with a certificate of this authority that answers every request as a Vault without mounts. It ends with
/// the test's runtime.
async fn server(authority: &Authority) -> u16 {
    let acceptor = authority.acceptor();
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .await
        .expect("a test server can be set up");
    let port = listener
        .local_addr()
        .expect("a test server can be set up")
        .port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            // A client that does not trust the certificate ends the handshake.
            let Ok(mut stream) = acceptor.accept(stream).await else {
                continue;
            };
            let mut request = [0; 4096];
            let _ = stream.read(&mut request).await;
            let _ = stream.write_all(ANSWER).await;
            let _ = stream.shutdown().await;
        }
    });
    port
}

fn reader(port: u16, ca_pem: Option<String>) -> VaultReader {
    let connection = VaultConnection {
        address: format!("https://127.0.0.1:{port}"),
        ca_pem: ca_pem.map(String::into_bytes),
        token: SecretBytes::from(CANARY.to_owned()).into(),
        ..VaultConnection::default()
    };
    VaultReader::new(connection, &Budget::default()).expect("a test server can be set up")
}

#[tokio::test]
async fn only_a_certificate_of_the_given_authority_is_trusted() {
    let authority = Authority::new("vault");
    let port = server(&authority).await;

    let mounts = reader(port, Some(authority.pem())).auth_mounts().await;
    assert_eq!(mounts.map(|mounts| mounts.len()), Ok(0));

    let others = Authority::new("somebody else").pem();
    for ca_pem in [Some(others), None] {
        let failure = reader(port, ca_pem).auth_mounts().await.unwrap_err();
        assert_failure(&failure, FailureClass::Tls, &["certificate", "authority"]);
        assert!(failure.is_outage());
    }
}

#[tokio::test]
async fn what_is_not_a_certificate_is_refused_at_once() {
    for pem in [
        "",
        "nonsense",
        "-----BEGIN CERTIFICATE-----\nxx\n-----END CERTIFICATE-----\n",
    ] {
        let connection = VaultConnection {
            address: "https://vault.example".to_owned(),
            ca_pem: Some(pem.as_bytes().to_vec()),
            ..VaultConnection::default()
        };
        let failure = VaultReader::new(connection, &Budget::default()).unwrap_err();
        assert_failure(&failure, FailureClass::Setup, &["PEM"]);
    }
}

/// A server that sends this to everybody who sends something.
async fn answering(answer: &'static [u8]) -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let _ = stream.read(&mut [0; 4096]).await;
            let _ = stream.write_all(answer).await;
            let _ = stream.shutdown().await;
        }
    });
    port
}

#[tokio::test]
async fn a_vault_without_tls_is_told_from_one_that_is_not_trusted() {
    crate::support::init();
    let port = answering(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n").await;
    let failure = reader(port, None).auth_mounts().await.unwrap_err();
    let said = ["it does not answer in TLS", "is it http://?"];
    assert_failure(&failure, FailureClass::Tls, &said);
}

#[tokio::test]
async fn a_vault_with_tls_that_is_asked_without_says_so() {
    crate::support::init();
    let refusal =
        b"HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n";
    let port = answering(refusal).await;
    let connection = VaultConnection {
        address: format!("http://127.0.0.1:{port}"),
        token: SecretBytes::from(CANARY.to_owned()).into(),
        ..VaultConnection::default()
    };
    let reader = VaultReader::new(connection, &Budget::default()).unwrap();
    let failure = reader.auth_mounts().await.unwrap_err();
    let said = ["it answers in TLS only", "with https://"];
    assert_failure(&failure, FailureClass::Tls, &said);
}
