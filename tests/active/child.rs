//! What a process does: it contends, says what it is, and writes as fast as it may.

use super::seat::{connection, seat};
use hyper_util::rt::TokioExecutor;
use keyfleet::fence::Fence;
use keyfleet::serve::active::{LockSeat, Role, Seat, Standing, Times, contend, identity};
use kube::client::{Body, ConfigExt as _};
use serde_json::{Value, json};
use std::io::Read as _;
use std::path::PathBuf;
use std::time::Duration;
use tokio::io::AsyncWriteExt as _;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{oneshot, watch};
use tower::{Layer as _, ServiceExt as _};

/// What begins a line that is meant for the test.
pub(crate) const SAYS: &str = "says: ";

fn say(what: &str) {
    println!("{SAYS}{what}");
}

fn variable(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| panic!("{name} is not set"))
}

pub(crate) fn run() {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap()
        .block_on(live());
}

async fn live() {
    super::support::init();
    let folder = std::env::var_os("TEST_FOLDER").map(PathBuf::from);
    let (fence, me) = (Fence::closed(), identity(Some(&variable("TEST_NAME"))));
    let wanted = match &folder {
        Some(folder) => Seat::Lock(LockSeat::new(folder).unwrap()),
        None => lease_seat(&me),
    };
    let contender = contend(wanted, fence.clone());
    let standing = contender.standing();
    tokio::spawn(tell(standing.clone()));
    let mut writing = match folder {
        Some(folder) => tokio::spawn(write_lines(folder, standing, fence)),
        None => tokio::spawn(write_config_maps(standing, fence, me)),
    };
    tokio::select! {
        () = told_to_end() => {}
        outcome = &mut writing => panic!("writing has ended: {outcome:?}"),
    }
    contender.give_up().await.unwrap();
    writing.abort();
    say("gone");
}

fn lease_seat(me: &str) -> Seat {
    let millis = |name: &str| Duration::from_millis(variable(name).parse().unwrap());
    let times = Times {
        duration: millis("TEST_DURATION"),
        renew: millis("TEST_RENEW"),
        retry: millis("TEST_RETRY"),
        request: millis("TEST_REQUEST"),
    };
    let server = variable("TEST_LEASE_SERVER");
    let connection = connection(&server, &variable("TEST_CA"), &variable("TEST_TOKEN"));
    seat(&connection, &variable("TEST_LEASE"), me.to_owned(), times)
}

async fn tell(mut standing: watch::Receiver<Standing>) {
    let mut last = None;
    while standing.changed().await.is_ok() {
        let role = standing.borrow_and_update().role.to_string();
        if last.as_ref() != Some(&role) {
            say(&role);
            last = Some(role);
        }
    }
}

/// By SIGTERM, or by the end of whoever started it.
async fn told_to_end() {
    let (tell, closed) = oneshot::channel();
    std::thread::spawn(move || {
        let _ = std::io::stdin().read(&mut [0]);
        let _ = tell.send(());
    });
    let mut term = signal(SignalKind::terminate()).unwrap();
    tokio::select! {
        _ = term.recv() => {}
        _ = closed => {}
    }
}

async fn epoch(standing: &mut watch::Receiver<Standing>) -> Option<u64> {
    let standing = standing.wait_for(|standing| standing.role.is_active());
    match standing.await.ok()?.role {
        Role::Active { epoch } => Some(epoch),
        _ => None,
    }
}

/// Server-side apply of two objects in turn, again and again: one over whatever is there, so that nothing but the fence
/// stops a write that comes too late, and one as keyfleet writes Secrets, with the version that was seen.
async fn write_config_maps(mut standing: watch::Receiver<Standing>, fence: Fence, me: String) {
    let forced = variable("TEST_LEASE");
    let checked = format!("{forced}-checked");
    let writer = Writer {
        client: client(&fence),
        fence,
        me,
    };
    let mut seen = None;
    while let Some(epoch) = epoch(&mut standing).await {
        writer.apply(&forced, epoch, None).await;
        if seen.is_none() {
            seen = writer.look(&checked).await;
        }
        seen = writer.apply(&checked, epoch, seen.as_deref()).await;
    }
}

struct Writer {
    client: kube::Client,
    fence: Fence,
    me: String,
}

impl Writer {
    /// The version that it has then; none when it was not written.
    async fn apply(&self, name: &str, epoch: u64, version: Option<&str>) -> Option<String> {
        let metadata = json!({"name": name, "namespace": "default", "resourceVersion": version});
        let data = json!({"epoch": epoch.to_string(), "writer": self.me, "time": unique()});
        let body =
            json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data});
        let request = http::Request::patch(path(name, "?fieldManager=keyfleet&force=true"))
            .header("Content-Type", "application/apply-patch+yaml")
            .body(Body::from(body.to_string().into_bytes()))
            .unwrap();
        if let Ok(Ok(response)) = self.fence.guard(self.client.send(request)).await {
            return stored_version(response).await;
        }
        // Too late for this one; the next term has its own. Not in a tight loop, until it is told.
        tokio::time::sleep(Duration::from_millis(5)).await;
        None
    }

    async fn look(&self, name: &str) -> Option<String> {
        let request = http::Request::get(path(name, ""))
            .body(Body::empty())
            .unwrap();
        stored_version(self.client.send(request).await.ok()?).await
    }
}

fn path(name: &str, query: &str) -> String {
    format!("/api/v1/namespaces/default/configmaps/{name}{query}")
}

fn unique() -> String {
    uuid::Uuid::new_v4().to_string()
}

async fn stored_version(response: http::Response<Body>) -> Option<String> {
    let status = response.status().as_u16();
    assert!(matches!(status, 200 | 201 | 404 | 409), "{status}");
    let body = response.into_body().collect_bytes().await.ok()?;
    let answer: Value = serde_json::from_slice(&body).ok()?;
    Some(answer["metadata"]["resourceVersion"].as_str()?.to_owned())
}

/// kube's own, but for the fence around each body, where the connection takes it.
fn client(fence: &Fence) -> kube::Client {
    let mut config = kube::Config::new(variable("TEST_SERVER").parse().unwrap());
    config.root_cert = Some(certificates(&variable("TEST_CA")));
    config.auth_info.token = Some(variable("TEST_TOKEN").into());
    let connector = config.rustls_https_connector().unwrap();
    let http = hyper_util::client::legacy::Client::builder(TokioExecutor::new()).build(connector);
    let fence = fence.clone();
    let fenced = http
        .map_request(move |request: http::Request<Body>| request.map(|body| fence.body(body)))
        .map_err(tower::BoxError::from);
    let authorized = config.auth_layer().unwrap().unwrap().layer(fenced);
    kube::Client::new(config.base_uri_layer().layer(authorized), "default")
}

fn certificates(pem: &str) -> Vec<Vec<u8>> {
    use rustls::pki_types::CertificateDer;
    use rustls::pki_types::pem::PemObject as _;
    CertificateDer::pem_slice_iter(pem.as_bytes())
        .map(|certificate| certificate.unwrap().to_vec())
        .collect()
}

/// A line for each write, in a file beside the lock.
async fn write_lines(folder: PathBuf, mut standing: watch::Receiver<Standing>, fence: Fence) {
    let mut options = tokio::fs::OpenOptions::new();
    let path = folder.join("writes");
    let mut file = options.create(true).append(true).open(path).await.unwrap();
    while let Some(epoch) = epoch(&mut standing).await {
        let line = format!("{epoch}\n");
        let write = async {
            file.write_all(line.as_bytes()).await?;
            file.flush().await
        };
        if let Ok(written) = fence.guard(write).await {
            written.unwrap();
        }
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}
