//! A proxy in front of a real server that records what is asked of it, and can make a request go wrong.
//!
//! What it promises: requests and answers pass through byte for byte, streams included. Recorded are method, path,
//! query, status and duration, never a header or a body, so a record holds no token and no value. It runs on a thread of
//! its own and serves the threads and runtimes of any test.
//!
//! What is absent: HTTP/2 and upgraded connections (`kubectl exec`).

#[path = "proxy/fault.rs"]
mod fault;
#[path = "proxy/record.rs"]
mod record;
#[path = "proxy/serve.rs"]
mod serve;
#[path = "proxy/upstream.rs"]
mod upstream;

pub use fault::{Fault, on};
pub use record::{Kind, Purpose, Request};

use super::{Cluster, init};
use fault::Faults;
use record::Records;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::Arc;
use std::thread::JoinHandle;
use tokio::sync::oneshot;
use upstream::{Tls, Upstream};

pub struct Proxy {
    url: String,
    shared: Arc<Shared>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// What the thread of the proxy and its owner both use.
struct Shared {
    records: Records,
    faults: Faults,
    upstream: Upstream,
}

impl Proxy {
    /// `addr` as `Vault::addr` gives it.
    pub fn in_front_of_vault(addr: &str) -> Self {
        let address = addr
            .strip_prefix("http://")
            .expect("a Vault of a test speaks plain http");
        Self::start(Kind::Vault, address, None)
    }

    /// Speaks TLS on both sides, with another certificate of the cluster's own CA.
    pub fn in_front_of_cluster(cluster: &Cluster) -> Self {
        let address = cluster
            .server()
            .strip_prefix("https://")
            .expect("a cluster speaks https");
        Self::start(
            Kind::Kubernetes,
            address,
            Some(Tls::of(cluster.authority())),
        )
    }

    fn start(kind: Kind, upstream: &str, tls: Option<Tls>) -> Self {
        init();
        let upstream: SocketAddr = upstream.parse().expect("a server of a test has an address");
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("loopback has a port");
        listener
            .set_nonblocking(true)
            .expect("a listener can be made asynchronous");
        let address = listener.local_addr().expect("a listener has an address");
        let url = format!(
            "{}://{address}",
            if tls.is_some() { "https" } else { "http" }
        );
        let (stop, stopped) = oneshot::channel();
        let shared = Arc::new(Shared {
            records: Records::new(kind),
            faults: Faults::default(),
            upstream: Upstream::new(upstream, tls),
        });
        let serving = serve::serve(listener, Arc::clone(&shared), stopped);
        let thread = std::thread::spawn(move || {
            tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .expect("a runtime can be built")
                .block_on(serving);
        });
        Self {
            url,
            shared,
            stop: Some(stop),
            thread: Some(thread),
        }
    }

    /// The address to use instead of the server's own.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// All requests in the order in which they came, also those that are still unanswered.
    pub fn requests(&self) -> Vec<Request> {
        self.shared.records.all()
    }

    pub fn count(&self, matches: impl Fn(&Request) -> bool) -> usize {
        self.requests()
            .iter()
            .filter(|request| matches(request))
            .count()
    }

    /// Attempts to change something, see [`Purpose::Write`].
    pub fn writes(&self) -> Vec<Request> {
        self.with(Purpose::Write)
    }

    /// Logins and what belongs to them, see [`Purpose::Login`].
    pub fn logins(&self) -> Vec<Request> {
        self.with(Purpose::Login)
    }

    fn with(&self, purpose: Purpose) -> Vec<Request> {
        self.requests()
            .into_iter()
            .filter(|request| request.purpose == purpose)
            .collect()
    }

    /// The most requests that were unanswered at the same time.
    pub fn most_at_once(&self) -> usize {
        self.shared.records.most_at_once()
    }

    /// Forgets what was recorded. Faults stay.
    pub fn clear(&self) {
        self.shared.records.clear();
    }

    /// From now on, every request that `matches` goes wrong like this. Of several faults that match, the one set
    /// last counts.
    pub fn fault(&self, matches: impl Fn(&Request) -> bool + Send + Sync + 'static, fault: Fault) {
        self.shared.faults.add(None, matches, fault);
    }

    /// Only the next `times` requests that match.
    pub fn fault_times(
        &self,
        times: usize,
        matches: impl Fn(&Request) -> bool + Send + Sync + 'static,
        fault: Fault,
    ) {
        self.shared.faults.add(Some(times), matches, fault);
    }

    pub fn clear_faults(&self) {
        self.shared.faults.clear();
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
