//! The life of a namespace. Where the end of one is looked at, something in it is held, so that nobody ends it meanwhile.

use super::clusters;
use super::objects::{named, namespace};
use super::pair::Ask;
use serde_json::{Value, json};
use std::time::Duration;

const MERGE: &str = "application/merge-patch+json";

#[tokio::test]
async fn namespaces_that_are_there_from_the_start() {
    let (pair, _sandbox, _real) = clusters().await;
    for name in ["default", "kube-system", "kube-public", "kube-node-lease"] {
        let path = format!("/api/v1/namespaces/{name}");
        pair.ask(Ask::new("GET", &path)).await;
        if name != "kube-node-lease" {
            pair.ask(Ask::new("DELETE", &path)).await;
        }
    }
}

#[tokio::test]
async fn a_namespace_keeps_what_is_its_own() {
    let (pair, _sandbox, _real) = clusters().await;
    let path = namespace(&pair, "own").await;
    for body in [
        json!({"metadata": {"name": "own"}}),
        json!({"metadata": {"name": "own", "labels": {"x": "y"}}, "spec": {"finalizers": []}, "status": {"phase": "Terminating"}}),
    ] {
        pair.ask(Ask::new("PUT", &path).json(body)).await;
    }
    pair.ask(Ask::new("GET", &format!("{path}/status"))).await;
    let body = json!({"metadata": {"name": "own", "labels": {"a": "b"}}, "status": {"phase": "Terminating"}});
    pair.ask(Ask::new("PUT", &format!("{path}/status")).json(body))
        .await;
    for body in [
        json!({"status": {"phase": "Active"}}),
        json!({"metadata": {"labels": {"s": "t"}}, "spec": {"finalizers": ["a/b"]}}),
    ] {
        let ask = Ask::new("PATCH", &format!("{path}/status")).json(body);
        pair.ask(ask.header("content-type", MERGE)).await;
    }
    pair.ask(Ask::new("PUT", "/api/v1/namespaces/missing").json(named("missing")))
        .await;
    pair.ask(Ask::new("GET", "/api/v1/namespaces/missing/status"))
        .await;
}

#[tokio::test]
async fn nothing_new_comes_into_a_namespace_that_ends() {
    let (pair, _sandbox, _real) = clusters().await;
    let path = namespace(&pair, "ends").await;
    let secrets = format!("{path}/secrets");
    let held = json!({"metadata": {"name": "held", "finalizers": ["a/b"]}});
    pair.ask(Ask::new("POST", &secrets).json(held)).await;
    pair.ask(Ask::new("DELETE", &format!("{secrets}/held")))
        .await;
    pair.ask(Ask::new("DELETE", &format!("{path}?dryRun=All")))
        .await;
    pair.ask(Ask::new("DELETE", &path)).await;
    pair.ask(Ask::new("DELETE", &path)).await;
    pair.ask(Ask::new("POST", &secrets).json(named("new")))
        .await;
    let apply = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "new"}});
    let ask = Ask::new("PATCH", &format!("{secrets}/new?fieldManager=f")).json(apply);
    pair.ask(ask.header("content-type", "application/apply-patch+yaml"))
        .await;
    let leases = "/apis/coordination.k8s.io/v1/namespaces/ends/leases";
    pair.ask(Ask::new("POST", leases).json(named("new"))).await;
    let ask = Ask::new("PATCH", &format!("{secrets}/held"))
        .json(json!({"metadata": {"labels": {"a": "b"}}}));
    pair.ask(ask.header("content-type", MERGE)).await;
    pair.ask(Ask::new("POST", "/api/v1/namespaces").json(named("ends")))
        .await;
    pair.ask(Ask::new("GET", &path)).await;
}

/// The one thing that a bare API server does not do: it has no controller for it.
#[tokio::test]
async fn a_namespace_goes_with_what_is_in_it() {
    let (pair, _sandbox, _real) = clusters().await;
    let side = &pair.sandbox;
    let get = |path: &str| Ask::new("GET", path);
    side.say(&Ask::new("POST", "/api/v1/namespaces").json(named("gone")))
        .await;
    let secrets = "/api/v1/namespaces/gone/secrets";
    side.say(&Ask::new("POST", secrets).json(named("a"))).await;
    let held = json!({"metadata": {"name": "held", "finalizers": ["a/b"]}});
    side.say(&Ask::new("POST", secrets).json(held)).await;
    let deleted = side
        .say(&Ask::new("DELETE", "/api/v1/namespaces/gone"))
        .await;
    assert_eq!(deleted.body["status"]["phase"], "Terminating");
    let until = async |path: &str, is: &dyn Fn(u16, &Value) -> bool| {
        for _ in 0..200 {
            let answer = side.say(&get(path)).await;
            if is(answer.status, &answer.body) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("{path} did not come about");
    };
    until(&format!("{secrets}/a"), &|status, _| status == 404).await;
    until(&format!("{secrets}/held"), &|_, body| {
        body["metadata"].get("deletionTimestamp").is_some()
    })
    .await;
    let let_go = Ask::new("PATCH", &format!("{secrets}/held"))
        .json(json!({"metadata": {"finalizers": null}}))
        .header("content-type", MERGE);
    side.say(&let_go).await;
    until("/api/v1/namespaces/gone", &|status, _| status == 404).await;
}
