//! One API on a port of loopback, with or without TLS, until it is dropped.

use super::StartError;
use super::fault::{Faults, perhaps};
use axum::Router;
use axum::serve::Listener;
use rustls::ServerConfig;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

/// A client that connects and says nothing is let go after this.
const HANDSHAKE: Duration = Duration::from_secs(10);

#[derive(Debug)]
pub(super) struct Server {
    address: SocketAddr,
    faults: Arc<Faults>,
    task: JoinHandle<()>,
}

impl Server {
    /// `port` 0 is any free one.
    pub(super) async fn start(
        name: &str,
        port: u16,
        tls: Option<Arc<ServerConfig>>,
        api: Router,
    ) -> Result<Self, StartError> {
        let failed = |source| StartError::Listen {
            server: name.to_owned(),
            port,
            source,
        };
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))
            .await
            .map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let faults = Arc::new(Faults::default());
        let layer = axum::middleware::from_fn_with_state(Arc::clone(&faults), perhaps);
        let api = api.layer(layer);
        let task = match tls {
            None => tokio::spawn(async move {
                let _ = axum::serve(NoDelay(listener), api).await;
            }),
            Some(tls) => {
                let encrypted = Encrypted::over(listener, address, TlsAcceptor::from(tls));
                tokio::spawn(async move {
                    let _ = axum::serve(encrypted, api).await;
                })
            }
        };
        Ok(Self {
            address,
            faults,
            task,
        })
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(super) fn faults(&self) -> Arc<Faults> {
        Arc::clone(&self.faults)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Answers are small and wanted at once.
struct NoDelay(TcpListener);

impl Listener for NoDelay {
    type Io = TcpStream;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (TcpStream, SocketAddr) {
        let (stream, from) = Listener::accept(&mut self.0).await;
        let _ = stream.set_nodelay(true);
        (stream, from)
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        Listener::local_addr(&self.0)
    }
}

/// Handshakes happen beside each other: a client that stops in the middle of one keeps nobody waiting.
struct Encrypted {
    address: SocketAddr,
    ready: mpsc::Receiver<(TlsStream<TcpStream>, SocketAddr)>,
    task: JoinHandle<()>,
}

impl Encrypted {
    fn over(listener: TcpListener, address: SocketAddr, acceptor: TlsAcceptor) -> Self {
        let (sender, ready) = mpsc::channel(64);
        let task = tokio::spawn(async move {
            let mut listener = NoDelay(listener);
            loop {
                let (stream, from) = listener.accept().await;
                let (acceptor, sender) = (acceptor.clone(), sender.clone());
                tokio::spawn(async move {
                    let handshake = tokio::time::timeout(HANDSHAKE, greet(stream, acceptor));
                    if let Ok(Ok(Some(stream))) = handshake.await {
                        let _ = sender.send((stream, from)).await;
                    }
                });
            }
        });
        Self {
            address,
            ready,
            task,
        }
    }
}

/// As every server written in Go says it.
const PLAIN: &[u8] =
    b"HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n";
/// How a request begins that they know for plain HTTP.
const BEGINNINGS: [&[u8; 5]; 5] = [b"GET /", b"HEAD ", b"POST ", b"PUT /", b"OPTIO"];

/// Whoever speaks plain HTTP is told so.
async fn greet(
    mut stream: TcpStream,
    acceptor: TlsAcceptor,
) -> io::Result<Option<TlsStream<TcpStream>>> {
    let mut first = [0; 5];
    stream.peek(&mut first).await?;
    if BEGINNINGS.contains(&&first) {
        // What is not read would reset the connection before the client reads the answer.
        let _ = stream.read(&mut [0; 4096]).await?;
        stream.write_all(PLAIN).await?;
        stream.shutdown().await?;
        return Ok(None);
    }
    acceptor.accept(stream).await.map(Some)
}

impl Listener for Encrypted {
    type Io = TlsStream<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (TlsStream<TcpStream>, SocketAddr) {
        match self.ready.recv().await {
            Some(connection) => connection,
            // The listening task ends with this listener only.
            None => std::future::pending().await,
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.address)
    }
}

impl Drop for Encrypted {
    fn drop(&mut self) {
        self.task.abort();
    }
}
