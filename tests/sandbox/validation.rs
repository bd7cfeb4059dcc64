//! What is decoded and still cannot be stored: names, keys, sizes, and what an update may not change.

use super::pair::{Ask, Pair};
use super::ready;
use serde_json::{Value, json};

const CORE: &str = "/api/v1/namespaces/{ns}";
const RBAC: &str = "/apis/rbac.authorization.k8s.io/v1";
const MERGE: &str = "application/merge-patch+json";

async fn try_create(pair: &Pair, path: &str, object: Value) {
    let path = format!("{path}?dryRun=All");
    pair.ask(Ask::new("POST", &path).json(object)).await;
}

async fn patch(pair: &Pair, path: &str, change: Value) {
    pair.ask(
        Ask::new("PATCH", path)
            .header("content-type", MERGE)
            .json(change),
    )
    .await;
}

#[tokio::test]
async fn names_must_fit_their_kind() {
    let (pair, _sandbox, _real) = ready().await;
    let long = "a".repeat(254);
    for name in [
        "A", "a_b", "-a", "a-", "a..b", "a.b", ".", "a/b", "a%b", "ä", &long, "",
    ] {
        let object = json!({ "metadata": { "name": name } });
        for path in ["secrets", "configmaps", "serviceaccounts"] {
            try_create(&pair, &format!("{CORE}/{path}"), object.clone()).await;
        }
        try_create(&pair, "/api/v1/namespaces", object.clone()).await;
        try_create(&pair, &format!("{RBAC}/clusterroles"), object.clone()).await;
        let path = "/apis/coordination.k8s.io/v1/namespaces/{ns}/leases";
        try_create(&pair, path, object).await;
    }
    for start in ["a-", "A-", "-", "a.", "a_"] {
        let object = json!({ "metadata": { "generateName": start, "name": "x" } });
        try_create(&pair, &format!("{CORE}/secrets"), object.clone()).await;
        try_create(&pair, "/api/v1/namespaces", object).await;
    }
}

#[tokio::test]
async fn metadata_must_fit_too() {
    let (pair, _sandbox, _real) = ready().await;
    let big = "x".repeat(256 * 1024);
    let long = "a".repeat(64);
    let owner = |rest: Value| {
        let mut owner = json!({ "apiVersion": "v1", "kind": "K", "name": "n", "uid": "u" });
        for (name, value) in rest.as_object().unwrap() {
            owner[name] = value.clone();
        }
        owner
    };
    for metadata in [
        json!({ "labels": { "a b": "x" } }),
        json!({ "labels": { "a": "x y" } }),
        json!({ "labels": { "a": "-x" } }),
        json!({ "labels": { "a": long } }),
        json!({ "labels": { "": "x" } }),
        json!({ "labels": { "a/b/c": "x" } }),
        json!({ "labels": { "/a": "x" } }),
        json!({ "labels": { "A.b/c": "x" } }),
        json!({ "labels": { "a.b/": "x" } }),
        json!({ "labels": { format!("a/{long}"): "x" } }),
        json!({ "annotations": { "a b": "x y" } }),
        json!({ "annotations": { "A.B/c": "x" } }),
        json!({ "annotations": { "a": big } }),
        json!({ "finalizers": ["a b"] }),
        json!({ "finalizers": ["orphan", "foregroundDeletion"] }),
        json!({ "finalizers": ["example.com/a"] }),
        json!({ "ownerReferences": [{}] }),
        json!({ "ownerReferences": [owner(json!({ "uid": "" }))] }),
        json!({ "ownerReferences": [owner(json!({ "apiVersion": "" }))] }),
        json!({ "ownerReferences": [owner(json!({}))] }),
    ] {
        let mut metadata = metadata;
        metadata["name"] = "a".into();
        try_create(
            &pair,
            &format!("{CORE}/secrets"),
            json!({ "metadata": metadata }),
        )
        .await;
        let custom = json!({ "apiVersion": "external-secrets.io/v1", "kind": "ExternalSecret", "metadata": metadata });
        let path = "/apis/external-secrets.io/v1/namespaces/{ns}/externalsecrets";
        try_create(&pair, path, custom).await;
    }
}

#[tokio::test]
async fn secrets_must_hold_what_their_type_says() {
    let (pair, _sandbox, _real) = ready().await;
    let too_much = "QUFB".repeat(1024 * 1024 / 3 + 1);
    let long = "k".repeat(254);
    for rest in [
        json!({ "data": { "a b": "" } }),
        json!({ "data": { "..": "" } }),
        json!({ "data": { ".": "" } }),
        json!({ "data": { "..a": "" } }),
        json!({ "data": { "": "" } }),
        json!({ "data": { long: "" } }),
        json!({ "data": { "a": too_much } }),
        json!({ "type": "kubernetes.io/tls" }),
        json!({ "type": "kubernetes.io/tls", "data": { "tls.crt": "" } }),
        json!({ "type": "kubernetes.io/basic-auth" }),
        json!({ "type": "kubernetes.io/basic-auth", "data": { "username": "" } }),
        json!({ "type": "kubernetes.io/ssh-auth", "data": { "ssh-privatekey": "" } }),
        json!({ "type": "kubernetes.io/service-account-token" }),
        json!({ "type": "kubernetes.io/dockercfg" }),
        json!({ "type": "kubernetes.io/dockercfg", "stringData": { ".dockercfg": "x" } }),
        json!({ "type": "kubernetes.io/dockerconfigjson", "stringData": { ".dockerconfigjson": "[]" } }),
        json!({ "type": "kubernetes.io/dockerconfigjson", "stringData": { ".dockerconfigjson": "{}" } }),
        json!({ "type": "anything at all" }),
    ] {
        let mut object = rest;
        object["metadata"] = json!({ "name": "a" });
        try_create(&pair, &format!("{CORE}/secrets"), object).await;
    }
    for rest in [
        json!({ "data": { "a b": "" }, "binaryData": { "a b": "" } }),
        json!({ "data": { "a": "" }, "binaryData": { "a": "" } }),
        json!({ "data": { "a": "x".repeat(1024 * 1024 + 1) } }),
    ] {
        let mut object = rest;
        object["metadata"] = json!({ "name": "a" });
        try_create(&pair, &format!("{CORE}/configmaps"), object).await;
    }
}

#[tokio::test]
async fn roles_and_bindings_must_make_sense() {
    let (pair, _sandbox, _real) = ready().await;
    for rules in [
        json!([{}]),
        json!([{ "verbs": ["get"] }]),
        json!([{ "verbs": ["get"], "apiGroups": [""] }]),
        json!([{ "apiGroups": [""], "resources": ["a"] }]),
        json!([{ "verbs": ["get"], "nonResourceURLs": ["/a"] }]),
        json!([{ "verbs": ["get"], "nonResourceURLs": ["/a"], "resources": ["a"] }]),
    ] {
        let object = json!({ "metadata": { "name": "{ns}" }, "rules": rules });
        try_create(&pair, &format!("{RBAC}/clusterroles"), object.clone()).await;
        try_create(&pair, &format!("{RBAC}/namespaces/{{ns}}/roles"), object).await;
    }
    let object = json!({ "metadata": { "name": "{ns}" }, "aggregationRule": {} });
    try_create(&pair, &format!("{RBAC}/clusterroles"), object).await;
    for (role, subjects) in [
        (json!({}), json!([])),
        (json!({ "kind": "Role", "name": "a" }), json!([])),
        (json!({ "kind": "ClusterRole", "name": "a/b" }), json!([])),
        (
            json!({ "kind": "ClusterRole", "name": "view", "apiGroup": "x" }),
            json!([]),
        ),
        (
            json!({ "kind": "ClusterRole", "name": "view" }),
            json!([{}]),
        ),
        (
            json!({ "kind": "ClusterRole", "name": "view" }),
            json!([{ "kind": "ServiceAccount", "name": "A" }, { "kind": "ServiceAccount", "name": "a", "namespace": "b", "apiGroup": "c" }]),
        ),
        (
            json!({ "kind": "ClusterRole", "name": "view" }),
            json!([{ "kind": "User", "name": "", "apiGroup": "c" }, { "kind": "Group", "name": "x" }]),
        ),
    ] {
        let object =
            json!({ "metadata": { "name": "{ns}" }, "roleRef": role, "subjects": subjects });
        try_create(
            &pair,
            &format!("{RBAC}/clusterrolebindings"),
            object.clone(),
        )
        .await;
        try_create(
            &pair,
            &format!("{RBAC}/namespaces/{{ns}}/rolebindings"),
            object,
        )
        .await;
    }
}

#[tokio::test]
async fn leases_last_and_change_hands_in_whole_numbers() {
    let (pair, _sandbox, _real) = ready().await;
    for spec in [
        json!({ "leaseDurationSeconds": 0 }),
        json!({ "leaseDurationSeconds": 3_000_000_000_u32 }),
        json!({ "leaseTransitions": -1 }),
        json!({ "strategy": "x" }),
        json!({ "strategy": "a/b c" }),
        json!({ "preferredHolder": "x" }),
        json!({ "renewTime": "yesterday" }),
        json!({ "renewTime": "2026-01-01T00:00:00.5Z" }),
    ] {
        let object = json!({ "metadata": { "name": "a" }, "spec": spec });
        let path = "/apis/coordination.k8s.io/v1/namespaces/{ns}/leases";
        try_create(&pair, path, object).await;
    }
}

#[tokio::test]
async fn what_may_not_change_does_not() {
    let (pair, _sandbox, _real) = ready().await;
    let path = format!("{CORE}/secrets");
    let secret = json!({ "metadata": { "name": "fixed", "uid": "made up" }, "data": { "a": "YQ==" }, "immutable": true });
    pair.ask(Ask::new("POST", &path).json(secret)).await;
    let path = format!("{path}/fixed");
    patch(&pair, &path, json!({ "type": "other" })).await;
    patch(&pair, &path, json!({ "type": null })).await;
    patch(&pair, &path, json!({ "data": { "a": "Yg==" } })).await;
    patch(&pair, &path, json!({ "immutable": false, "data": null })).await;
    patch(&pair, &path, json!({ "immutable": null })).await;
    patch(&pair, &path, json!({ "metadata": { "uid": "other" } })).await;
    patch(&pair, &path, json!({ "metadata": { "name": "other" } })).await;
    patch(
        &pair,
        &path,
        json!({ "metadata": { "creationTimestamp": "2020-01-01T00:00:00Z", "generation": 7 } }),
    )
    .await;
    patch(
        &pair,
        &path,
        json!({ "metadata": { "labels": { "a": "b" } } }),
    )
    .await;
    patch(
        &pair,
        &path,
        json!({ "metadata": { "labels": { "a": "b c" }, "ownerReferences": [{}] } }),
    )
    .await;
    patch(
        &pair,
        &path,
        json!({ "data": { "a b": "" }, "metadata": { "finalizers": ["a b"] } }),
    )
    .await;
    let path = format!("{CORE}/configmaps");
    let map = json!({ "metadata": { "name": "fixed" }, "data": { "a": "x" }, "immutable": true });
    pair.ask(Ask::new("POST", &path).json(map)).await;
    let path = format!("{path}/fixed");
    patch(
        &pair,
        &path,
        json!({ "data": { "a": "y" }, "binaryData": { "b": "YQ==" } }),
    )
    .await;
    patch(&pair, &path, json!({ "immutable": false })).await;
    let path = format!("{RBAC}/namespaces/{{ns}}/rolebindings");
    let binding = json!({ "metadata": { "name": "fixed" }, "roleRef": { "kind": "ClusterRole", "name": "view" } });
    pair.ask(Ask::new("POST", &path).json(binding)).await;
    let path = format!("{path}/fixed");
    patch(&pair, &path, json!({ "roleRef": { "name": "edit" } })).await;
    patch(
        &pair,
        &path,
        json!({ "roleRef": { "kind": "Nothing", "name": "" } }),
    )
    .await;
    patch(
        &pair,
        &path,
        json!({ "metadata": { "labels": { "a": "b c" } } }),
    )
    .await;
    let path = format!("{RBAC}/clusterroles");
    let role = json!({ "metadata": { "name": "{ns}-fixed" }, "rules": [] });
    pair.ask(Ask::new("POST", &path).json(role)).await;
    let path = format!("{path}/{{ns}}-fixed");
    patch(
        &pair,
        &path,
        json!({ "rules": [{}], "metadata": { "labels": { "a": "b c" } } }),
    )
    .await;
    let path = "/apis/external-secrets.io/v1/namespaces/{ns}/externalsecrets";
    let custom = json!({ "apiVersion": "external-secrets.io/v1", "kind": "ExternalSecret", "metadata": { "name": "fixed" }, "spec": {} });
    pair.ask(Ask::new("POST", path).json(custom)).await;
    let path = format!("{path}/fixed");
    patch(
        &pair,
        &path,
        json!({ "metadata": { "labels": { "a": "b c" }, "uid": "other" } }),
    )
    .await;
    patch(&pair, &path, json!({ "spec": 5 })).await;
    patch(
        &pair,
        "/api/v1/namespaces/{ns}",
        json!({ "metadata": { "labels": { "a": "b c" } } }),
    )
    .await;
}
