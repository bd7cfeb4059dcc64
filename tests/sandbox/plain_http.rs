//! Plain HTTP to a server that speaks TLS.

use keyfleet::sandbox::vault::{Options, Vault};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

async fn said(address: &str, request: &str) -> String {
    let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut said = String::new();
    stream.read_to_string(&mut said).await.unwrap();
    said
}

/// As every server written in Go answers it, the real Vaults and a kube-apiserver among them.
#[tokio::test]
async fn who_speaks_plain_http_is_told() {
    super::support::init();
    let options = Options {
        tls: true,
        ..Options::default()
    };
    let vault = Vault::start(options).await.unwrap();
    let address = vault.addr().strip_prefix("https://").unwrap();
    let told = "HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n";
    for line in [
        "GET /v1/sys/health",
        "PUT /v1/secret/x",
        "POST /v1/a",
        "HEAD /v1/sys/health",
    ] {
        let request = format!("{line} HTTP/1.1\r\nHost: localhost\r\n\r\n");
        assert_eq!(said(address, &request).await, told);
    }
    // Other methods are not known there for what they are.
    assert_ne!(said(address, "LIST /v1/x HTTP/1.1\r\n\r\n").await, told);
}
