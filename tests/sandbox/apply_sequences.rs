//! Server-side apply beside other writes, in sequences that nobody thought of.

use super::pair::Ask;
use super::{generated, ready};
use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::*;
use serde_json::{Value, json};

const APPLY: &str = "application/apply-patch+yaml";
const MERGE: &str = "application/merge-patch+json";

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
    pair.set("version", "1");
    let made = (0..KINDS.len()).prop_map(|index| KINDS[index]);
    let sequences =
        made.prop_flat_map(|made| vec(step(made), 1..6).prop_map(move |steps| asks(made, steps)));
    generated::agree(&runtime, &pair, sequences);
}
