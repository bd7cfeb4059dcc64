use super::super::tls::{Authority, Identity};
use hyper::body::Incoming;
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::{TlsAcceptor, TlsConnector};

/// TLS for both sides of the proxy, from one authority.
pub struct Tls {
    acceptor: TlsAcceptor,
    connector: TlsConnector,
}

/// The server behind the proxy.
pub struct Upstream {
    address: SocketAddr,
    tls: Option<Tls>,
}

/// The connection to the server that belongs to one connection of a client.
pub type Link = tokio::sync::Mutex<Option<SendRequest<Incoming>>>;

pub trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Stream for T {}

impl Tls {
    pub fn of(authority: &Authority) -> Self {
        let acceptor = authority.acceptor();
        let ca = CertificateDer::from_pem_slice(authority.pem().as_bytes()).expect("it is PEM");
        let mut roots = RootCertStore::empty();
        roots.add(ca).expect("a CA can be trusted");
        let client = ClientConfig::builder()
            .with_root_certificates(roots)
            .with_no_client_auth();
        Self {
            acceptor,
            connector: Arc::new(client).into(),
        }
    }
}

impl Upstream {
    pub fn new(address: SocketAddr, tls: Option<Tls>) -> Self {
        Self { address, tls }
    }

    /// The stream of a client that connected, after its TLS handshake when there is one.
    pub async fn accept(&self, stream: TcpStream) -> io::Result<Box<dyn Stream>> {
        Ok(match &self.tls {
            Some(tls) => Box::new(tls.acceptor.accept(stream).await?),
            None => Box::new(stream),
        })
    }

    /// Sends a request on, over the link's connection, which is opened when there is none that works.
    pub async fn send(
        &self,
        link: &Link,
        request: http::Request<Incoming>,
    ) -> io::Result<http::Response<Incoming>> {
        let mut link = link.lock().await;
        let mut sender = match link.take() {
            Some(sender) if !sender.is_closed() => sender,
            _ => self.connect().await?,
        };
        sender.ready().await.map_err(io::Error::other)?;
        let answer = sender
            .send_request(request)
            .await
            .map_err(io::Error::other)?;
        *link = Some(sender);
        Ok(answer)
    }

    async fn connect(&self) -> io::Result<SendRequest<Incoming>> {
        let stream = TcpStream::connect(self.address).await?;
        let stream: Box<dyn Stream> = match &self.tls {
            Some(tls) => {
                let name = ServerName::from(self.address.ip());
                Box::new(tls.connector.connect(name, stream).await?)
            }
            None => Box::new(stream),
        };
        let (sender, connection) = http1::handshake(TokioIo::new(stream))
            .await
            .map_err(io::Error::other)?;
        tokio::spawn(connection);
        Ok(sender)
    }
}
