//! Server-side apply: who owns what, what is taken away, and what is a conflict.

use super::pair::{Ask, Pair};
use super::{generated, ready};
use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::*;
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

/// What is applied or written in a made-up sequence.
#[derive(Debug, Clone)]
enum Step {
    Apply {
        manager: u8,
        force: bool,
        dry: bool,
        object: Value,
    },
    Update {
        manager: u8,
        object: Value,
    },
    Merge {
        manager: u8,
        dry: bool,
        change: Value,
    },
    Delete,
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("x".to_owned()),
        Just("y".to_owned()),
        Just(String::new())
    ]
}

fn key() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("a".to_owned()),
        Just("b".to_owned()),
        Just("c".to_owned())
    ]
}

fn texts() -> impl Strategy<Value = Value> {
    btree_map(key(), text(), 0..3).prop_map(|map| json!(map))
}

fn bytes() -> impl Strategy<Value = Value> {
    let value = prop_oneof![Just("eA=="), Just("eQ=="), Just("")];
    btree_map(key(), value, 0..3).prop_map(|map| json!(map))
}

fn metadata(name: &'static str) -> impl Strategy<Value = Value> {
    let owner =
        key().prop_map(|uid| json!({ "apiVersion": "v1", "kind": "K", "name": "n", "uid": uid }));
    let finalizer = key().prop_map(|name| json!(format!("example.com/{name}")));
    (
        option::weighted(0.5, texts()),
        option::weighted(0.5, texts()),
        option::weighted(0.3, btree_map(key(), finalizer, 0..3)),
        option::weighted(0.2, btree_map(key(), owner, 0..3)),
    )
        .prop_map(move |(labels, annotations, finalizers, owners)| {
            let mut metadata = json!({ "name": name });
            put(&mut metadata, "labels", labels);
            put(&mut metadata, "annotations", annotations);
            let finalizers = finalizers.map(|map| map.into_values().collect::<Value>());
            put(&mut metadata, "finalizers", finalizers);
            let mut seen = Vec::new();
            let owners = owners.map(|map| {
                let owners = map.into_values().filter(|owner| {
                    let new = !seen.contains(owner);
                    seen.push(owner.clone());
                    new
                });
                owners.collect::<Value>()
            });
            put(&mut metadata, "ownerReferences", owners);
            if let Some(list) = metadata["finalizers"].as_array_mut() {
                list.dedup();
                let mut unique = Vec::new();
                list.retain(|item| {
                    let new = !unique.contains(item);
                    unique.push(item.clone());
                    new
                });
            }
            metadata
                .as_object_mut()
                .unwrap()
                .retain(|_, value| !value.is_null());
            metadata
        })
}

fn put(object: &mut Value, field: &str, value: Option<Value>) {
    if let Some(value) = value {
        object[field] = value;
    }
}

/// A kind in the sequences: where its objects are, and what they hold.
#[derive(Clone, Copy, Debug)]
struct Made {
    list: &'static str,
    name: &'static str,
    version: &'static str,
    kind: &'static str,
    rest: fn() -> BoxedStrategy<Vec<(&'static str, Value)>>,
}

const KINDS: [Made; 5] = [
    Made {
        list: "/api/v1/namespaces/{ns}/secrets",
        name: "{scope}",
        version: "v1",
        kind: "Secret",
        rest: || {
            (
                option::of(bytes()),
                option::weighted(0.2, texts()),
                option::weighted(0.1, Just(json!("Opaque"))),
            )
                .prop_map(|(data, texts, kind)| {
                    some([("data", data), ("stringData", texts), ("type", kind)])
                })
                .boxed()
        },
    },
    Made {
        list: "/api/v1/namespaces/{ns}/configmaps",
        name: "{scope}",
        version: "v1",
        kind: "ConfigMap",
        rest: || {
            (option::of(texts()), option::weighted(0.1, any::<bool>()))
                .prop_map(|(data, immutable)| {
                    some([("data", data), ("immutable", immutable.map(Value::from))])
                })
                .boxed()
        },
    },
    Made {
        list: "/api/v1/namespaces/{ns}/serviceaccounts",
        name: "{scope}",
        version: "v1",
        kind: "ServiceAccount",
        rest: || {
            let names = || {
                btree_map(key(), text(), 0..3).prop_map(|map| {
                    map.into_keys()
                        .map(|name| json!({ "name": name }))
                        .collect::<Value>()
                })
            };
            (
                option::of(names()),
                option::of(names()),
                option::weighted(0.3, any::<bool>()),
            )
                .prop_map(|(secrets, pull, mount)| {
                    some([
                        ("secrets", secrets),
                        ("imagePullSecrets", pull),
                        ("automountServiceAccountToken", mount.map(Value::from)),
                    ])
                })
                .boxed()
        },
    },
    Made {
        list: "/apis/rbac.authorization.k8s.io/v1/clusterroles",
        name: "apply-{scope}",
        version: "rbac.authorization.k8s.io/v1",
        kind: "ClusterRole",
        rest: || {
            let rule = key().prop_map(
                |name| json!({ "verbs": [name], "apiGroups": [""], "resources": ["secrets"] }),
            );
            option::of(vec(rule, 0..3))
                .prop_map(|rules| some([("rules", rules.map(Value::from))]))
                .boxed()
        },
    },
    Made {
        list: "/apis/external-secrets.io/v1/namespaces/{ns}/externalsecrets",
        name: "{scope}",
        version: "external-secrets.io/v1",
        kind: "ExternalSecret",
        rest: || {
            (option::of(anything()), option::weighted(0.2, anything()))
                .prop_map(|(spec, status)| some([("spec", spec), ("status", status)]))
                .boxed()
        },
    },
];

fn some<const N: usize>(fields: [(&'static str, Option<Value>); N]) -> Vec<(&'static str, Value)> {
    fields
        .into_iter()
        .filter_map(|(name, value)| Some((name, value?)))
        .collect()
}

/// An object with objects, lists and scalars in it.
fn anything() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(json!(1)),
        Just(json!("x")),
        Just(json!(true)),
        Just(json!([]))
    ];
    let inner = leaf.prop_recursive(2, 6, 3, |inner| {
        prop_oneof![
            btree_map(key(), inner.clone(), 0..3).prop_map(|map| json!(map)),
            vec(inner, 0..3).prop_map(Value::from),
        ]
    });
    btree_map(key(), inner, 0..3).prop_map(|map| json!(map))
}

fn object(made: Made) -> impl Strategy<Value = Value> {
    (metadata(made.name), (made.rest)()).prop_map(move |(metadata, rest)| {
        let mut object =
            json!({ "apiVersion": made.version, "kind": made.kind, "metadata": metadata });
        for (name, value) in rest {
            object[name] = value;
        }
        object
    })
}

fn step(made: Made) -> impl Strategy<Value = Step> {
    let dry = || prop::bool::weighted(0.1);
    prop_oneof![
        6 => (0..3_u8, any::<bool>(), dry(), object(made))
            .prop_map(|(manager, force, dry, object)| Step::Apply { manager, force, dry, object }),
        2 => (0..3_u8, object(made)).prop_map(|(manager, object)| Step::Update { manager, object }),
        2 => (0..3_u8, dry(), object(made)).prop_map(|(manager, dry, mut change)| {
            for field in ["apiVersion", "kind"] {
                change.as_object_mut().unwrap().remove(field);
            }
            Step::Merge { manager, dry, change }
        }),
        1 => Just(Step::Delete),
    ]
}

fn asks(made: Made, steps: Vec<Step>) -> Vec<Ask> {
    let path = format!("{}/{}", made.list, made.name);
    let mut asks = Vec::new();
    for step in steps {
        let ask = match step {
            Step::Apply {
                manager,
                force,
                dry,
                object,
            } => {
                let dry = if dry { "&dryRun=All" } else { "" };
                let path = format!("{path}?fieldManager=m{manager}&force={force}{dry}");
                Ask::new("PATCH", &path)
                    .header("content-type", APPLY)
                    .json(object)
            }
            Step::Update {
                manager,
                mut object,
            } => {
                object["metadata"]["resourceVersion"] = "{version}".into();
                let path = format!("{path}?fieldManager=m{manager}");
                Ask::new("PUT", &path).json(object)
            }
            Step::Merge {
                manager,
                dry,
                change,
            } => {
                let dry = if dry { "&dryRun=All" } else { "" };
                let path = format!("{path}?fieldManager=m{manager}{dry}");
                Ask::new("PATCH", &path)
                    .header("content-type", MERGE)
                    .json(change)
            }
            Step::Delete => Ask::new("DELETE", &path),
        };
        asks.push(ask);
        asks.push(Ask::new("GET", &path).keep("version", "/metadata/resourceVersion"));
    }
    // What holds a deleted object must not hold it into another sequence.
    asks
}

#[test]
fn managers_of_any_object_get_along_in_any_order() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let (pair, _sandbox, _real) = runtime.block_on(ready());
    pair.sandbox.set("version", "1");
    pair.real.set("version", "1");
    let made = (0..KINDS.len()).prop_map(|index| KINDS[index]);
    let sequences =
        made.prop_flat_map(|made| vec(step(made), 1..6).prop_map(move |steps| asks(made, steps)));
    generated::agree(&runtime, &pair, sequences);
}
