//! The config and roles of the auth method `jwt`, as they are written, read and refused.

use super::auth_kubernetes::odd;
use super::generated::agree;
use super::pair::{Ask, Pair};
use super::story::tell;
use super::{support, vaults};
use proptest::prelude::*;
use serde_json::{Value, json};

async fn mounted() -> (Pair, keyfleet::sandbox::vault::Vault, support::Vault) {
    let (pair, sandbox, real) = vaults().await;
    let key = rcgen::KeyPair::generate().unwrap().public_key_pem();
    pair.set("key", key.trim());
    tell(&pair, r#"POST sys/auth/j {"type":"jwt"}"#).await;
    (pair, sandbox, real)
}

#[tokio::test]
async fn the_config_says_where_the_keys_are() {
    let (pair, _sandbox, _real) = mounted().await;
    tell(
        &pair,
        r#"
        GET auth/j/config
        DELETE auth/j/config
        nobody POST auth/j/login {}
        POST auth/j/config {}
        POST auth/j/config {"jwt_validation_pubkeys":"junk"}
        POST auth/j/config {"jwt_validation_pubkeys":"{key}","jwks_url":"http://x"}
        POST auth/j/config {"jwt_validation_pubkeys":"{key}","oidc_client_id":"http://x"}
        POST auth/j/config {"jwt_validation_pubkeys":"{key}","oidc_client_id":"x","oidc_client_secret":"y"}
        POST auth/j/config {"jwt_validation_pubkeys":"{key}","jwt_supported_algs":"x"}
        POST auth/j/config {"jwt_validation_pubkeys":"{key}","jwt_supported_algs":"ES256, RS256","bogus":1}
        GET auth/j/config
        GET auth/j/config?x=1
        POST auth/j/config {"jwt_validation_pubkeys":"{key}","oidc_response_types":"x,code"}
        POST auth/j/config {"jwt_validation_pubkeys":"{key}","oidc_response_types":"id_token"}
        POST auth/j/config {"jwt_validation_pubkeys":"{key}","oidc_response_types":"id_token","oidc_response_mode":"form_post"}
        GET auth/j/config
        POST auth/j/config {"jwt_validation_pubkeys":"{key}","oidc_response_mode":"x"}
        POST auth/j/config {"jwt_validation_pubkeys":"{key}","provider_config":{"a":1}}
        POST auth/j/config {"jwt_validation_pubkeys":"{key}","provider_config":{"provider":"x"}}
        POST auth/j/config {"jwt_validation_pubkeys":"{key}","provider_config":"x"}
        POST auth/j/config {"jwt_validation_pubkeys":"{key}","provider_config":7}
        POST auth/j/config {"jwt_validation_pubkeys":"{key}","default_role":"Web","bound_issuer":"i","namespace_in_state":false}
        GET auth/j/config
        POST auth/j/config {"jwt_validation_pubkeys":["{key}","{key}"]}
        GET auth/j/config
        POST auth/j/config {"jwt_validation_pubkeys":["{key}","{key}\njunk"]}
        POST auth/j/config {"jwks_url":"http://127.0.0.1:1/x"}
        POST auth/j/config {"jwks_url":"http://127.0.0.1:1/x","jwks_ca_pem":"junk"}
        POST auth/j/config {"oidc_discovery_url":"http://127.0.0.1:1/x/.well-known/openid-configuration"}
        POST auth/j/config {"oidc_discovery_url":"http://127.0.0.1:1/x","oidc_discovery_ca_pem":"junk"}
        GET auth/j/config
        POST auth/j/config {"jwks_url":"http://127.0.0.1:1/x","skip_jwks_validation":true}
        GET auth/j/config
        "#,
    )
    .await;
}

#[tokio::test]
async fn a_role_says_what_a_token_must_say() {
    let (pair, _sandbox, _real) = mounted().await;
    tell(
        &pair,
        r#"
        LIST auth/j/role
        GET auth/j/role/x
        POST auth/j/role/Web {}
        POST auth/j/role/Web {"role_type":"x"}
        POST auth/j/role/Web {"role_type":"jwt"}
        POST auth/j/role/Web {"role_type":"jwt","user_claim":"sub"}
        POST auth/j/role/Web {"user_claim":"sub"}
        POST auth/j/role/Web {"role_type":"jwt","user_claim":"sub","bound_subject":"s"}
        GET auth/j/role/Web
        POST auth/j/role/Web {"role_type":"jwt","bound_claims_type":"x"}
        POST auth/j/role/Web {"role_type":"jwt","bound_claims_type":null}
        POST auth/j/role/Web {"role_type":"jwt","bound_claims_type":"glob","bound_claims":{"a":1}}
        POST auth/j/role/Web {"role_type":"jwt","bound_claims_type":"glob","bound_claims":{"a":[1]}}
        POST auth/j/role/Web {"role_type":"jwt","bound_claims_type":"glob","bound_claims":{"a":{"b":1}}}
        POST auth/j/role/Web {"role_type":"jwt","bound_claims_type":"glob","bound_claims":{"a":"x*"}}
        GET auth/j/role/Web
        POST auth/j/role/Web {"role_type":"jwt","bound_claims":"x"}
        POST auth/j/role/Web {"role_type":"jwt","bound_claims":[]}
        GET auth/j/role/Web
        POST auth/j/role/Web {"role_type":"jwt","bound_claims":[{"a":1}]}
        GET auth/j/role/Web
        POST auth/j/role/Web {"role_type":"jwt","claim_mappings":{"a":"role"}}
        POST auth/j/role/Web {"role_type":"jwt","claim_mappings":{"a":"x","b":"x"}}
        POST auth/j/role/Web {"role_type":"jwt","claim_mappings":"a=b"}
        GET auth/j/role/Web
        POST auth/j/role/Web {"role_type":"jwt","claim_mappings":["a=b","c=d"]}
        GET auth/j/role/Web
        POST auth/j/role/Web {"role_type":"jwt","claim_mappings":["ab"]}
        POST auth/j/role/Web {"role_type":"jwt","claim_mappings":{"a":1}}
        GET auth/j/role/Web
        POST auth/j/role/Web {"role_type":"jwt","oauth2_metadata":"x"}
        POST auth/j/role/Web {"role_type":"jwt","oauth2_metadata":"id_token"}
        POST auth/j/role/Web {"role_type":"jwt","callback_mode":"x"}
        POST auth/j/role/Web {"role_type":"jwt","expiration_leeway":-1,"not_before_leeway":"1m","clock_skew_leeway":"-5s","bound_audiences":"a, b","bound_claims":{"x":"y","n":1,"l":["q",2]},"claim_mappings":{"/a":"b"},"user_claim_json_pointer":"t","groups_claim":"g","verbose_oidc_logging":true,"max_age":5,"token_max_ttl":"9999h","bogus":1,"poll_interval":3,"oidc_scopes":"a","allowed_redirect_uris":"b","name":"q"}
        GET auth/j/role/Web
        GET auth/j/role/web
        POST auth/j/role/Web {"role_type":"jwt","ttl":"1h","max_ttl":"1m"}
        POST auth/j/role/Web {"role_type":"jwt","period":"9999h"}
        POST auth/j/role/Web {"role_type":"jwt","bound_claims":null,"claim_mappings":null,"bound_audiences":null,"expiration_leeway":null,"bound_subject":null}
        POST auth/j/role/Web {"role_type":"jwt","bound_claims":{},"claim_mappings":{},"bound_audiences":[],"bound_subject":"z"}
        GET auth/j/role/Web
        POST auth/j/role/Web {"allowed_redirect_uris":"x"}
        GET auth/j/role/Web
        LIST auth/j/role
        DELETE auth/j/role/WEB
        GET auth/j/role/Web
        "#,
    )
    .await;
}

const OF_ROLES: &[&str] = &[
    "allowed_redirect_uris",
    "bogus",
    "bound_audiences",
    "bound_claims",
    "bound_claims_type",
    "bound_cidrs",
    "bound_subject",
    "callback_mode",
    "claim_mappings",
    "clock_skew_leeway",
    "expiration_leeway",
    "groups_claim",
    "max_age",
    "max_ttl",
    "name",
    "not_before_leeway",
    "num_uses",
    "oauth2_metadata",
    "oidc_disable_confirmation",
    "oidc_scopes",
    "period",
    "policies",
    "poll_interval",
    "role_type",
    "token_bound_cidrs",
    "token_explicit_max_ttl",
    "token_max_ttl",
    "token_num_uses",
    "token_period",
    "token_policies",
    "token_ttl",
    "token_type",
    "ttl",
    "user_claim",
    "user_claim_json_pointer",
    "verbose_oidc_logging",
];

fn body() -> impl Strategy<Value = Value> {
    let odds = prop::option::weighted(0.8, (prop::sample::select(OF_ROLES), odd()));
    let right = prop::collection::vec(
        prop::sample::select(vec![
            ("bound_audiences", json!("a,b")),
            ("bound_claims", json!({"a": ["b", 1]})),
            ("bound_claims_type", json!("glob")),
            ("token_ttl", json!("1h")),
            ("max_ttl", json!(1800)),
            ("token_type", json!("batch")),
            ("policies", json!("a,b")),
        ]),
        0..3,
    );
    (any::<bool>(), right, odds).prop_map(|(whole, right, odd)| {
        let mut body = serde_json::Map::new();
        body.insert("role_type".to_owned(), json!("jwt"));
        if whole {
            body.insert("user_claim".to_owned(), json!("sub"));
            body.insert("bound_subject".to_owned(), json!("s"));
        }
        let fields = right.into_iter().chain(odd);
        body.extend(fields.map(|(name, value)| (name.to_owned(), value)));
        body.into()
    })
}

const OF_CONFIGS: &[&str] = &[
    "bogus",
    "bound_issuer",
    "default_role",
    "jwt_supported_algs",
    "namespace_in_state",
    "oidc_client_id",
    "oidc_client_secret",
    "oidc_response_mode",
    "oidc_response_types",
    "provider_config",
];

fn config() -> impl Strategy<Value = Value> {
    let odd = prop::option::of((prop::sample::select(OF_CONFIGS), odd()));
    (any::<bool>(), odd).prop_map(|(key, odd)| {
        let mut body = serde_json::Map::new();
        if key {
            body.insert("jwt_validation_pubkeys".to_owned(), json!("{key}"));
        }
        body.extend(odd.map(|(name, value)| (name.to_owned(), value)));
        body.into()
    })
}

fn step() -> impl Strategy<Value = Ask> {
    let role = || prop::sample::select(vec!["{scope}-a", "{scope}-A", "{scope}-b"]);
    let path = move || role().prop_map(|name| format!("/v1/auth/j/role/{name}"));
    prop_oneof![
        6 => (path(), body()).prop_map(|(path, body)| Ask::new("POST", &path).json(body)),
        4 => path().prop_map(|path| Ask::new("GET", &path)),
        1 => path().prop_map(|path| Ask::new("DELETE", &path)),
        1 => Just(Ask::new("LIST", "/v1/auth/j/role?limit=3")),
        1 => Just(Ask::new("GET", "/v1/auth/j/config")),
        2 => config().prop_map(|body| Ask::new("POST", "/v1/auth/j/config").json(body)),
    ]
}

#[test]
fn configs_and_roles_agree_in_sequences() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let (pair, _sandbox, _real) = runtime.block_on(mounted());
    agree(&runtime, &pair, prop::collection::vec(step(), 2..10));
}
