//! The sandbox's clusters are held to a real kube-apiserver, request by request.
#![expect(
    clippy::unwrap_used,
    reason = "the helpers of a test fail as the test does"
)]

#[path = "sandbox/apply.rs"]
mod apply;
#[path = "sandbox/apply_sequences.rs"]
mod apply_sequences;
#[path = "sandbox/ask.rs"]
mod ask;
#[path = "sandbox/chance.rs"]
mod chance;
#[path = "sandbox/connections.rs"]
mod connections;
#[path = "sandbox/crds.rs"]
mod crds;
#[path = "sandbox/decoding.rs"]
mod decoding;
#[path = "sandbox/deletes.rs"]
mod deletes;
#[path = "sandbox/differences.rs"]
mod differences;
#[path = "sandbox/discovery.rs"]
mod discovery;
#[path = "sandbox/generated.rs"]
mod generated;
#[path = "sandbox/kubernetes_namespaces.rs"]
mod kubernetes_namespaces;
#[path = "sandbox/listed_kinds.rs"]
mod listed_kinds;
#[path = "sandbox/lists.rs"]
mod lists;
#[path = "sandbox/masks.rs"]
mod masks;
#[path = "sandbox/object_sequences.rs"]
mod object_sequences;
#[path = "sandbox/objects.rs"]
mod objects;
#[path = "sandbox/pair.rs"]
mod pair;
#[path = "sandbox/patches.rs"]
mod patches;
#[path = "sandbox/rbac.rs"]
mod rbac;
#[path = "sandbox/refused.rs"]
mod refused;
#[path = "sandbox/reviews.rs"]
mod reviews;
#[path = "sandbox/strategic.rs"]
mod strategic;
pub(crate) mod support;
#[path = "sandbox/tokens_of_accounts.rs"]
mod tokens_of_accounts;
#[path = "sandbox/validation.rs"]
mod validation;
#[path = "sandbox/watches.rs"]
mod watches;

use keyfleet::sandbox;
use pair::{Ask, Pair, Side};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

/// Both clusters; the real one is shared by the tests of this binary, which keep to namespaces of their own.
async fn clusters() -> (Pair, sandbox::kubernetes::Cluster, Arc<support::Cluster>) {
    let real = support::world().await.cluster("contract").await;
    let options = sandbox::kubernetes::Options {
        name: "contract".to_owned(),
        port: 0,
        admin_token: real.admin_token().to_owned(),
        user_token: Some(real.user_token().to_owned()),
    };
    let sandbox = sandbox::kubernetes::Cluster::start(options).await.unwrap();
    let pair = Pair::new(
        Side::new(
            "the sandbox",
            sandbox.server(),
            sandbox.admin_token(),
            Some(sandbox.ca_pem()),
        ),
        Side::new(
            "the real cluster",
            real.server(),
            real.admin_token(),
            Some(&real.authority().pem()),
        ),
        "Kubernetes",
    );
    // Where an object is in etcd, as some messages have it. The real one is the first on its etcd.
    pair.sandbox.set("registry", "/registry/");
    pair.real.set("registry", "/contract-0/");
    (pair, sandbox, real)
}

#[tokio::test]
async fn both_say_their_version() {
    let (pair, _sandbox, _real) = clusters().await;
    pair.ask(Ask::new("GET", "/version")).await;
}

/// Both clusters with the kinds of External Secrets and a namespace of the test's own, `{ns}`.
async fn ready() -> (Pair, sandbox::kubernetes::Cluster, Arc<support::Cluster>) {
    static MADE: AtomicU32 = AtomicU32::new(0);
    let (pair, sandbox, real) = clusters().await;
    crds::install(&real).await;
    let namespace = format!("own-{}", MADE.fetch_add(1, Ordering::Relaxed));
    pair.set("ns", &namespace);
    let object = serde_json::json!({ "metadata": { "name": namespace } });
    pair.ask(Ask::new("POST", "/api/v1/namespaces").json(object))
        .await;
    (pair, sandbox, real)
}
