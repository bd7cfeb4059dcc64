//! Server-side apply: who owns what, what is taken away, and what is a conflict.

use super::pair::{Ask, Pair};
use super::ready;
use serde_json::{Value, json};

const APPLY: &str = "application/apply-patch+yaml";
const MERGE: &str = "application/merge-patch+json";
const LAST: &str = "kubectl.kubernetes.io/last-applied-configuration";
const SECRET: &str = "/api/v1/namespaces/{ns}/secrets/a";

#[allow(
    clippy::needless_pass_by_value,
    reason = "it is called with json! everywhere"
)]
fn secret(rest: Value) -> Value {
    let mut object = json!({ "apiVersion": "v1", "kind": "Secret", "metadata": { "name": "a" } });
    for (name, value) in rest.as_object().unwrap() {
        object[name] = value.clone();
    }
    object
}

async fn apply(pair: &Pair, manager: &str, more: &str, object: Value) {
    apply_to(pair, SECRET, manager, more, object).await;
}

async fn apply_to(pair: &Pair, path: &str, manager: &str, more: &str, object: Value) {
    let path = format!("{path}?fieldManager={manager}{more}");
    let ask = Ask::new("PATCH", &path).header("content-type", APPLY);
    pair.ask(ask.json(object)).await;
}

async fn read(pair: &Pair) {
    pair.ask(Ask::new("GET", SECRET)).await;
}

#[tokio::test]
async fn two_managers_share_a_secret() {
    let (pair, _sandbox, _real) = ready().await;
    let ab = json!({ "data": { "a": "YQ==", "b": "Yg==" } });
    apply(&pair, "m1", "", secret(ab.clone())).await;
    apply(&pair, "m1", "", secret(ab)).await;
    apply(
        &pair,
        "m2",
        "",
        secret(json!({ "data": { "a": "YQ==", "c": "Yw==" } })),
    )
    .await;
    apply(
        &pair,
        "m2",
        "",
        secret(json!({ "data": { "a": "Yg==", "b": "Yw==" } })),
    )
    .await;
    apply(&pair, "m1", "", secret(json!({ "data": { "b": "Yg==" } }))).await;
    read(&pair).await;
    apply(
        &pair,
        "m2",
        "&force=true",
        secret(json!({ "data": { "b": "eA==" } })),
    )
    .await;
    apply(
        &pair,
        "m1",
        "&dryRun=All",
        secret(json!({ "data": { "b": "eQ==" } })),
    )
    .await;
    apply(
        &pair,
        "m1",
        "&dryRun=All&force=true",
        secret(json!({ "data": { "b": "eQ==" } })),
    )
    .await;
    apply(&pair, "m2", "", secret(json!({}))).await;
    apply(&pair, "m1", "", secret(json!({}))).await;
    read(&pair).await;
}

#[tokio::test]
async fn an_apply_that_is_no_object_of_its_kind_is_refused() {
    let (pair, _sandbox, _real) = ready().await;
    apply(&pair, "m1", "", secret(json!({ "data": { "a": "YQ==" } }))).await;
    for rest in [
        json!({ "foo": 1 }),
        json!({ "data": { "a": 5 } }),
        json!({ "data": { "a": {} } }),
        json!({ "data": { "a": "##" } }),
        json!({ "data": [1] }),
        json!({ "data": "x" }),
        json!({ "type": 5 }),
        json!({ "type": [1, "a"] }),
        json!({ "immutable": "yes" }),
        json!({ "metadata": { "name": "a", "finalizers": ["a", "a"] } }),
        json!({ "metadata": { "name": "a", "finalizers": {} } }),
        json!({ "metadata": { "name": "a", "finalizers": [null] } }),
        json!({ "metadata": { "name": "a", "ownerReferences": [{ "name": "a" }] } }),
        json!({ "metadata": { "name": "a", "ownerReferences": [null] } }),
        json!({ "metadata": { "name": "a", "ownerReferences": ["x"] } }),
        json!({ "metadata": { "name": "a", "generation": "x" } }),
        json!({ "metadata": { "name": "a", "managedFields": [] } }),
        json!({ "metadata": { "name": "a", "managedFields": [{}] } }),
        json!({ "metadata": { "name": "a", "managedFields": null } }),
        json!({ "metadata": { "name": "b" } }),
        json!({ "metadata": { "name": "a", "namespace": "other" } }),
        json!({ "metadata": { "name": "a", "uid": "other" } }),
        json!({ "metadata": { "name": "a", "resourceVersion": "1" } }),
        json!({ "metadata": {} }),
        json!({ "metadata": null }),
        json!({ "kind": "ConfigMap" }),
        json!({ "apiVersion": "v2" }),
        json!({ "apiVersion": null }),
    ] {
        apply(&pair, "m2", "&dryRun=All", secret(rest)).await;
    }
    let path = format!("{SECRET}?fieldManager=m2&dryRun=All");
    for text in [
        "[1]",
        "5",
        "",
        "metadata:\n name: a\n",
        "kind: Secret\nmetadata:\n name: a\n",
    ] {
        pair.ask(
            Ask::new("PATCH", &path)
                .header("content-type", APPLY)
                .text(text),
        )
        .await;
    }
    for validation in ["", "Ignore", "Warn", "Strict"] {
        let path = format!("{path}&fieldValidation={validation}");
        for text in [
            "apiVersion: v1\nkind: Secret\nmetadata:\n name: b\n name: a\n",
            r#"{"apiVersion":"v1","kind":"Secret","metadata":{"name":"a","name":"a"}}"#,
        ] {
            pair.ask(
                Ask::new("PATCH", &path)
                    .header("content-type", APPLY)
                    .text(text),
            )
            .await;
        }
    }
    let missing = format!("{SECRET}?force=true");
    pair.ask(
        Ask::new("PATCH", &missing)
            .header("content-type", APPLY)
            .json(secret(json!({}))),
    )
    .await;
}

#[tokio::test]
async fn nothing_and_null_are_told_apart() {
    let (pair, _sandbox, _real) = ready().await;
    apply(
        &pair,
        "m1",
        "",
        secret(
            json!({ "data": { "a": "YQ==" }, "metadata": { "name": "a", "labels": { "l": "1" } } }),
        ),
    )
    .await;
    for rest in [
        json!({ "data": null, "type": null }),
        json!({ "data": {}, "metadata": { "name": "a", "labels": {} } }),
        json!({ "data": { "z": null }, "metadata": { "name": "a", "labels": { "x": null }, "creationTimestamp": null } }),
        json!({ "immutable": null, "stringData": {} }),
        json!({ "stringData": { "s": "x" } }),
        json!({ "metadata": { "name": "a", "finalizers": [], "ownerReferences": null } }),
        json!({ "metadata": { "name": "a", "annotations": null } }),
    ] {
        apply(&pair, "m2", "", secret(rest)).await;
        read(&pair).await;
    }
}

#[tokio::test]
async fn nothing_in_the_metadata_of_a_custom_object_is_stored_until_its_next_write() {
    let (pair, _sandbox, _real) = ready().await;
    let path = "/apis/external-secrets.io/v1/namespaces/{ns}/externalsecrets/a";
    let object = |metadata: Value| {
        let mut object = json!({ "apiVersion": "external-secrets.io/v1", "kind": "ExternalSecret", "metadata": metadata });
        object["metadata"]["name"] = "a".into();
        object
    };
    let held = json!({ "finalizers": ["example.com/a"], "ownerReferences": [] });
    apply_to(&pair, path, "m1", "", object(held)).await;
    pair.ask(Ask::new("DELETE", path)).await;
    apply_to(&pair, path, "m2", "", object(json!({}))).await;
    pair.ask(Ask::new("GET", path)).await;
    // Nothing holds it any more: it is answered once more, as it came.
    let free = json!({ "ownerReferences": [], "labels": {} });
    apply_to(&pair, path, "m1", "", object(free)).await;
    pair.ask(Ask::new("GET", path)).await;
}

#[tokio::test]
async fn nothing_in_the_metadata_of_a_custom_object_is_written_at_every_apply() {
    let (pair, _sandbox, _real) = ready().await;
    let empties = [
        json!({ "ownerReferences": [] }),
        json!({ "finalizers": [] }),
        json!({ "labels": {} }),
        json!({ "annotations": {}, "labels": { "a": "x" } }),
    ];
    for (number, metadata) in empties.into_iter().enumerate() {
        let name = format!("a{number}");
        let path = format!("/apis/external-secrets.io/v1/namespaces/{{ns}}/externalsecrets/{name}");
        let mut object = json!({ "apiVersion": "external-secrets.io/v1", "kind": "ExternalSecret", "metadata": metadata });
        object["metadata"]["name"] = name.into();
        for manager in ["m1", "m1", "m2", "m1"] {
            apply_to(&pair, &path, manager, "", object.clone()).await;
            pair.ask(Ask::new("GET", &path)).await;
        }
    }
}

#[tokio::test]
async fn what_is_let_go_is_answered_as_it_came() {
    let (pair, _sandbox, _real) = ready().await;
    let external = "/apis/external-secrets.io/v1/namespaces/{ns}/externalsecrets external-secrets.io/v1 ExternalSecret";
    let role = "/apis/rbac.authorization.k8s.io/v1/namespaces/{ns}/roles rbac.authorization.k8s.io/v1 Role";
    let empty = [
        (
            external,
            json!({ "metadata": { "labels": {}, "ownerReferences": [] }, "spec": {} }),
        ),
        (role, json!({ "rules": [] })),
        (
            role,
            json!({ "rules": [{ "apiGroups": [], "resources": [], "verbs": [] }] }),
        ),
        (
            role,
            json!({ "rules": [{ "verbs": [], "nonResourceURLs": [] }], "metadata": { "labels": {} } }),
        ),
    ];
    for (number, (kind, rest)) in empty.into_iter().enumerate() {
        for how in ["apply", "update", "patch"] {
            let [list, version, kind] = kind.split(' ').collect::<Vec<_>>().try_into().unwrap();
            let name = format!("{how}{number}");
            let path = format!("{list}/{name}");
            let mut object = json!({ "apiVersion": version, "kind": kind, "metadata": { "name": name, "finalizers": ["example.com/a"] } });
            apply_to(&pair, &path, "m1", "", object.clone()).await;
            pair.ask(Ask::new("DELETE", &path)).await;
            for (field, value) in rest.as_object().unwrap() {
                match field.as_str() {
                    "metadata" => {
                        let fields = object["metadata"].as_object_mut().unwrap();
                        fields.extend(value.as_object().unwrap().clone());
                    }
                    _ => object[field] = value.clone(),
                }
            }
            let fields = object["metadata"].as_object_mut().unwrap();
            fields.remove("finalizers");
            match how {
                "apply" => apply_to(&pair, &path, "m1", "", object).await,
                "update" => drop(pair.ask(Ask::new("PUT", &path).json(object)).await),
                _ => {
                    object["metadata"]["finalizers"] = Value::Null;
                    let ask = Ask::new("PATCH", &path).header("content-type", MERGE);
                    pair.ask(ask.json(object)).await;
                }
            }
            pair.ask(Ask::new("GET", &path)).await;
        }
    }
}

#[tokio::test]
async fn a_value_becomes_an_empty_one_of_another_kind() {
    let (pair, _sandbox, _real) = ready().await;
    let path = "/apis/external-secrets.io/v1/namespaces/{ns}/externalsecrets/a";
    for value in [
        json!(1),
        json!({}),
        json!("x"),
        json!([]),
        json!({ "d": 1 }),
    ] {
        let object = json!({
            "apiVersion": "external-secrets.io/v1", "kind": "ExternalSecret",
            "metadata": { "name": "a" }, "spec": { "c": value },
        });
        apply_to(&pair, path, "m1", "", object).await;
        pair.ask(Ask::new("GET", path)).await;
    }
}

#[tokio::test]
async fn an_object_of_which_nobody_is_known_belongs_to_before_first_apply() {
    let (pair, _sandbox, _real) = ready().await;
    let path = "/api/v1/namespaces/{ns}/secrets?fieldManager=maker";
    pair.ask(Ask::new("POST", path).json(secret(json!({ "data": { "a": "YQ==" } }))))
        .await;
    for reset in [json!([{}]), json!([])] {
        let change = json!({ "metadata": { "managedFields": reset } });
        pair.ask(
            Ask::new("PATCH", SECRET)
                .header("content-type", MERGE)
                .json(change),
        )
        .await;
        let change = json!({ "metadata": { "labels": { "a": "b" } } });
        pair.ask(
            Ask::new("PATCH", SECRET)
                .header("content-type", MERGE)
                .json(change),
        )
        .await;
        apply(
            &pair,
            "m1",
            "&dryRun=All",
            secret(json!({ "data": { "a": "Yg==" } })),
        )
        .await;
    }
    apply(
        &pair,
        "m1",
        "&force=true",
        secret(json!({ "data": { "a": "Yg==" } })),
    )
    .await;
    read(&pair).await;
}

#[tokio::test]
async fn kubectl_takes_over_what_it_applied_by_itself() {
    let (pair, _sandbox, _real) = ready().await;
    let last = secret(json!({ "data": { "a": "YQ==", "b": "Yg==" } })).to_string();
    let object = secret(
        json!({ "data": { "a": "YQ==", "b": "Yw==" }, "metadata": { "name": "a", "annotations": { LAST: last } } }),
    );
    let path = "/api/v1/namespaces/{ns}/secrets?fieldManager=kubectl-client-side-apply";
    pair.ask(Ask::new("POST", path).json(object)).await;
    apply(
        &pair,
        "kubectl",
        "",
        secret(json!({ "data": { "a": "eA==", "b": "eA==" } })),
    )
    .await;
    apply(
        &pair,
        "kubectl",
        "",
        secret(json!({ "data": { "a": "eA==" } })),
    )
    .await;
    apply(
        &pair,
        "other",
        "",
        secret(json!({ "data": { "a": "eQ==" } })),
    )
    .await;
    read(&pair).await;
}

#[tokio::test]
async fn the_oldest_updaters_are_put_together() {
    let (pair, _sandbox, _real) = ready().await;
    apply(&pair, "m1", "", secret(json!({}))).await;
    for number in 10..23 {
        let path = format!("{SECRET}?fieldManager=u{number}");
        let change = json!({ "metadata": { "labels": { format!("l{number}"): "x" } } });
        pair.ask(
            Ask::new("PATCH", &path)
                .header("content-type", MERGE)
                .json(change),
        )
        .await;
    }
}
