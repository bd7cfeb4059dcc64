use super::access::{own, text, with_plugin};
use super::*;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use keyfleet::observe::ReadCluster as _;
use rcgen::{CertifiedKey, KeyPair, generate_simple_self_signed};
use rustls::RootCertStore;
use rustls::pki_types::PrivateKeyDer;
use rustls::server::WebPkiClientVerifier;
use std::sync::Arc;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

fn certificate(name: &str) -> CertifiedKey<KeyPair> {
    generate_simple_self_signed([name.to_owned()]).expect("a certificate can be made")
}

/// Answers like the namespace `kube-system` whoever shows the certificate of this client, and breaks off otherwise.
async fn serve(client: &CertifiedKey<KeyPair>) -> (String, CertifiedKey<KeyPair>) {
    let server = certificate("127.0.0.1");
    let mut roots = RootCertStore::empty();
    roots
        .add(client.cert.der().clone())
        .expect("it is a certificate");
    let verifier = WebPkiClientVerifier::builder(Arc::new(roots))
        .build()
        .expect("there is a root");
    let key = PrivateKeyDer::Pkcs8(server.signing_key.serialize_der().into());
    let config = rustls::ServerConfig::builder()
        .with_client_cert_verifier(verifier)
        .with_single_cert(vec![server.cert.der().clone()], key)
        .expect("the key fits");
    let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0")
        .await
        .expect("loopback has a port");
    let url = format!(
        "https://{}",
        listener.local_addr().expect("it has an address")
    );
    tokio::spawn(async move {
        let body =
            r#"{"kind":"PartialObjectMetadata","metadata":{"uid":"known","resourceVersion":"2"}}"#;
        while let Ok((stream, _)) = listener.accept().await {
            let Ok(mut stream) = acceptor.accept(stream).await else {
                continue;
            };
            let _ = stream.read(&mut [0; 4096]).await;
            let head = format!(
                "HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
                body.len()
            );
            let _ = stream.write_all(format!("{head}{body}").as_bytes()).await;
            let _ = stream.shutdown().await;
        }
    });
    (url, server)
}

#[tokio::test]
async fn a_client_certificate_of_a_plugin_or_a_kubeconfig_is_shown_to_the_server() {
    super::support::init();
    let client = certificate("keyfleet");
    let (url, server) = serve(&client).await;
    let (pem, key) = (client.cert.pem(), client.signing_key.serialize_pem());
    let folder = tempfile::tempdir().expect("a folder");
    let with_user = |user: serde_json::Value| {
        let authority = STANDARD.encode(server.cert.pem());
        json!({
            "clusters": [{ "name": "a", "cluster": { "server": url, "certificate-authority-data": authority } }],
            "contexts": [{ "name": "a", "context": { "cluster": "a", "user": "a" } }],
            "users": [{ "name": "a", "user": user }],
        })
    };
    let inline = json!({ "client-certificate-data": STANDARD.encode(&pem), "client-key-data": STANDARD.encode(&key) });
    let by_text = text(&with_user(inline.clone()).to_string(), None).expect("it is a kubeconfig");
    let answer = folder.path().join("answer.json");
    let status = json!({ "clientCertificateData": pem, "clientKeyData": key });
    std::fs::write(&answer, json!({ "status": status }).to_string()).expect("writable");
    let file = with_plugin(
        with_user(json!({})),
        folder.path(),
        &format!("cat {}", answer.display()),
        "",
    );
    let by_plugin = own(&file, None).expect("it is a kubeconfig");

    for connection in [by_text, by_plugin] {
        assert_eq!(connection.reader().identity().await.as_deref(), Ok("known"));
    }

    let without =
        text(&with_user(json!({ "token": "a" })).to_string(), None).expect("it is a kubeconfig");
    let failure = failed(without.reader().identity().await, FailureClass::Tls);
    assert!(
        failure.why.ends_with("broke off the TLS handshake"),
        "{failure:?}"
    );

    let mut broken = inline;
    broken["client-key-data"] = json!(STANDARD.encode(CANARY));
    let broken = text(&with_user(broken).to_string(), None).expect("the key is looked at later");
    let failure = failed(broken.reader().identity().await, FailureClass::Setup);
    assert_eq!(
        failure.why,
        "its CA, client certificate or key cannot be used"
    );
}
