//! What is said of a mount or a namespace is read by its kind, as texts as well, which is how command lines send it.

use super::story::tell;
use super::vaults;

#[tokio::test]
async fn fields_of_a_new_mount_are_read_by_their_kind() {
    let (pair, _sandbox, _real) = vaults().await;
    tell(
        &pair,
        r#"
        POST sys/mounts/a {"type":"kv","options":"version=2"}
        GET sys/mounts/a
        POST a/data/x {"data":{"k":"v"}}
        GET a/data/x
        POST sys/mounts/b {"type":"kv","options":["version=2","a=b"]}
        GET sys/mounts/b
        POST sys/mounts/c {"type":"kv","options":""}
        POST sys/mounts/c {"type":"kv","options":"{\"version\":\"2\"}"}
        POST sys/mounts/c {"type":"kv","options":{"a":{}}}
        POST sys/mounts/c {"type":"kv","options":{"a":null,"b":true,"c":2}}
        GET sys/mounts/c
        POST sys/mounts/d {"type":"kv","config":"{\"default_lease_ttl\":\"5m\"}"}
        POST sys/mounts/d {"type":"kv","config":"default_lease_ttl=5m"}
        POST sys/mounts/d {"type":"kv","config":""}
        POST sys/mounts/d {"type":"kv","config":["a"]}
        POST sys/mounts/d {"type":"kv","config":[{"default_lease_ttl":"5m"},{"max_lease_ttl":"6m"}]}
        GET sys/mounts/d
        POST sys/mounts/e {"type":"kv","local":"frob"}
        POST sys/mounts/e {"type":"kv","seal_wrap":2}
        POST sys/mounts/e {"type":["kv"]}
        POST sys/mounts/e {"type":5}
        POST sys/mounts/e {"type":"kv","description":["a"]}
        POST sys/mounts/e {"type":"kv","path":"zz","local":null,"options":null,"config":null,"description":null,"seal_wrap":"1"}
        GET sys/mounts/e
        GET sys/mounts/e?local=frob
        GET sys/mounts/e?frob=1
        DELETE sys/mounts/e?local=frob
        GET sys/mounts/e/tune?options=x
        POST sys/auth/a {"type":"kubernetes","options":"a=b"}
        GET sys/auth/a
        POST sys/auth/b {"type":"kubernetes","options":"{}"}
        POST sys/auth/b {"type":"kubernetes","config":"{}"}
        POST sys/auth/b {"type":"kubernetes","config":"default_lease_ttl=5m"}
        POST sys/auth/b {"type":"kubernetes","local":"frob"}
        POST sys/auth/b {"type":"kubernetes","config":{"token_type":5}}
        "#,
    )
    .await;
}

#[tokio::test]
async fn the_config_of_a_new_mount_is_read_as_it_stands() {
    let (pair, _sandbox, _real) = vaults().await;
    tell(
        &pair,
        r#"
        POST sys/mounts/a {"type":"kv","config":{"default_lease_ttl":["a"]}}
        POST sys/mounts/a {"type":"kv","config":{"default_lease_ttl":5.5}}
        POST sys/mounts/a {"type":"kv","config":{"default_lease_ttl":true}}
        POST sys/mounts/a {"type":"kv","config":{"force_no_cache":"true"}}
        POST sys/mounts/a {"type":"kv","config":{"force_no_cache":1}}
        POST sys/mounts/a {"type":"kv","config":{"listing_visibility":5}}
        POST sys/mounts/a {"type":"kv","config":{"listing_visibility":["a"]}}
        POST sys/mounts/a {"type":"kv","config":{"token_type":["x"]}}
        POST sys/mounts/a {"type":"kv","config":{"user_lockout_config":"x"}}
        POST sys/mounts/a {"type":"kv","config":{"audit_non_hmac_request_keys":{"a":"b"}}}
        POST sys/mounts/a {"type":"kv","config":{"passthrough_request_headers":{}}}
        POST sys/mounts/a {"type":"kv","config":{"passthrough_request_headers":5}}
        POST sys/mounts/a {"type":"kv","config":{"passthrough_request_headers":[1,true]}}
        POST sys/mounts/a {"type":"kv","config":{"max_lease_ttl":"-5m"}}
        POST sys/mounts/a {"type":"kv","config":{"max_lease_ttl":-1,"default_lease_ttl":"1h"}}
        POST sys/mounts/a {"type":"kv","config":{"max_lease_ttl":"system","default_lease_ttl":"2764801s"}}
        POST sys/auth/a {"type":"jwt","config":{"default_lease_ttl":["a"]}}
        POST sys/mounts/a {"type":"kv","config":{"passthrough_request_headers":"a,b","allowed_response_headers":[1,2],"plugin_name":"x"}}
        POST sys/mounts/b {"type":"kv","config":{"passthrough_request_headers":null,"default_lease_ttl":null,"force_no_cache":null,"listing_visibility":null}}
        POST sys/mounts/c {"type":"kv","config":{"default_lease_ttl":"-5m"}}
        GET sys/mounts
        GET sys/mounts/c/tune
        "#,
    )
    .await;
}

#[tokio::test]
async fn fields_of_a_mount_that_is_tuned_are_read_by_their_kind() {
    let (pair, _sandbox, _real) = vaults().await;
    tell(
        &pair,
        r#"
        POST sys/mounts/a {"type":"kv"}
        POST sys/mounts/a/tune {"options":"a"}
        POST sys/mounts/a/tune {"options":"frob=1"}
        GET sys/mounts/a/tune
        POST sys/mounts/a/tune {"options":"version=2","bogus":1}
        GET sys/mounts/a/tune
        POST sys/mounts/a/tune {"options":"version=1"}
        POST sys/mounts/a/tune {"options":null,"default_lease_ttl":null,"listing_visibility":null}
        POST sys/mounts/a/tune {"token_type":null}
        POST sys/mounts/a/tune {"token_type":["x"]}
        POST sys/mounts/a/tune {"max_lease_ttl":["a"]}
        POST sys/mounts/nope/tune {"max_lease_ttl":["a"]}
        POST sys/mounts/a/tune {"listing_visibility":["a"]}
        POST sys/mounts/a/tune {"listing_visibility":5}
        POST sys/mounts/a/tune {"description":["x"]}
        POST sys/mounts/a/tune {"user_lockout_config":"1"}
        POST sys/mounts/a/tune {"passthrough_request_headers":{"a":"b"}}
        POST sys/mounts/a/tune {"passthrough_request_headers":5,"allowed_response_headers":"x, y,,z","description":5}
        GET sys/mounts/a/tune
        POST sys/mounts/a/tune {"passthrough_request_headers":[true,null,1],"allowed_response_headers":["x,y",""," z "]}
        GET sys/mounts/a/tune
        POST sys/mounts/a/tune {"allowed_response_headers":null,"description":null}
        GET sys/mounts/a/tune
        POST sys/mounts/a/tune {"max_lease_ttl":true}
        GET sys/mounts/a/tune
        "#,
    )
    .await;
}

#[tokio::test]
async fn a_time_below_nothing_is_kept() {
    let (pair, _sandbox, _real) = vaults().await;
    tell(
        &pair,
        r#"
        POST sys/mounts/a {"type":"kv"}
        POST sys/mounts/a/tune {"max_lease_ttl":-1}
        GET sys/mounts/a/tune
        GET sys/mounts/a
        POST sys/mounts/a/tune {"max_lease_ttl":"-5m","default_lease_ttl":"-1h"}
        GET sys/mounts/a/tune
        POST a/x {"a":"b"}
        POST a/y {"a":"b","ttl":"5m"}
        GET a/x
        GET a/y
        POST sys/mounts/a/tune {"default_lease_ttl":"-5s"}
        POST sys/mounts/a/tune {"default_lease_ttl":5}
        POST sys/mounts/a/tune {"default_lease_ttl":0}
        GET sys/mounts/a
        POST sys/auth/a {"type":"jwt"}
        POST sys/auth/a/tune {"max_lease_ttl":-5}
        GET sys/auth/a
        "#,
    )
    .await;
}

#[tokio::test]
async fn another_version_of_a_plugin_is_refused() {
    let (pair, _sandbox, _real) = vaults().await;
    tell(
        &pair,
        r#"
        POST sys/auth/a {"type":"kubernetes","config":{"plugin_version":"1"}}
        POST sys/auth/a {"type":"kubernetes","config":{"plugin_version":"frob"}}
        POST sys/auth/a {"type":"kubernetes","config":{"plugin_version":""}}
        POST sys/auth/b {"type":"kubernetes","plugin_version":"1"}
        POST sys/auth/c {"type":"frob","config":{"plugin_version":"1.2"}}
        POST sys/auth/c {"type":"token","config":{"plugin_version":"1.2"}}
        POST sys/auth/a {"type":"jwt","config":{"plugin_version":"1.2"}}
        POST sys/auth/c {"type":"jwt","config":{"plugin_version":"x","token_type":"x"}}
        POST sys/auth/c {"type":"jwt","config":{"plugin_version":"x","default_lease_ttl":"x"}}
        POST sys/auth/c {"type":"jwt","config":{"plugin_version":"v1.2.3-beta"}}
        POST sys/auth/c {"type":"jwt","config":{"plugin_version":1}}
        POST sys/mounts/a {"type":"kv","config":{"plugin_version":"1"}}
        POST sys/mounts/a {"type":"kv","config":{"plugin_version":"frob"}}
        POST sys/mounts/a {"type":"kv-v2","config":{"plugin_version":"1"}}
        POST sys/mounts/a {"type":"frob","config":{"plugin_version":"1"}}
        POST sys/mounts/a {"type":"cubbyhole","config":{"plugin_version":"1"}}
        POST sys/mounts/secret {"type":"kv","config":{"plugin_version":"1"}}
        POST sys/mounts/a {"type":"kv","config":{"plugin_version":"x","listing_visibility":"x"}}
        POST sys/mounts/a {"config":{"plugin_version":"x"}}
        POST sys/mounts/a {"type":"kv","plugin_version":"v9"}
        GET sys/mounts/a
        POST sys/mounts/a/tune {"plugin_version":""}
        POST sys/mounts/a/tune {"plugin_version":"frob"}
        POST sys/mounts/a/tune {"plugin_version":"1"}
        POST sys/mounts/sys/tune {"plugin_version":"1"}
        POST sys/auth/token/tune {"plugin_version":"1"}
        POST sys/auth/a/tune {"plugin_version":"1","description":"x"}
        GET sys/auth/a
        "#,
    )
    .await;
}

#[tokio::test]
async fn metadata_of_a_namespace_are_no_text() {
    let (pair, _sandbox, _real) = vaults().await;
    tell(
        &pair,
        r#"
        POST sys/namespaces/a {"custom_metadata":"a=b"}
        POST sys/namespaces/a {"custom_metadata":"{\"a\":\"b\"}"}
        POST sys/namespaces/a {"custom_metadata":["a=b"]}
        POST sys/namespaces/a {"custom_metadata":5}
        POST sys/namespaces/a {"custom_metadata":{"a":null}}
        POST sys/namespaces/a {"custom_metadata":{"a":true}}
        POST sys/namespaces/a {"custom_metadata":[{"a":"b"}],"frob":1,"path":"x"}
        POST sys/namespaces/a/x {"custom_metadata":"a"}
        POST sys/namespaces/root {"custom_metadata":"a"}
        PATCH sys/namespaces/a {"custom_metadata":"a=b"}
        PATCH sys/namespaces/a {"custom_metadata":null}
        PATCH sys/namespaces/a {"custom_metadata":[{"x":"y"}],"frob":1}
        PATCH sys/namespaces/none {"custom_metadata":"a"}
        GET sys/namespaces/a?custom_metadata=a
        GET sys/namespaces/a?frob=a
        POST sys/namespaces/a {"custom_metadata":null}
        DELETE sys/namespaces/none?frob=a
        "#,
    )
    .await;
}
