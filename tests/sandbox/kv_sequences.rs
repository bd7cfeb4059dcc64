//! Sequences of requests to KV that nobody thought of, by root and by a token that may do little.

use super::generated::agree;
use super::pair::{Ask, Pair, Token};
use super::story::{self, ask, tell};
use super::vaults;
use proptest::prelude::{Just, Strategy};
use proptest::sample::select;
use proptest::{collection, prop_oneof};
use serde_json::{Value, json};

const PATHS: [&str; 5] = ["a", "b", "a/b", "a/c/d", "b c"];
const FOLDERS: [&str; 5] = ["", "/", "/a", "/a/c/", "/none"];

fn path() -> impl Strategy<Value = &'static str> {
    select(&PATHS[..])
}

fn folder() -> impl Strategy<Value = String> {
    let page = select(
        &[
            "",
            "",
            "",
            "?limit=1",
            "?after=a",
            "?after=a&limit=2",
            "?after=a/",
            "?foo=1",
        ][..],
    );
    (select(&FOLDERS[..]), page).prop_map(|(folder, page)| format!("{folder}{page}"))
}

fn value() -> impl Strategy<Value = Value> {
    select(vec![
        json!({}),
        json!({"a": 1}),
        json!({"a": 1.0, "b": {"c": "x", "d": null}}),
        json!({"b": {"c": null, "e": [1, 2.5]}}),
        json!({"a": null}),
        json!({"b": "text", "ttl": "30s"}),
        json!(null),
    ])
}

fn numbers() -> impl Strategy<Value = Value> {
    prop_oneof![
        collection::vec(0..6_i64, 0..4).prop_map(Value::from),
        (1..4).prop_map(Value::from),
        select(vec![json!("1,2"), json!("x"), json!("2")]),
    ]
}

fn options() -> impl Strategy<Value = Value> {
    prop_oneof![
        4 => Just(json!(null)),
        2 => (0..5).prop_map(|cas| json!({"cas": cas})),
        1 => select(vec![json!({}), json!({"cas": "1"}), json!({"cas": "x"})]),
    ]
}

fn settings() -> impl Strategy<Value = Value> {
    select(vec![
        json!({}),
        json!({"max_versions": 2}),
        json!({"max_versions": "3", "cas_required": false}),
        json!({"cas_required": true}),
        json!({"cas_required": false, "foo": 1}),
        json!({"delete_version_after": "1h"}),
        json!({"delete_version_after": 0, "max_versions": 0}),
        json!({"custom_metadata": {"a": "b"}}),
        json!({"custom_metadata": {"c": "d", "a": null}}),
        json!({"custom_metadata": {"a": 1}}),
        json!({"custom_metadata": null}),
        json!({"max_versions": "x"}),
        json!({"metadata_cas": 1, "max_versions": 4}),
    ])
}

fn request(method: &str, path: &str, body: Option<&Value>) -> Ask {
    let path = path.replace(' ', "%20");
    let body = body.map_or_else(String::new, Value::to_string);
    story::ask(&format!("{method} {path} {body}"))
}

fn first() -> impl Strategy<Value = Ask> {
    let kv = |path: &str| format!("kv1/{{scope}}/{path}");
    prop_oneof![
        3 => (path(), value()).prop_map(move |(path, value)| {
            // Not the map that is none: a body of `null` is no body.
            let value = if value.is_null() { json!({"n": null}) } else { value };
            request("PUT", &kv(path), Some(&value))
        }),
        3 => (path(), select(&["", "?foo=1", "/"][..]))
            .prop_map(move |(path, rest)| request("GET", &(kv(path) + rest), None)),
        2 => path().prop_map(move |path| request("DELETE", &kv(path), None)),
        2 => (select(&["LIST", "SCAN"][..]), folder())
            .prop_map(|(method, folder)| request(method, &format!("kv1/{{scope}}{folder}"), None)),
    ]
}

fn second() -> impl Strategy<Value = Ask> {
    let kv = |endpoint: &str, path: &str| format!("kv2/{endpoint}/{{scope}}/{path}");
    prop_oneof![
        6 => (select(&["PUT", "PUT", "PATCH"][..]), path(), value(), options()).prop_map(
            move |(method, path, value, options)| {
                let body = json!({"data": value, "options": options});
                request(method, &kv("data", path), Some(&body))
            }
        ),
        4 => (path(), select(&["", "?version=1", "?version=2", "?version=9", "?foo=1"][..]))
            .prop_map(move |(path, rest)| request("GET", &(kv("data", path) + rest), None)),
        2 => path().prop_map(move |path| request("DELETE", &kv("data", path), None)),
        4 => (select(&["delete", "undelete", "destroy"][..]), path(), numbers()).prop_map(
            move |(endpoint, path, numbers)| {
                request("PUT", &kv(endpoint, path), Some(&json!({"versions": numbers})))
            }
        ),
        4 => (select(&["PUT", "PATCH"][..]), path(), settings()).prop_map(
            move |(method, path, settings)| request(method, &kv("metadata", path), Some(&settings))
        ),
        3 => path().prop_map(move |path| request("GET", &kv("metadata", path), None)),
        1 => path().prop_map(move |path| request("DELETE", &kv("metadata", path), None)),
        1 => (path(), select(&["", "?depth=1", "?version=1"][..]))
            .prop_map(move |(path, rest)| request("GET", &(kv("subkeys", path) + rest), None)),
        4 => (
            select(&["LIST", "SCAN"][..]),
            select(&["metadata", "detailed-metadata", "data"][..]),
            folder(),
        )
            .prop_map(|(method, endpoint, folder)| {
                request(method, &format!("kv2/{endpoint}/{{scope}}{folder}"), None)
            }),
    ]
}

fn sequences(of: impl Strategy<Value = Ask>) -> impl Strategy<Value = Vec<Ask>> {
    let by = |ask: Ask, narrow: bool| {
        if narrow {
            ask.by(Token::Of("{narrow}".to_owned()))
        } else {
            ask
        }
    };
    let asked =
        (of, select(&[false, false, true][..])).prop_map(move |(ask, narrow)| by(ask, narrow));
    collection::vec(asked, 4..16)
}

/// Mounts of both versions, and a token that may do some of it.
async fn prepare(pair: &Pair) {
    let rules = [
        (r"kv1/+/a", r#"["create", "read"]"#),
        (r"kv1/+/a/*", r#"["read", "update", "list", "delete"]"#),
        (r"kv1/+/", r#"["list"]"#),
        (r"kv2/data/+/a", r#"["create", "read", "patch"]"#),
        (r"kv2/data/+/a/*", r#"["update", "read", "delete"]"#),
        (r"kv2/metadata/+/", r#"["list", "scan"]"#),
        (r"kv2/metadata/+/a", r#"["read", "create", "patch"]"#),
        (r"kv2/detailed-metadata/+/", r#"["list", "scan"]"#),
        (r"kv2/+/+/b", r#"["update"]"#),
    ];
    let policy: String = rules
        .iter()
        .map(|(path, capabilities)| {
            format!("path \"{path}\" {{ capabilities = {capabilities} }}\n")
        })
        .collect();
    let policy = json!({ "policy": policy });
    tell(
        pair,
        &format!(
            r#"
            PUT sys/mounts/kv1 {{"type":"kv"}}
            PUT sys/mounts/kv2 {{"type":"kv-v2"}}
            PUT sys/policies/acl/narrow {policy}
            PUT auth/token/create {{"policies":["narrow"]}} => narrow /auth/client_token
            "#
        ),
    )
    .await;
    pair.ask_soon(ask("LIST kv2/metadata")).await;
}

#[test]
fn sequences_on_kv_version_1_end_alike() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let (pair, _sandbox, _real) = runtime.block_on(vaults());
    runtime.block_on(prepare(&pair));
    agree(&runtime, &pair, sequences(first()));
}

#[test]
fn sequences_on_kv_version_2_end_alike() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let (pair, _sandbox, _real) = runtime.block_on(vaults());
    runtime.block_on(prepare(&pair));
    agree(&runtime, &pair, sequences(second()));
}
