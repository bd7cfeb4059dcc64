//! Tokens are made, looked up, renewed and given back alike.

use super::generated::agree;
use super::pair::Ask;
use super::story::{ask, tell};
use super::vaults;
use proptest::prelude::*;
use std::time::Duration;

#[tokio::test]
async fn root_makes_every_kind_of_token() {
    let (pair, _sandbox, _real) = vaults().await;
    tell(
        &pair,
        r#"
        GET auth/token/lookup-self
        POST auth/token/lookup-self {}
        POST auth/token/create {"policies":["a"],"ttl":"1h","meta":{"a":"b"}} => t /auth/client_token, ta /auth/accessor
        by {t} GET auth/token/lookup-self
        POST auth/token/lookup {"token":"{t}"}
        POST auth/token/lookup-accessor {"accessor":"{ta}"}
        POST auth/token/create {}
        POST auth/token/create
        POST auth/token/create {"ttl":"1h"} => t /auth/client_token
        by {t} POST auth/token/create {}
        by {t} POST auth/token/create {"ttl":"30m"}
        POST auth/token/create {"ttl":"x"}
        POST auth/token/create {"ttl":"-1h"}
        POST auth/token/create {"ttl":"9999h","policies":["default"]}
        POST auth/token/create {"ttl":"9999h"}
        POST auth/token/create {"explicit_max_ttl":"1h","ttl":"2h","policies":["default"]} => t /auth/client_token
        by {t} GET auth/token/lookup-self
        POST auth/token/create {"explicit_max_ttl":"9999h","policies":["default"]} => t /auth/client_token
        by {t} GET auth/token/lookup-self
        POST auth/token/create {"explicit_max_ttl":"-1h","policies":["default"]}
        POST auth/token/create {"period":"9999h","policies":["default"]} => t /auth/client_token
        by {t} GET auth/token/lookup-self
        POST auth/token/create {"period":"1h","policies":["default"]} => t /auth/client_token
        by {t} GET auth/token/lookup-self
        POST auth/token/create {"period":"-1h","policies":["default"]}
        POST auth/token/create {"period":"1h"} => t /auth/client_token
        by {t} GET auth/token/lookup-self
        POST auth/token/create {"period":"1h","ttl":"2h","policies":["default"]} => t /auth/client_token
        by {t} GET auth/token/lookup-self
        POST auth/token/create {"period":"1h","policies":["default"],"explicit_max_ttl":"30m"} => t /auth/client_token
        by {t} GET auth/token/lookup-self
        POST auth/token/create {"type":"service","policies":["default"]}
        POST auth/token/create {"type":"default","policies":["default"]}
        POST auth/token/create {"type":"default-batch","policies":["default"]}
        POST auth/token/create {"type":"weird"}
        POST auth/token/create {"type":"batch","policies":["b"]} => t /auth/client_token
        by {t} GET auth/token/lookup-self
        by {t} POST auth/token/create {}
        by {t} POST auth/token/renew-self {}
        by {t} POST auth/token/revoke-self {}
        POST auth/token/renew {"token":"{t}"}
        POST auth/token/revoke {"token":"{t}"}
        POST auth/token/revoke-orphan {"token":"{t}"}
        POST auth/token/create {"type":"batch","policies":["b"],"no_parent":true,"ttl":"1h","meta":{"x":"y"}} => t /auth/client_token
        by {t} GET auth/token/lookup-self
        POST auth/token/create {"type":"batch","period":"1h","policies":["default"]}
        POST auth/token/create {"type":"batch","explicit_max_ttl":"1h","policies":["default"]}
        POST auth/token/create {"type":"batch","num_uses":1,"policies":["default"]}
        POST auth/token/create {"type":"batch","policies":["root"]}
        POST auth/token/create {"type":"batch"}
        POST auth/token/create {"type":"batch","id":"x","policies":["a"]}
        POST auth/token/create {"id":"s.foo"}
        POST auth/token/create {"id":"hvs.foo"}
        POST auth/token/create {"id":"a.foo"}
        POST auth/token/create {"id":"root"}
        POST auth/token/create {"id":"custom1","policies":["default"]}
        by custom1 GET auth/token/lookup-self
        POST auth/token/create {"num_uses":-1}
        POST auth/token/create {"num_uses":"3","policies":["default"]}
        POST auth/token/create {"meta":{"a":1}}
        POST auth/token/create {"meta":{}}
        POST auth/token/create {"meta":null}
        POST auth/token/create {"meta":"a=b"}
        POST auth/token/create {"policies":"a,b","no_default_policy":true,"renewable":false,"display_name":"x y!","num_uses":3} => t /auth/client_token
        POST auth/token/lookup {"token":"{t}"}
        POST auth/token/create {"policies":["A"," b ","b",""]}
        POST auth/token/create {"policies":["root","b"]}
        POST auth/token/create {"policies":["response-wrapping"]}
        POST auth/token/create {"entity_alias":"x"}
        POST auth/token/create {"lease":"1h","policies":["default"]}
        POST auth/token/create {"no_parent":true,"policies":["default"],"ttl":60} => t /auth/client_token
        by {t} GET auth/token/lookup-self
        POST auth/token/create-orphan {"policies":["default"],"ttl":"60"} => t /auth/client_token
        by {t} GET auth/token/lookup-self
        POST auth/token/create {"role":"a","bogus":1}
        POST auth/token/create/role {}
        GET auth/token/create
        LIST auth/token/create
        DELETE auth/token/create
        POST auth/token/lookup {"token":"nope"}
        GET auth/token/lookup?token=nope
        POST auth/token/lookup {}
        GET auth/token/lookup
        POST auth/token/lookup-accessor {}
        POST auth/token/lookup-accessor {"accessor":"nope"}
        POST auth/token/lookup {"token":"root"}
        GET auth/token/roles
        LIST auth/token/roles
        GET auth/token/roles/x
        DELETE auth/token/roles/x
        "#,
    )
    .await;
}

#[tokio::test]
async fn a_token_is_renewed_up_to_its_limits() {
    let (pair, _sandbox, _real) = vaults().await;
    tell(
        &pair,
        r#"
        POST auth/token/create {"policies":["default"],"ttl":"1h"} => t /auth/client_token, ta /auth/accessor
        by {t} POST auth/token/renew-self {}
        by {t} POST auth/token/renew-self {"increment":"2h"}
        by {t} GET auth/token/lookup-self
        by {t} POST auth/token/renew-self {"increment":60}
        by {t} POST auth/token/renew-self {"increment":"-1h"}
        by {t} POST auth/token/renew-self {"increment":"x"}
        by {t} POST auth/token/renew-self {"increment":"9999h"}
        by {t} GET auth/token/lookup-self
        POST auth/token/renew {}
        POST auth/token/renew {"token":"nope"}
        POST auth/token/renew {"token":"{t}","increment":"5m"}
        POST auth/token/renew {"token":"{t}"}
        POST auth/token/renew-accessor {}
        POST auth/token/renew-accessor {"accessor":"nope"}
        POST auth/token/renew-accessor {"accessor":"{ta}","increment":"3h"}
        POST auth/token/lookup-accessor {"accessor":"{ta}"}
        POST auth/token/renew-self {}
        POST auth/token/renew {"token":"root"}
        POST auth/token/create {"policies":["default"],"ttl":"1h","renewable":false} => t /auth/client_token
        by {t} POST auth/token/renew-self {}
        POST auth/token/create {"policies":["default"],"ttl":"1h","explicit_max_ttl":"2h"} => t /auth/client_token
        by {t} POST auth/token/renew-self {"increment":"90m"}
        by {t} POST auth/token/renew-self {"increment":"3h"}
        by {t} GET auth/token/lookup-self
        POST auth/token/create {"policies":["default"],"period":"1h"} => t /auth/client_token
        by {t} POST auth/token/renew-self {"increment":"3h"}
        by {t} GET auth/token/lookup-self
        POST auth/token/create {"policies":["default"],"period":"1h","explicit_max_ttl":"90m"} => t /auth/client_token
        by {t} POST auth/token/renew-self {"increment":"3h"}
        by {t} GET auth/token/lookup-self
        GET auth/token/renew-self
        "#,
    )
    .await;
}

#[tokio::test]
async fn a_token_takes_its_children_with_it() {
    let (pair, _sandbox, _real) = vaults().await;
    tell(
        &pair,
        r#"
        PUT sys/policies/acl/maker {"policy":"path \"auth/token/create*\" { capabilities = [\"update\"] }"}
        PUT sys/policies/acl/chief {"policy":"path \"auth/token/*\" { capabilities = [\"update\", \"sudo\", \"list\", \"read\"] }"}
        POST auth/token/create {"policies":["maker"],"ttl":"1h"} => p /auth/client_token, pa /auth/accessor
        by {p} POST auth/token/create {} => c /auth/client_token, ca /auth/accessor
        by {p} POST auth/token/create {"policies":["default"]} => d /auth/client_token
        by {p} POST auth/token/create {"policies":["chief"]}
        by {p} POST auth/token/create {"policies":["root"]}
        by {p} POST auth/token/create {"no_default_policy":true,"policies":["maker"]}
        by {p} POST auth/token/create {"no_parent":true}
        by {p} POST auth/token/create {"id":"own"}
        by {p} POST auth/token/create {"period":"1h"}
        by {p} POST auth/token/create {"type":"batch"} => b /auth/client_token
        by {p} POST auth/token/create-orphan {} => o /auth/client_token
        by {o} GET auth/token/lookup-self
        by {c} POST auth/token/create {} => g /auth/client_token
        by {g} GET auth/token/lookup-self
        by {p} LIST auth/token/accessors
        by {p} POST auth/token/revoke-orphan {"token":"{c}"}
        POST auth/token/revoke-orphan {"token":"{c}"}
        by {c} GET auth/token/lookup-self
        by {g} GET auth/token/lookup-self
        by {b} GET auth/token/lookup-self
        POST auth/token/revoke-accessor {"accessor":"{pa}"}
        by {p} GET auth/token/lookup-self
        by {d} GET auth/token/lookup-self
        by {b} GET auth/token/lookup-self
        by {o} GET auth/token/lookup-self
        by {g} GET auth/token/lookup-self
        POST auth/token/lookup-accessor {"accessor":"{pa}"}
        POST auth/token/lookup {"token":"{p}"}
        by {o} POST auth/token/revoke-self
        by {o} GET auth/token/lookup-self
        POST auth/token/revoke {}
        POST auth/token/revoke {"token":"nope"}
        POST auth/token/revoke {"token":"{g}"}
        by {g} GET auth/token/lookup-self
        POST auth/token/revoke-orphan {}
        POST auth/token/revoke-orphan {"token":"nope"}
        POST auth/token/revoke-accessor {}
        POST auth/token/revoke-accessor {"accessor":"nope"}
        POST auth/token/create {"policies":["chief"],"ttl":"1h"} => p /auth/client_token
        by {p} POST auth/token/create {"policies":["maker"]} => c /auth/client_token
        by {c} GET auth/token/lookup-self
        by {p} POST auth/token/create {"policies":["root"]}
        by {p} POST auth/token/create {"period":"1h","no_parent":true,"policies":["chief"]}
        by {p} POST auth/token/create {"policies":["default"],"num_uses":2} => u /auth/client_token
        by {u} GET auth/token/lookup-self
        by {u} POST auth/token/create {}
        by {u} GET auth/token/lookup-self
        POST auth/token/create {"policies":["chief"],"num_uses":2} => u /auth/client_token
        by {u} POST auth/token/create {}
        by {u} GET auth/token/lookup-self
        by {u} GET auth/token/lookup-self
        POST auth/token/create {"policies":["chief"],"num_uses":3} => u /auth/client_token
        by {u} GET sys/mounts
        by {u} POST auth/token/renew-self {"increment":"1h"}
        by {u} GET auth/token/lookup-self
        by {u} GET auth/token/lookup-self
        "#,
    )
    .await;
}

#[tokio::test]
async fn a_token_ends_when_its_time_is_over() {
    let (pair, _sandbox, _real) = vaults().await;
    tell(
        &pair,
        r#"
        POST auth/token/create {"policies":["default"],"ttl":"2s"} => t /auth/client_token, ta /auth/accessor
        POST auth/token/create {"policies":["root"],"ttl":"2s"} => p /auth/client_token
        by {p} POST auth/token/create {"policies":["default"],"ttl":"1h"} => c /auth/client_token
        by {p} POST auth/token/create {"policies":["default"],"ttl":"1h","type":"batch"} => b /auth/client_token
        by {t} GET auth/token/lookup-self
        "#,
    )
    .await;
    for side in [&pair.real, &pair.sandbox] {
        let lookup = ask("by {t} GET auth/token/lookup-self");
        for _ in 0..300 {
            if side.say(&lookup).await.status != 200 {
                break;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
    tell(
        &pair,
        r#"
        by {t} GET auth/token/lookup-self
        by {p} GET auth/token/lookup-self
        by {c} GET auth/token/lookup-self
        by {b} GET auth/token/lookup-self
        POST auth/token/lookup-accessor {"accessor":"{ta}"}
        POST auth/token/renew {"token":"{t}"}
        "#,
    )
    .await;
}

/// Names under which tokens are kept; a request may meet one that is gone, or was never made.
const NAMES: [&str; 3] = ["one", "two", "three"];

fn made() -> impl Strategy<Value = String> {
    let policies = proptest::sample::subsequence(vec!["default", "maker", "chief", "none"], 0..3);
    let ttl = proptest::sample::select(vec!["", "1h", "30m", "900h", "0", "90"]);
    let more = proptest::sample::select(vec![
        "",
        "",
        "",
        r#","period":"1h""#,
        r#","explicit_max_ttl":"20m""#,
        r#","num_uses":3"#,
        r#","type":"batch""#,
        r#","renewable":false"#,
        r#","no_parent":true"#,
        r#","no_default_policy":true"#,
        r#","meta":{"a":"b"},"display_name":"some one""#,
    ]);
    let path = proptest::sample::select(vec!["create", "create", "create-orphan"]);
    let by = proptest::sample::select(vec!["", "", "by {one} ", "by {two} "]);
    let name = proptest::sample::select(NAMES.to_vec());
    (policies, ttl, more, path, by, name).prop_map(|(policies, ttl, more, path, by, name)| {
        let policies: Vec<String> = policies
            .into_iter()
            .map(|name| match name {
                "default" => name.to_owned(),
                name => format!("{name}-{{scope}}"),
            })
            .collect();
        let policies = serde_json::to_string(&policies).unwrap();
        let kept = format!("{name} /auth/client_token, {name}-a /auth/accessor");
        format!(
            r#"{by}POST auth/token/{path} {{"policies":{policies},"ttl":"{ttl}"{more}}} => {kept}"#
        )
    })
}

fn used() -> impl Strategy<Value = String> {
    let what = proptest::sample::select(vec![
        r"by {NAME} GET auth/token/lookup-self",
        r"by {NAME} GET auth/token/lookup-self",
        // Nothing near to a limit: that would depend on the part of a second.
        r#"by {NAME} POST auth/token/renew-self {"increment":"10m"}"#,
        r"by {NAME} POST auth/token/revoke-self {}",
        r#"POST auth/token/lookup {"token":"{NAME}"}"#,
        r#"POST auth/token/lookup-accessor {"accessor":"{NAME-a}"}"#,
        r#"POST auth/token/renew {"token":"{NAME}","increment":"5m"}"#,
        r#"POST auth/token/renew-accessor {"accessor":"{NAME-a}","increment":"1m"}"#,
        r#"POST auth/token/revoke {"token":"{NAME}"}"#,
        r#"POST auth/token/revoke-accessor {"accessor":"{NAME-a}"}"#,
        r#"POST auth/token/revoke-orphan {"token":"{NAME}"}"#,
        r"by {NAME} GET secret/data/none",
        r#"by {NAME} POST cubbyhole/x {"a":"b"}"#,
        r"by {NAME} GET cubbyhole/x",
        r#"by {NAME} POST sys/capabilities-self {"path":"auth/token/create"}"#,
    ]);
    let name = proptest::sample::select(NAMES.to_vec());
    (what, name).prop_map(|(what, name)| what.replace("NAME", name))
}

fn lives() -> impl Strategy<Value = Vec<Ask>> {
    let first = (made(), made());
    let steps = proptest::collection::vec(prop_oneof![1 => made(), 3 => used()], 3..10);
    (first, steps).prop_map(|((one, two), steps)| {
        let start = [
            r#"PUT sys/policies/acl/maker-{scope} {"policy":"path \"auth/token/create*\" { capabilities = [\"update\"] }"}"#,
            r#"PUT sys/policies/acl/chief-{scope} {"policy":"path \"auth/token/*\" { capabilities = [\"update\", \"sudo\"] }"}"#,
            r#"POST auth/token/create {"policies":["maker-{scope}"]} => one /auth/client_token, one-a /auth/accessor"#,
            r#"POST auth/token/create {"policies":["chief-{scope}"]} => two /auth/client_token, two-a /auth/accessor"#,
            r#"POST auth/token/create {"policies":["default"]} => three /auth/client_token, three-a /auth/accessor"#,
        ];
        let lines = start.map(str::to_owned).into_iter();
        let lines = lines.chain([one, two]).chain(steps);
        lines.map(|line| ask(&line)).collect()
    })
}

#[test]
fn generated_lives_of_tokens_are_the_same() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let (pair, _sandbox, _real) = runtime.block_on(vaults());
    agree(&runtime, &pair, lives());
}
