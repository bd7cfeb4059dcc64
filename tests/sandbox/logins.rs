//! Service accounts of a real cluster log in to both Vaults, which both ask that cluster.

use super::pair::Pair;
use super::story::tell;
use super::support::{Cluster, ControlPlane};
use super::vaults;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use std::fs;

/// A cluster with two accounts of which `good` may ask for reviews.
async fn cluster(pair: &Pair) -> (ControlPlane, Cluster) {
    let plane = ControlPlane::start().await;
    let cluster = plane.cluster("east").await;
    cluster.create_namespace("apps").await;
    cluster.create_service_account("apps", "good").await;
    cluster.create_service_account("apps", "other").await;
    let binding = json!({
        "metadata": { "name": "reviewers" },
        "roleRef": { "apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "system:auth-delegator" },
        "subjects": [{ "kind": "ServiceAccount", "name": "good", "namespace": "apps" }],
    });
    let path = "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings";
    cluster.create(path, binding).await;
    let good = cluster.token_request("apps", "good").await;
    let other = cluster.token_request("apps", "other").await;
    let special = audience(&cluster, "vault").await;
    let key = fs::read_to_string(cluster.folder().join("accounts.pub")).unwrap();
    pair.set("server", cluster.server());
    pair.set("ca", &cluster.ca_pem());
    pair.set("key", key.trim());
    pair.set("good", &good);
    pair.set("other", &other);
    pair.set("special", &special);
    pair.set("forged", &forged(&good));
    pair.set("unsigned", &unsigned(&good));
    pair.set("admin", cluster.admin_token());
    (plane, cluster)
}

async fn audience(cluster: &Cluster, audience: &str) -> String {
    let path = "/api/v1/namespaces/apps/serviceaccounts/good/token";
    let spec = json!({ "spec": { "audiences": [audience], "expirationSeconds": 3600 } });
    let made = cluster.create(path, spec).await;
    made["status"]["token"].as_str().unwrap().to_owned()
}

fn parts(jwt: &str) -> [String; 3] {
    let parts: Vec<String> = jwt.split('.').map(str::to_owned).collect();
    parts.try_into().unwrap()
}

/// Says that it is another account, with the signature of before.
fn forged(jwt: &str) -> String {
    let [header, claims, signature] = parts(jwt);
    let claims = URL_SAFE_NO_PAD.decode(claims).unwrap();
    let mut claims: Value = serde_json::from_slice(&claims).unwrap();
    claims["kubernetes.io"]["serviceaccount"]["name"] = "admin".into();
    claims["sub"] = "system:serviceaccount:apps:admin".into();
    let claims = URL_SAFE_NO_PAD.encode(claims.to_string());
    format!("{header}.{claims}.{signature}")
}

fn unsigned(jwt: &str) -> String {
    let [_, claims, _] = parts(jwt);
    let header = URL_SAFE_NO_PAD.encode(r#"{"alg":"none"}"#);
    format!("{header}.{claims}.")
}

#[tokio::test]
async fn a_service_account_logs_in_when_its_cluster_says_so() {
    let (pair, _sandbox, _real) = vaults().await;
    let (_plane, cluster) = cluster(&pair).await;
    tell(
        &pair,
        r#"
        POST sys/auth/k {"type":"kubernetes"}
        nobody POST auth/k/login {}
        nobody POST auth/k/login
        nobody POST auth/k/login {"role":"web"}
        nobody POST auth/k/login {"jwt":"x"}
        nobody POST auth/k/login {"role":"web","jwt":"x"}
        nobody POST auth/k/login {"role":["a"],"jwt":"x"}
        POST auth/k/role/web {"bound_service_account_names":"good","bound_service_account_namespaces":"apps","token_policies":["a","b"],"token_ttl":"1h"}
        nobody POST auth/k/login {"role":"web","jwt":"{good}"}
        nobody POST auth/k/login {"role":"web","jwt":"x"}
        POST auth/k/config {"kubernetes_host":"{server}","kubernetes_ca_cert":"{ca}","disable_local_ca_jwt":true}
        nobody POST auth/k/login {"role":"web","jwt":"x"}
        nobody POST auth/k/login {"role":"web","jwt":"a.b.c"}
        nobody POST auth/k/login {"role":"web","jwt":"{unsigned}"}
        nobody POST auth/k/login {"role":"web","jwt":"{forged}"}
        nobody POST auth/k/login {"role":"web","jwt":"{other}"}
        nobody POST auth/k/login {"role":"web","jwt":"{admin}"}
        nobody POST auth/k/login {"role":"web","jwt":"{special}"}
        nobody POST auth/k/login {"role":"WEB","jwt":"{good}","bogus":1} => t /auth/client_token, a /auth/accessor
        by {t} GET auth/token/lookup-self
        POST auth/token/lookup-accessor {"accessor":"{a}"}
        by {t} POST auth/token/renew-self {}
        by {t} POST auth/token/revoke-self
        nobody wrap 60 POST auth/k/login {"role":"web","jwt":"{good}"} => w /wrap_info/token
        POST sys/wrapping/unwrap {"token":"{w}"}
        nobody wrap 60 POST auth/k/login {"role":"web","jwt":"{other}"}
        by {t} GET auth/token/lookup-self
        POST auth/k/role/name {"bound_service_account_names":"g*d","bound_service_account_namespaces":"*","alias_name_source":"serviceaccount_name","token_type":"batch","token_no_default_policy":true,"token_policies":"x"}
        nobody POST auth/k/login {"role":"name","jwt":"{good}"} => t /auth/client_token
        by {t} GET auth/token/lookup-self
        POST auth/k/role/any {"bound_service_account_names":"*","bound_service_account_namespaces":"other,ap*","token_num_uses":2,"token_explicit_max_ttl":"2h"}
        nobody POST auth/k/login {"role":"any","jwt":"{good}"} => t /auth/client_token
        by {t} GET auth/token/lookup-self
        nobody POST auth/k/login {"role":"any","jwt":"{other}"}
        POST auth/k/role/elsewhere {"bound_service_account_names":"*","bound_service_account_namespaces":"other"}
        nobody POST auth/k/login {"role":"elsewhere","jwt":"{good}"}
        POST auth/k/role/sel {"bound_service_account_names":"*","bound_service_account_namespace_selector":"{\"matchLabels\":{\"a\":\"b\"}}"}
        nobody POST auth/k/login {"role":"sel","jwt":"{good}"}
        POST auth/k/role/cidr {"bound_service_account_names":"*","bound_service_account_namespaces":"*","token_bound_cidrs":"10.0.0.0/8"}
        nobody POST auth/k/login {"role":"cidr","jwt":"{good}"}
        POST auth/k/role/here {"bound_service_account_names":"*","bound_service_account_namespaces":"*","token_bound_cidrs":"127.0.0.0/8"}
        nobody POST auth/k/login {"role":"here","jwt":"{good}"} => t /auth/client_token
        by {t} GET auth/token/lookup-self
        POST auth/k/role/strict {"bound_service_account_names":"*","bound_service_account_namespaces":"*","token_strictly_bind_ip":true}
        nobody POST auth/k/login {"role":"strict","jwt":"{good}"} => t /auth/client_token
        by {t} GET auth/token/lookup-self
        POST auth/k/role/aud {"bound_service_account_names":"*","bound_service_account_namespaces":"*","audience":"vault","token_period":"30m"}
        nobody POST auth/k/login {"role":"aud","jwt":"{good}"}
        nobody POST auth/k/login {"role":"aud","jwt":"{special}"}
        POST auth/k/role/long {"bound_service_account_names":"*","bound_service_account_namespaces":"*","token_max_ttl":"9999h","token_ttl":"9000h"}
        nobody POST auth/k/login {"role":"long","jwt":"{good}"}
        "#,
    )
    .await;
    drop(cluster);
}

#[tokio::test]
async fn the_reviewer_is_the_one_that_was_configured() {
    let (pair, _sandbox, _real) = vaults().await;
    let (_plane, cluster) = cluster(&pair).await;
    tell(
        &pair,
        r#"
        POST sys/auth/k {"type":"kubernetes"}
        POST auth/k/role/any {"bound_service_account_names":"*","bound_service_account_namespaces":"*"}
        POST auth/k/role/aud {"bound_service_account_names":"*","bound_service_account_namespaces":"*","audience":"vault"}
        POST auth/k/config {"kubernetes_host":"{server}/","kubernetes_ca_cert":"{ca}","token_reviewer_jwt":"{good}"}
        nobody POST auth/k/login {"role":"any","jwt":"{other}"}
        nobody POST auth/k/login {"role":"any","jwt":"{special}"}
        nobody POST auth/k/login {"role":"aud","jwt":"{special}"}
        nobody POST auth/k/login {"role":"any","jwt":"{forged}"}
        POST auth/k/config {"kubernetes_host":"{server}","kubernetes_ca_cert":"{ca}","token_reviewer_jwt":"{other}"}
        nobody POST auth/k/login {"role":"any","jwt":"{good}"}
        POST auth/k/config {"kubernetes_host":"{server}","kubernetes_ca_cert":"{ca}","token_reviewer_jwt":"junk"}
        nobody POST auth/k/login {"role":"any","jwt":"{good}"}
        POST auth/k/config {"kubernetes_host":"{server}","kubernetes_ca_cert":"junk"}
        nobody POST auth/k/login {"role":"any","jwt":"{good}"}
        POST auth/k/config {"kubernetes_host":"https://127.0.0.1:1","kubernetes_ca_cert":"{ca}"}
        nobody POST auth/k/login {"role":"any","jwt":"{good}"}
        POST auth/k/config {"kubernetes_host":"nowhere","kubernetes_ca_cert":"{ca}"}
        nobody POST auth/k/login {"role":"any","jwt":"{good}"}
        POST auth/k/config {"kubernetes_host":"{server}","kubernetes_ca_cert":"{ca}","pem_keys":"{key}"}
        nobody POST auth/k/login {"role":"any","jwt":"{good}"}
        nobody POST auth/k/login {"role":"any","jwt":"{forged}"}
        POST auth/k/config {"kubernetes_host":"{server}","kubernetes_ca_cert":"{ca}","issuer":"someone","disable_iss_validation":false}
        nobody POST auth/k/login {"role":"any","jwt":"{good}"}
        POST auth/k/config {"kubernetes_host":"{server}","kubernetes_ca_cert":"{ca}","issuer":"https://kubernetes.default.svc","disable_iss_validation":false}
        nobody POST auth/k/login {"role":"any","jwt":"{good}"}
        "#,
    )
    .await;
    let (_, _) = cluster
        .api(
            "DELETE",
            "/api/v1/namespaces/apps/serviceaccounts/other",
            "",
            None,
        )
        .await;
    tell(
        &pair,
        r#"
        POST auth/k/config {"kubernetes_host":"{server}","kubernetes_ca_cert":"{ca}","token_reviewer_jwt":"{good}"}
        nobody POST auth/k/login {"role":"any","jwt":"{other}"}
        nobody POST auth/k/login {"role":"any","jwt":"{good}"}
        "#,
    )
    .await;
}

#[tokio::test]
async fn a_signed_token_is_enough_where_the_keys_are_known() {
    let (pair, _sandbox, _real) = vaults().await;
    let (_plane, _cluster) = cluster(&pair).await;
    tell(
        &pair,
        r#"
        POST sys/auth/j {"type":"jwt"}
        nobody POST auth/j/login {"role":"web","jwt":"{good}"}
        POST auth/j/config {"jwt_validation_pubkeys":"{key}"}
        nobody POST auth/j/login {}
        nobody POST auth/j/login {"role":"web","jwt":"{good}"}
        POST auth/j/role/web {"role_type":"jwt","user_claim":"sub","bound_audiences":"https://kubernetes.default.svc","token_policies":"a","token_ttl":"1h"}
        nobody POST auth/j/login {"role":"web"}
        nobody POST auth/j/login {"role":"web","jwt":"x"}
        nobody POST auth/j/login {"role":"web","jwt":"a.b.c"}
        nobody POST auth/j/login {"role":"web","jwt":"{unsigned}"}
        nobody POST auth/j/login {"role":"web","jwt":"{forged}"}
        nobody POST auth/j/login {"role":"web","jwt":"{special}"}
        nobody POST auth/j/login {"role":"WEB","jwt":"{good}"} => t /auth/client_token
        by {t} GET auth/token/lookup-self
        POST auth/j/role/bound {"role_type":"jwt","user_claim":"/kubernetes.io/serviceaccount/name","user_claim_json_pointer":true,"bound_audiences":"https://kubernetes.default.svc","bound_subject":"system:serviceaccount:apps:good","bound_claims":{"/kubernetes.io/namespace":["apps","b"],"iss":"https://kubernetes.default.svc"},"claim_mappings":{"/kubernetes.io/namespace":"ns","nope":"x"}}
        nobody POST auth/j/login {"role":"bound","jwt":"{good}"}
        nobody POST auth/j/login {"role":"bound","jwt":"{other}"}
        POST auth/j/role/bound {"role_type":"jwt","bound_claims":{"/kubernetes.io/namespace":"b"}}
        nobody POST auth/j/login {"role":"bound","jwt":"{good}"}
        POST auth/j/role/bound {"role_type":"jwt","bound_claims":{"nope":"b"}}
        nobody POST auth/j/login {"role":"bound","jwt":"{good}"}
        POST auth/j/role/bound {"role_type":"jwt","bound_claims_type":"glob","bound_claims":{"/kubernetes.io/namespace":"a*s"}}
        nobody POST auth/j/login {"role":"bound","jwt":"{good}"}
        POST auth/j/role/bound {"role_type":"jwt","claim_mappings":{"kubernetes.io":"x"}}
        nobody POST auth/j/login {"role":"bound","jwt":"{good}"}
        POST auth/j/role/bound {"role_type":"jwt","claim_mappings":{},"bound_claims":{"kubernetes.io":"x"}}
        POST auth/j/role/bound {"role_type":"jwt","user_claim":"nope"}
        nobody POST auth/j/login {"role":"bound","jwt":"{good}"}
        POST auth/j/role/bound {"role_type":"jwt","user_claim":"exp","user_claim_json_pointer":false}
        nobody POST auth/j/login {"role":"bound","jwt":"{good}"}
        POST auth/j/role/groups {"role_type":"jwt","user_claim":"sub","groups_claim":"nope","bound_subject":"system:serviceaccount:apps:good","bound_audiences":"https://kubernetes.default.svc"}
        nobody POST auth/j/login {"role":"groups","jwt":"{good}"}
        POST auth/j/role/groups {"role_type":"jwt","groups_claim":"aud"}
        nobody POST auth/j/login {"role":"groups","jwt":"{good}"}
        POST auth/j/role/groups {"role_type":"jwt","groups_claim":"kubernetes.io"}
        nobody POST auth/j/login {"role":"groups","jwt":"{good}"}
        POST auth/j/role/noaud {"role_type":"jwt","user_claim":"sub","bound_subject":"system:serviceaccount:apps:good"}
        nobody POST auth/j/login {"role":"noaud","jwt":"{good}"}
        POST auth/j/role/oidc {"user_claim":"sub","allowed_redirect_uris":"x"}
        nobody POST auth/j/login {"role":"oidc","jwt":"{good}"}
        POST auth/j/role/cidr {"role_type":"jwt","user_claim":"sub","token_bound_cidrs":"10.0.0.0/8"}
        nobody POST auth/j/login {"role":"cidr","jwt":"{good}"}
        POST auth/j/config {"jwt_validation_pubkeys":"{key}","jwt_supported_algs":"ES256","default_role":"web"}
        nobody POST auth/j/login {"jwt":"{good}"}
        POST auth/j/config {"jwt_validation_pubkeys":"{key}","bound_issuer":"someone"}
        nobody POST auth/j/login {"role":"web","jwt":"{good}"}
        "#,
    )
    .await;
}

#[tokio::test]
async fn the_keys_of_a_cluster_are_fetched_where_it_publishes_them() {
    let (pair, _sandbox, _real) = vaults().await;
    let (_plane, cluster) = cluster(&pair).await;
    tell(
        &pair,
        r#"
        POST sys/auth/j {"type":"jwt"}
        POST auth/j/config {"jwks_url":"{server}/openid/v1/jwks","jwks_ca_pem":"{ca}"}
        "#,
    )
    .await;
    let binding = json!({
        "metadata": { "name": "public-keys" },
        "roleRef": { "apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "system:service-account-issuer-discovery" },
        "subjects": [{ "apiGroup": "rbac.authorization.k8s.io", "kind": "Group", "name": "system:unauthenticated" }],
    });
    let path = "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings";
    cluster.create(path, binding).await;
    tell(
        &pair,
        r#"
        POST auth/j/config {"jwks_url":"{server}/openid/v1/jwks","jwks_ca_pem":"{ca}"}
        GET auth/j/config
        POST auth/j/role/web {"role_type":"jwt","user_claim":"sub","bound_audiences":"https://kubernetes.default.svc"}
        nobody POST auth/j/login {"role":"web","jwt":"{good}"}
        nobody POST auth/j/login {"role":"web","jwt":"{forged}"}
        nobody POST auth/j/login {"role":"web","jwt":"{unsigned}"}
        nobody POST auth/j/login {"role":"web","jwt":"x"}
        POST auth/j/config {"jwks_url":"{server}/openid/v1/jwks","jwks_ca_pem":"{ca}","jwt_supported_algs":"x"}
        POST auth/j/config {"jwks_url":"{server}/nope","jwks_ca_pem":"{ca}"}
        POST auth/j/config {"oidc_discovery_url":"{server}","oidc_discovery_ca_pem":"{ca}"}
        GET auth/j/config
        "#,
    )
    .await;
}

#[tokio::test]
async fn a_namespace_may_be_chosen_by_its_labels() {
    let (pair, _sandbox, _real) = vaults().await;
    let (_plane, cluster) = cluster(&pair).await;
    let labels = json!({ "metadata": { "labels": { "team": "a", "stage": "" } } });
    let path = "/api/v1/namespaces/apps";
    let merge = "application/merge-patch+json";
    let (status, _) = cluster.api("PATCH", path, merge, Some(labels)).await;
    assert_eq!(status, 200);
    let roles = r#"
        POST sys/auth/k {"type":"kubernetes"}
        POST auth/k/role/team {"bound_service_account_names":"*","bound_service_account_namespace_selector":"{\"matchLabels\":{\"team\":\"a\"}}"}
        POST auth/k/role/both {"bound_service_account_names":"*","bound_service_account_namespace_selector":"{\"matchLabels\":{\"team\":\"a\",\"stage\":\"\"}}"}
        POST auth/k/role/other {"bound_service_account_names":"*","bound_service_account_namespace_selector":"{\"matchLabels\":{\"team\":\"b\"}}"}
        POST auth/k/role/more {"bound_service_account_names":"*","bound_service_account_namespace_selector":"{\"matchLabels\":{\"team\":\"a\",\"x\":\"y\"}}"}
        POST auth/k/role/all {"bound_service_account_names":"*","bound_service_account_namespace_selector":"{}"}
        POST auth/k/role/named {"bound_service_account_names":"*","bound_service_account_namespaces":"apps","bound_service_account_namespace_selector":"{\"matchLabels\":{\"team\":\"b\"}}"}
        POST auth/k/role/elsewhere {"bound_service_account_names":"*","bound_service_account_namespaces":"b","bound_service_account_namespace_selector":"{\"matchLabels\":{\"team\":\"a\"}}"}
        POST auth/k/role/name {"bound_service_account_names":"other","bound_service_account_namespace_selector":"{\"matchLabels\":{\"team\":\"a\"}}"}
        "#;
    let logins = r#"
        nobody POST auth/k/login {"role":"team","jwt":"{good}"}
        nobody POST auth/k/login {"role":"both","jwt":"{good}"}
        nobody POST auth/k/login {"role":"other","jwt":"{good}"}
        nobody POST auth/k/login {"role":"more","jwt":"{good}"}
        nobody POST auth/k/login {"role":"all","jwt":"{good}"}
        nobody POST auth/k/login {"role":"named","jwt":"{good}"}
        nobody POST auth/k/login {"role":"elsewhere","jwt":"{good}"}
        nobody POST auth/k/login {"role":"name","jwt":"{good}"}
        nobody POST auth/k/login {"role":"team","jwt":"{forged}"}
        "#;
    let config = |more: &str| {
        format!(
            r#"POST auth/k/config {{"kubernetes_host":"{{server}}","kubernetes_ca_cert":"{{ca}}","disable_local_ca_jwt":true{more}}}"#
        )
    };
    tell(&pair, roles).await;
    // Nobody to ask with, then one who may not ask for namespaces.
    for more in [
        "",
        r#","token_reviewer_jwt":"{good}""#,
        r#","token_reviewer_jwt":"junk""#,
    ] {
        tell(&pair, &format!("{}\n{logins}", config(more))).await;
    }
    let role = json!({
        "metadata": { "name": "namespaces" },
        "rules": [{ "apiGroups": [""], "resources": ["namespaces"], "verbs": ["get"] }],
    });
    let binding = json!({
        "metadata": { "name": "namespaces" },
        "roleRef": { "apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "namespaces" },
        "subjects": [{ "kind": "ServiceAccount", "name": "good", "namespace": "apps" }],
    });
    let rbac = "/apis/rbac.authorization.k8s.io/v1";
    cluster.create(&format!("{rbac}/clusterroles"), role).await;
    cluster
        .create(&format!("{rbac}/clusterrolebindings"), binding)
        .await;
    let reviewer = config(r#","token_reviewer_jwt":"{good}""#);
    tell(&pair, &format!("{reviewer}\n{logins}")).await;
}
