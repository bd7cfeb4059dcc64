//! What the API server stored, in its order.

use super::PATIENCE;
use super::support::Cluster;
use super::support::request::lasting_client;
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::task::JoinHandle;

const CONFIG_MAPS: &str = "/api/v1/namespaces/default/configmaps";
const LEASES: &str = "/apis/coordination.k8s.io/v1/namespaces/default/leases";

/// A stored version of an object.
#[derive(Debug, Clone)]
pub(crate) struct Stored {
    /// The revision of etcd, which counts the writes of all objects.
    pub(crate) revision: u64,
    pub(crate) content: Value,
}

/// One field of every version of one object from now on, by a watch.
pub(crate) struct History {
    watching: JoinHandle<()>,
    stored: Arc<Mutex<Vec<Stored>>>,
}

impl History {
    /// Of the ConfigMap that the holders of a Lease write.
    pub(crate) async fn of_writes(cluster: &Cluster, name: &str) -> Self {
        Self::of(cluster, CONFIG_MAPS, name, "data").await
    }

    pub(crate) async fn of_lease(cluster: &Cluster, name: &str) -> Self {
        Self::of(cluster, LEASES, name, "spec").await
    }

    /// Returns when the watch stands.
    async fn of(cluster: &Cluster, collection: &str, name: &str, field: &'static str) -> Self {
        let (status, list) = cluster.get(collection).await;
        assert_eq!(status, 200, "{list}");
        let mut since = version(&list);
        let watch = Watch {
            client: lasting_client(Some(&cluster.ca_pem())),
            url: format!(
                "{}{collection}?watch=true&fieldSelector=metadata.name={name}",
                cluster.server()
            ),
            token: cluster.admin_token().to_owned(),
        };
        let stored: Arc<Mutex<Vec<Stored>>> = Arc::default();
        let to = Arc::clone(&stored);
        let mut response = watch.since(since).await;
        let watching = tokio::spawn(async move {
            // A server ends a watch now and then; the next one begins where it was.
            loop {
                let mut text = Vec::new();
                while let Ok(Some(chunk)) = response.chunk().await {
                    text.extend_from_slice(&chunk);
                    while let Some(end) = text.iter().position(|byte| *byte == b'\n') {
                        let line: Vec<u8> = text.drain(..=end).collect();
                        let event = event(&line, field);
                        since = event.revision;
                        to.lock().unwrap().push(event);
                    }
                }
                response = watch.since(since).await;
            }
        });
        Self { watching, stored }
    }

    /// Returns when something of this term is stored.
    pub(crate) async fn until_term(&self, epoch: &str) {
        let begin = Instant::now();
        let is_of = |stored: &Stored| stored.content["epoch"] == epoch;
        while !self.stored.lock().unwrap().last().is_some_and(is_of) {
            assert!(begin.elapsed() < PATIENCE, "nothing of term {epoch}");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    pub(crate) fn so_far(&self) -> Vec<Stored> {
        assert!(!self.watching.is_finished(), "the watch has ended");
        self.stored.lock().unwrap().clone()
    }
}

struct Watch {
    client: reqwest::Client,
    url: String,
    token: String,
}

impl Watch {
    async fn since(&self, revision: u64) -> reqwest::Response {
        let url = format!("{}&resourceVersion={revision}", self.url);
        let call = self.client.get(url).bearer_auth(&self.token);
        let response = call.timeout(Duration::from_secs(86_400)).send().await;
        let response = response.unwrap();
        assert_eq!(response.status(), 200);
        response
    }
}

impl Drop for History {
    fn drop(&mut self) {
        self.watching.abort();
    }
}

fn version(object: &Value) -> u64 {
    let version = object["metadata"]["resourceVersion"].as_str();
    version.unwrap().parse().unwrap()
}

fn event(line: &[u8], field: &str) -> Stored {
    let event: Value = serde_json::from_slice(line).unwrap();
    assert_ne!(event["type"], "ERROR", "{event}");
    let object = &event["object"];
    Stored {
        revision: version(object),
        content: object[field].clone(),
    }
}

/// The writes that were stored after the Lease said that a later term than theirs has begun, in words.
pub(crate) fn late_writes(writes: &History, lease: &History) -> Vec<String> {
    let mut begun: BTreeMap<u64, u64> = BTreeMap::new();
    for term in lease.so_far() {
        let epoch = term.content["leaseTransitions"].as_u64();
        begun.entry(epoch.unwrap_or(0)).or_insert(term.revision);
    }
    let late = |write: Stored| {
        let epoch: u64 = write.content["epoch"].as_str()?.parse().ok()?;
        let (next, since) = begun.range(epoch + 1..).next()?;
        (write.revision > *since).then(|| {
            let Stored { revision, content } = write;
            format!("stored at {revision}, and term {next} began at {since}: {content}")
        })
    };
    writes.so_far().into_iter().filter_map(late).collect()
}
