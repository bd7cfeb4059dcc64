//! The config and roles of the auth method `kubernetes`, as they are written, read and refused.

use super::generated::agree;
use super::pair::{Ask, Pair};
use super::story::tell;
use super::{support, vaults};
use proptest::prelude::*;
use serde_json::{Value, json};

async fn mounted() -> (Pair, keyfleet::sandbox::vault::Vault, support::Vault) {
    let (pair, sandbox, real) = vaults().await;
    tell(
        &pair,
        r#"POST sys/auth/k {"type":"kubernetes"}
        POST sys/auth/j {"type":"jwt"}"#,
    )
    .await;
    (pair, sandbox, real)
}

#[tokio::test]
async fn the_config_is_replaced_as_a_whole() {
    let (pair, _sandbox, _real) = mounted().await;
    tell(
        &pair,
        r#"
        GET auth/k/config
        DELETE auth/k/config
        LIST auth/k/config
        GET auth/k/nope
        GET auth/k
        GET auth/k/
        GET auth/k/login
        DELETE auth/k/login
        POST auth/k/config
        POST auth/k/config {}
        POST auth/k/config {"kubernetes_host":"x"}
        GET auth/k/config
        POST auth/k/config {"kubernetes_host":"x","disable_local_ca_jwt":true}
        POST auth/k/config {"kubernetes_host":"x","disable_local_ca_jwt":true,"kubernetes_ca_cert":"junk","bogus":1}
        GET auth/k/config
        GET auth/k/config?x=1
        GET auth/k/config?pem_keys=1
        POST auth/k/config {"kubernetes_host":"x","kubernetes_ca_cert":"junk","pem_keys":"junk"}
        POST auth/k/config {"kubernetes_host":"x","pem_keys":"junk"}
        POST auth/k/config {"kubernetes_host":["x"]}
        POST auth/k/config {"kubernetes_host":{"x":[1,{"y":null}]}}
        POST auth/k/config {"kubernetes_host":"x","disable_local_ca_jwt":"foo"}
        POST auth/k/config {"kubernetes_host":"x","disable_local_ca_jwt":[]}
        POST auth/k/config {"kubernetes_host":"x","pem_keys":{"a":1}}
        POST auth/k/config {"kubernetes_host":"x","pem_keys":["a",[],{}]}
        POST auth/k/config {"kubernetes_host":5,"disable_local_ca_jwt":1,"kubernetes_ca_cert":true,"issuer":null,"disable_iss_validation":null,"token_reviewer_jwt":"a","pem_keys":null,"use_annotations_as_alias_metadata":"t"}
        GET auth/k/config
        POST auth/k/config {"kubernetes_host":"y","kubernetes_ca_cert":"junk","token_reviewer_jwt":""}
        GET auth/k/config
        PATCH auth/k/config {"kubernetes_host":"z"}
        PATCH auth/k/role/a {"kubernetes_host":"z"}
        PUT auth/k/config {"kubernetes_host":"z","kubernetes_ca_cert":"junk","issuer":"i","disable_iss_validation":false}
        GET auth/k/config
        nobody GET auth/k/config
        "#,
    )
    .await;
}

#[tokio::test]
async fn a_role_is_changed_by_what_is_sent() {
    let (pair, _sandbox, _real) = mounted().await;
    tell(
        &pair,
        r#"
        LIST auth/k/role
        LIST auth/k/role/
        GET auth/k/role
        GET auth/k/role/
        GET auth/k/role?list=true
        GET auth/k/role?list=true&x=1
        POST auth/k/role {}
        POST auth/k/role/ {}
        POST auth/k/role/a/b {}
        POST auth/k/role/-a {}
        GET auth/k/role/a%20b
        GET auth/k/role/a-
        GET auth/k/role/a-b.c
        DELETE auth/k/role/nope
        POST auth/k/role/Web {}
        POST auth/k/role/Web
        POST auth/k/role/Web {"bound_service_account_names":"a"}
        POST auth/k/role/Web {"bound_service_account_names":"a,*","bound_service_account_namespaces":"b"}
        POST auth/k/role/Web {"bound_service_account_names":"a","bound_service_account_namespaces":"b,*"}
        POST auth/k/role/Web {"bound_service_account_names":"a","bound_service_account_namespaces":"b","alias_name_source":"x"}
        POST auth/k/role/Web {"bound_service_account_names":"a","bound_service_account_namespaces":"b","token_type":"x"}
        POST auth/k/role/Web {"bound_service_account_names":"a","bound_service_account_namespaces":"b","token_type":"default-batch"}
        POST auth/k/role/Web {"bound_service_account_names":"a","bound_service_account_namespaces":"b","token_bound_cidrs":"x"}
        POST auth/k/role/Web {"bound_service_account_names":"a","bound_service_account_namespaces":"b","bound_cidrs":"x"}
        POST auth/k/role/Web {"bound_service_account_names":"a","bound_service_account_namespaces":"b","bound_cidrs":[""]}
        POST auth/k/role/Web {"bound_service_account_names":"a","bound_service_account_namespaces":"b","token_bound_cidrs":"10.0.0.1/8,1.2.3.4,::1,fe80::/64,10.0.0.1/32,::1/128","token_strictly_bind_ip":false}
        GET auth/k/role/Web
        POST auth/k/role/Web {"token_strictly_bind_ip":true}
        POST auth/k/role/Web {"token_period":"9999h"}
        POST auth/k/role/Web {"period":"9999h"}
        POST auth/k/role/Web {"token_max_ttl":"9999h","bogus":1,"name":"x"}
        POST auth/k/role/Web {"token_ttl":"1h","token_max_ttl":"30m"}
        POST auth/k/role/Web {"ttl":"1h","max_ttl":"30m"}
        POST auth/k/role/Web {"token_type":"batch","token_period":"1h"}
        POST auth/k/role/Web {"token_type":"batch","token_num_uses":2}
        POST auth/k/role/Web {"bound_service_account_namespace_selector":"junk"}
        POST auth/k/role/Web {"bound_service_account_namespace_selector":"{\"matchExpressions\":[]}"}
        POST auth/k/role/Web {"bound_service_account_namespace_selector":"{\"matchLabels\":{\"a\":\"b\"}}","ttl":60,"max_ttl":120,"period":10,"num_uses":3,"policies":"Def, x,x","bound_cidrs":"1.2.3.4","audience":"vault"}
        GET auth/k/role/Web
        GET auth/k/role/web?x=1
        POST auth/k/role/Web {"token_ttl":61,"ttl":5,"token_policies":["Z"," y "],"policies":["q"],"bound_cidrs":"junk","token_bound_cidrs":[]}
        GET auth/k/role/Web
        POST auth/k/role/Web {"token_ttl":0,"token_policies":[],"token_period":0,"token_bound_cidrs":[],"token_num_uses":0,"token_max_ttl":0,"audience":"","alias_name_source":""}
        POST auth/k/role/Web {"token_ttl":0,"token_policies":[],"token_period":0,"token_bound_cidrs":[],"token_num_uses":0,"token_max_ttl":0,"audience":""}
        GET auth/k/role/Web
        POST auth/k/role/Web {"num_uses":-1}
        GET auth/k/role/Web
        POST auth/k/role/Web {}
        POST auth/k/role/Web {"token_num_uses":0}
        POST auth/k/role/Web {"policies":"a,ROOT"}
        GET auth/k/role/Web
        POST auth/k/role/sel {"bound_service_account_names":"a","bound_service_account_namespace_selector":"{\"matchLabels\":{\"a\":\"b\"}}"}
        GET auth/k/role/sel
        POST auth/k/role/sel {"bound_service_account_namespaces":[]}
        POST auth/k/role/b {"bound_service_account_names":["*"],"bound_service_account_namespaces":["*"],"alias_name_source":"serviceaccount_name"}
        GET auth/k/role/B
        LIST auth/k/role
        LIST auth/k/role?after=b
        LIST auth/k/role?after=b&limit=1
        LIST auth/k/role?after=zzz
        LIST auth/k/role?limit=x
        GET auth/k/role?list=true&x=1
        SCAN auth/k/role
        DELETE auth/k/role/web
        GET auth/k/role/Web
        LIST auth/k/role
        nobody GET auth/k/role/b
        nobody POST auth/k/role/b {}
        "#,
    )
    .await;
}

/// Values that a field may meet, whatever its kind.
pub(super) fn odd() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        prop_oneof![
            Just(0),
            Just(1),
            Just(7),
            Just(-1),
            Just(3600),
            Just(99_999_999_999_i64)
        ]
        .prop_map(Value::from),
        Just(json!(1.5)),
        prop::sample::select(vec![
            "",
            "0",
            "1",
            "-1",
            "x",
            "1h",
            "90m",
            "1h30m",
            "1.5h",
            "2d",
            "xd",
            "10",
            "010",
            "0x1f",
            "1ms",
            "-5s",
            " 5",
            "5 ",
            "true",
            "false",
            "T",
            "yes",
            "a,b",
            " a , b,,",
            ",",
            "*",
            "default",
            "service",
            "batch",
            "root",
            "A",
            "10.0.0.0/8",
            "127.0.0.1",
            "::1",
        ])
        .prop_map(Value::from),
        prop::sample::select(vec![
            json!([]),
            json!({}),
            json!(["a", " b ", ""]),
            json!([1, true, null]),
            json!(["a,b"]),
            json!([["a"]]),
            json!([{"a": 1}]),
            json!({"a": "b"}),
            json!({"a": [1, "x", {"b": null}]}),
            json!(["*"]),
            json!(["127.0.0.1/8", "::1/128"]),
        ]),
    ]
}

/// At most one field that may be of a wrong kind, since a real server looks at them in an order of its own; the others are
/// plainly right.
fn body(odd_names: &'static [&'static str]) -> impl Strategy<Value = Value> {
    let odd = prop::option::weighted(0.7, (prop::sample::select(odd_names), odd()));
    let seconds = prop::sample::select(vec![
        json!(0),
        json!("1h"),
        json!(60),
        json!("2m"),
        json!("900h"),
    ]);
    let names = prop::sample::select(vec![
        json!("a"),
        json!(["a", "b*"]),
        json!("*"),
        json!("a,*"),
    ]);
    let right = prop::collection::vec(
        prop_oneof![
            (
                prop::sample::select(vec![
                    "token_ttl",
                    "token_max_ttl",
                    "ttl",
                    "max_ttl",
                    "period",
                    "token_period"
                ]),
                seconds
            )
                .boxed(),
            (
                prop::sample::select(vec![
                    "policies",
                    "token_policies",
                    "bound_service_account_names",
                    "bound_service_account_namespaces"
                ]),
                names
            )
                .boxed(),
            (
                Just("audience"),
                prop::sample::select(vec![json!("vault"), json!("")])
            )
                .boxed(),
            (
                Just("token_type"),
                prop::sample::select(vec![json!("batch"), json!("service"), json!("default")])
            )
                .boxed(),
            (
                Just("token_num_uses"),
                prop::sample::select(vec![json!(0), json!(3)])
            )
                .boxed(),
        ],
        0..4,
    );
    (right, odd, any::<bool>()).prop_map(|(right, odd, whole)| {
        let mut body = serde_json::Map::new();
        if whole {
            body.insert("bound_service_account_names".to_owned(), json!("a"));
            body.insert("bound_service_account_namespaces".to_owned(), json!("n"));
        }
        let fields = right.into_iter().chain(odd);
        body.extend(fields.map(|(name, value)| (name.to_owned(), value)));
        body.into()
    })
}

const OF_ROLES: &[&str] = &[
    "alias_name_source",
    "audience",
    "bogus",
    "bound_cidrs",
    "bound_service_account_names",
    "bound_service_account_namespaces",
    "max_ttl",
    "name",
    "num_uses",
    "period",
    "policies",
    "token_bound_cidrs",
    "token_explicit_max_ttl",
    "token_max_ttl",
    "token_no_default_policy",
    "token_num_uses",
    "token_period",
    "token_policies",
    "token_strictly_bind_ip",
    "token_ttl",
    "token_type",
    "ttl",
];

const OF_CONFIGS: &[&str] = &[
    "bogus",
    "disable_iss_validation",
    "disable_local_ca_jwt",
    "issuer",
    "kubernetes_ca_cert",
    "kubernetes_host",
    "pem_keys",
    "token_reviewer_jwt",
    "use_annotations_as_alias_metadata",
];

fn config() -> impl Strategy<Value = Value> {
    let odd = prop::option::of((prop::sample::select(OF_CONFIGS), odd()));
    (any::<bool>(), any::<bool>(), odd).prop_map(|(host, ca, odd)| {
        let mut body = serde_json::Map::new();
        if host {
            body.insert("kubernetes_host".to_owned(), json!("https://a"));
        }
        if ca {
            body.insert("kubernetes_ca_cert".to_owned(), json!("junk"));
        }
        body.extend(odd.map(|(name, value)| (name.to_owned(), value)));
        body.into()
    })
}

fn step() -> impl Strategy<Value = Ask> {
    let role = || prop::sample::select(vec!["{scope}-a", "{scope}-A", "{scope}-b"]);
    let path = move || role().prop_map(|name| format!("/v1/auth/k/role/{name}"));
    prop_oneof![
        6 => (path(), body(OF_ROLES)).prop_map(|(path, body)| Ask::new("POST", &path).json(body)),
        4 => path().prop_map(|path| Ask::new("GET", &path)),
        1 => path().prop_map(|path| Ask::new("DELETE", &path)),
        1 => Just(Ask::new("LIST", "/v1/auth/k/role")),
        1 => Just(Ask::new("GET", "/v1/auth/k/config")),
        2 => config().prop_map(|body| Ask::new("POST", "/v1/auth/k/config").json(body)),
    ]
}

#[test]
fn configs_and_roles_agree_in_sequences() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let (pair, _sandbox, _real) = runtime.block_on(mounted());
    agree(&runtime, &pair, prop::collection::vec(step(), 2..10));
}
