//! Objects that two managers create, replace, patch, apply and delete in any order, with all that they may or may not know
//! of each other.

use super::clusters;
use super::generated::agree;
use super::pair::Ask;
use proptest::prelude::*;
use serde_json::{Value, json};

const PLACE: &str = "/api/v1/namespaces/{scope}/secrets";
const METADATA: &str = "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io";
const METADATA_LIST: &str = "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io";

fn name() -> impl Strategy<Value = String> {
    prop_oneof![Just("a"), Just("b"), Just("ab")].prop_map(ToOwned::to_owned)
}

/// What a writer says it knows: nothing, what was read last, or what was never so.
fn known(made_up: &'static str, read: &'static str) -> impl Strategy<Value = Option<String>> {
    prop_oneof![
        3 => Just(None),
        3 => Just(Some(read.to_owned())),
        1 => Just(Some(made_up.to_owned())),
    ]
}

fn data() -> impl Strategy<Value = Value> {
    let value = prop_oneof![Just("eA=="), Just("eQ=="), Just("")];
    let key = prop_oneof![Just("k"), Just("l"), Just("m")];
    proptest::collection::btree_map(key, value, 0..3).prop_map(|data| json!(data))
}

fn finalizers() -> impl Strategy<Value = Value> {
    prop_oneof![
        6 => Just(Value::Null),
        1 => Just(json!(["a/b"])),
    ]
}

fn object() -> impl Strategy<Value = (String, Value)> {
    let parts = (
        name(),
        data(),
        finalizers(),
        known("1", "{version}"),
        known("other", "{uid}"),
    );
    parts.prop_map(|(name, data, finalizers, version, uid)| {
        let mut object =
            json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "data": data});
        let metadata = &mut object["metadata"];
        if !finalizers.is_null() {
            metadata["finalizers"] = finalizers;
        }
        if let Some(version) = version {
            metadata["resourceVersion"] = version.into();
        }
        if let Some(uid) = uid {
            metadata["uid"] = uid.into();
        }
        (name, object)
    })
}

fn query() -> impl Strategy<Value = String> {
    let dry = prop_oneof![4 => Just(""), 1 => Just("&dryRun=All")];
    (prop_oneof![Just("one"), Just("two")], dry)
        .prop_map(|(manager, dry)| format!("?fieldManager={manager}{dry}"))
}

fn write() -> impl Strategy<Value = Ask> {
    (object(), query(), 0..6).prop_map(|((name, mut object), query, of)| {
        let path = format!("{PLACE}/{name}{query}");
        let patched = |kind: &str, body: Value| {
            let ask = Ask::new("PATCH", &path).json(body);
            ask.header("content-type", &format!("application/{kind}"))
        };
        match of {
            0 => {
                if let Some(metadata) = object["metadata"].as_object_mut() {
                    metadata.remove("resourceVersion");
                }
                Ask::new("POST", &format!("{PLACE}{query}")).json(object)
            }
            1 => Ask::new("PUT", &path).json(object),
            2 => patched("merge-patch+json", object),
            3 => patched(
                "strategic-merge-patch+json",
                json!({"data": object["data"]}),
            ),
            4 => patched("apply-patch+yaml", object),
            _ => Ask::new("PATCH", &format!("{path}&force=true"))
                .json(object)
                .header("content-type", "application/apply-patch+yaml"),
        }
    })
}

fn delete() -> impl Strategy<Value = Ask> {
    let policy = prop_oneof![
        4 => Just(Value::Null),
        1 => Just(json!("Foreground")),
        1 => Just(json!("Orphan")),
        1 => Just(json!("Background")),
    ];
    let parts = (
        name(),
        policy,
        known("1", "{version}"),
        known("other", "{uid}"),
        0..4,
    );
    parts.prop_map(|(name, policy, version, uid, dry)| {
        let mut body = json!({});
        if !policy.is_null() {
            body["propagationPolicy"] = policy;
        }
        if let Some(version) = version {
            body["preconditions"]["resourceVersion"] = version.into();
        }
        if let Some(uid) = uid {
            body["preconditions"]["uid"] = uid.into();
        }
        if dry == 0 {
            body["dryRun"] = json!(["All"]);
        }
        Ask::new("DELETE", &format!("{PLACE}/{name}")).json(body)
    })
}

fn read() -> impl Strategy<Value = Ask> {
    let list = prop_oneof![
        Just(""),
        Just("?limit=1"),
        Just("?fieldSelector=type%3DOpaque")
    ];
    prop_oneof![
        3 => name().prop_map(|name| {
            let ask = Ask::new("GET", &format!("{PLACE}/{name}"));
            ask.keep("version", "/metadata/resourceVersion").keep("uid", "/metadata/uid")
        }),
        1 => name().prop_map(|name| {
            Ask::new("GET", &format!("{PLACE}/{name}")).header("accept", METADATA)
        }),
        1 => list.prop_map(|query| {
            Ask::new("GET", &format!("{PLACE}{query}")).header("accept", METADATA_LIST)
        }),
    ]
}

fn sequence() -> impl Strategy<Value = Vec<Ask>> {
    let step = prop_oneof![5 => write(), 1 => delete(), 2 => read()];
    proptest::collection::vec(step, 1..10).prop_map(|mut asks| {
        let body = json!({"metadata": {"name": "{scope}"}});
        let begin = Ask::new("POST", "/api/v1/namespaces").json(body);
        let begin = begin.keep("uid", "/metadata/uid");
        asks.insert(0, begin.keep("version", "/metadata/resourceVersion"));
        asks.push(Ask::new("GET", PLACE));
        asks
    })
}

#[test]
fn two_managers_of_secrets_in_any_order() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let (pair, _sandbox, _real) = runtime.block_on(clusters());
    pair.set("uid", "no-uid-at-all");
    pair.set("version", "1");
    agree(&runtime, &pair, sequence());
}
