//! RBAC: who may do what, who may hand it out, and how a refusal is worded.
//!
//! A kube-apiserver decides from caches that follow what is written a moment later. A test writes first, and reads
//! when the last thing written is known.

use super::clusters;
use super::pair::{Ask, Pair, Token};
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};
use std::time::Duration;

const RBAC: &str = "/apis/rbac.authorization.k8s.io/v1";
const GROUP: &str = "rbac.authorization.k8s.io";
const SELF: &str = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";

fn role(name: &str, rules: Value) -> Value {
    let mut role = json!({ "metadata": { "name": name } });
    role["rules"] = rules;
    role
}

fn binding(name: &str, kind: &str, role: &str, subjects: Value) -> Value {
    let reference = json!({ "apiGroup": GROUP, "kind": kind, "name": role });
    let mut binding = json!({ "metadata": { "name": name }, "roleRef": reference });
    binding["subjects"] = subjects;
    binding
}

fn user(name: &str) -> Value {
    json!({ "kind": "User", "apiGroup": GROUP, "name": name })
}

async fn create(pair: &Pair, path: &str, body: Value) {
    pair.ask(Ask::new("POST", path).json(body)).await;
}

/// Roles and bindings named after `mark`, for a user of that name: once they work, all that was written before does.
async fn known(pair: &Pair, namespace: &str, mark: &str) -> Result<(), String> {
    let rules = json!([{ "verbs": ["get"], "apiGroups": ["marks"], "resources": ["all"] }]);
    let here = json!([{ "verbs": ["get"], "apiGroups": ["marks"], "resources": ["here"] }]);
    let place = format!("{RBAC}/namespaces/{namespace}");
    let subjects = json!([user(mark)]);
    for (path, body) in [
        (format!("{RBAC}/clusterroles"), role(mark, rules)),
        (format!("{place}/roles"), role(mark, here)),
        (
            format!("{RBAC}/clusterrolebindings"),
            binding(mark, "ClusterRole", mark, subjects.clone()),
        ),
        (
            format!("{place}/rolebindings"),
            binding(mark, "Role", mark, subjects.clone()),
        ),
    ] {
        pair.compare(&Ask::new("POST", &path).json(body)).await?;
    }
    for resource in ["all", "here"] {
        let attributes = json!({ "verb": "get", "group": "marks", "resource": resource, "namespace": namespace });
        let asks = || {
            let body = json!({ "spec": { "resourceAttributes": attributes } });
            Ask::new("POST", SELF)
                .json(body)
                .header("impersonate-user", mark)
        };
        let mut tries = 0;
        while pair.real.say(&asks()).await.body["status"]["allowed"] != true {
            tries += 1;
            assert!(tries < 2_000, "the real cluster never knew of {mark}");
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }
    Ok(())
}

fn may(user: &str, attributes: Value) -> Ask {
    let mut body = json!({ "spec": {} });
    body["spec"]["resourceAttributes"] = attributes;
    Ask::new("POST", SELF)
        .json(body)
        .header("impersonate-user", user)
}

#[tokio::test]
async fn a_role_gives_what_it_says_and_a_refusal_says_what_is_missing() {
    let (pair, _sandbox, real) = clusters().await;
    create(
        &pair,
        "/api/v1/namespaces",
        json!({ "metadata": { "name": "rights" } }),
    )
    .await;
    let accounts = "/api/v1/namespaces/rights/serviceaccounts";
    create(&pair, accounts, json!({ "metadata": { "name": "app" } })).await;
    let token = Ask::new("POST", &format!("{accounts}/app/token")).json(json!({}));
    pair.ask(token.keep("token", "/status/token")).await;
    let rules = json!([
        { "verbs": ["get", "list"], "apiGroups": [""], "resources": ["secrets"] },
        { "verbs": ["update"], "apiGroups": [""], "resources": ["configmaps"], "resourceNames": ["one"] },
    ]);
    create(
        &pair,
        &format!("{RBAC}/namespaces/rights/roles"),
        role("reader", rules),
    )
    .await;
    let account = json!([{ "kind": "ServiceAccount", "name": "app", "namespace": "rights" }]);
    let bindings = format!("{RBAC}/namespaces/rights/rolebindings");
    create(
        &pair,
        &bindings,
        binding("readers", "Role", "reader", account),
    )
    .await;
    create(
        &pair,
        &bindings,
        binding("lost", "Role", "no-such-role", json!([user("lost")])),
    )
    .await;
    known(&pair, "rights", "rights-known").await.unwrap();
    let app = || Token::Of("{token}".to_owned());
    let place = "/api/v1/namespaces/rights";
    for (method, path) in [
        ("GET", format!("{place}/secrets")),
        ("GET", format!("{place}/secrets/none")),
        ("DELETE", format!("{place}/secrets/none")),
        ("DELETE", format!("{place}/secrets")),
        ("GET", format!("{place}/configmaps")),
        ("PUT", format!("{place}/configmaps/two")),
        ("GET", "/api/v1/secrets".to_owned()),
        ("GET", "/api/v1/namespaces/other/secrets".to_owned()),
        ("GET", place.to_owned()),
        ("GET", "/api/v1/namespaces".to_owned()),
        ("GET", format!("{RBAC}/clusterroles/view")),
        ("POST", format!("{place}/serviceaccounts/app/token")),
        ("GET", "/apis/nothing.io/v1/things".to_owned()),
        ("GET", "/metrics".to_owned()),
        ("GET", "/apis/rbac.authorization.k8s.io".to_owned()),
        ("GET", "/openid/v1/nothing".to_owned()),
        ("GET", "/a&b<c>".to_owned()),
    ] {
        for by in [
            app(),
            Token::Of(real.user_token().to_owned()),
            Token::Nobody,
        ] {
            pair.ask(Ask::new(method, &path).by(by)).await;
        }
    }
    let lost = Ask::new("GET", &format!("{place}/secrets")).header("impersonate-user", "lost");
    pair.ask(lost).await;
    let attributes = json!({ "verb": "get", "resource": "secrets", "namespace": "rights" });
    pair.ask(may("lost", attributes.clone())).await;
    pair.ask(may("system:serviceaccount:rights:app", attributes))
        .await;
}

#[tokio::test]
async fn every_cluster_begins_with_the_same_roles() {
    let (pair, _sandbox, _real) = clusters().await;
    for name in [
        "cluster-admin",
        "admin",
        "edit",
        "view",
        "system:aggregate-to-admin",
        "system:aggregate-to-edit",
        "system:aggregate-to-view",
        "system:auth-delegator",
        "system:basic-user",
        "system:discovery",
        "system:monitoring",
        "system:public-info-viewer",
        "system:service-account-issuer-discovery",
    ] {
        pair.ask(Ask::new("GET", &format!("{RBAC}/clusterroles/{name}")))
            .await;
    }
    for name in [
        "cluster-admin",
        "system:basic-user",
        "system:discovery",
        "system:monitoring",
        "system:public-info-viewer",
        "system:service-account-issuer-discovery",
    ] {
        pair.ask(Ask::new(
            "GET",
            &format!("{RBAC}/clusterrolebindings/{name}"),
        ))
        .await;
    }
}

#[tokio::test]
async fn nobody_hands_out_what_they_do_not_have() {
    let (pair, _sandbox, _real) = clusters().await;
    create(
        &pair,
        "/api/v1/namespaces",
        json!({ "metadata": { "name": "grants" } }),
    )
    .await;
    let all = json!(["create", "update", "patch", "delete", "get", "list"]);
    let rbac = json!({ "verbs": all, "apiGroups": [GROUP],
        "resources": ["roles", "rolebindings", "clusterroles", "clusterrolebindings"] });
    let secrets = json!({ "verbs": ["get", "list"], "apiGroups": [""], "resources": ["secrets"] });
    let paths = json!({ "verbs": ["get"], "nonResourceURLs": ["/logs/*"] });
    for (name, rules) in [
        ("grants-manager", json!([rbac, secrets, paths])),
        (
            "grants-escalator",
            json!([rbac, { "verbs": ["escalate", "bind"], "apiGroups": [GROUP], "resources": ["*"] }]),
        ),
    ] {
        create(&pair, &format!("{RBAC}/clusterroles"), role(name, rules)).await;
        let subjects = json!([user(name)]);
        create(
            &pair,
            &format!("{RBAC}/clusterrolebindings"),
            binding(name, "ClusterRole", name, subjects),
        )
        .await;
    }
    known(&pair, "grants", "grants-known").await.unwrap();
    let rules = [
        json!([{ "verbs": ["get"], "apiGroups": [""], "resources": ["secrets"] }]),
        json!([{ "verbs": ["get", "delete"], "apiGroups": ["", "apps"], "resources": ["secrets", "pods"] }]),
        json!([{ "verbs": ["get"], "apiGroups": [""], "resources": ["secrets"], "resourceNames": ["a", "b"] }]),
        json!([{ "verbs": ["update"], "apiGroups": [""], "resources": ["secrets"], "resourceNames": ["a", "b"] }]),
        json!([{ "verbs": ["*"], "apiGroups": ["*"], "resources": ["*"] }]),
        json!([]),
    ];
    let urls = [
        json!([{ "verbs": ["get"], "nonResourceURLs": ["/logs/a", "/logs/*"] }]),
        json!([{ "verbs": ["get", "post"], "nonResourceURLs": ["/logs", "*"] }]),
    ];
    for who in ["grants-manager", "grants-escalator"] {
        let by = |ask: Ask| ask.header("impersonate-user", who);
        for (number, rules) in rules.iter().chain(&urls).enumerate() {
            let name = format!("{who}-{number}");
            let path = format!("{RBAC}/clusterroles");
            pair.ask(by(Ask::new("POST", &path).json(role(&name, rules.clone()))))
                .await;
            if number < rules.as_array().unwrap().len().max(6) {
                let path = format!("{RBAC}/namespaces/grants/roles");
                pair.ask(by(Ask::new("POST", &path).json(role(&name, rules.clone()))))
                    .await;
            }
        }
        let path = format!("{RBAC}/clusterroles/{who}-0");
        let more = json!({ "rules": [{ "verbs": ["delete"], "apiGroups": [""], "resources": ["secrets"] }] });
        for body in [json!({ "metadata": { "labels": { "a": "b" } } }), more] {
            let ask = Ask::new("PATCH", &path).json(body);
            pair.ask(by(
                ask.header("content-type", "application/merge-patch+json")
            ))
            .await;
        }
        let mut aggregated = role(&format!("{who}-sum"), json!([]));
        aggregated["aggregationRule"] =
            json!({ "clusterRoleSelectors": [{ "matchLabels": { "x": "y" } }] });
        pair.ask(by(
            Ask::new("POST", &format!("{RBAC}/clusterroles")).json(aggregated)
        ))
        .await;
        for role in [
            "cluster-admin",
            "grants-manager",
            "no-such-role",
            "system:auth-delegator",
        ] {
            let body = binding(
                &format!("{who}-{}", role.replace(':', "-")),
                "ClusterRole",
                role,
                json!([user("grants-eve")]),
            );
            pair.ask(by(
                Ask::new("POST", &format!("{RBAC}/clusterrolebindings")).json(body.clone())
            ))
            .await;
            pair.ask(by(Ask::new(
                "POST",
                &format!("{RBAC}/namespaces/grants/rolebindings"),
            )
            .json(body)))
                .await;
        }
        let body = binding(
            &format!("{who}-role"),
            "Role",
            "no-such-role",
            json!([user("grants-eve")]),
        );
        pair.ask(by(Ask::new(
            "POST",
            &format!("{RBAC}/namespaces/grants/rolebindings"),
        )
        .json(body)))
            .await;
    }
}

/// What is written first, and what is asked when it is known.
#[derive(Debug, Clone)]
struct Sequence {
    writes: Vec<Ask>,
    asks: Vec<Ask>,
}

fn some(of: &'static [&'static str], at_most: usize) -> impl Strategy<Value = Vec<&'static str>> {
    proptest::sample::subsequence(of, 1..=at_most)
}

const VERBS: &[&str] = &["get", "list", "create", "delete", "*"];
const GROUPS: &[&str] = &["", "apps", "*"];
const RESOURCES: &[&str] = &[
    "secrets",
    "serviceaccounts",
    "serviceaccounts/token",
    "*/token",
    "*",
];
const NAMES: &[&str] = &["a", "b"];
const PATHS: &[&str] = &["/logs", "/logs/*", "/metrics", "*"];
const ROLES: &[&str] = &["one", "two"];

fn rule(with_paths: bool) -> impl Strategy<Value = Value> {
    let of_resources = (
        some(VERBS, 2),
        some(GROUPS, 2),
        some(RESOURCES, 2),
        proptest::option::weighted(0.3, some(NAMES, 2)),
    )
        .prop_map(|(verbs, groups, resources, names)| {
            let mut rule = json!({ "verbs": verbs, "apiGroups": groups, "resources": resources });
            if let Some(names) = names {
                rule["resourceNames"] = json!(names);
            }
            rule
        });
    let of_paths = (some(VERBS, 2), some(PATHS, 2))
        .prop_map(|(verbs, paths)| json!({ "verbs": verbs, "nonResourceURLs": paths }));
    let share = u32::from(with_paths);
    prop_oneof![4 => of_resources, share => of_paths]
}

fn subject() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(user("{scope}-ann")),
        Just(json!({ "kind": "Group", "apiGroup": GROUP, "name": "{scope}-staff" })),
        Just(json!({ "kind": "ServiceAccount", "name": "app", "namespace": "{scope}" })),
        Just(json!({ "kind": "ServiceAccount", "name": "app", "namespace": "default" })),
        Just(
            json!({ "kind": "Group", "apiGroup": GROUP, "name": "system:serviceaccounts:{scope}" })
        ),
    ]
}

/// These kinds are made by an update as well.
fn put(path: &str, name: &str, body: Value) -> Ask {
    Ask::new("PUT", &format!("{path}/{name}")).json(body)
}

fn write() -> impl Strategy<Value = Ask> {
    let at = |path: &str| format!("{RBAC}/{path}");
    let here = |path: &str| format!("{RBAC}/namespaces/{{scope}}/{path}");
    let roles = (select(ROLES), prop::collection::vec(rule(false), 1..3))
        .prop_map(move |(name, rules)| put(&here("roles"), name, role(name, rules.into())));
    let cluster_roles =
        (select(ROLES), prop::collection::vec(rule(true), 1..3)).prop_map(move |(name, rules)| {
            let name = format!("{{scope}}-{name}");
            put(&at("clusterroles"), &name, role(&name, rules.into()))
        });
    let reference = (select(ROLES), any::<bool>()).prop_map(|(name, cluster)| {
        if cluster {
            ("ClusterRole", format!("{{scope}}-{name}"))
        } else {
            ("Role", name.to_owned())
        }
    });
    let bindings = (
        select(ROLES),
        reference,
        prop::collection::vec(subject(), 1..3),
    )
        .prop_map(move |(name, (kind, role), subjects)| {
            put(
                &here("rolebindings"),
                name,
                binding(name, kind, &role, subjects.into()),
            )
        });
    let cluster_bindings = (
        select(ROLES),
        select(ROLES),
        prop::collection::vec(subject(), 1..3),
    )
        .prop_map(move |(name, role, subjects)| {
            let (name, role) = (format!("{{scope}}-{name}"), format!("{{scope}}-{role}"));
            let body = binding(&name, "ClusterRole", &role, subjects.into());
            put(&at("clusterrolebindings"), &name, body)
        });
    let gone = Just(Ask::new("DELETE", &here("roles/one")));
    prop_oneof![3 => roles, 3 => cluster_roles, 3 => bindings, 2 => cluster_bindings, 1 => gone]
}

/// As one of those who may have been given something.
fn by(ask: Ask, who: usize) -> Ask {
    match who {
        0 => ask.header("impersonate-user", "{scope}-ann"),
        1 => ask
            .header("impersonate-user", "{scope}-bob")
            .header("impersonate-group", "{scope}-staff"),
        _ => ask.header("impersonate-user", "system:serviceaccount:{scope}:app"),
    }
}

fn question() -> impl Strategy<Value = Ask> {
    let attributes = (
        select(VERBS),
        select(GROUPS),
        select(&["secrets", "serviceaccounts", "pods", "*"][..]),
        select(&["", "token"][..]),
        select(&["", "a", "c"][..]),
        any::<bool>(),
    );
    let review = (attributes, 0..3_usize).prop_map(|((verb, group, resource, subresource, name, here), who)| {
        let namespace = if here { "{scope}" } else { "" };
        let attributes = json!({ "verb": verb, "group": group, "resource": resource, "subresource": subresource, "name": name, "namespace": namespace });
        let ask = Ask::new("POST", SELF).json(json!({ "spec": { "resourceAttributes": attributes } }));
        by(ask.by_chance("/status/reason"), who)
    });
    let path = (
        select(VERBS),
        select(&["/logs", "/logs/x", "/metrics"][..]),
        0..3_usize,
    )
        .prop_map(|(verb, path, who)| {
            let ask = Ask::new("POST", SELF).json(
                json!({ "spec": { "nonResourceAttributes": { "verb": verb, "path": path } } }),
            );
            by(ask.by_chance("/status/reason"), who)
        });
    let request = (
        select(&["GET", "DELETE"][..]),
        select(&["secrets", "secrets/a", "secrets/c", "serviceaccounts"][..]),
        0..3_usize,
    )
        .prop_filter_map("a collection is only listed", |(method, what, who)| {
            if method == "DELETE" && !what.contains('/') {
                return None;
            }
            let ask = Ask::new(method, &format!("/api/v1/namespaces/{{scope}}/{what}"));
            Some(by(ask, who))
        });
    let granted = (prop::collection::vec(rule(true), 1..3), 0..3_usize).prop_map(|(rules, who)| {
        let ask = Ask::new("POST", &format!("{RBAC}/clusterroles?dryRun=All"))
            .json(role("{scope}-new", rules.into()));
        by(ask, who)
    });
    let list = (0..3_usize).prop_map(|who| {
        let path = "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews";
        let ask = Ask::new("POST", path).json(json!({ "spec": { "namespace": "{scope}" } }));
        let ask = ask
            .in_any_order("/status/resourceRules")
            .in_any_order("/status/nonResourceRules");
        by(ask, who)
    });
    prop_oneof![5 => review, 2 => path, 2 => request, 1 => granted, 1 => list]
}

fn sequences() -> impl Strategy<Value = Sequence> {
    let writes = prop::collection::vec(write(), 2..6);
    let asks = prop::collection::vec(question(), 3..6);
    (writes, asks).prop_map(|(writes, asks)| Sequence { writes, asks })
}

async fn run(pair: &Pair, scope: &str, sequence: &Sequence) -> Result<(), String> {
    let space = json!({ "metadata": { "name": "{scope}" } });
    let mut first = vec![Ask::new("POST", "/api/v1/namespaces").json(space)];
    // One role at most is missing: in which order several are named is chance.
    let empty = |path: &str, name: &str| put(path, name, role(name, json!([])));
    first.push(empty(&format!("{RBAC}/namespaces/{{scope}}/roles"), "two"));
    for name in ["{scope}-one", "{scope}-two"] {
        first.push(empty(&format!("{RBAC}/clusterroles"), name));
    }
    first.extend(sequence.writes.iter().cloned());
    pair.compare_all(scope, &first).await?;
    known(pair, scope, &format!("{scope}-known")).await?;
    for ask in &sequence.asks {
        pair.compare(ask).await?;
    }
    Ok(())
}

#[test]
fn made_up_roles_and_bindings_give_the_same_on_both() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let (pair, _sandbox, _real) = runtime.block_on(clusters());
    super::generated::search(&sequences(), |scope, sequence| {
        runtime.block_on(run(&pair, &format!("rbac-{scope}"), &sequence))
    });
}
