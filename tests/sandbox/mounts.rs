//! Engines and auth methods are mounted, shown, tuned and taken away alike.

use super::story::tell;
use super::vaults;

#[tokio::test]
async fn engines_are_mounted_and_shown() {
    let (pair, _sandbox, _real) = vaults().await;
    tell(
        &pair,
        r#"
        GET sys/mounts
        GET sys/mounts/
        POST sys/mounts/one {"type":"kv"}
        GET sys/mounts/one
        GET sys/mounts/one/
        POST sys/mounts/one {"type":"kv"}
        POST sys/mounts/one/below {"type":"kv"}
        POST sys/mounts/deep/two {"type":"kv","options":{"version":"2"}}
        GET sys/mounts/deep/two
        POST sys/mounts/deep {"type":"kv"}
        POST sys/mounts/three {"type":"kv-v2"}
        GET sys/mounts/three
        POST sys/mounts/four {"type":"kv-v1"}
        GET sys/mounts/four
        POST sys/mounts/five {"type":"kv","options":{"version":1}}
        GET sys/mounts/five
        POST sys/mounts/six {"type":"kv","options":{"version":"3"}}
        POST sys/mounts/six {"type":"kv","options":{"other":"x"}}
        GET sys/mounts/six
        POST sys/mounts/seven {"type":"nope"}
        POST sys/mounts/seven {}
        POST sys/mounts/seven
        POST sys/mounts/seven {"type":"cubbyhole"}
        POST sys/mounts/seven {"type":"system"}
        POST sys/mounts/seven {"type":"identity"}
        POST sys/mounts/sys {"type":"kv"}
        POST sys/mounts/sys/x {"type":"kv"}
        POST sys/mounts/auth/x {"type":"kv"}
        POST sys/mounts/auth {"type":"kv"}
        POST sys/mounts/cubbyhole {"type":"kv"}
        POST sys/mounts/identity {"type":"kv"}
        POST sys/mounts/a%20b {"type":"kv"}
        POST sys/mounts/t1 {"type":"kv","config":{"default_lease_ttl":"2h","max_lease_ttl":"1h"}}
        POST sys/mounts/t1 {"type":"kv","config":{"default_lease_ttl":"9999h"}}
        POST sys/mounts/t1 {"type":"kv","config":{"max_lease_ttl":"9999h","default_lease_ttl":"8888h"}}
        GET sys/mounts/t1
        GET sys/mounts/t1/tune
        DELETE sys/mounts/t1
        POST sys/mounts/t1 {"type":"kv","config":{"default_lease_ttl":"x"}}
        POST sys/mounts/t1 {"type":"kv","config":{"max_lease_ttl":"x"}}
        POST sys/mounts/t1 {"type":"kv","config":{"listing_visibility":"x"}}
        POST sys/mounts/t1 {"type":"kv","config":{"token_type":"batch"}}
        POST sys/mounts/t2 {"type":"kv","description":"d","seal_wrap":true,"local":true,"bogus":1,"config":{"default_lease_ttl":"1h","max_lease_ttl":7200,"force_no_cache":true,"listing_visibility":"unauth","audit_non_hmac_request_keys":["a"],"audit_non_hmac_response_keys":"b,c","passthrough_request_headers":"X-A,X-B","allowed_response_headers":["X-C"],"bogus":1}}
        GET sys/mounts/t2
        GET sys/mounts/t2/tune
        nobody GET sys/internal/ui/mounts
        nobody GET sys/internal/ui/mounts/t2
        nobody GET sys/internal/ui/mounts/one
        GET sys/internal/ui/mounts
        GET sys/internal/ui/mounts/t2/x/y
        GET sys/internal/ui/mounts/auth/token
        GET sys/internal/ui/mounts/nope
        GET sys/mounts/nope
        GET sys/mounts/nope/tune
        GET sys/mounts
        DELETE sys/mounts/one
        DELETE sys/mounts/one
        DELETE sys/mounts/sys
        DELETE sys/mounts/cubbyhole
        DELETE sys/mounts/identity
        DELETE sys/mounts
        LIST sys/mounts
        GET sys/mounts
        "#,
    )
    .await;
}

#[tokio::test]
async fn a_mount_is_tuned() {
    let (pair, _sandbox, _real) = vaults().await;
    tell(
        &pair,
        r#"
        POST sys/mounts/kv {"type":"kv"}
        GET sys/mounts/kv/tune
        POST sys/mounts/kv/tune {"description":"new"}
        GET sys/mounts/kv/tune
        POST sys/mounts/kv/tune {"default_lease_ttl":"1h","max_lease_ttl":"2h"}
        GET sys/mounts/kv/tune
        GET sys/mounts/kv
        POST sys/mounts/kv/tune {"default_lease_ttl":"3h"}
        POST sys/mounts/kv/tune {"max_lease_ttl":"30m"}
        POST sys/mounts/kv/tune {"default_lease_ttl":"x"}
        POST sys/mounts/kv/tune {"default_lease_ttl":""}
        POST sys/mounts/kv/tune {"default_lease_ttl":"system","max_lease_ttl":"system"}
        GET sys/mounts/kv/tune
        POST sys/mounts/kv/tune {"default_lease_ttl":"9999h"}
        POST sys/mounts/kv/tune {"max_lease_ttl":"9999h","default_lease_ttl":"9999h"}
        GET sys/mounts/kv/tune
        POST sys/mounts/kv/tune {"default_lease_ttl":0,"max_lease_ttl":0}
        GET sys/mounts/kv/tune
        POST sys/mounts/kv/tune {"listing_visibility":"unauth","audit_non_hmac_request_keys":["a","b"],"audit_non_hmac_response_keys":["c"],"passthrough_request_headers":["X-A"],"allowed_response_headers":["X-B"]}
        GET sys/mounts/kv/tune
        GET sys/mounts/kv
        POST sys/mounts/kv/tune {"listing_visibility":"hidden","audit_non_hmac_request_keys":[],"audit_non_hmac_response_keys":"","passthrough_request_headers":[],"allowed_response_headers":[]}
        GET sys/mounts/kv/tune
        GET sys/mounts/kv
        POST sys/mounts/kv/tune {"listing_visibility":""}
        GET sys/mounts/kv/tune
        POST sys/mounts/kv/tune {"listing_visibility":"wrong"}
        POST sys/mounts/kv/tune {"token_type":"batch"}
        POST sys/mounts/kv/tune {"bogus":"x"}
        POST sys/mounts/kv/tune {}
        POST sys/mounts/kv/tune
        POST sys/mounts/kv/tune {"description":""}
        GET sys/mounts/kv/tune
        DELETE sys/mounts/kv/tune
        POST sys/mounts/nope/tune {"description":"x"}
        POST sys/mounts/secret/tune {"options":{"version":"1"}}
        POST sys/mounts/secret/tune {"options":{"version":"2"}}
        POST sys/mounts/secret/tune {"description":"again"}
        GET sys/mounts/secret/tune
        POST sys/auth/token/tune {"default_lease_ttl":"1h","max_lease_ttl":"3h","description":"tokens"}
        GET sys/auth/token/tune
        POST auth/token/create {"policies":["default"]} => t /auth/client_token
        by {t} GET auth/token/lookup-self
        POST auth/token/create {"policies":["default"],"ttl":"4h"} => t /auth/client_token
        by {t} POST auth/token/renew-self {"increment":"5h"}
        POST auth/token/create {"policies":["default"],"period":"6h"}
        GET sys/auth
        POST sys/auth/token/tune {"token_type":"batch"}
        POST sys/mounts/cubbyhole/tune {"description":"x"}
        POST sys/mounts/sys/tune {"description":"x"}
        GET sys/mounts/sys/tune
        "#,
    )
    .await;
}

#[tokio::test]
async fn auth_methods_are_mounted_and_shown() {
    let (pair, _sandbox, _real) = vaults().await;
    tell(
        &pair,
        r#"
        GET sys/auth
        POST sys/auth/k8s {"type":"kubernetes"}
        GET sys/auth/k8s
        GET sys/auth/k8s/tune
        POST sys/auth/k8s {"type":"kubernetes"}
        POST sys/auth/k8s/below {"type":"kubernetes"}
        POST sys/auth/far/away {"type":"jwt","description":"d","config":{"default_lease_ttl":"1h","token_type":"default-batch","listing_visibility":"unauth"}}
        GET sys/auth/far/away
        GET sys/auth/far/away/tune
        POST sys/auth/far/away/tune {"token_type":"service","description":"e","max_lease_ttl":"2h"}
        GET sys/auth/far/away/tune
        POST sys/auth/far/away/tune {"token_type":"wrong"}
        POST sys/auth/far/away/tune {"token_type":"batch"}
        POST sys/auth/far/away/tune {"token_type":"default-service"}
        POST sys/mounts/auth/far/away/tune {"token_type":"batch"}
        POST sys/mounts/auth/far/away/tune {"token_type":"default-batch"}
        POST sys/mounts/auth/far/away/tune {"token_type":"wrong"}
        POST sys/mounts/auth/token/tune {"token_type":"batch"}
        GET sys/mounts/auth/far/away/tune
        POST sys/mounts/auth/far/away/tune {"token_type":""}
        GET sys/mounts/auth/far/away/tune
        POST sys/auth/optionless {"type":"jwt","options":null}
        GET sys/auth/optionless
        POST sys/auth/options {"type":"jwt","options":{}}
        GET sys/auth/options
        POST sys/mounts/optionless {"type":"kv","options":null}
        GET sys/mounts/optionless
        GET sys/mounts/optionless/tune
        POST sys/mounts/optionless/tune {"options":{"version":"2"}}
        GET sys/mounts/optionless
        POST sys/auth/far {"type":"kubernetes"}
        POST sys/auth/nope {"type":"nope"}
        POST sys/auth/nope {}
        POST sys/auth/token {"type":"kubernetes"}
        POST sys/auth/t2 {"type":"token"}
        POST sys/auth/t2 {"type":"kubernetes","config":{"token_type":"wrong"}}
        GET sys/auth/nope
        GET sys/auth/nope/tune
        POST sys/auth/nope/tune {"description":"x"}
        nobody GET sys/internal/ui/mounts
        GET sys/internal/ui/mounts
        GET sys/auth
        DELETE sys/auth/k8s
        DELETE sys/auth/k8s
        DELETE sys/auth/token
        GET sys/auth
        "#,
    )
    .await;
}

#[tokio::test]
async fn a_mount_moves_with_what_it_holds() {
    let (pair, _sandbox, _real) = vaults().await;
    tell(
        &pair,
        r#"
        POST sys/mounts/from {"type":"kv"}
        POST from/x {"a":"b"}
        POST sys/remount {"from":"none","to":"other"}
        POST sys/remount {"from":"from","to":"secret"}
        POST sys/remount {"from":"from","to":"sys/x"}
        POST sys/remount {"from":"sys","to":"other"}
        POST sys/remount {"from":"from"}
        POST sys/remount {"to":"x"}
        POST sys/remount {"from":"from","to":"auth/x"}
        GET sys/remount
        GET sys/remount/status/none
        "#,
    )
    .await;
}

/// The real one moves a mount while nobody waits for it.
#[tokio::test]
async fn what_was_moved_is_where_it_was_moved_to() {
    let (pair, _sandbox, real) = vaults().await;
    tell(
        &pair,
        r#"
        POST sys/mounts/from {"type":"kv"}
        POST from/x {"a":"b"}
        POST sys/remount {"from":"from","to":"to"} => move /data/migration_id
        "#,
    )
    .await;
    for _ in 0..500 {
        let moved = real.api("GET", "to/x", None).await.0 == 200;
        let left = real.api("GET", "sys/mounts/from", None).await.0 != 200;
        if moved && left {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    tell(
        &pair,
        r"
        GET sys/remount/status/{move}
        GET to/x
        GET from/x
        GET sys/mounts/to
        GET sys/mounts/from
        ",
    )
    .await;
}

#[tokio::test]
async fn lists_are_cut_and_sifted_by_rules() {
    let (pair, _sandbox, _real) = vaults().await;
    tell(
        &pair,
        r#"
        POST sys/mounts/page {"type":"kv"}
        POST sys/mounts/sift {"type":"kv"}
        PUT sys/policies/acl/p {"policy":"path "page/*" { capabilities = ["list", "scan"] pagination_limit = 2 } path "sift/*" { capabilities = ["list", "scan"] list_scan_response_keys_filter_path = "{{ .path }}{{ .key }}" } path "sift/b" { capabilities = ["read"] } path "secret/metadata/*" { capabilities = ["list", "scan"] pagination_limit = 2 }"}
        POST auth/token/create {"policies":["p"]} => t /auth/client_token
        POST page/a {"x":"y"}
        POST page/b {"x":"y"}
        POST page/c {"x":"y"}
        POST secret/data/a {"data":{"x":"y"}}
        POST secret/data/b {"data":{"x":"y"}}
        POST secret/data/c {"data":{"x":"y"}}
        POST sift/a {"x":"y"}
        POST sift/b {"x":"y"}
        POST sift/d/e {"x":"y"}
        by {t} LIST page
        by {t} LIST page?limit=1
        by {t} LIST page?limit=2
        by {t} LIST page?limit=3
        by {t} LIST page?limit=0
        by {t} LIST page?limit=-1
        by {t} LIST page?limit=x
        by {t} SCAN page
        by {t} LIST secret/metadata
        by {t} LIST secret/metadata?after=b
        by {t} LIST secret/metadata?limit=5
        by {t} SCAN secret/metadata
        by {t} LIST sift
        by {t} SCAN sift
        by {t} LIST sift/d
        by {t} LIST sift/none
        "#,
    )
    .await;
}

#[tokio::test]
async fn values_are_kept_by_policies() {
    let (pair, _sandbox, _real) = vaults().await;
    tell(
        &pair,
        r#"
        POST sys/mounts/kv {"type":"kv"}
        PUT sys/policies/acl/create {"policy":"path \"kv/*\" { capabilities = [\"create\"] }"}
        PUT sys/policies/acl/update {"policy":"path \"kv/*\" { capabilities = [\"update\", \"read\"] }"}
        PUT sys/policies/acl/narrow {"policy":"path \"kv/n/+/x\" { capabilities = [\"create\", \"update\", \"read\"] allowed_parameters = { a = [\"1*\"], b = [] } } path \"kv/n/\" { capabilities = [\"list\"] } path \"kv/w\" { capabilities = [\"read\"] min_wrapping_ttl = \"1s\" }"}
        POST auth/token/create {"policies":["create"]} => c /auth/client_token
        POST auth/token/create {"policies":["update"]} => u /auth/client_token
        POST auth/token/create {"policies":["narrow"]} => n /auth/client_token
        by {u} POST kv/a {"v":"1"}
        by {c} POST kv/a {"v":"1"}
        by {c} POST kv/a {"v":"2"}
        by {u} POST kv/a {"v":"3"}
        by {c} GET kv/a
        by {u} GET kv/a
        by {u} DELETE kv/a
        by {n} POST kv/n/q/x {"a":"12"}
        by {n} POST kv/n/q/x {"a":"12","b":"x"}
        by {n} POST kv/n/q/x {"a":"2","b":"x"}
        by {n} POST kv/n/q/x {"a":"12","c":"x"}
        by {n} GET kv/n/q/x
        by {n} GET kv/n/q/x?c=1
        by {n} LIST kv/n
        by {n} LIST kv/n/
        by {n} LIST kv/n/q
        by {n} GET kv/n?list=true
        by {n} GET kv/w
        by {n} GET kv
        by {n} LIST kv
        GET kv
        LIST kv
        POST kv/x/ {"a":"b"}
        by {c} POST cubbyhole/x {"a":"b"}
        by {c} GET cubbyhole/x
        by {u} GET cubbyhole/x
        DELETE sys/mounts/kv
        by {u} GET kv/a
        GET kv/a
        "#,
    )
    .await;
}
