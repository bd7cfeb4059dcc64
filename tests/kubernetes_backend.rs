//! The Kubernetes backend against a real kube-apiserver, and against the ways in which one fails.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "kubernetes_backend/access.rs"]
mod access;
#[path = "kubernetes_backend/certificates.rs"]
mod certificates;
#[path = "kubernetes_backend/failures.rs"]
mod failures;
#[path = "kubernetes_backend/log.rs"]
mod log;
#[path = "kubernetes_backend/reads.rs"]
mod reads;
mod support;
#[path = "kubernetes_backend/writes.rs"]
mod writes;

use keyfleet::apply::{ObjectMarks, SecretWrite};
use keyfleet::backends::kubernetes::{Access, ClusterConnection, KubeconfigFile, Limits};
use keyfleet::names::{Namespace, ObjectName, ServiceAccountRef};
use keyfleet::observe::live::{LiveMeta, Observed};
use keyfleet::observe::{Failure, FailureClass};
use keyfleet::secret::SecretBytes;
use serde_json::json;
use std::collections::BTreeMap;
use std::time::Duration;
use support::{Cluster, ControlPlane, Proxy};
use tokio::sync::OnceCell;

/// A value that must never be seen outside of a request.
const CANARY: &str = "canary-4c1f2a90";
const CANARY_BASE64: &str = "Y2FuYXJ5LTRjMWYyYTkw";

async fn cluster() -> &'static Cluster {
    static SERVERS: OnceCell<(ControlPlane, Cluster)> = OnceCell::const_new();
    let start = async || {
        support::log::capture();
        let plane = ControlPlane::start().await;
        let cluster = plane.cluster("backend").await;
        (plane, cluster)
    };
    &SERVERS.get_or_init(start).await.1
}

/// As the administrator, at an address that may be a proxy's.
fn at(cluster: &Cluster, server: &str, limits: Limits) -> ClusterConnection {
    with_token(cluster, server, cluster.admin_token(), limits)
}

fn with_token(cluster: &Cluster, server: &str, token: &str, limits: Limits) -> ClusterConnection {
    let access = Access::Token {
        server: server.to_owned(),
        ca_pem: Some(cluster.ca_pem()),
        token: SecretBytes::from(token.to_owned()),
        origin: "cluster.yaml".to_owned(),
    };
    ClusterConnection::new(access, limits).expect("the connection is well described")
}

fn directly(cluster: &Cluster) -> ClusterConnection {
    at(cluster, cluster.server(), Limits::default())
}

/// Through a proxy, with a deadline that a test can wait for.
fn through(cluster: &Cluster, proxy: &Proxy) -> ClusterConnection {
    let limits = Limits {
        request: Duration::from_secs(2),
        ..Limits::default()
    };
    at(cluster, proxy.url(), limits)
}

fn namespace(name: &str) -> Namespace {
    Namespace::parse(name).expect("the name of a test is a name")
}

fn name(name: &str) -> ObjectName {
    ObjectName::parse(name).expect("the name of a test is a name")
}

fn account(text: &str) -> ServiceAccountRef {
    ServiceAccountRef::parse(text).expect("the name of a test is a name")
}

fn marks() -> ObjectMarks {
    ObjectMarks {
        labels: labels(),
        annotations: BTreeMap::from([("keyfleet.dev/sources".to_owned(), "kv/a@1".to_owned())]),
    }
}

fn labels() -> BTreeMap<String, String> {
    BTreeMap::from([(
        "app.kubernetes.io/managed-by".to_owned(),
        "keyfleet".to_owned(),
    )])
}

/// A Secret `mail` to write, each key with the canary and its own name as value.
fn secret(space: &str, keys: &[&str], resource_version: Option<String>) -> SecretWrite {
    SecretWrite {
        namespace: namespace(space),
        name: name("mail"),
        kind: "Opaque".to_owned(),
        labels: labels(),
        annotations: marks().annotations,
        data: keys
            .iter()
            .map(|key| {
                (
                    (*key).to_owned(),
                    SecretBytes::from(format!("{CANARY}{key}")),
                )
            })
            .collect(),
        resource_version,
    }
}

fn present<T: std::fmt::Debug>(observed: Observed<T>) -> T {
    match observed {
        Observed::Present(object) => object,
        other => panic!("it is there: {other:?}"),
    }
}

fn unknown<T: std::fmt::Debug>(observed: Observed<T>) -> Failure {
    match observed {
        Observed::Unknown(failure) => silent(failure),
        other => panic!("it cannot be known: {other:?}"),
    }
}

/// Who manages which keys of `data`.
fn managers(meta: &LiveMeta) -> BTreeMap<&str, Vec<&str>> {
    let mut managers: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for manager in &meta.managers {
        let keys = manager.data_keys.iter().map(String::as_str);
        managers.entry(&manager.name).or_default().extend(keys);
    }
    managers
}

/// The failure, which shows no value and no token.
fn silent(failure: Failure) -> Failure {
    let shown = format!("{failure} {failure:?}");
    for secret in [CANARY, CANARY_BASE64, "admin-of-"] {
        assert!(!shown.contains(secret), "{shown}");
    }
    failure
}

fn failed<T: std::fmt::Debug>(result: Result<T, Failure>, class: FailureClass) -> Failure {
    let failure = silent(result.expect_err("it fails"));
    assert_eq!(failure.class, class, "{failure:?}");
    failure
}

/// A Secret made by somebody else.
async fn create_secret(cluster: &Cluster, space: &str, name: &str, value: &str) {
    let object = json!({ "metadata": { "name": name }, "stringData": { "token": value } });
    let path = format!("/api/v1/namespaces/{space}/secrets?fieldManager=kubectl-create");
    cluster.create(&path, object).await;
}

/// What `kubectl edit` does.
async fn edit(cluster: &Cluster, space: &str, name: &str, data: serde_json::Value) {
    let url = format!("/api/v1/namespaces/{space}/secrets/{name}?fieldManager=kubectl-edit");
    let body = Some(json!({ "data": data }));
    let (status, answer) = cluster
        .api("PATCH", &url, "application/merge-patch+json", body)
        .await;
    assert_eq!(status, 200, "{answer}");
}
