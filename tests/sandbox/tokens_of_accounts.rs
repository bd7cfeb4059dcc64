//! Tokens of service accounts: how they are asked for, what they say, and when they end.

use super::clusters;
use super::pair::{Ask, Pair, Side, Token};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

const REVIEW: &str = "/apis/authentication.k8s.io/v1/tokenreviews";

async fn create(pair: &Pair, path: &str, name: &str) {
    let body = json!({ "metadata": { "name": name } });
    pair.ask(
        Ask::new("POST", path)
            .json(body)
            .keep(name, "/metadata/uid"),
    )
    .await;
}

/// A namespace with an account in it.
async fn account(pair: &Pair, namespace: &str, name: &str) -> String {
    create(pair, "/api/v1/namespaces", namespace).await;
    let accounts = format!("/api/v1/namespaces/{namespace}/serviceaccounts");
    create(pair, &accounts, name).await;
    format!("{accounts}/{name}/token")
}

/// What a token says, without what is made up for it.
fn claims(side: &Side, kept: &str, uid: &str) -> Value {
    let token = side.filled(&format!("{{{kept}}}"));
    let decode = |part: usize| -> Value {
        let part = token.split('.').nth(part).unwrap();
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
    };
    let (mut header, mut claims) = (decode(0), decode(1));
    assert!(header["kid"].take().is_string() && claims["jti"].take().is_string());
    let uid_claim = claims["kubernetes.io"]["serviceaccount"]["uid"].take();
    assert_eq!(uid_claim, side.filled(&format!("{{{uid}}}")));
    let issued = claims["iat"].take().as_i64().unwrap();
    assert_eq!(claims["nbf"].take().as_i64(), Some(issued));
    let lasts = claims["exp"].take().as_i64().unwrap() - issued;
    json!({ "header": header, "claims": claims, "lasts": lasts })
}

#[tokio::test]
async fn a_token_is_asked_for_with_its_audiences_and_its_time() {
    let (pair, _sandbox, _real) = clusters().await;
    let path = account(&pair, "tokens", "app").await;
    let wanted = [
        json!({}),
        json!({ "audiences": ["vault"] }),
        json!({ "audiences": ["vault", "https://kubernetes.default.svc"], "expirationSeconds": 600 }),
        json!({ "audiences": [""], "expirationSeconds": 4_294_967_296_u64 }),
        json!({ "audiences": [] }),
    ];
    for spec in wanted {
        let ask = Ask::new("POST", &path).json(json!({ "spec": spec }));
        pair.ask(ask.keep("token", "/status/token")).await;
        assert_eq!(
            claims(&pair.sandbox, "token", "app"),
            claims(&pair.real, "token", "app")
        );
        for audiences in [
            json!([]),
            json!(["vault"]),
            json!(["other", "vault", "vault"]),
        ] {
            let body = json!({ "spec": { "token": "{token}", "audiences": audiences } });
            pair.ask(Ask::new("POST", REVIEW).json(body)).await;
        }
    }
    pair.ask(Ask::new("POST", &path).json(json!({}))).await;
    pair.ask(Ask::new("POST", &format!("{path}?dryRun=All")).json(json!({})))
        .await;
}

#[tokio::test]
async fn a_request_for_a_token_can_be_refused() {
    let (pair, _sandbox, real) = clusters().await;
    let path = account(&pair, "refusals", "clerk").await;
    let bound = |kind: &str, version: &str, name: &str| json!({ "spec": { "boundObjectRef": { "kind": kind, "apiVersion": version, "name": name } } });
    for body in [
        json!({ "spec": { "expirationSeconds": 599 } }),
        json!({ "spec": { "expirationSeconds": -1 } }),
        json!({ "spec": { "expirationSeconds": 4_294_967_297_u64 } }),
        json!({ "spec": { "expirationSeconds": "1h" } }),
        json!({ "spec": { "audiences": "vault" } }),
        json!({ "spec": { "audience": ["vault"] } }),
        bound("Secret", "v1", "nope"),
        bound("Pod", "v1", "nope"),
        bound("Node", "v1", "nope"),
        bound("Deployment", "apps/v1", "nope"),
        bound("", "", ""),
        json!({ "metadata": { "name": "other" }, "spec": {} }),
        json!({ "metadata": { "namespace": "other" }, "spec": {} }),
        json!({ "metadata": { "uid": "other" }, "spec": {} }),
        json!({ "metadata": { "uid": "{clerk}", "name": "clerk" }, "spec": {} }),
        json!({ "kind": "TokenRequest", "apiVersion": "authentication.k8s.io/v1" }),
    ] {
        pair.ask(Ask::new("POST", &path).json(body)).await;
    }
    pair.ask(Ask::new("POST", &path).text("")).await;
    for other in [
        "/api/v1/namespaces/refusals/serviceaccounts/nobody/token",
        "/api/v1/namespaces/nowhere/serviceaccounts/clerk/token",
    ] {
        pair.ask(Ask::new("POST", other).json(json!({ "spec": {} })))
            .await;
    }
    for method in ["GET", "DELETE", "PUT"] {
        pair.ask(Ask::new(method, &path)).await;
    }
    let by = Token::Of(real.user_token().to_owned());
    pair.ask(Ask::new("POST", &path).by(by).json(json!({ "spec": {} })))
        .await;
}

fn review(token: &str) -> Ask {
    let body = json!({ "spec": { "token": token } });
    Ask::new("POST", REVIEW).json(body)
}

#[tokio::test]
async fn a_token_ends_with_its_account() {
    let (pair, _sandbox, _real) = clusters().await;
    let path = account(&pair, "endings", "guest").await;
    let there = "/api/v1/namespaces/endings/serviceaccounts/guest";
    // A token that was good once is remembered for ten seconds by the real one: this one is not shown before the end.
    for name in ["first", "second"] {
        let ask = Ask::new("POST", &path).json(json!({}));
        pair.ask(ask.keep(name, "/status/token")).await;
    }
    pair.ask(Ask::new("DELETE", there)).await;
    pair.ask_soon(review("{first}")).await;
    pair.ask(Ask::new("GET", "/version").by(Token::Of("{first}".to_owned())))
        .await;
    create(&pair, "/api/v1/namespaces/endings/serviceaccounts", "guest").await;
    pair.ask_soon(review("{second}")).await;
}

#[tokio::test]
async fn a_token_ends_with_the_secret_that_it_is_bound_to() {
    let (pair, _sandbox, _real) = clusters().await;
    let path = account(&pair, "bound", "lodger").await;
    let secrets = "/api/v1/namespaces/bound/secrets";
    create(&pair, secrets, "key").await;
    let bound = |uid: &str| {
        let reference = json!({ "kind": "Secret", "apiVersion": "v1", "name": "key", "uid": uid });
        Ask::new("POST", &path).json(json!({ "spec": { "boundObjectRef": reference } }))
    };
    pair.ask(bound("other")).await;
    pair.ask(bound("{key}").keep("good", "/status/token")).await;
    pair.ask(bound("").keep("late", "/status/token")).await;
    pair.ask(review("{good}")).await;
    pair.ask(Ask::new("DELETE", &format!("{secrets}/key")))
        .await;
    pair.ask_soon(review("{late}")).await;
}

#[tokio::test]
async fn a_token_that_was_tampered_with_is_not_believed() {
    let (pair, _sandbox, _real) = clusters().await;
    let path = account(&pair, "forgeries", "victim").await;
    let ask = Ask::new("POST", &path).json(json!({}));
    pair.ask(ask.keep("token", "/status/token")).await;
    let encode = |value: Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let ours = json!({ "iss": "https://kubernetes.default.svc" });
    let signature = URL_SAFE_NO_PAD.encode([7_u8; 64]);
    for (header, claims) in [
        (json!({ "alg": "ES256" }), ours.clone()),
        (json!({ "alg": "ES256", "kid": "none of theirs" }), ours),
        (json!({ "alg": "ES256" }), json!({ "iss": "someone else" })),
    ] {
        let token = format!("{}.{}.{signature}", encode(header), encode(claims));
        let body = json!({ "spec": { "token": token } });
        pair.ask(Ask::new("POST", REVIEW).json(body)).await;
        pair.ask(Ask::new("GET", "/version").by(Token::Of(token)))
            .await;
    }
    for side in [&pair.sandbox, &pair.real] {
        let token = side.filled("{token}");
        let (start, _) = token.rsplit_once('.').unwrap();
        side.set("tampered", &format!("{start}.{signature}"));
    }
    let body = json!({ "spec": { "token": "{tampered}" } });
    pair.ask(Ask::new("POST", REVIEW).json(body)).await;
}
