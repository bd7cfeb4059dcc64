//! Roles of tokens as nobody would write them, and tokens made by them.

use super::auth_kubernetes::odd;
use super::generated::agree;
use super::pair::Ask;
use super::story::ask;
use super::vaults;
use proptest::prelude::*;
use serde_json::{Value, json};

/// Without `token_type`: a real server that is sent no text for it dies of the request.
const FIELDS: [&str; 19] = [
    "allowed_entity_aliases",
    "allowed_policies",
    "allowed_policies_glob",
    "bogus",
    "bound_cidrs",
    "disallowed_policies",
    "disallowed_policies_glob",
    "explicit_max_ttl",
    "name",
    "orphan",
    "path_suffix",
    "period",
    "renewable",
    "role_name",
    "token_bound_cidrs",
    "token_explicit_max_ttl",
    "token_no_default_policy",
    "token_num_uses",
    "token_period",
];

/// Fields with values that mean something.
fn right() -> impl Strategy<Value = Vec<(&'static str, Value)>> {
    prop::collection::vec(
        prop::sample::select(vec![
            ("allowed_policies", json!("a,maker-{scope},default")),
            ("allowed_policies", json!(["a", "root"])),
            ("allowed_policies", json!([])),
            ("allowed_policies_glob", json!("a*,maker*")),
            ("allowed_policies_glob", json!("")),
            ("disallowed_policies", json!(["B", "default"])),
            ("disallowed_policies", json!("")),
            ("disallowed_policies_glob", json!("b*")),
            ("allowed_entity_aliases", json!(["al*"])),
            ("orphan", json!(true)),
            ("orphan", json!(false)),
            ("renewable", json!(false)),
            ("renewable", json!(true)),
            ("path_suffix", json!("suf.fix")),
            ("period", json!("1h")),
            ("token_period", json!("2h")),
            ("token_period", json!(0)),
            ("explicit_max_ttl", json!("90m")),
            ("token_explicit_max_ttl", json!("30m")),
            ("token_explicit_max_ttl", json!("9999h")),
            ("token_explicit_max_ttl", json!(0)),
            ("token_no_default_policy", json!(true)),
            ("token_num_uses", json!(4)),
            ("token_num_uses", json!(0)),
            ("bound_cidrs", json!("10.0.0.0/8")),
            ("token_bound_cidrs", json!(["127.0.0.1"])),
            ("token_type", json!("batch")),
            ("token_type", json!("service")),
            ("token_type", json!("default-batch")),
            ("token_type", json!("default-service")),
        ]),
        0..4,
    )
}

fn role() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec!["{scope}-a", "{scope}-b"])
}

fn written() -> impl Strategy<Value = Ask> {
    let odd = prop::option::weighted(0.3, (prop::sample::select(FIELDS.to_vec()), odd()));
    (role(), right(), odd).prop_map(|(role, right, odd)| {
        let fields = right.into_iter().chain(odd);
        let body: serde_json::Map<String, Value> = fields
            .map(|(name, value)| (name.to_owned(), value))
            .collect();
        Ask::new("POST", &format!("/v1/auth/token/roles/{role}")).json(body.into())
    })
}

fn made() -> impl Strategy<Value = Ask> {
    let policies = prop::option::of(prop::sample::subsequence(
        vec!["a", "b", "ab", "default", "root", "maker-{scope}"],
        0..3,
    ));
    let more = prop::collection::vec(
        prop::sample::select(vec![
            ("ttl", json!("1h")),
            ("ttl", json!("900h")),
            ("period", json!("90m")),
            ("explicit_max_ttl", json!("20m")),
            ("num_uses", json!(3)),
            ("type", json!("batch")),
            ("type", json!("service")),
            ("renewable", json!(false)),
            ("no_parent", json!(true)),
            ("no_default_policy", json!(true)),
            ("entity_alias", json!("Albert")),
            ("display_name", json!("some one")),
            ("role_name", json!("x")),
        ]),
        0..3,
    );
    let by = prop::sample::select(vec!["", "", "by {maker} ", "by {chief} ", "by {one} "]);
    let name = prop::sample::select(vec!["one", "two"]);
    (by, role(), policies, more, name).prop_map(|(by, role, policies, more, name)| {
        let mut body: serde_json::Map<String, Value> = more
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value))
            .collect();
        body.extend(policies.map(|policies| ("policies".to_owned(), json!(policies))));
        let kept = format!("{name} /auth/client_token, {name}-a /auth/accessor");
        let body = Value::from(body);
        ask(&format!(
            "{by}POST auth/token/create/{role} {body} => {kept}"
        ))
    })
}

fn used() -> impl Strategy<Value = Ask> {
    let what = prop::sample::select(vec![
        "by {NAME} GET auth/token/lookup-self",
        r#"POST auth/token/lookup {"token":"{NAME}"}"#,
        r#"POST auth/token/renew {"token":"{NAME}","increment":"10m"}"#,
        r#"POST auth/token/renew-accessor {"accessor":"{NAME-a}","increment":"5m"}"#,
        r#"POST auth/token/revoke {"token":"{NAME}"}"#,
        "GET auth/token/roles/{scope}-a",
        "GET auth/token/roles/{scope}-b",
        "by {chief} GET auth/token/roles/{scope}-b",
        "DELETE auth/token/roles/{scope}-b",
    ]);
    let name = prop::sample::select(vec!["one", "two"]);
    (what, name).prop_map(|(what, name)| ask(&what.replace("NAME", name)))
}

fn lives() -> impl Strategy<Value = Vec<Ask>> {
    let steps = prop::collection::vec(prop_oneof![2 => written(), 3 => made(), 3 => used()], 3..10);
    (written(), written(), steps).prop_map(|(one, two, steps)| {
        let start = [
            r#"PUT sys/policies/acl/maker-{scope} {"policy":"path \"auth/token/create*\" { capabilities = [\"update\"] }"}"#,
            r#"PUT sys/policies/acl/chief-{scope} {"policy":"path \"auth/token/*\" { capabilities = [\"create\", \"update\", \"sudo\"] }"}"#,
            r#"POST auth/token/create {"policies":["maker-{scope}"]} => maker /auth/client_token"#,
            r#"POST auth/token/create {"policies":["chief-{scope}"]} => chief /auth/client_token"#,
            r#"POST auth/token/create {"policies":["default"]} => one /auth/client_token, one-a /auth/accessor"#,
            r#"POST auth/token/create {"policies":["default"]} => two /auth/client_token, two-a /auth/accessor"#,
            "POST auth/token/roles/{scope}-a {}",
        ];
        let start = start.map(ask).into_iter();
        start.chain([one, two]).chain(steps).collect()
    })
}

#[test]
fn generated_roles_and_their_tokens_are_the_same() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let (pair, _sandbox, _real) = runtime.block_on(vaults());
    agree(&runtime, &pair, lives());
}
