//! Deleting: preconditions, policies, finalizers, collections.

use super::clusters;
use super::objects::{named, namespace};
use super::pair::{Ask, Pair};
use serde_json::{Value, json};

async fn secrets(pair: &Pair, name: &str, objects: &[&str]) -> String {
    let path = namespace(pair, name).await + "/secrets";
    for object in objects {
        let body = json!({"metadata": {"name": object, "labels": {"set": "d"}}});
        let ask = Ask::new("POST", &path).json(body);
        pair.ask(
            ask.keep("uid", "/metadata/uid")
                .keep("version", "/metadata/resourceVersion"),
        )
        .await;
    }
    path
}

#[tokio::test]
async fn what_is_deleted_is_the_object_that_was_meant() {
    let (pair, _sandbox, _real) = clusters().await;
    let path = secrets(&pair, "preconditions", &["a"]).await;
    let delete = |body: Value| Ask::new("DELETE", &format!("{path}/a")).json(body);
    for body in [
        json!({"kind": "DeleteOptions", "apiVersion": "v1", "preconditions": {"uid": "x"}}),
        json!({"preconditions": {"uid": "x", "resourceVersion": "1"}}),
        json!({"preconditions": {"resourceVersion": "1"}}),
        json!({"preconditions": {"uid": "{uid}", "resourceVersion": "1"}}),
        json!({"preconditions": {"uid": "{uid}", "resourceVersion": "{version}"}, "dryRun": ["All"]}),
        json!({"preconditions": {"uid": "{uid}", "resourceVersion": "{version}"}}),
        json!({"preconditions": {"uid": "{uid}", "resourceVersion": "{version}"}}),
    ] {
        pair.ask(delete(body)).await;
    }
    for path in [
        "/api/v1/namespaces/preconditions",
        "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings/cluster-admin",
    ] {
        pair.ask(Ask::new("GET", path)).await;
        for body in [
            json!({"preconditions": {"uid": "x"}}),
            json!({"preconditions": {"resourceVersion": "1"}}),
        ] {
            let ask = Ask::new("DELETE", path).json(body);
            pair.ask(ask.keep("uid", "/metadata/uid")).await;
        }
    }
}

#[tokio::test]
async fn bodies_of_a_delete() {
    let (pair, _sandbox, _real) = clusters().await;
    let path = secrets(&pair, "bodies", &["a"]).await + "/a";
    for body in [
        r#"{"kind":"Foo","apiVersion":"v1"}"#,
        r#"{"kind":"DeleteOptions","apiVersion":"meta.k8s.io/v1","dryRun":["All"]}"#,
        r#"{"propagationPolicy":"Nope"}"#,
        r#"{"orphanDependents":true,"propagationPolicy":"Orphan"}"#,
        r#"{"gracePeriodSeconds":-5,"dryRun":["All"]}"#,
        r#"{"gracePeriodSeconds":"x"}"#,
        "{",
        r#"{"foo":1,"dryRun":["All"]}"#,
        r#"{"dryRun":["x"]}"#,
    ] {
        let ask = Ask::new("DELETE", &path).text(body);
        pair.ask(ask.header("content-type", "application/json"))
            .await;
    }
    let ask = Ask::new("DELETE", &path).text("{}");
    pair.ask(ask.header("content-type", "text/plain")).await;
    for query in [
        "dryRun=All",
        "dryRun=x",
        "gracePeriodSeconds=abc",
        "propagationPolicy=Nope",
        "orphanDependents=true&dryRun=All",
    ] {
        pair.ask(Ask::new("DELETE", &format!("{path}?{query}")))
            .await;
    }
    pair.ask(Ask::new("GET", &path)).await;
    pair.ask(Ask::new("DELETE", &path)).await;
    pair.ask(Ask::new("DELETE", &path)).await;
}

#[tokio::test]
async fn what_is_held_stays_until_it_is_let_go() {
    let (pair, _sandbox, _real) = clusters().await;
    let path = secrets(&pair, "held", &["a", "b", "c", "d"]).await;
    let at = |name: &str| format!("{path}/{name}");
    let merge = |name: &str, body: Value| {
        let ask = Ask::new("PATCH", &at(name)).json(body);
        ask.header("content-type", "application/merge-patch+json")
    };
    pair.ask(Ask::new(
        "DELETE",
        &(at("a") + "?propagationPolicy=Foreground"),
    ))
    .await;
    pair.ask(Ask::new("DELETE", &at("a"))).await;
    pair.ask(merge("a", json!({"metadata": {"labels": {"x": "z"}}})))
        .await;
    let body = json!({"metadata": {"name": "a", "finalizers": ["foregroundDeletion"], "labels": {"x": "y"}}});
    pair.ask(Ask::new("PUT", &at("a")).json(body)).await;
    pair.ask(Ask::new("POST", &path).json(named("a"))).await;
    pair.ask(merge("a", json!({"metadata": {"finalizers": null}})))
        .await;
    pair.ask(Ask::new("GET", &at("a"))).await;
    pair.ask(Ask::new("DELETE", &(at("b") + "?propagationPolicy=Orphan")))
        .await;
    pair.ask(Ask::new(
        "DELETE",
        &(at("b") + "?propagationPolicy=Background"),
    ))
    .await;
    pair.ask(Ask::new(
        "DELETE",
        &(at("c") + "?propagationPolicy=Orphan&dryRun=All"),
    ))
    .await;
    pair.ask(Ask::new("GET", &at("c"))).await;
    pair.ask(merge(
        "d",
        json!({"metadata": {"finalizers": ["a/b", "c/d"]}}),
    ))
    .await;
    pair.ask(Ask::new("DELETE", &at("d"))).await;
    pair.ask(Ask::new(
        "DELETE",
        &(at("d") + "?propagationPolicy=Foreground"),
    ))
    .await;
    pair.ask(merge("d", json!({"metadata": {"finalizers": ["c/d"]}})))
        .await;
    pair.ask(merge(
        "d",
        json!({"metadata": {"finalizers": ["c/d", "e/f"]}}),
    ))
    .await;
    let body = json!({"metadata": {"name": "d"}});
    pair.ask(Ask::new("PUT", &(at("d") + "?dryRun=All")).json(body.clone()))
        .await;
    pair.ask(Ask::new("PUT", &at("d")).json(body)).await;
    pair.ask(Ask::new("GET", &path)).await;
}

#[tokio::test]
async fn collections_are_deleted_as_they_are_selected() {
    let (pair, _sandbox, _real) = clusters().await;
    let path = secrets(&pair, "collections", &["a", "b", "c"]).await;
    let other = json!({"metadata": {"name": "other"}});
    pair.ask(Ask::new("POST", &path).json(other)).await;
    let metadata = "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io";
    for query in [
        "labelSelector=set%3Dd&dryRun=All",
        "labelSelector=set%3D%3D%3Dd",
        "fieldSelector=foo%3Db",
        "fieldSelector=metadata.name%3Da",
        "labelSelector=set%3Dd",
        "labelSelector=set%3Dd",
    ] {
        let ask = Ask::new("DELETE", &format!("{path}?{query}"));
        pair.ask(ask.header("accept", metadata)).await;
    }
    pair.ask(Ask::new("GET", &path)).await;
    pair.ask(Ask::new("DELETE", &path)).await;
}

#[tokio::test]
async fn what_a_delete_of_each_kind_answers() {
    let (pair, _sandbox, _real) = clusters().await;
    let place = namespace(&pair, "kinds").await;
    let rbac = "/apis/rbac.authorization.k8s.io/v1/namespaces/kinds";
    let reference = json!({"kind": "Role", "name": "n", "apiGroup": "rbac.authorization.k8s.io"});
    for path in [
        format!("{place}/configmaps"),
        format!("{place}/serviceaccounts"),
        format!("{rbac}/roles"),
        format!("{rbac}/rolebindings"),
        "/apis/coordination.k8s.io/v1/namespaces/kinds/leases".to_owned(),
    ] {
        let mut object = named("n");
        if path.ends_with("rolebindings") {
            object["roleRef"] = reference.clone();
        }
        pair.ask(Ask::new("POST", &path).json(object)).await;
        let metadata = "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io";
        let ask = Ask::new("DELETE", &format!("{path}/n?dryRun=All"));
        pair.ask(ask.header("accept", metadata)).await;
        pair.ask(Ask::new("DELETE", &format!("{path}/n"))).await;
    }
}
