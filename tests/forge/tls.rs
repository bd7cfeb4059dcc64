//! Over TLS: the token goes to a forge whose certificate somebody signed that is trusted here, and to no other.

use super::server::{KINDS, Server, TOKEN};
use super::support::tls::Authority;
use axum::serve::Listener;
use keyfleet::forge::{Comment, Deed, Forge, Kind, Patience};
use keyfleet::observe::FailureClass;
use keyfleet::secret::SecretBytes;
use std::net::SocketAddr;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

struct Tls {
    tcp: TcpListener,
    acceptor: TlsAcceptor,
}

impl Listener for Tls {
    type Io = TlsStream<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        loop {
            let (stream, from) = self.tcp.accept().await.unwrap();
            // Who does not trust the certificate goes away here.
            if let Ok(stream) = self.acceptor.accept(stream).await {
                return (stream, from);
            }
        }
    }

    fn local_addr(&self) -> std::io::Result<Self::Addr> {
        self.tcp.local_addr()
    }
}

async fn start(kind: Kind, authority: &Authority) -> Server {
    let tcp = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("https://{}", tcp.local_addr().unwrap());
    let acceptor = authority.acceptor();
    Server::on(Tls { tcp, acceptor }, kind, address)
}

#[tokio::test]
async fn a_forge_is_trusted_for_its_authority() {
    let authority = Authority::new("of the forge");
    let other = Authority::new("another");
    for kind in KINDS {
        let server = start(kind, &authority).await;
        let token = SecretBytes::from(TOKEN.to_owned());
        let comment = Comment {
            name: "acme/fleet",
            markdown: "one",
            whole: None,
        };
        for wrong in [None, Some(other.pem())] {
            let pem = wrong.as_ref().map(String::as_bytes);
            let forge = Forge::new(&server.place(), &token, pem, Patience::default()).unwrap();
            let failure = forge.put_comment(7, &comment).await.unwrap_err();
            assert_eq!(failure.class, FailureClass::Tls, "{failure}");
            assert!(failure.hint.unwrap().contains("SSL_CERT_FILE"));
        }
        assert_eq!(server.calls(), Vec::<String>::new());
        let pem = authority.pem();
        let pem = Some(pem.as_bytes());
        let forge = Forge::new(&server.place(), &token, pem, Patience::default()).unwrap();
        let posted = forge.put_comment(7, &comment).await.unwrap();
        assert_eq!(posted.deed, Deed::Created);
    }
}
