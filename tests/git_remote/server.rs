//! An https server that hands every request to `git http-backend`, asks for a login below `/private`, redirects below
//! `/moved` and `/renamed`, and remembers what it was asked.

use std::collections::HashMap;
use std::io::Write as _;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;

use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

pub(crate) const TOKEN: &str = "the-right-token";

/// One request: path, `Authorization`, body.
pub(crate) type Seen = (String, Option<String>, String);

/// What the server's certificate is like.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Good,
    /// An authority between the server's and the one that people know.
    Between,
    Expired,
    ForAnotherHost,
}

pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    pub(crate) root: TempDir,
    seen: Arc<Mutex<Vec<Seen>>>,
    authority: String,
}

impl Server {
    pub(crate) fn start() -> Self {
        Self::start_with(Kind::Good)
    }

    pub(crate) fn start_with(kind: Kind) -> Self {
        let root = TempDir::new().unwrap();
        let (authority, acceptor) = certificates(kind);
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let address = listener.local_addr().unwrap();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let state = (root.path().to_owned(), Arc::clone(&seen));
        thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap();
            runtime.block_on(serve(listener, acceptor, state));
        });
        Self {
            address,
            root,
            seen,
            authority,
        }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("https://127.0.0.1:{}/{path}", self.address.port())
    }

    /// The certificate authority as a file, for `SSL_CERT_FILE`.
    pub(crate) fn authority(&self) -> PathBuf {
        let path = self.root.path().join("ca.pem");
        std::fs::write(&path, &self.authority).unwrap();
        path
    }

    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }
}

/// The parameters of an authority. OpenSSL takes a certificate whose subject is its issuer for a self-signed one.
fn authority(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params
}

fn certificates(kind: Kind) -> (String, TlsAcceptor) {
    let key = KeyPair::generate().unwrap();
    let root = authority("test authority").self_signed(&key).unwrap().pem();
    let mut issuer = Issuer::new(authority("test authority"), key);
    let mut chain = Vec::new();
    if kind == Kind::Between {
        let key = KeyPair::generate().unwrap();
        let between = authority("authority between");
        chain.push(between.signed_by(&key, &issuer).unwrap().der().clone());
        issuer = Issuer::new(between, key);
    }
    let key = KeyPair::generate().unwrap();
    let names = match kind {
        Kind::ForAnotherHost => vec!["git.example".to_owned()],
        _ => vec!["127.0.0.1".to_owned(), "localhost".to_owned()],
    };
    let mut leaf = CertificateParams::new(names).unwrap();
    if kind == Kind::Expired {
        leaf.not_after = rcgen::date_time_ymd(2020, 1, 1);
    }
    let leaf = leaf.signed_by(&key, &issuer).unwrap();
    chain.insert(0, leaf.der().clone());
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .unwrap();
    (root, TlsAcceptor::from(Arc::new(config)))
}

type State = (PathBuf, Arc<Mutex<Vec<Seen>>>);

async fn serve(listener: std::net::TcpListener, acceptor: TlsAcceptor, state: State) {
    let listener = TcpListener::from_std(listener).unwrap();
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        stream.set_nodelay(true).unwrap();
        let (acceptor, state) = (acceptor.clone(), state.clone());
        tokio::spawn(async move {
            // A client that does not trust the certificate ends here.
            let Ok(stream) = acceptor.accept(stream).await else {
                return;
            };
            let service = hyper::service::service_fn(|request| answer(request, state.clone()));
            let _ = hyper::server::conn::http1::Builder::new()
                .serve_connection(TokioIo::new(stream), service)
                .await;
        });
    }
}

async fn answer(
    request: Request<Incoming>,
    (root, seen): State,
) -> Result<Response<Full<Bytes>>, hyper::Error> {
    let (head, body) = request.into_parts();
    let body = body.collect().await?.to_bytes();
    let header = |name: &str| {
        head.headers
            .get(name)
            .and_then(|v| v.to_str().ok())
            .map(str::to_owned)
    };
    let (path, query) = (
        head.uri.path().to_owned(),
        head.uri.query().unwrap_or_default().to_owned(),
    );
    let login = header("authorization");
    seen.lock().unwrap().push((
        path.clone(),
        login.clone(),
        String::from_utf8_lossy(&body).into_owned(),
    ));
    let plain = |status: u16, name: &str, value: String| {
        Ok(Response::builder()
            .status(status)
            .header(name, value)
            .body(Full::default())
            .unwrap())
    };
    let host = header("host").unwrap_or_default();
    if let Some(rest) = path.strip_prefix("/moved/") {
        let target = format!(
            "https://{}/{rest}?{query}",
            host.replace("127.0.0.1", "localhost")
        );
        return plain(301, "location", target);
    }
    if let Some(rest) = path.strip_prefix("/renamed/") {
        return plain(301, "location", format!("https://{host}/{rest}?{query}"));
    }
    if path.starts_with("/page/") {
        return plain(200, "content-type", "text/html".to_owned());
    }
    if path.starts_with("/private/") && login.is_none_or(|login| login != basic()) {
        return plain(401, "www-authenticate", "Basic realm=\"git\"".to_owned());
    }
    let variables = HashMap::from([
        ("GIT_PROJECT_ROOT", root.to_str().unwrap().to_owned()),
        ("GIT_HTTP_EXPORT_ALL", "1".to_owned()),
        ("PATH_INFO", path),
        ("QUERY_STRING", query),
        ("REQUEST_METHOD", head.method.to_string()),
        ("CONTENT_TYPE", header("content-type").unwrap_or_default()),
        (
            "HTTP_CONTENT_ENCODING",
            header("content-encoding").unwrap_or_default(),
        ),
    ]);
    Ok(
        tokio::task::spawn_blocking(move || backend(&variables, &body))
            .await
            .unwrap(),
    )
}

fn basic() -> String {
    use base64::Engine as _;
    let both = base64::engine::general_purpose::STANDARD.encode(format!("x-access-token:{TOKEN}"));
    format!("Basic {both}")
}

/// `git http-backend` is a CGI program: the request in variables and on stdin, the response on stdout.
fn backend(variables: &HashMap<&str, String>, body: &[u8]) -> Response<Full<Bytes>> {
    let mut child = Command::new("git")
        .arg("http-backend")
        .envs(variables)
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("the tests need `git http-backend`; install Debian's package git");
    // A program that is done with the request before it has read all of it is no error.
    let _ = child.stdin.take().unwrap().write_all(body);
    let output = child.wait_with_output().unwrap().stdout;
    let end = output.windows(4).position(|w| w == b"\r\n\r\n").unwrap();
    let mut response = Response::builder();
    for line in std::str::from_utf8(&output[..end]).unwrap().lines() {
        let (name, value) = line.split_once(": ").unwrap();
        if name == "Status" {
            response = response.status(value[..3].parse::<u16>().unwrap());
        } else {
            response = response.header(name, value);
        }
    }
    response
        .body(Full::from(output[end + 4..].to_vec()))
        .unwrap()
}
