//! How the Vault is, which requests it cannot read, and which paths it has not.

use super::story::tell;
use super::vaults;

#[tokio::test]
async fn the_server_says_how_it_is_in_the_same_words() {
    let (pair, _sandbox, _real) = vaults().await;
    tell(
        &pair,
        r"
        GET sys/health
        nobody GET sys/health
        GET sys/health?standbyok=true&perfstandbyok=true
        GET sys/health?activecode=299
        GET sys/health?activecode=x
        GET sys/health?sealedcode=x
        GET sys/health?uninitcode=1
        HEAD sys/health
        POST sys/health {}
        LIST sys/health
        nobody GET sys/seal-status
        POST sys/seal-status {}
        nobody GET sys/leader
        nobody GET sys/init
        POST sys/leader {}
        ",
    )
    .await;
}

/// What browsers ask before they ask.
#[tokio::test]
async fn options_are_asked_of_nothing() {
    let (pair, _sandbox, _real) = vaults().await;
    tell(
        &pair,
        r"
        OPTIONS secret/data/x
        OPTIONS nope
        OPTIONS sys/mounts
        OPTIONS sys/health
        OPTIONS sys/seal-status
        nobody OPTIONS secret/data/x
        by wrong OPTIONS secret/data/x
        in nope OPTIONS secret/data/x
        in nope POST secret/x/ {}
        in nope GET sys/seal-status
        in nope GET sys/leader
        in nope GET sys/init
        in nope POST sys/leader {}
        FOO secret/data/x
        ",
    )
    .await;
}

#[tokio::test]
async fn what_cannot_be_read_is_refused_alike() {
    let (pair, _sandbox, _real) = vaults().await;
    tell(
        &pair,
        r#"
        POST sys/policies/acl/x {bad
        POST sys/policies/acl/x [1]
        POST sys/policies/acl/x {"policy":
        POST sys/policies/acl/x {"policy":"a"
        POST sys/policies/acl/x {"policy" 1}
        POST sys/policies/acl/x {"policy":tru}
        POST sys/policies/acl/x {"policy":nul}
        POST sys/policies/acl/x {"a":1,}
        POST sys/policies/acl/x {"a":1 "b"}
        POST sys/policies/acl/x {"a":[1,]}
        POST sys/policies/acl/x {"a":[1 2]}
        POST sys/policies/acl/x {"a":1}}
        POST sys/policies/acl/x {"a":1}x
        POST sys/policies/acl/x xyz
        POST sys/policies/acl/x 1
        POST sys/policies/acl/x "text"
        POST sys/policies/acl/x true
        POST sys/policies/acl/x null
        POST sys/policies/acl/x {'a':1}
        POST sys/policies/acl/x {"a":01}
        POST sys/policies/acl/x {"a":"\q"}
        POST sys/policies/acl/x
        FOO sys/policies/acl/x
        GET sys/policies/acl?list=maybe
        GET sys/policies/acl?list=true
        GET sys/policies/acl?list=false
        GET sys/policies/acl/?list=1
        GET sys/nope
        LIST sys/nope
        POST sys/nope {}
        DELETE sys/nope
        GET nope/x
        LIST nope
        POST nope/x {}
        DELETE nope/x
        nobody GET nope/x
        nobody GET sys/policies/acl
        nobody POST sys/policies/acl/x {}
        by wrong GET sys/policies/acl
        by wrong GET nope
        GET auth/nope/x
        POST auth/nope/login {}
        nobody POST auth/nope/login {}
        nobody GET auth/token/lookup-self
        GET identity/entity/id/x
        GET sys
        GET sys/
        GET auth
        GET auth/
        GET auth/token
        GET auth/token/
        "#,
    )
    .await;
}

#[tokio::test]
async fn other_ways_to_say_who_asks_are_understood() {
    use super::pair::{Ask, Token};
    let (pair, _sandbox, _real) = vaults().await;
    let bearer = Ask::new("GET", "/v1/auth/token/lookup-self").by(Token::Nobody);
    pair.ask(bearer.clone().header("authorization", "Bearer root"))
        .await;
    pair.ask(bearer.clone().header("authorization", "Basic root"))
        .await;
    pair.ask(bearer.header("authorization", "bearer root"))
        .await;
    let form = Ask::new("POST", "/v1/sys/capabilities-self");
    let form = form.header("content-type", "application/x-www-form-urlencoded");
    pair.ask(form.clone().text("path=sys%2Fmounts")).await;
    for body in [
        r#"{"path":"sys/mounts"}"#,
        r#" {"path":"sys/mounts""#,
        "[1]",
        " [",
        "\"x\"",
    ] {
        pair.ask(form.clone().text(body)).await;
    }
    let patch = Ask::new("PATCH", "/v1/sys/policies/acl/x");
    pair.ask(patch.clone()).await;
    pair.ask(patch.clone().json(serde_json::json!({}))).await;
    pair.ask(
        patch
            .header("content-type", "application/merge-patch+json")
            .text("{}"),
    )
    .await;
    pair.ask(Ask::new("GET", "/")).await;
    pair.ask(Ask::new("GET", "/v2/x")).await;
    pair.ask(Ask::new("GET", "/v1")).await;
    pair.ask(Ask::new("GET", "/v1/")).await;
}
