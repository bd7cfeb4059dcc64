//! The objects that are questions, put to both.

use super::clusters;
use super::pair::{Ask, Pair, Token};
use serde_json::{Value, json};

const AUTHENTICATION: &str = "/apis/authentication.k8s.io/v1";
const AUTHORIZATION: &str = "/apis/authorization.k8s.io/v1";

async fn review(pair: &Pair, resource: &str, by: Token, body: Value) {
    let path = format!("{AUTHORIZATION}/{resource}");
    pair.ask(Ask::new("POST", &path).by(by).json(body)).await;
}

fn user(side: &super::support::Cluster) -> Token {
    Token::Of(side.user_token().to_owned())
}

#[tokio::test]
async fn a_token_is_reviewed_for_its_audiences() {
    let (pair, _sandbox, real) = clusters().await;
    let path = format!("{AUTHENTICATION}/tokenreviews");
    let ours = "https://kubernetes.default.svc";
    for token in [real.admin_token(), real.user_token(), "nobody's", "a.b.c"] {
        for audiences in [
            json!([]),
            json!(["x"]),
            json!(["x", ours, "x"]),
            json!([""]),
        ] {
            let body = json!({ "spec": { "token": token, "audiences": audiences } });
            pair.ask(Ask::new("POST", &path).json(body)).await;
        }
    }
    for body in [
        json!({}),
        json!({ "spec": {} }),
        json!({ "spec": { "token": 1 } }),
        json!({ "spec": { "token": "t", "more": 1 } }),
        json!({ "kind": "Secret", "apiVersion": "v1" }),
        json!({ "metadata": { "name": "q", "labels": { "a": "b" } }, "spec": { "token": "t" } }),
        json!({ "spec": { "token": "t" }, "status": { "authenticated": true } }),
    ] {
        pair.ask(Ask::new("POST", &path).json(body)).await;
    }
    pair.ask(Ask::new("POST", &path).text("")).await;
    pair.ask(Ask::new("POST", &path).text("{")).await;
    let body = json!({ "spec": { "token": "t" } });
    pair.ask(Ask::new("POST", &path).by(user(&real)).json(body.clone()))
        .await;
    pair.ask(Ask::new("POST", &path).by(Token::Nobody).json(body))
        .await;
    pair.ask(Ask::new("GET", &path)).await;
    pair.ask(Ask::new("GET", &format!("{path}/x"))).await;
    pair.ask(Ask::new("DELETE", &format!("{path}/x"))).await;
    pair.ask(Ask::new("POST", &format!("{AUTHENTICATION}/nothing")))
        .await;
}

#[tokio::test]
async fn everybody_may_ask_who_they_are() {
    let (pair, _sandbox, real) = clusters().await;
    let path = format!("{AUTHENTICATION}/selfsubjectreviews");
    for by in [
        Token::Admin,
        user(&real),
        Token::Nobody,
        Token::Of("no".to_owned()),
    ] {
        pair.ask(Ask::new("POST", &path).by(by).json(json!({})))
            .await;
    }
    let as_another = |ask: Ask| {
        ask.header("impersonate-user", "eve")
            .header("impersonate-group", "one")
            .header("impersonate-group", "two")
            .header("impersonate-uid", "17")
            .header("impersonate-extra-scopes%2fof", "a")
    };
    pair.ask(as_another(Ask::new("POST", &path).json(json!({}))))
        .await;
    pair.ask(as_another(
        Ask::new("POST", &path).by(user(&real)).json(json!({})),
    ))
    .await;
    for name in [
        "system:anonymous",
        "system:serviceaccount:a:b",
        "system:serviceaccount:a",
        "system:admin",
    ] {
        let ask = Ask::new("POST", &path).json(json!({}));
        pair.ask(ask.header("impersonate-user", name)).await;
    }
    for group in [
        "system:unauthenticated",
        "system:authenticated",
        "system:masters",
    ] {
        let ask = Ask::new("POST", &path).json(json!({}));
        let ask = ask.header("impersonate-user", "eve");
        pair.ask(ask.header("impersonate-group", group)).await;
    }
}

#[tokio::test]
async fn access_is_reviewed_for_oneself_and_for_others() {
    let (pair, _sandbox, real) = clusters().await;
    let secrets = json!({ "verb": "get", "resource": "secrets", "namespace": "default" });
    let path = |path: &str| json!({ "path": path, "verb": "get" });
    let specs = [
        json!({ "resourceAttributes": secrets }),
        json!({ "nonResourceAttributes": path("/apis") }),
        json!({ "nonResourceAttributes": path("/metrics") }),
        json!({ "nonResourceAttributes": path("/healthz/etcd") }),
        json!({ "resourceAttributes": {} }),
        json!({ "resourceAttributes": { "verb": "*", "resource": "*", "group": "*" } }),
        json!({}),
        json!({ "resourceAttributes": secrets, "nonResourceAttributes": path("/x") }),
        json!({ "resourceAttributes": { "verb": "list", "fieldSelector": {} } }),
        json!({ "resourceAttributes": { "verb": "list", "labelSelector": { "rawSelector": "a=b" } } }),
        json!({ "resourceAttributes": { "verb": "create", "group": "authorization.k8s.io",
            "resource": "selfsubjectaccessreviews", "version": "v1" } }),
    ];
    for spec in &specs {
        let body = json!({ "spec": spec });
        review(&pair, "selfsubjectaccessreviews", user(&real), body.clone()).await;
        review(&pair, "selfsubjectaccessreviews", Token::Admin, body).await;
        for who in [
            json!({ "user": "user" }),
            json!({ "user": "admin", "groups": ["system:masters"], "uid": "1" }),
            json!({ "groups": ["system:authenticated"], "extra": { "a": ["b"] } }),
            json!({}),
        ] {
            let mut spec = spec.clone();
            for (field, value) in who.as_object().unwrap() {
                spec[field] = value.clone();
            }
            let body = json!({ "spec": spec });
            review(&pair, "subjectaccessreviews", Token::Admin, body.clone()).await;
            let local = "namespaces/default/localsubjectaccessreviews";
            review(&pair, local, Token::Admin, body).await;
        }
    }
    let body = json!({ "spec": { "user": "user", "resourceAttributes": secrets } });
    review(&pair, "subjectaccessreviews", user(&real), body.clone()).await;
    let mut named = body.clone();
    named["metadata"] = json!({ "labels": { "b": "c" }, "name": "a" });
    for resource in ["subjectaccessreviews", "selfsubjectaccessreviews"] {
        review(&pair, resource, Token::Admin, named.clone()).await;
    }
    named["metadata"] = json!({ "namespace": "other" });
    let local = "namespaces/default/localsubjectaccessreviews";
    review(&pair, local, Token::Admin, named).await;
    for path in [
        "localsubjectaccessreviews",
        "namespaces/default/subjectaccessreviews",
        "namespaces/nowhere/localsubjectaccessreviews",
    ] {
        review(&pair, path, Token::Admin, body.clone()).await;
    }
    for resource in ["subjectaccessreviews", "selfsubjectrulesreviews"] {
        let path = format!("{AUTHORIZATION}/{resource}");
        pair.ask(Ask::new("GET", &path)).await;
        pair.ask(Ask::new("GET", &path).by(user(&real))).await;
    }
}

#[tokio::test]
async fn rights_are_listed_for_one_namespace() {
    let (pair, _sandbox, real) = clusters().await;
    let path = format!("{AUTHORIZATION}/selfsubjectrulesreviews");
    let unordered = |ask: Ask| {
        ask.in_any_order("/status/resourceRules")
            .in_any_order("/status/nonResourceRules")
    };
    for by in [Token::Admin, user(&real), Token::Nobody] {
        for body in [
            json!({ "spec": { "namespace": "default" } }),
            json!({ "spec": { "namespace": "nowhere" } }),
            json!({ "spec": {} }),
            json!({ "metadata": { "name": "x" }, "spec": { "namespace": "default" } }),
        ] {
            let ask = Ask::new("POST", &path).by(by.clone()).json(body);
            pair.ask(unordered(ask)).await;
        }
    }
}
