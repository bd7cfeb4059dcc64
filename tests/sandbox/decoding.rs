//! Bodies: what is read, what is refused, and in which words.

use super::pair::{Ask, Pair};
use super::ready;
use serde_json::{Value, json};

const SECRETS: &str = "/api/v1/namespaces/{ns}/secrets?dryRun=All";

async fn create(pair: &Pair, object: Value) {
    pair.ask(Ask::new("POST", SECRETS).json(object)).await;
}

async fn create_with(pair: &Pair, validation: &str, text: &str) {
    let path = format!("{SECRETS}&fieldValidation={validation}");
    pair.ask(
        Ask::new("POST", &path)
            .header("content-type", "application/json")
            .text(text),
    )
    .await;
}

async fn yaml(pair: &Pair, validation: &str, text: &str) {
    let path = format!("{SECRETS}&fieldValidation={validation}");
    pair.ask(
        Ask::new("POST", &path)
            .header("content-type", "application/yaml")
            .text(text),
    )
    .await;
}

#[tokio::test]
async fn a_value_of_another_type_is_refused_by_its_place() {
    let (pair, _sandbox, _real) = ready().await;
    let meta = |metadata: Value| json!({ "metadata": metadata });
    let with = |field: &str, value: Value| json!({ "metadata": { "name": "a" }, field: value });
    for object in [
        with("data", json!({ "a": "YQ==", "b": 5 })),
        with("data", json!({ "a": "###" })),
        with("data", json!({ "a": "YQ" })),
        with("data", json!({ "a": "YWFh!" })),
        with("data", json!({ "a": "YQ==YQ==" })),
        with("data", json!({ "a": "YWFhY===" })),
        with("data", json!({ "a": "=" })),
        with("data", json!({ "a": "YQ=a" })),
        with("data", json!({ "a": "YQ\n==" })),
        with("data", json!([1])),
        with("data", json!("x")),
        with("data", json!({ "a": null, "b": "" })),
        with("data", json!({})),
        with("data", json!(null)),
        with("type", json!(5)),
        with("type", json!("")),
        with("immutable", json!("yes")),
        with("immutable", json!(null)),
        with("stringData", json!({ "a": "x" })),
        with("stringData", json!({ "a": 5 })),
        meta(json!({ "name": "a", "labels": { "a": 5 } })),
        meta(json!({ "name": "a", "labels": { "a": true } })),
        meta(json!({ "name": "a", "labels": { "a": null } })),
        meta(json!({ "name": "a", "labels": null, "annotations": {} })),
        meta(json!({ "name": 5 })),
        meta(json!("x")),
        meta(json!([])),
        meta(json!(null)),
        meta(json!({ "name": "a", "finalizers": "x" })),
        meta(json!({ "name": "a", "finalizers": [5] })),
        meta(json!({ "name": "a", "finalizers": [] })),
        meta(json!({ "name": "a", "uid": 5 })),
        meta(json!({ "name": "a", "creationTimestamp": "x" })),
        meta(json!({ "name": "a", "creationTimestamp": "2026-01-0x" })),
        meta(json!({ "name": "a", "creationTimestamp": 5 })),
        meta(json!({ "name": "a", "generation": "x" })),
        meta(json!({ "name": "a", "generation": 1.5 })),
        meta(json!({ "name": "a", "ownerReferences": [{ "name": 5 }] })),
        meta(json!({ "name": "a", "ownerReferences": {} })),
        meta(json!({ "name": "a", "managedFields": [{ "manager": 5 }] })),
        json!({}),
        json!(null),
        json!([]),
        json!("x"),
        json!(5),
    ] {
        create(&pair, object).await;
    }
}

#[tokio::test]
async fn unknown_and_repeated_fields_are_told_or_refused_as_wanted() {
    let (pair, _sandbox, _real) = ready().await;
    for validation in ["", "Ignore", "Warn", "Strict"] {
        for text in [
            r#"{"metadata":{"name":"a"},"foo":1}"#,
            r#"{"metadata":{"name":"a","lables":{},"x":{"y":1}},"foo":1,"Data":{"a":"YQ=="}}"#,
            r#"{"metadata":{"name":"a","name":"b"},"data":{"a":"YQ==","a":"Yg=="},"x":1}"#,
            r#"{"metadata":{"name":"a","Name":"b"},"DATA":{"a":"YQ=="}}"#,
            r#"{"metadata":{"name":"a","ownerReferences":[{"apiVersion":"v1","kind":"A","name":"a","uid":"u","foo":1}]}}"#,
            r#"{"metadata":{"name":"a"},"metadata":{"name":"b"},"foo":1,"foo":2}"#,
        ] {
            create_with(&pair, validation, text).await;
        }
    }
    create_with(&pair, "Bogus", "{}").await;
}

#[tokio::test]
async fn a_body_that_is_no_object_is_quoted() {
    let (pair, _sandbox, _real) = ready().await;
    for text in [
        "",
        "{\"metadata\":",
        "{\"metadata\" 5}",
        "{5}",
        "{\"a\":1 \"b\":2}",
        "{\"a\":[1 2]}",
        "{\"a\":tru}",
        "{\"a\":-}",
        "{\"a\":1.}",
        "{\"a\":1e}",
        "{\"a\":\"\\q\"}",
        "{\"a\":\"\\u12g4\"}",
        "{} {}",
        "kind: Secret\nmetadata:\n  name: a\n",
        "nothing of the kind, and longer than the quote may be",
    ] {
        create_with(&pair, "", text).await;
    }
}

#[tokio::test]
async fn another_kind_or_version_is_refused() {
    let (pair, _sandbox, _real) = ready().await;
    for (version, kind) in [
        (json!("v1"), json!("ConfigMap")),
        (json!("v2"), json!("Secret")),
        (json!(null), json!("Secret")),
        (json!("v1"), json!(null)),
        (json!("nope/v1"), json!("Deployment")),
        (json!("rbac.authorization.k8s.io/v1"), json!("ClusterRole")),
        (json!(5), json!("Secret")),
        (json!("v1"), json!(5)),
        (json!("a/b/c"), json!("Secret")),
        (json!("v1"), json!("secret")),
        (json!(""), json!("")),
    ] {
        create(
            &pair,
            json!({ "apiVersion": version, "kind": kind, "metadata": { "name": "a" } }),
        )
        .await;
    }
}

#[tokio::test]
async fn yaml_is_read_like_json() {
    let (pair, _sandbox, _real) = ready().await;
    for validation in ["", "Ignore", "Warn", "Strict"] {
        for text in [
            "metadata:\n  name: a\ndata:\n  a: YQ==\n",
            "metadata:\n  name: a\n  name: b\ndata:\n  a: YQ==\nfoo: 1\n",
            "metadata:\n  name: a\n  labels:\n    a: yes\n",
            "metadata:\n  name: a\n  labels:\n    a: 'yes'\n    b: \"1\"\n",
            "metadata:\n  name: a\n  labels:\n    a: 1\n",
            "metadata: {name: a}\nstringData:\n  a: |\n    one\n    two\n  b: >-\n    one\n    two\n",
            "a",
            "",
            "--- {metadata: {name: a}}\n",
        ] {
            yaml(&pair, validation, text).await;
        }
    }
}

#[tokio::test]
async fn built_in_objects_have_one_form_whoever_wrote_them() {
    let (pair, _sandbox, _real) = ready().await;
    let rbac = "/apis/rbac.authorization.k8s.io/v1";
    let role =
        json!({ "apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "r" });
    for (path, object) in [
        (
            format!("{rbac}/clusterroles"),
            json!({ "metadata": { "name": "{ns}-a" } }),
        ),
        (
            format!("{rbac}/clusterroles"),
            json!({ "metadata": { "name": "{ns}-b" }, "rules": [] }),
        ),
        (
            format!("{rbac}/clusterroles"),
            json!({ "metadata": { "name": "{ns}-c" }, "rules": [{ "verbs": ["get"], "apiGroups": [""], "resources": ["secrets"], "resourceNames": [] }] }),
        ),
        (
            format!("{rbac}/clusterroles"),
            json!({ "metadata": { "name": "{ns}-d" }, "aggregationRule": { "clusterRoleSelectors": [{ "matchLabels": { "a": "b" } }, {}] }, "rules": null }),
        ),
        (
            format!("{rbac}/clusterrolebindings"),
            json!({ "metadata": { "name": "{ns}-a" }, "roleRef": { "kind": "ClusterRole", "name": "r" }, "subjects": [] }),
        ),
        (
            format!("{rbac}/clusterrolebindings"),
            json!({ "metadata": { "name": "{ns}-b" }, "roleRef": role, "subjects": [
                { "kind": "User", "name": "u" },
                { "kind": "Group", "name": "g" },
                { "kind": "ServiceAccount", "name": "s", "namespace": "n" },
            ] }),
        ),
        (
            "/api/v1/namespaces/{ns}/serviceaccounts".to_owned(),
            json!({ "metadata": { "name": "a" }, "automountServiceAccountToken": false, "imagePullSecrets": [{}, { "name": "x" }], "secrets": [] }),
        ),
        (
            "/api/v1/namespaces/{ns}/configmaps".to_owned(),
            json!({ "metadata": { "name": "a" }, "data": { "a": "", "b": "x" }, "binaryData": { "c": "YQ==" }, "immutable": false }),
        ),
        (
            "/apis/coordination.k8s.io/v1/namespaces/{ns}/leases".to_owned(),
            json!({ "metadata": { "name": "a" }, "spec": { "holderIdentity": "", "leaseDurationSeconds": 5, "renewTime": "2026-01-01T00:00:00.000000Z", "leaseTransitions": 0 } }),
        ),
        (
            "/apis/coordination.k8s.io/v1/namespaces/{ns}/leases".to_owned(),
            json!({ "metadata": { "name": "b" } }),
        ),
    ] {
        let made = pair.ask(Ask::new("POST", &path).json(object)).await;
        let name = made.body["metadata"]["name"].as_str().unwrap();
        pair.ask(Ask::new("GET", &format!("{path}/{name}"))).await;
    }
}

#[tokio::test]
async fn custom_objects_keep_their_spec() {
    let (pair, _sandbox, _real) = ready().await;
    let path = "/apis/external-secrets.io/v1/namespaces/{ns}/externalsecrets?dryRun=All";
    let identity = |rest: Value| {
        let mut object = json!({ "apiVersion": "external-secrets.io/v1", "kind": "ExternalSecret", "metadata": { "name": "a" } });
        for (name, value) in rest.as_object().unwrap() {
            object[name] = value.clone();
        }
        object
    };
    for validation in ["Ignore", "Warn", "Strict"] {
        for object in [
            identity(json!({})),
            identity(json!({ "spec": {} })),
            identity(
                json!({ "spec": { "a": null, "b": [1, 2.5, "x", {}], "c": {} }, "status": { "a": 1 } }),
            ),
            identity(json!({ "spec": "x" })),
            identity(json!({ "spec": 5 })),
            identity(json!({ "spec": [1] })),
            identity(json!({ "spec": null })),
            identity(json!({ "foo": 1, "spec": {} })),
            identity(json!({ "metadata": { "name": "a", "foo": 1 } })),
            identity(json!({ "metadata": { "name": 5 } })),
            identity(json!({ "metadata": { "name": "a", "labels": { "a": 5 } } })),
            identity(json!({ "metadata": "x" })),
            identity(json!({ "metadata": { "name": "A" } })),
            identity(json!({ "metadata": {} })),
            identity(json!({ "kind": "SecretStore" })),
            identity(json!({ "kind": "" })),
            identity(json!({ "apiVersion": "" })),
            identity(json!({ "apiVersion": "v1" })),
            identity(json!({ "apiVersion": "external-secrets.io/v1beta1" })),
            json!({}),
            json!([]),
        ] {
            let path = format!("{path}&fieldValidation={validation}");
            pair.ask(Ask::new("POST", &path).json(object)).await;
        }
    }
    let path = format!("{path}&fieldValidation=Strict");
    for text in [
        r#"{"apiVersion":"external-secrets.io/v1","kind":"ExternalSecret","metadata":{"name":"a","name":"b"},"spec":{"a":1,"a":2}}"#,
        "{",
        "",
    ] {
        let ask = Ask::new("POST", &path).header("content-type", "application/json");
        pair.ask(ask.text(text)).await;
    }
}
