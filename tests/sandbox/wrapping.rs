//! Wrapped answers, and what is asked of the tokens that stand in their place.

use super::generated::agree;
use super::story::{ask, tell};
use super::vaults;
use proptest::prelude::*;

#[tokio::test]
async fn an_answer_is_wrapped_and_unwrapped_once() {
    let (pair, _sandbox, _real) = vaults().await;
    tell(
        &pair,
        r#"
        POST secret/data/a {"data":{"x":"y"}}
        wrap 60 GET secret/data/a => w /wrap_info/token, wa /wrap_info/accessor
        POST auth/token/lookup {"token":"{w}"}
        by {w} GET auth/token/lookup-self
        by {w} GET cubbyhole/response
        by {w} LIST cubbyhole
        POST sys/wrapping/lookup {"token":"{w}"}
        nobody POST sys/wrapping/lookup {"token":"{w}"}
        by {w} GET sys/wrapping/lookup
        by {w} POST sys/wrapping/lookup
        POST sys/wrapping/unwrap {"token":"{w}"}
        POST sys/wrapping/unwrap {"token":"{w}"}
        by {w} POST sys/wrapping/unwrap
        wrap 60 GET secret/data/a => w /wrap_info/token, wa /wrap_info/accessor
        by {w} POST sys/wrapping/unwrap
        by {w} POST sys/wrapping/unwrap
        wrap 60 GET secret/data/a => w /wrap_info/token, wa /wrap_info/accessor
        nobody POST sys/wrapping/unwrap {"token":"{w}"}
        nobody POST sys/wrapping/unwrap {"token":"{w}"}
        wrap 60 GET secret/data/a => w /wrap_info/token, wa /wrap_info/accessor
        by {w} POST sys/wrapping/unwrap {"token":"{w}"}
        wrap 60 GET secret/data/a => w /wrap_info/token, wa /wrap_info/accessor
        POST sys/wrapping/rewrap {"token":"{w}"} => w2 /wrap_info/token
        POST sys/wrapping/unwrap {"token":"{w}"}
        POST sys/wrapping/lookup {"token":"{w2}"}
        by {w2} POST sys/wrapping/rewrap => w3 /wrap_info/token
        nobody POST sys/wrapping/rewrap {"token":"{w3}"} => w3 /wrap_info/token
        POST sys/wrapping/unwrap {"token":"{w3}"}
        POST sys/wrapping/wrap {"a":"b"}
        wrap 60 POST sys/wrapping/wrap {"a":"b"} => w /wrap_info/token
        POST sys/wrapping/unwrap {"token":"{w}"}
        wrap 60 POST sys/wrapping/wrap {} => w /wrap_info/token
        wrap 60 POST sys/wrapping/wrap => w /wrap_info/token
        POST sys/wrapping/unwrap {"token":"{w}"}
        wrap 60 POST secret/data/a {"data":{"x":"z"}} => w /wrap_info/token
        POST sys/wrapping/lookup {"token":"{w}"}
        POST sys/wrapping/unwrap {"token":"{w}"}
        wrap 60 DELETE secret/data/a
        wrap 60 GET secret/data/none
        wrap 60 GET secret/nope
        wrap 60 POST auth/token/create {"policies":["default"],"ttl":"1h"} => w /wrap_info/token
        POST sys/wrapping/unwrap {"token":"{w}"} => t /auth/client_token
        by {t} GET auth/token/lookup-self
        wrap 60 LIST secret/metadata => w /wrap_info/token
        POST sys/wrapping/unwrap {"token":"{w}"}
        wrap 0 GET secret/data/a
        wrap x GET secret/data/a
        wrap -5 GET secret/data/a
        wrap 1h GET secret/data/a
        wrap 9999h GET secret/data/a
        wrap 1.5s GET secret/data/a
        wrap 60 GET sys/health
        wrap 60 GET sys/seal-status
        wrap 60 GET sys/mounts
        wrap 60 POST sys/wrapping/unwrap {"token":"{w}"}
        wrap 60 POST sys/wrapping/lookup {"token":"{w}"}
        POST sys/wrapping/unwrap {"token":"root"}
        POST sys/wrapping/unwrap {"token":"nope"}
        POST sys/wrapping/unwrap {}
        POST sys/wrapping/lookup {}
        POST sys/wrapping/lookup {"token":"nope"}
        POST sys/wrapping/lookup {"token":"root"}
        POST sys/wrapping/rewrap {"token":"nope"}
        POST sys/wrapping/rewrap {"token":"root"}
        POST sys/wrapping/rewrap {}
        nobody POST sys/wrapping/unwrap {}
        nobody POST sys/wrapping/unwrap
        nobody POST sys/wrapping/lookup {}
        nobody POST sys/wrapping/rewrap {}
        nobody POST sys/wrapping/wrap {}
        nobody GET sys/wrapping/lookup
        GET sys/wrapping/unwrap
        GET sys/wrapping/wrap
        GET sys/wrapping/lookup
        GET sys/wrapping/rewrap
        LIST sys/wrapping/wrap
        GET sys/wrapping/none
        GET sys/wrapping
        GET cubbyhole/response
        POST sys/wrapping/pubkey
        GET sys/wrapping/pubkey
        "#,
    )
    .await;
}

#[tokio::test]
async fn a_wrapping_token_is_used_by_its_policies() {
    let (pair, _sandbox, _real) = vaults().await;
    tell(
        &pair,
        r#"
        POST secret/data/a {"data":{"x":"y"}}
        POST secret/data/gone {"data":{"x":"y"}}
        DELETE secret/data/gone
        wrap 60 GET secret/data/gone => w /wrap_info/token
        POST sys/wrapping/unwrap {"token":"{w}"}
        wrap 60 GET secret/nope => w /wrap_info/token
        POST sys/wrapping/unwrap {"token":"{w}"}
        wrap 60 GET secret/data/a?bogus=1 => w /wrap_info/token
        POST sys/wrapping/unwrap {"token":"{w}"}
        wrap 60 POST auth/token/create {"policies":["nope"],"ttl":"1h"} => w /wrap_info/token
        POST sys/wrapping/unwrap {"token":"{w}","bogus":1}
        wrap 60 GET secret/data/a => w /wrap_info/token
        nobody POST sys/wrapping/lookup {"token":"{w}"}
        nobody POST sys/wrapping/lookup {"token":"{w}","bogus":1}
        by {w} GET sys/wrapping/lookup
        by {w} POST sys/wrapping/lookup
        GET sys/wrapping/lookup?token={w}
        nobody GET sys/wrapping/lookup?token={w}
        nobody PUT sys/wrapping/lookup {"token":"{w}"}
        nobody POST sys/wrapping/rewrap {"token":"{w}"}
        nobody POST sys/wrapping/unwrap {"token":"{w}"}
        by nope POST sys/wrapping/unwrap {"token":"{w}"}
        by nope POST sys/wrapping/lookup {"token":"{w}"}
        LIST sys/wrapping/lookup {"token":"{w}"}
        GET sys/wrapping/unwrap {"token":"{w}"}
        by {w} GET sys/wrapping/unwrap
        wrap 60 GET secret/data/a => w /wrap_info/token
        GET sys/wrapping/unwrap {"token":"{w}"}
        GET sys/wrapping/unwrap?token={w}
        DELETE sys/wrapping/unwrap {"token":"{w}"}
        PUT sys/wrapping/unwrap {"token":"{w}"}
        wrap 60 GET secret/data/a => w /wrap_info/token
        wrap 90 POST sys/wrapping/unwrap {"token":"{w}"} => w /wrap_info/token
        POST sys/wrapping/unwrap {"token":"{w}"}
        wrap 60 GET secret/data/a => w /wrap_info/token
        wrap 90 POST sys/wrapping/rewrap {"token":"{w}"} => w /wrap_info/token
        wrap 90 POST sys/wrapping/lookup {"token":"{w}"} => l /wrap_info/token
        POST sys/wrapping/unwrap {"token":"{l}"}
        POST sys/wrapping/unwrap {"token":"{w}"}
        POST auth/token/create {"policies":["default"],"ttl":"1h"} => t /auth/client_token
        POST auth/token/create {"policies":["default"],"ttl":"1h","no_default_policy":true,"policies":"none"} => n /auth/client_token
        POST auth/token/create {"policies":["default"],"ttl":"1h","type":"batch"} => b /auth/client_token
        wrap 60 GET secret/data/a => w /wrap_info/token
        by {n} POST sys/wrapping/unwrap {"token":"{w}"}
        by {n} POST sys/wrapping/rewrap {"token":"{w}"}
        by {n} POST sys/wrapping/lookup {"token":"{w}"}
        by {b} POST sys/wrapping/lookup {"token":"{w}"}
        by {b} POST sys/wrapping/unwrap {"token":"{w}"}
        by {t} wrap 60 GET auth/token/lookup-self => w /wrap_info/token
        by {t} POST sys/wrapping/rewrap {"token":"{w}"} => w /wrap_info/token
        by {t} POST sys/wrapping/unwrap {"token":"{w}"}
        by {b} wrap 60 GET auth/token/lookup-self => w /wrap_info/token
        by {b} POST sys/wrapping/unwrap {"token":"{w}"}
        by {t} wrap 60 POST sys/wrapping/wrap {"q":1} => w /wrap_info/token
        by {n} wrap 60 POST sys/wrapping/wrap {"q":1}
        by {t} wrap 60 GET secret/data/a
        by nope wrap 60 GET secret/data/a
        POST auth/token/revoke {"token":"{w}"}
        wrap 60 GET secret/data/a => w /wrap_info/token, wa /wrap_info/accessor
        POST auth/token/lookup-accessor {"accessor":"{wa}"}
        POST auth/token/renew {"token":"{w}"}
        POST auth/token/revoke-accessor {"accessor":"{wa}"}
        POST sys/wrapping/unwrap {"token":"{w}"}
        POST auth/token/create {"policies":["default"],"num_uses":2} => u /auth/client_token
        by {u} wrap 60 GET auth/token/lookup-self => w /wrap_info/token
        by {u} POST sys/wrapping/unwrap {"token":"{w}"}
        by {u} POST sys/wrapping/unwrap {"token":"{w}"}
        POST sys/namespaces/ns1
        in ns1 wrap 60 GET sys/mounts => w /wrap_info/token
        in ns1 POST sys/wrapping/lookup {"token":"{w}"}
        POST sys/wrapping/lookup {"token":"{w}"}
        POST auth/token/lookup {"token":"{w}"}
        in ns1 nobody POST sys/wrapping/lookup {"token":"{w}"}
        by {w} POST sys/wrapping/unwrap
        in ns1 wrap 60 GET sys/wrapping/wrap
        in ns1 wrap 60 POST sys/wrapping/wrap {"a":1} => w /wrap_info/token
        by {w} in ns1 POST sys/wrapping/unwrap
        in ns1 wrap 60 POST sys/wrapping/wrap {"a":1} => w /wrap_info/token
        in ns1 POST sys/wrapping/unwrap {"token":"{w}"}
        in ns1 wrap 60 POST sys/wrapping/wrap {"a":1} => w /wrap_info/token
        POST sys/wrapping/unwrap {"token":"{w}"}
        wrap 60 POST sys/wrapping/wrap {"a":1} => w /wrap_info/token
        in ns1 POST sys/wrapping/unwrap {"token":"{w}"}
        "#,
    )
    .await;
}

#[tokio::test]
async fn a_policy_may_want_answers_wrapped() {
    let (pair, _sandbox, _real) = vaults().await;
    tell(
        &pair,
        r#"
        POST secret/data/a {"data":{"x":"y"}}
        PUT sys/policies/acl/w {"policy":"path \"secret/data/a\" { capabilities = [\"read\"] min_wrapping_ttl = \"30s\" max_wrapping_ttl = \"90s\" }\npath \"secret/data/b\" { capabilities = [\"read\"] min_wrapping_ttl = \"1s\" }\npath \"secret/data/c\" { capabilities = [\"read\"] max_wrapping_ttl = \"60s\" }"}
        POST auth/token/create {"policies":["w"]} => p /auth/client_token
        by {p} GET secret/data/a
        by {p} wrap 10 GET secret/data/a
        by {p} wrap 60 GET secret/data/a
        by {p} wrap 100 GET secret/data/a
        by {p} GET secret/data/b
        by {p} wrap 10 GET secret/data/b
        by {p} GET secret/data/c
        by {p} wrap 10 GET secret/data/c
        by {p} wrap 0 GET secret/data/c
        by {p} wrap 0.5s GET secret/data/c
        "#,
    )
    .await;
}

#[tokio::test]
async fn an_answer_without_a_token_is_wrapped_as_well() {
    let (pair, _sandbox, _real) = vaults().await;
    tell(
        &pair,
        r#"
        nobody wrap 60 GET sys/internal/ui/mounts/secret
        wrap 60 GET sys/internal/ui/mounts/secret/a => w /wrap_info/token
        POST sys/wrapping/unwrap {"token":"{w}"}
        wrap 60 GET sys/internal/ui/mounts => w /wrap_info/token
        wrap 60 POST auth/token/lookup-self => w /wrap_info/token
        POST auth/token/lookup {"token":"{w}"}
        wrap 60 LIST cubbyhole
        wrap 60 SCAN secret/metadata/none
        wrap 60 LIST secret/metadata/none
        wrap 60 LIST auth/token/roles
        POST sys/auth/j {"type":"jwt"}
        wrap 60 LIST auth/j/role
        wrap 60 LIST sys/namespaces
        wrap 60 LIST secret/none
        wrap 60 LIST nope
        POST sys/mounts/one {"type":"kv"}
        wrap 60 LIST one
        wrap 60 SCAN one
        wrap 60 LIST one?bogus=1
        wrap x GET sys/health
        wrap -1 GET sys/seal-status
        nobody wrap x GET secret/data/a
        wrap x GET nope
        in nope wrap x GET secret/data/a
        wrap 60 GET nope
        wrap 60 GET auth/token/nope
        wrap 2d POST sys/capabilities-self {"path":"a"} => w /wrap_info/token
        POST sys/wrapping/unwrap {"token":"{w}"}
        wrap 60 POST auth/token/create {"policies":"default","type":"batch"} => w /wrap_info/token
        POST sys/wrapping/unwrap {"token":"{w}"}
        wrap 60 POST auth/token/create {"policies":"default"} => w /wrap_info/token
        POST sys/wrapping/rewrap {"token":"{w}"} => w /wrap_info/token
        wrap 60 POST sys/wrapping/unwrap {"token":"{w}"} => w /wrap_info/token
        POST sys/wrapping/unwrap {"token":"{w}"}
        wrap 60 POST sys/wrapping/wrap {"token":"own","a":[1,null]} => w /wrap_info/token
        POST sys/wrapping/unwrap {"token":"{w}"}
        POST sys/wrapping/unwrap {"token":7}
        POST sys/wrapping/unwrap {"token":["a"]}
        POST sys/wrapping/lookup {"token":null}
        POST sys/wrapping/rewrap {"token":""}
        "#,
    )
    .await;
}

#[tokio::test]
async fn a_wrapping_token_ends_when_its_time_is_over() {
    let (pair, _sandbox, _real) = vaults().await;
    tell(&pair, "wrap 1 GET sys/mounts => w /wrap_info/token").await;
    for side in [&pair.real, &pair.sandbox] {
        for _ in 0..300 {
            let lookup = ask(r#"POST auth/token/lookup {"token":"{w}"}"#);
            if side.say(&lookup).await.status != 200 {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    }
    tell(
        &pair,
        r#"
        POST sys/wrapping/lookup {"token":"{w}"}
        POST sys/wrapping/unwrap {"token":"{w}"}
        "#,
    )
    .await;
}

fn step() -> impl Strategy<Value = String> {
    let by = prop::sample::select(vec![
        "",
        "",
        "nobody ",
        "by {one} ",
        "by {two} ",
        "by {plain} ",
        "by {uses} ",
        "by {batch} ",
    ]);
    let wrap = prop::sample::select(vec!["", "wrap 60 ", "wrap 90s ", "wrap 0 "]);
    let what = prop::sample::select(vec![
        "GET cubbyhole/{scope}",
        r#"POST cubbyhole/{scope} {"a":"b"}"#,
        "LIST cubbyhole",
        "GET secret/{scope}",
        "GET secret/data/{scope}",
        r#"POST secret/data/{scope} {"data":{"a":"b"}}"#,
        "GET auth/token/lookup-self",
        "POST auth/token/renew-self {}",
        r#"POST auth/token/create {"policies":"default","ttl":"1h"}"#,
        r#"POST auth/token/lookup {"token":"{NAME}"}"#,
        r#"POST auth/token/revoke {"token":"{NAME}"}"#,
        r#"POST sys/wrapping/wrap {"a":"b"}"#,
        r#"POST sys/wrapping/wrap {"token":"{NAME}"}"#,
        r#"POST sys/wrapping/lookup {"token":"{NAME}"}"#,
        "POST sys/wrapping/lookup",
        r#"POST sys/wrapping/unwrap {"token":"{NAME}"}"#,
        r#"POST sys/wrapping/unwrap {"token":"{NAME}"}"#,
        "POST sys/wrapping/unwrap",
        r#"POST sys/wrapping/rewrap {"token":"{NAME}"}"#,
        "POST sys/wrapping/rewrap",
        "POST auth/token/revoke-self",
    ]);
    let name = prop::sample::select(vec!["one", "two"]);
    (by, wrap, what, name).prop_map(|(by, wrap, what, name)| {
        let what = what.replace("NAME", name);
        format!("{by}{wrap}{what} => {name} /wrap_info/token")
    })
}

#[test]
fn generated_wrappings_are_the_same() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let (pair, _sandbox, _real) = runtime.block_on(vaults());
    let lives = prop::collection::vec(step(), 3..12).prop_map(|steps| {
        let start = [
            r#"POST auth/token/create {"policies":["default"],"ttl":"1h"} => plain /auth/client_token"#,
            r#"POST auth/token/create {"policies":["default"],"num_uses":3} => uses /auth/client_token"#,
            r#"POST auth/token/create {"policies":["default"],"type":"batch"} => batch /auth/client_token"#,
            r#"POST secret/data/{scope} {"data":{"x":"y"}}"#,
            "wrap 60 GET secret/data/{scope} => one /wrap_info/token",
            "wrap 60 GET sys/policies/acl => two /wrap_info/token",
        ];
        let lines = start.map(str::to_owned).into_iter().chain(steps);
        lines.map(|line| ask(&line)).collect::<Vec<_>>()
    });
    agree(&runtime, &pair, lives);
}
