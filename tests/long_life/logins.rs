//! keyfleet's own logins: renewed, made again in time, made once where many are refused, and given back.

use super::support::{Proxy, Vault, proxy::on, world};
use super::{Lasting, Phase, Swapped, log, policy, within};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use keyfleet::connect::OwnCredential;
use keyfleet::names::MountPath;
use keyfleet::observe::FailureClass;
use rcgen::{KeyPair, PKCS_ED25519, SigningKey};
use serde_json::{Value, json};
use std::time::Duration;

/// Who signs service account tokens, for the auth method `jwt`.
pub(super) struct Issuer {
    key: KeyPair,
}

impl Issuer {
    /// A mount `jwt` with a role `keyfleet`, whose tokens are like this.
    pub(super) async fn mounted(vault: &Vault, tokens: Value) -> Self {
        policy(vault, "look").await;
        let key = KeyPair::generate_for(&PKCS_ED25519).unwrap();
        let done = async |path: &str, body| {
            let (status, answer) = vault.api("POST", path, Some(body)).await;
            assert!(status < 300, "{path}: {answer}");
        };
        done("sys/auth/jwt", json!({ "type": "jwt" })).await;
        let config = json!({
            "jwt_validation_pubkeys": [key.public_key_pem()], "jwt_supported_algs": ["EdDSA"],
        });
        done("auth/jwt/config", config).await;
        let mut role = json!({
            "role_type": "jwt", "user_claim": "sub", "bound_audiences": ["vault"], "token_policies": ["look"],
        });
        let role_fields = role.as_object_mut().unwrap();
        role_fields.extend(tokens.as_object().unwrap().clone());
        done("auth/jwt/role/keyfleet", role).await;
        Self { key }
    }

    pub(super) fn sign(&self, audience: &str) -> String {
        let part = |value: Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let header = part(json!({ "alg": "EdDSA", "typ": "JWT" }));
        let body =
            part(json!({ "sub": "keyfleet", "aud": audience, "nbf": 1, "exp": 4_000_000_000_u32 }));
        let signed = format!("{header}.{body}");
        let signature = self.key.sign(signed.as_bytes()).unwrap();
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
    }
}

pub(super) fn by_jwt(file: &Swapped) -> OwnCredential {
    service_account("jwt", "keyfleet", file)
}

fn service_account(mount: &str, role: &str, file: &Swapped) -> OwnCredential {
    OwnCredential::ServiceAccount {
        mount: MountPath::parse(mount).unwrap(),
        role: role.to_owned(),
        token_file: file.path(),
    }
}

/// How many tokens there are that a login gave.
async fn alive(vault: &Vault) -> usize {
    let (_, listed) = vault.api("LIST", "auth/token/accessors", None).await;
    let mut alive = 0;
    for accessor in listed["data"]["keys"].as_array().unwrap() {
        let body = json!({ "accessor": accessor });
        let (_, token) = vault
            .api("POST", "auth/token/lookup-accessor", Some(body))
            .await;
        let path = token["data"]["path"].as_str().unwrap_or_default();
        alive += usize::from(path.ends_with("/login"));
    }
    alive
}

#[tokio::test]
async fn a_login_is_renewed_made_again_before_its_max_ttl_and_given_back() {
    let vault = Vault::start().await;
    let tokens = json!({ "token_ttl": 3, "token_max_ttl": 6 });
    let issuer = Issuer::mounted(&vault, tokens).await;
    let proxy = Proxy::in_front_of_vault(vault.addr());
    let jwt = issuer.sign("vault");
    let file = Swapped::new(&jwt);
    let lasting = Lasting::start(proxy.url(), by_jwt(&file)).await;
    lasting.asks_well_for(Duration::from_secs(15)).await;
    assert_eq!(lasting.state().phase, Phase::Kept);
    let (logins, renewals) = (
        proxy.count(on("*", "/login")),
        proxy.count(on("*", "renew-self")),
    );
    assert!((3..=6).contains(&logins), "{logins} logins");
    assert!((3..=12).contains(&renewals), "{renewals} renewals");
    assert!(alive(&vault).await > 0);
    // What is left of tokens that were replaced ends by itself; the one in use is given back.
    lasting.opener.close().await;
    assert_eq!(proxy.count(on("*", "revoke-self")), 1);
    within(Duration::from_secs(10), async || {
        (alive(&vault).await == 0).then_some(())
    })
    .await;
    let failure = lasting.asks().await.unwrap_err();
    assert_eq!(failure.why, "the connection is closed");
    log::assert_silent(&[&jwt]);
}

#[tokio::test]
async fn many_refused_requests_are_one_login_and_all_succeed() {
    let vault = Vault::start().await;
    let issuer = Issuer::mounted(&vault, json!({ "token_ttl": 600 })).await;
    let proxy = Proxy::in_front_of_vault(vault.addr());
    let file = Swapped::new(&issuer.sign("vault"));
    let lasting = Lasting::start(proxy.url(), by_jwt(&file)).await;
    assert_eq!(lasting.asks().await, Ok(()));
    for round in 1..=2 {
        vault.cli_ok(&["lease", "revoke", "-prefix", "-sync", "auth/jwt"]);
        proxy.clear();
        let asked = futures::future::join_all((0..30).map(|_| lasting.asks())).await;
        // The second time it is soon after the first, and is waited for.
        if round == 1 {
            assert!(asked.iter().all(Result::is_ok), "{asked:?}");
        }
        within(Duration::from_secs(5), async || lasting.asks().await.ok()).await;
        assert_eq!(proxy.count(on("*", "/login")), 1, "{:?}", proxy.requests());
    }
}

#[tokio::test]
async fn a_login_storm_does_not_happen() {
    let vault = Vault::start().await;
    let issuer = Issuer::mounted(&vault, json!({ "token_ttl": 600 })).await;
    let proxy = Proxy::in_front_of_vault(vault.addr());
    let file = Swapped::new(&issuer.sign("elsewhere"));
    let lasting = Lasting::start(proxy.url(), by_jwt(&file)).await;
    let ask_for_a_while = async || {
        let begin = std::time::Instant::now();
        while begin.elapsed() < Duration::from_secs(4) {
            let asked = futures::future::join_all((0..20).map(|_| lasting.asks())).await;
            assert!(asked.iter().all(Result::is_err));
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        proxy.count(on("*", "/login"))
    };
    // The login itself is refused.
    let logins = ask_for_a_while().await;
    assert!((2..=12).contains(&logins), "{logins} logins");
    let failure = lasting.asks().await.unwrap_err();
    assert_eq!(failure.class, FailureClass::Unauthenticated);
    assert!(failure.why.contains("another audience"), "{failure}");
    assert!(
        failure
            .hint
            .is_some_and(|hint| hint.contains("keyfleet's own login"))
    );

    // It succeeds, and what it gives is refused all the same.
    file.swap(&issuer.sign("vault"));
    within(Duration::from_secs(70), async || lasting.asks().await.ok()).await;
    let refusal = super::support::Fault::answer(403, r#"{"errors":["permission denied"]}"#);
    for path in ["sys/auth", "lookup-self"] {
        proxy.fault(on("GET", path), refusal.clone());
    }
    proxy.clear();
    let logins = ask_for_a_while().await;
    assert!(logins <= 12, "{logins} logins");
}

#[tokio::test]
async fn the_service_account_of_a_real_cluster_logs_in_and_its_token_is_read_each_time() {
    let world = world().await;
    let cluster = world.cluster("own").await;
    let vault = Vault::start().await;
    policy(&vault, "look").await;
    cluster.create_namespace("keyfleet").await;
    cluster.create_service_account("keyfleet", "keyfleet").await;
    let binding = json!({
        "metadata": { "name": "keyfleet-delegator" },
        "roleRef": { "apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "system:auth-delegator" },
        "subjects": [{ "kind": "ServiceAccount", "name": "keyfleet", "namespace": "keyfleet" }],
    });
    let path = "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings";
    cluster.create(path, binding).await;
    for (path, body) in [
        ("sys/auth/kubernetes", json!({ "type": "kubernetes" })),
        (
            "auth/kubernetes/config",
            json!({ "kubernetes_host": cluster.server(), "kubernetes_ca_cert": cluster.ca_pem(), "disable_local_ca_jwt": true }),
        ),
        (
            "auth/kubernetes/role/keyfleet",
            json!({
                "bound_service_account_names": "keyfleet", "bound_service_account_namespaces": "keyfleet",
                "token_policies": ["look"], "token_ttl": 3, "token_max_ttl": 5,
            }),
        ),
    ] {
        let (status, answer) = vault.api("POST", path, Some(body)).await;
        assert!(status < 300, "{path}: {answer}");
    }
    let first = cluster.token_request("keyfleet", "keyfleet").await;
    let file = Swapped::new(&first);
    let credential = service_account("kubernetes", "keyfleet", &file);
    let lasting = Lasting::start(vault.addr(), credential).await;
    lasting.asks_well_for(Duration::from_secs(3)).await;
    let second = cluster.token_request("keyfleet", "keyfleet").await;
    file.swap(&second);
    lasting.asks_well_for(Duration::from_secs(6)).await;
    lasting.opener.close().await;
    log::assert_silent(&[&first, &second]);
}

#[tokio::test]
async fn an_app_role_logs_in_with_a_secret_id_from_a_file() {
    let vault = Vault::start().await;
    policy(&vault, "look").await;
    for (path, body) in [
        ("sys/auth/approle", json!({ "type": "approle" })),
        (
            "auth/approle/role/keyfleet",
            json!({ "token_policies": ["look"], "token_ttl": 3 }),
        ),
    ] {
        assert_eq!(vault.api("POST", path, Some(body)).await.0, 204);
    }
    let (_, id) = vault
        .api("GET", "auth/approle/role/keyfleet/role-id", None)
        .await;
    let path = "auth/approle/role/keyfleet/secret-id";
    let (_, secret) = vault.api("POST", path, Some(json!({}))).await;
    let secret = secret["data"]["secret_id"].as_str().unwrap();
    let file = Swapped::new("canary-4711");
    let credential = OwnCredential::AppRole {
        mount: MountPath::parse("approle").unwrap(),
        role_id: id["data"]["role_id"].as_str().unwrap().to_owned(),
        secret_id_file: file.path(),
    };
    let lasting = Lasting::start(vault.addr(), credential).await;
    let failure = lasting.asks().await.unwrap_err();
    assert!(failure.why.contains("the secret id"), "{failure}");
    file.swap(secret);
    within(Duration::from_secs(20), async || lasting.asks().await.ok()).await;
    lasting.asks_well_for(Duration::from_secs(5)).await;
    log::assert_silent(&[secret, "canary-4711"]);
}
