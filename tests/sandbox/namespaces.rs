//! A namespace is a Vault of its own, below another; the community edition of `HashiCorp` Vault has none.

use super::story::tell;
use super::vaults;

#[tokio::test]
async fn a_namespace_is_made_shown_and_taken_away() {
    let (pair, _sandbox, _real) = vaults().await;
    tell(
        &pair,
        r#"
        LIST sys/namespaces
        SCAN sys/namespaces
        GET sys/namespaces
        GET sys/namespaces/ta
        POST sys/namespaces/ta {}
        POST sys/namespaces/ta {"custom_metadata":{"a":"b"}}
        GET sys/namespaces/ta
        GET sys/namespaces/ta/
        PUT sys/namespaces/tb {"custom_metadata":{"a":1}}
        PUT sys/namespaces/tb {"custom_metadata":{"a":"1"}}
        POST sys/namespaces/ta/below {}
        POST ta/sys/namespaces/below {}
        in ta POST sys/namespaces/other {}
        in ta/below POST sys/namespaces/deep {}
        in ta LIST sys/namespaces
        in ta SCAN sys/namespaces
        in ta GET sys/namespaces/below
        LIST sys/namespaces
        SCAN sys/namespaces
        LIST sys/namespaces/ta
        PATCH sys/namespaces/tb {"custom_metadata":{"a":null,"b":"c"}}
        PATCH sys/namespaces/none {"custom_metadata":{"a":null}}
        PATCH sys/namespaces/tb {"custom_metadata":{"b":1}}
        GET sys/namespaces/tb
        POST sys/namespaces/root {}
        POST sys/namespaces/sys {}
        POST sys/namespaces/auth {}
        POST sys/namespaces/audit {}
        POST sys/namespaces/cubbyhole {}
        POST sys/namespaces/identity {}
        POST sys/namespaces/a%20b {}
        POST sys/namespaces/+ {}
        POST sys/namespaces/secret {}
        POST sys/namespaces/UP {}
        GET sys/namespaces/up
        GET sys/namespaces/UP
        DELETE sys/namespaces/UP
        in nope GET sys/mounts
        in ta/nope GET sys/mounts
        in ta/ GET sys/policies/acl/default
        in /ta GET sys/mounts
        in root GET sys/mounts
        in / GET sys/mounts
        nobody in nope GET sys/mounts
        in nope GET sys/health
        in ta GET sys/health
        ta GET sys/health
        GET ta/sys/health
        in ta GET sys/mounts
        GET ta/sys/mounts
        GET ta/sys/auth
        in ta/below GET sys/auth
        GET ta/below/sys/mounts
        in ta GET below/sys/mounts
        in ta GET sys/internal/ui/mounts
        in ta GET sys/internal/ui/namespaces
        GET sys/internal/ui/namespaces
        DELETE sys/namespaces/tb
        DELETE sys/namespaces/none
        "#,
    )
    .await;
}

#[tokio::test]
async fn tokens_and_policies_of_a_namespace_are_its_own() {
    let (pair, _sandbox, _real) = vaults().await;
    tell(
        &pair,
        r#"
        POST sys/namespaces/ta {}
        POST ta/sys/namespaces/in {}
        in ta LIST sys/policies/acl
        in ta GET sys/policies/acl/root
        in ta GET sys/policies/acl/default
        in ta PUT sys/policies/acl/p {"policy":"path \"sys/policies/acl/*\" { capabilities = [\"read\"] } path \"in/sys/policies/acl/*\" { capabilities = [\"read\", \"update\"] }"}
        GET sys/policies/acl/p
        in ta LIST sys/policies/acl
        in ta LIST sys/policies/detailed/acl
        in ta POST auth/token/create {"policies":["p"],"ttl":"1h"} => t /auth/client_token, ta /auth/accessor
        in ta by {t} GET auth/token/lookup-self
        by {t} GET auth/token/lookup-self
        by {t} GET ta/auth/token/lookup-self
        in ta/in by {t} GET auth/token/lookup-self
        in ta by {t} GET sys/policies/acl/p
        in ta/in by {t} GET sys/policies/acl/default
        in ta/in by {t} GET sys/policies/acl/nope
        in ta/in by {t} PUT sys/policies/acl/new {"policy":"path \"x\" { }"}
        by {t} GET sys/policies/acl/p
        in ta by {t} GET sys/mounts
        in ta by {t} POST sys/capabilities-self {"paths":["sys/policies/acl/x","in/sys/policies/acl/x","x"]}
        in ta/in by {t} POST sys/capabilities-self {"paths":["sys/policies/acl/x","in/sys/policies/acl/x","x"]}
        in ta POST sys/capabilities-accessor {"paths":["sys/policies/acl/x"],"accessor":"{ta}"}
        POST sys/capabilities-accessor {"paths":["sys/policies/acl/x"],"accessor":"{ta}"}
        in ta POST sys/capabilities {"paths":["sys/policies/acl/x"],"token":"{t}"}
        in ta POST auth/token/lookup {"token":"{t}"}
        POST auth/token/lookup {"token":"{t}"}
        in ta POST auth/token/lookup {"token":"root"}
        in ta POST auth/token/lookup-accessor {"accessor":"{ta}"}
        POST auth/token/lookup-accessor {"accessor":"{ta}"}
        in ta POST auth/token/create {} => r /auth/client_token
        in ta by {r} GET auth/token/lookup-self
        in ta POST auth/token/create {"policies":["root"]}
        in ta POST auth/token/create {"policies":["default"],"type":"batch"} => b /auth/client_token
        in ta by {b} GET auth/token/lookup-self
        by {b} GET auth/token/lookup-self
        in ta POST auth/token/create-orphan {"policies":["default"]}
        in ta by {t} POST auth/token/renew-self {}
        in ta PUT sys/policies/acl/root {"policy":"path \"x\" { }"}
        in ta DELETE sys/policies/acl/root
        in ta DELETE sys/policies/acl/default
        in ta POST auth/token/create {"policies":["default"],"id":"chosen"}
        PUT sys/policies/acl/down {"policy":"path \"ta/sys/policies/acl/*\" { capabilities = [\"read\"] } path \"+/auth/token/create\" { capabilities = [\"update\"] }"}
        POST auth/token/create {"policies":["down"]} => d /auth/client_token
        by {d} GET ta/sys/policies/acl/p
        in ta by {d} GET sys/policies/acl/p
        in ta by {d} GET auth/token/lookup-self
        in ta by {d} POST auth/token/create {"policies":["down"]}
        in ta by {d} POST auth/token/create {"policies":["default"]}
        in ta by {d} POST auth/token/create {}
        in ta by {t} POST auth/token/revoke-self
        in ta by {t} GET auth/token/lookup-self
        DELETE sys/namespaces/ta
        in ta DELETE sys/namespaces/in
        in ta by {d} GET sys/policies/acl/p
        "#,
    )
    .await;
}

/// What the command line asks before it reads `ta/in/kv/a`.
#[tokio::test]
async fn the_engine_behind_a_path_that_begins_with_namespaces() {
    let (pair, _sandbox, _real) = vaults().await;
    tell(
        &pair,
        r#"
        POST sys/namespaces/ta {}
        in ta POST sys/namespaces/in {}
        in ta/in POST sys/mounts/kv {"type":"kv"}
        GET sys/internal/ui/mounts/ta/in/kv/a
        GET sys/internal/ui/mounts/ta/in/kv
        in ta GET sys/internal/ui/mounts/in/kv/a
        in ta/in GET sys/internal/ui/mounts/kv/a
        GET ta/sys/internal/ui/mounts/in/kv/a
        GET sys/internal/ui/mounts/ta/in/auth/token/x
        in ta GET sys/internal/ui/mounts/auth/token/x
        GET sys/internal/ui/mounts/ta/sys/x
        GET sys/internal/ui/mounts/ta/in
        GET sys/internal/ui/mounts/ta/none/a
        GET sys/internal/ui/mounts/ta/nothing
        nobody GET sys/internal/ui/mounts/ta/in/kv/a
        PUT sys/policies/acl/p {"policy":"path \"ta/in/kv/a\" { capabilities = [\"read\"] }"}
        POST auth/token/create {"policies":["p"]} => t /auth/client_token
        by {t} GET sys/internal/ui/mounts/ta/in/kv/a
        by {t} GET sys/internal/ui/mounts/ta/in/cubbyhole/a
        by {t} GET sys/internal/ui/mounts/ta/sys
        in ta by {t} GET sys/internal/ui/mounts/in/kv/a
        "#,
    )
    .await;
}

#[tokio::test]
async fn a_token_of_a_namespace_asks_at_the_root() {
    let (pair, _sandbox, _real) = vaults().await;
    tell(
        &pair,
        r#"
        POST sys/namespaces/ta {}
        POST sys/namespaces/tb {}
        in ta POST auth/token/create {"policies":["default"]} => t /auth/client_token
        by {t} GET sys/internal/ui/mounts/secret/x
        by {t} GET sys/internal/ui/mounts/secret
        by {t} GET sys/internal/ui/mounts/ta/x
        by {t} GET sys/internal/ui/mounts/none/x
        by {t} GET sys/internal/ui/mounts/
        by {t} GET sys/internal/ui/mounts
        by {t} GET sys/internal/ui/namespaces
        by wrong GET sys/internal/ui/mounts/secret/x
        by wrong GET sys/internal/ui/mounts/
        by wrong GET sys/internal/ui/mounts
        by wrong GET sys/internal/ui/namespaces
        nobody GET sys/internal/ui/mounts/secret/x
        nobody GET sys/internal/ui/mounts
        nobody GET sys/internal/ui/namespaces
        in tb by {t} GET sys/internal/ui/mounts/x
        in tb by {t} GET sys/internal/ui/namespaces
        "#,
    )
    .await;
}

#[tokio::test]
async fn a_namespace_is_locked() {
    let (pair, _sandbox, _real) = vaults().await;
    tell(
        &pair,
        r#"
        POST sys/namespaces/ta {}
        POST sys/namespaces/tb {}
        POST ta/sys/namespaces/in {}
        in ta/in POST sys/mounts/kv {"type":"kv"}
        POST sys/namespaces/api-lock/lock {}
        POST sys/namespaces/api-lock/unlock {}
        POST sys/namespaces/api-lock/lock/none {}
        POST sys/namespaces/api-lock/unlock/none {}
        POST sys/namespaces/api-lock/unlock/tb {}
        GET sys/namespaces/api-lock
        GET sys/namespaces/api-lock/x
        GET sys/namespaces/api-lock/lock
        LIST sys/namespaces/api-lock/lock
        DELETE sys/namespaces/api-lock/lock/ta
        POST sys/namespaces/ta/lock {}
        POST sys/namespaces/api-lock/lock/ta {"unlock_key":"x"}
        POST sys/namespaces/api-lock/lock/ta {}
        POST sys/namespaces/api-lock/lock/ta/in {}
        GET sys/namespaces/ta
        in ta GET sys/mounts
        GET ta/sys/mounts
        GET ta/sys/health
        in ta GET sys/seal-status
        in ta/in GET kv/x
        in ta/in by wrong GET kv/x
        nobody in ta GET sys/internal/ui/mounts
        in ta OPTIONS sys/mounts
        in ta POST sys/namespaces/x/ {}
        GET sys/internal/ui/mounts/ta/in/kv/x
        in ta POST sys/namespaces/api-lock/lock {}
        in ta POST sys/namespaces/api-lock/unlock/in {}
        in ta/in POST sys/namespaces/api-lock/unlock {}
        in ta by wrong POST sys/namespaces/api-lock/unlock {}
        in tb GET sys/auth
        in ta POST sys/namespaces/api-lock/unlock {}
        in ta/in GET kv/x
        in ta/in POST sys/namespaces/api-lock/lock {} => key /data/unlock_key
        in ta GET sys/namespaces/in
        POST sys/namespaces/api-lock/unlock/ta/in {"unlock_key":"x"}
        POST sys/namespaces/api-lock/unlock/ta/in {"unlock_key":["x"]}
        POST sys/namespaces/api-lock/unlock/ta/in {"unlock_key":"{key}","frob":1}
        PUT sys/policies/acl/p {"policy":"path \"sys/namespaces/api-lock/*\" { capabilities = [\"update\"] }"}
        POST auth/token/create {"policies":["p"]} => t /auth/client_token
        by {t} POST sys/namespaces/api-lock/lock/ta {} => key /data/unlock_key
        by {t} POST sys/namespaces/api-lock/unlock/ta {}
        by {t} POST sys/namespaces/api-lock/unlock/ta {"unlock_key":"x"}
        by {t} POST sys/namespaces/api-lock/unlock/ta {"unlock_key":"{key}"}
        POST sys/namespaces/api-lock/lock/tb {}
        DELETE sys/namespaces/tb
        "#,
    )
    .await;
}
