//! A small server that answers as it is told, one request to a connection, and remembers what it was sent.

use crate::support::tls::Identity;
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::AbortHandle;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// What it says is nobody's to see: it may repeat what it was sent.
const BODY: &str = "answer-canary-4712";

#[derive(Debug, Clone)]
pub(crate) struct Answer {
    status: Option<u16>,
    header: String,
}

impl Answer {
    pub(crate) fn status(status: u16) -> Self {
        Self {
            status: Some(status),
            header: String::new(),
        }
    }

    pub(crate) fn never() -> Self {
        Self {
            status: None,
            header: String::new(),
        }
    }

    pub(crate) fn with(self, header: &str) -> Self {
        Self {
            header: format!("{header}\r\n"),
            ..self
        }
    }
}

#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) line: String,
    headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Request {
    fn read(head: &str, body: Vec<u8>) -> Self {
        let mut lines = head.lines();
        let line = lines.next().unwrap().to_owned();
        let headers = lines.filter_map(|line| line.split_once(": "));
        Self {
            line,
            headers: headers
                .map(|(name, value)| (name.to_lowercase(), value.to_owned()))
                .collect(),
            body: String::from_utf8(body).unwrap(),
        }
    }

    pub(crate) fn names(&self, header: &str) -> bool {
        self.headers.iter().any(|(name, _)| name == header)
    }

    pub(crate) fn has(&self, header: &str, is: &str) -> bool {
        self.headers
            .iter()
            .any(|(name, value)| name == header && value == is)
    }
}

pub(crate) struct Receiver {
    base: String,
    seen: Arc<Mutex<Vec<Request>>>,
    task: AbortHandle,
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Receiver {
    pub(crate) async fn start(answers: Vec<Answer>) -> Self {
        Self::serve(answers, None).await
    }

    pub(crate) async fn start_tls(answers: Vec<Answer>, identity: &Identity) -> Self {
        keyfleet::backends::install_crypto();
        let chain = vec![CertificateDer::from_pem_slice(identity.certificate.as_bytes()).unwrap()];
        let key = PrivateKeyDer::from_pem_slice(identity.key.as_bytes()).unwrap();
        let config = ServerConfig::builder()
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .unwrap();
        Self::serve(answers, Some(TlsAcceptor::from(Arc::new(config)))).await
    }

    async fn serve(answers: Vec<Answer>, tls: Option<TlsAcceptor>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let scheme = if tls.is_some() { "https" } else { "http" };
        let base = format!("{scheme}://{}", listener.local_addr().unwrap());
        let seen: Arc<Mutex<Vec<Request>>> = Arc::default();
        let remembered = Arc::clone(&seen);
        let task = tokio::spawn(async move {
            let mut answers = answers.into_iter();
            while let Ok((stream, _)) = listener.accept().await {
                let Some(stream) = accepted(stream, tls.as_ref()).await else {
                    continue;
                };
                // Kept open until the test ends, where it is never to answer.
                let answer = answers.next().unwrap_or(Answer::status(500));
                let _ = one(stream, answer, &remembered).await;
            }
        });
        Self {
            base,
            seen,
            task: task.abort_handle(),
        }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}/{path}", self.base)
    }

    pub(crate) fn seen(&self) -> Vec<Request> {
        self.seen.lock().unwrap().clone()
    }
}

trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Stream for T {}

async fn accepted(stream: TcpStream, tls: Option<&TlsAcceptor>) -> Option<Box<dyn Stream>> {
    match tls {
        None => Some(Box::new(stream)),
        Some(tls) => Some(Box::new(tls.accept(stream).await.ok()?)),
    }
}

async fn one(
    mut stream: Box<dyn Stream>,
    answer: Answer,
    seen: &Mutex<Vec<Request>>,
) -> std::io::Result<()> {
    let mut read = Vec::new();
    let head = loop {
        let mut part = [0; 4096];
        let length = stream.read(&mut part).await?;
        read.extend_from_slice(&part[..length]);
        if let Some(end) = read.windows(4).position(|four| four == b"\r\n\r\n") {
            let head = String::from_utf8(read[..end].to_vec()).unwrap();
            read.drain(..end + 4);
            break head;
        }
        if length == 0 {
            return Ok(());
        }
    };
    let length = head
        .lines()
        .find_map(|line| {
            line.to_lowercase()
                .strip_prefix("content-length: ")?
                .parse()
                .ok()
        })
        .unwrap_or(0);
    let mut rest = vec![0; length - read.len()];
    stream.read_exact(&mut rest).await?;
    read.extend(rest);
    seen.lock().unwrap().push(Request::read(&head, read));
    let Some(status) = answer.status else {
        return std::future::pending().await;
    };
    let body = BODY;
    let length = if status == 204 { 0 } else { body.len() };
    let head = format!(
        "HTTP/1.1 {status} X\r\n{}Connection: close\r\nContent-Length: {length}\r\n\r\n",
        answer.header
    );
    stream.write_all(head.as_bytes()).await?;
    stream.write_all(&body.as_bytes()[..length]).await?;
    stream.shutdown().await
}
