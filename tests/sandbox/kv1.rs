//! KV version 1, the cubbyhole, and the ways in which a mount of KV comes to its version.

use super::story::{ask, tell};
use super::vaults;

#[tokio::test]
async fn values_are_written_read_and_deleted() {
    let (pair, _sandbox, _real) = vaults().await;
    tell(
        &pair,
        r#"
        PUT sys/mounts/kv {"type":"kv"}
        GET kv
        GET kv/
        GET kv/a
        LIST kv
        PUT kv/a {"x":1,"y":{"z":[1,null,"ü"]},"f":1.5,"big":12345678901234567890}
        GET kv/a
        GET kv/a/
        HEAD kv/a
        POST kv/a {"only":"this"}
        GET kv/a
        GET kv/a?foo=1
        GET kv/a?path=b
        GET kv/none?foo=1
        PUT kv/a {}
        PUT kv/a
        PUT kv {"a":1}
        PUT kv/ {"a":1}
        PUT kv/a/ {"a":1}
        PATCH kv/a {"a":1}
        GET kv/a
        PUT kv/a%20b {"x":1}
        PUT kv/a%25b {"x":1}
        PUT kv/%C3%A9 {"x":1}
        PUT kv/q%3Fx {"x":1}
        GET kv/a%20b
        GET kv/%C3%A9
        LIST kv
        DELETE kv/a
        DELETE kv/a
        DELETE kv/none
        DELETE kv/
        GET kv/a
        LIST kv
        "#,
    )
    .await;
}

#[tokio::test]
async fn folders_are_listed_level_by_level() {
    let (pair, _sandbox, _real) = vaults().await;
    tell(
        &pair,
        r#"
        PUT sys/mounts/kv {"type":"kv","options":{"version":"1"}}
        PUT kv/b {"x":1}
        PUT kv/a {"x":1}
        PUT kv/a/b {"x":1}
        PUT kv/a/c/d {"x":1}
        PUT kv/a/c {"x":1}
        PUT kv/a-b {"x":1}
        PUT kv/d/e/f {"x":1}
        LIST kv
        LIST kv/
        LIST kv/a
        LIST kv/a/
        LIST kv/a/c
        LIST kv/d
        LIST kv/b
        LIST kv/none
        GET kv?list=true
        GET kv/a?list=1
        LIST kv?after=b
        LIST kv?limit=1
        LIST kv/none?foo=1
        SCAN kv
        SCAN kv/a
        SCAN kv/none
        SCAN kv/b
        SCAN kv?foo=1
        DELETE kv/a/c/d
        LIST kv/a
        SCAN kv
        "#,
    )
    .await;
}

#[tokio::test]
async fn a_value_may_say_how_long_it_is_good() {
    let (pair, _sandbox, _real) = vaults().await;
    let mut story = "PUT sys/mounts/kv {\"type\":\"kv\"}\n".to_owned();
    for ttl in [
        r#""0""#,
        "0",
        r#""90""#,
        r#""1h30m""#,
        r#""1.5s""#,
        "1.5",
        r#""x""#,
        r#""""#,
        "null",
        "true",
        "[]",
        r#""1d""#,
        r#""1w""#,
        r#""99999h""#,
        "-5",
        r#""-5""#,
        r#""-1.5h""#,
        r#""+5""#,
        r#""010""#,
        r#""0x10""#,
        r#"" 60 ""#,
        r#""500ms""#,
        r#""-500ms""#,
        r#""1d1h""#,
        r#""-2d""#,
        "1e3",
        "60.9",
        r#"{"a":1}"#,
        "9223372036",
        "9223372037",
        "-99999999999",
        "9223372036854775807",
        "12345678901234567890",
        r#""2562047h""#,
        r#""2562048h""#,
        r#""106751d""#,
        r#""106752d""#,
    ] {
        story += &format!(
            "PUT kv/a {{\"ttl\":{ttl}}}\nGET kv/a\nPUT kv/a {{\"lease\":{ttl}}}\nGET kv/a\n"
        );
    }
    story += r#"
        PUT kv/a {"ttl":"5s","lease":"6s"}
        GET kv/a
        PUT sys/mounts/kv/tune {"default_lease_ttl":"1h"}
        PUT kv/a {"x":1}
        GET kv/a
    "#;
    tell(&pair, &story).await;
}

#[tokio::test]
async fn a_cubbyhole_is_of_one_token() {
    let (pair, _sandbox, _real) = vaults().await;
    tell(
        &pair,
        r#"
        PUT auth/token/create {"policies":["default"]} => other /auth/client_token
        PUT cubbyhole/a {}
        PUT cubbyhole/a {"a":1}
        GET cubbyhole/a
        GET cubbyhole/a?foo=1
        GET cubbyhole
        PUT cubbyhole {"a":1}
        DELETE cubbyhole
        PATCH cubbyhole/a {}
        GET cubbyhole/none
        PUT cubbyhole/b/c {"x":1.0}
        LIST cubbyhole
        LIST cubbyhole/
        LIST cubbyhole/b
        LIST cubbyhole/none
        LIST cubbyhole?after=b
        LIST cubbyhole?path=b
        by {other} GET cubbyhole/a
        by {other} LIST cubbyhole
        by {other} PUT cubbyhole/a {"mine":true}
        by {other} GET cubbyhole/a
        GET cubbyhole/a
        DELETE cubbyhole/a
        DELETE cubbyhole/a
        by {other} GET cubbyhole/a
        SCAN cubbyhole/x
        "#,
    )
    .await;
}

#[tokio::test]
async fn a_mount_of_kv_has_a_version() {
    let (pair, _sandbox, _real) = vaults().await;
    tell(
        &pair,
        r#"
        PUT sys/mounts/one {"type":"kv","options":{"version":"1"}}
        PUT sys/mounts/none {"type":"kv"}
        PUT sys/mounts/two {"type":"kv-v2"}
        PUT sys/mounts/also {"type":"kv-v2","options":{"version":"1"}}
        PUT sys/mounts/number {"type":"kv","options":{"version":2}}
        PUT sys/mounts/first {"type":"kv-v1"}
        PUT sys/mounts/old {"type":"generic"}
        PUT sys/mounts/three {"type":"kv","options":{"version":"3"}}
        PUT sys/mounts/word {"type":"kv","options":{"version":"x"}}
        PUT old/a {"x":1}
        GET old/a
        PUT first/a {"x":1}
        GET first/a
        GET sys/mounts
        GET two/config
        GET number/config
        GET also/config
        GET none/config
        "#,
    )
    .await;
}

#[tokio::test]
async fn a_mount_of_version_1_becomes_one_of_version_2() {
    let (pair, _sandbox, _real) = vaults().await;
    tell(
        &pair,
        r#"
        PUT sys/mounts/kv {"type":"kv"}
        PUT kv/a {"x":1.0,"big":12345678901234567890}
        PUT kv/f/b {"y":1}
        PUT sys/mounts/kv/tune {"options":{"version":"3"}}
        PUT sys/mounts/kv/tune {"options":{"version":""}}
        PUT sys/mounts/kv/tune {"options":{"a":"b"}}
        GET kv/a
        PUT sys/mounts/kv/tune {"options":{"version":"1"}}
        PUT sys/mounts/kv/tune {"options":{"version":"2"}}
        "#,
    )
    .await;
    pair.ask_soon(ask("GET kv/data/a")).await;
    tell(
        &pair,
        r#"
        GET kv/data/a
        GET kv/metadata/f/b
        LIST kv/metadata
        GET sys/mounts/kv/tune
        PUT sys/mounts/kv/tune {"options":{"version":"1"}}
        PUT sys/mounts/kv/tune {"options":{"version":"2","c":"d"}}
        PUT sys/mounts/kv/tune {"options":{"version":2}}
        PUT sys/mounts/kv/tune {"options":{}}
        GET sys/mounts/kv/tune
        PUT kv/data/a {"data":{"z":1}}
        GET kv/metadata/a
        GET kv/data/a?version=1
        "#,
    )
    .await;
}
