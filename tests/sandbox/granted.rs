//! What policies let through, and what they say they let through, is the same.

use super::generated::agree;
use super::pair::{Ask, Token};
use super::story::{ask, tell};
use super::vaults;
use proptest::prelude::*;
use serde_json::{Value, json};

#[tokio::test]
async fn capabilities_are_told_in_every_way() {
    let (pair, _sandbox, _real) = vaults().await;
    tell(
        &pair,
        r#"
        PUT sys/policies/acl/p {"policy":"path \"a/*\" { capabilities = [\"read\", \"list\", \"sudo\", \"create\", \"update\", \"delete\", \"patch\"] } path \"a/b\" { capabilities = [\"deny\"] } path \"a/+/c\" { capabilities = [\"read\"] } path \"d/\" { capabilities = [\"list\"] } path \"sys/capabilities*\" { capabilities = [\"update\"] }"}
        POST auth/token/create {"policies":["p"]} => t /auth/client_token, ta /auth/accessor
        by {t} POST sys/capabilities-self {"paths":["a/x","a/b","a/x/c","a/","a","d","d/","/a/x","nope",""]}
        by {t} POST sys/capabilities-self {"path":"a/x"}
        by {t} POST sys/capabilities-self {"path":["a/x","a/b"]}
        by {t} POST sys/capabilities-self {"path":"a/x,a/b"}
        by {t} POST sys/capabilities-self {"paths":"a/x,a/b"}
        by {t} POST sys/capabilities-self {"paths":["a/x","a/x"]}
        by {t} POST sys/capabilities-self {"path":"a/x","paths":["a/b"]}
        by {t} POST sys/capabilities-self {"paths":[]}
        by {t} POST sys/capabilities-self {}
        by {t} GET sys/capabilities-self
        nobody POST sys/capabilities-self {"path":"a/x"}
        POST sys/capabilities-self {"path":"a/x"}
        POST sys/capabilities {"path":"a/x","token":"{t}"}
        POST sys/capabilities {"path":"a/x","token":"nope"}
        POST sys/capabilities {"path":"a/x"}
        POST sys/capabilities {"path":"a/x","token":"root"}
        POST sys/capabilities {"token":"{t}"}
        POST sys/capabilities-accessor {"path":"a/x","accessor":"{ta}"}
        POST sys/capabilities-accessor {"path":"a/x","accessor":"nope"}
        POST sys/capabilities-accessor {"path":"a/x"}
        POST sys/capabilities-accessor {"accessor":"{ta}"}
        by {t} POST sys/capabilities {"path":"a/x","token":"{t}"}
        by {t} POST sys/capabilities {"path":"a/x"}
        by {t} POST sys/capabilities-accessor {"path":"a/x","accessor":"{ta}"}
        "#,
    )
    .await;
}

#[tokio::test]
async fn paths_of_root_want_sudo() {
    let (pair, _sandbox, _real) = vaults().await;
    tell(
        &pair,
        r#"
        PUT sys/policies/acl/plain {"policy":"path \"sys/*\" { capabilities = [\"read\", \"list\", \"create\", \"update\", \"delete\"] } path \"auth/token/*\" { capabilities = [\"read\", \"list\", \"update\"] }"}
        PUT sys/policies/acl/sudo {"policy":"path \"sys/*\" { capabilities = [\"read\", \"list\", \"create\", \"update\", \"delete\", \"sudo\"] } path \"auth/token/*\" { capabilities = [\"read\", \"list\", \"update\", \"sudo\"] }"}
        POST auth/token/create {"policies":["plain"]} => p /auth/client_token
        POST auth/token/create {"policies":["sudo"]} => s /auth/client_token
        by {p} GET sys/auth
        by {s} GET sys/auth
        by {p} GET sys/auth/token
        by {s} GET sys/auth/token
        by {p} GET sys/auth/token/tune
        by {s} GET sys/auth/token/tune
        by {p} DELETE sys/auth/none
        by {s} DELETE sys/auth/none
        by {p} GET sys/mounts
        by {p} GET sys/mounts/secret
        by {p} GET sys/mounts/secret/tune
        by {p} DELETE sys/mounts/none
        by {p} LIST sys/policies/acl
        by {p} GET sys/policy
        by {p} PUT sys/policies/acl/x {"policy":"path \"x\" { }"}
        by {p} LIST auth/token/accessors
        by {p} POST auth/token/revoke-orphan {"token":"x"}
        by {s} POST auth/token/revoke-orphan {"token":"x"}
        by {p} POST auth/token/lookup {"token":"{s}"}
        by {p} LIST sys/namespaces
        by {p} GET sys/namespaces/none
        by {p} POST sys/remount {"from":"none","to":"other"}
        by {s} POST sys/remount {"from":"none","to":"other"}
        by {p} GET sys/audit
        by {s} GET sys/audit
        by {p} GET sys/internal/ui/mounts/secret
        by {p} GET sys/nope
        by {s} GET sys/nope
        by {p} GET nope
        by {p} GET secret/data/x
        by {p} GET sys/internal/ui/mounts
        "#,
    )
    .await;
}

const WORDS: [&str; 8] = [
    "create", "read", "update", "delete", "list", "patch", "sudo", "deny",
];
/// Below `sys/policies/acl/`, where every method means something.
const PATTERNS: [&str; 14] = [
    "{scope}/a",
    "{scope}/b",
    "{scope}/*",
    "{scope}/a*",
    "{scope}/+",
    "{scope}/+/x",
    "{scope}/a/+",
    "{scope}/a/x",
    "{scope}/+/*",
    "{scope}/a/*",
    "+/a",
    "+/+/x",
    "{scope}/",
    "{scope}",
];
const PATHS: [&str; 7] = [
    "{scope}/a",
    "{scope}/b",
    "{scope}/a/x",
    "{scope}/b/x",
    "{scope}/a/y",
    "{scope}/ab",
    "{scope}",
];
const TEXTS: [&str; 3] = ["# one", "# two", "path \"x\" { }"];

/// What a rule wants of the parameters, now and then.
fn constraint() -> impl Strategy<Value = Value> {
    let values = prop_oneof![
        Just(json!([])),
        Just(json!(["# one"])),
        Just(json!(["# *"])),
        Just(json!(["*two", "# one"])),
        Just(json!([1, true])),
    ];
    let name = prop_oneof![
        4 => Just("policy"),
        1 => Just("*"),
        1 => Just("POLICY"),
        1 => Just("other"),
        1 => Just("flag"),
    ];
    let kind = prop_oneof![
        Just("allowed_parameters"),
        Just("denied_parameters"),
        Just("required_parameters"),
    ];
    (kind, name, values).prop_map(|(kind, name, values)| match kind {
        "required_parameters" => json!({ kind: [name] }),
        kind => json!({ kind: { name: values } }),
    })
}

fn rule() -> impl Strategy<Value = (String, Value)> {
    let words = proptest::sample::subsequence(WORDS.to_vec(), 0..5);
    let constraint = proptest::option::weighted(0.3, constraint());
    let pattern = proptest::sample::select(PATTERNS.to_vec());
    (pattern, words, constraint).prop_map(|(pattern, words, constraint)| {
        let mut rule = json!({ "capabilities": words });
        if let Some(Value::Object(more)) = constraint {
            rule.as_object_mut().unwrap().extend(more);
        }
        (format!("sys/policies/acl/{pattern}"), rule)
    })
}

fn policy(name: &'static str) -> impl Strategy<Value = Ask> {
    proptest::collection::vec(rule(), 1..4).prop_map(move |rules| {
        let paths: serde_json::Map<String, Value> = rules.into_iter().collect();
        let text = json!({ "path": paths }).to_string();
        ask(&format!("PUT sys/policies/acl/p-{{scope}}-{name}")).json(json!({ "policy": text }))
    })
}

fn token() -> impl Strategy<Value = Vec<String>> {
    proptest::sample::subsequence(vec!["one", "two"], 1..=2).prop_map(|names| {
        names
            .iter()
            .map(|name| format!("p-{{scope}}-{name}"))
            .collect()
    })
}

fn request() -> impl Strategy<Value = Ask> {
    let method = proptest::sample::select(vec!["GET", "LIST", "PUT", "DELETE", "POST", "PATCH"]);
    let path = proptest::sample::select(PATHS.to_vec());
    let text = proptest::sample::select(TEXTS.to_vec());
    let more = proptest::option::weighted(
        0.3,
        prop_oneof![
            Just(json!({ "other": "x" })),
            Just(json!({ "flag": true })),
            Just(json!({ "flag": 1, "other": "# one" })),
            Just(json!({ "Policy": "# one" })),
        ],
    );
    (method, path, text, more).prop_map(|(method, path, text, more)| {
        let ask = ask(&format!("{method} sys/policies/acl/{path}")).by(Token::Of("{t}".to_owned()));
        if !matches!(method, "PUT" | "POST" | "PATCH") {
            return ask;
        }
        let mut body = json!({ "policy": text });
        if let Some(Value::Object(more)) = more {
            body.as_object_mut().unwrap().extend(more);
        }
        ask.json(body)
    })
}

fn sequence() -> impl Strategy<Value = Vec<Ask>> {
    let requests = proptest::collection::vec(request(), 1..5);
    (policy("one"), policy("two"), token(), requests).prop_map(|(one, two, policies, requests)| {
        let create = ask("POST auth/token/create => t /auth/client_token")
            .json(json!({ "policies": policies, "ttl": "10m" }));
        let all: Vec<String> = PATHS
            .iter()
            .map(|path| format!("sys/policies/acl/{path}"))
            .collect();
        let told = ask("by {t} POST sys/capabilities-self").json(json!({ "paths": all }));
        let mut asks = vec![one, two, create, told];
        asks.extend(requests);
        asks
    })
}

#[test]
fn generated_policies_let_the_same_through() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let (pair, _sandbox, _real) = runtime.block_on(vaults());
    agree(&runtime, &pair, sequence());
}
