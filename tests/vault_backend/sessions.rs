use super::{CANARY, assert_failure, connect, kv, mount, role, shared};
use crate::support::Vault;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use keyfleet::backends::vault::{Budget, VaultConnection, VaultReader};
use keyfleet::observe::reader::KvEngine;
use keyfleet::observe::{FailureClass, KvReference, ReadAsCluster, Session};
use keyfleet::secret::SecretBytes;
use rcgen::{KeyPair, PKCS_ED25519, SigningKey};
use serde_json::json;
use std::time::Duration;

/// A JWT mount that trusts a key of ours, so that a real login needs no cluster.
struct Issuer {
    key: KeyPair,
    mount: &'static str,
}

impl Issuer {
    async fn mounted(vault: &Vault, mount: &'static str) -> Self {
        let key = KeyPair::generate_for(&PKCS_ED25519).expect("a key can be made");
        let done = async |path: String, body| {
            let (status, answer) = vault.api("POST", &path, Some(body)).await;
            assert!(status < 300, "{path}: {answer}");
        };
        done(format!("sys/auth/{mount}"), json!({ "type": "jwt" })).await;
        let config = json!({
            "jwt_validation_pubkeys": [key.public_key_pem()], "jwt_supported_algs": ["EdDSA"],
        });
        done(format!("auth/{mount}/config"), config).await;
        let rule = format!(r#"path "secret/data/{mount}/*" {{ capabilities = ["read"] }}"#);
        done(
            format!("sys/policies/acl/{mount}"),
            json!({ "policy": rule }),
        )
        .await;
        let bound = json!({
            "role_type": "jwt", "user_claim": "sub", "bound_audiences": ["vault"],
            "token_policies": [mount], "token_ttl": 1200,
        });
        done(format!("auth/{mount}/role/r"), bound).await;
        Self { key, mount }
    }

    fn token(&self, audience: &str) -> SecretBytes {
        let part = |value: serde_json::Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let header = part(json!({ "alg": "EdDSA", "typ": "JWT" }));
        let body =
            part(json!({ "sub": CANARY, "aud": audience, "nbf": 1, "exp": 4_000_000_000_u32 }));
        let signed = format!("{header}.{body}");
        let signature = self.key.sign(signed.as_bytes()).expect("a key can sign");
        SecretBytes::from(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature)))
    }

    /// A session of a reader that has no token of its own.
    async fn session(&self, vault: &Vault) -> (VaultReader, Session) {
        let connection = VaultConnection {
            address: vault.addr().to_owned(),
            ..VaultConnection::default()
        };
        let reader = VaultReader::new(connection, &Budget::default())
            .expect("the connection is set up well");
        let (place, jwt) = (mount(self.mount), self.token("vault"));
        let session = reader
            .log_in(&place, &role("r"), &jwt)
            .await
            .expect("the login is good");
        (reader, session)
    }
}

fn reference(place: &str, path: &str, version: KvEngine) -> KvReference {
    KvReference {
        mount: mount(place),
        path: kv(path),
        version,
    }
}

#[tokio::test]
async fn a_cluster_logs_in_reads_its_own_values_and_leaves() {
    let vault = shared().await;
    vault
        .kv_put("secret", "sess1/mail", &[("password", CANARY)])
        .await;
    vault
        .kv_put("secret", "other/mail", &[("password", CANARY)])
        .await;
    let (reader, session) = Issuer::mounted(vault, "sess1").await.session(vault).await;
    assert_eq!(session.lives, Duration::from_secs(1200));
    assert!(!format!("{session:?}").contains("s."));

    let own = reference("secret", "sess1/mail", KvEngine::V2);
    let value = reader.value(&session, &own).await.unwrap();
    assert_eq!(
        (value.version, &value.data["password"]),
        (Some(1), &json!(CANARY))
    );
    assert!(!format!("{value:?}").contains(CANARY));

    let foreign = reference("secret", "other/mail", KvEngine::V2);
    let failure = reader.value(&session, &foreign).await.unwrap_err();
    assert_failure(
        &failure,
        FailureClass::Forbidden,
        &["`read` on `secret/data/other/mail`"],
    );

    reader.log_out(&session).await.unwrap();
    let failure = reader.value(&session, &own).await.unwrap_err();
    assert_failure(
        &failure,
        FailureClass::Unauthenticated,
        &["secret/data/sess1/mail"],
    );
}

#[tokio::test]
async fn a_version_without_a_value_says_which_and_why() {
    let vault = shared().await;
    let (reader, session) = Issuer::mounted(vault, "sess2").await.session(vault).await;
    for path in ["soft", "destroyed"] {
        vault
            .kv_put("secret", &format!("sess2/{path}"), &[("k", CANARY)])
            .await;
    }
    vault.api("DELETE", "secret/data/sess2/soft", None).await;
    let versions = json!({ "versions": [1] });
    vault
        .api("POST", "secret/destroy/sess2/destroyed", Some(versions))
        .await;
    for (path, why) in [
        ("sess2/soft", "version 1 is deleted"),
        ("sess2/destroyed", "version 1 is destroyed"),
        ("sess2/never", "there is no secret"),
    ] {
        let secret = reference("secret", path, KvEngine::V2);
        let failure = reader.value(&session, &secret).await.unwrap_err();
        assert_failure(&failure, FailureClass::NotFound, &[path, why]);
    }
}

#[tokio::test]
async fn a_value_of_kv_v1_has_no_version() {
    let vault = shared().await;
    let (reader, _) = connect(vault.addr(), vault.token());
    let body = json!({ "type": "kv", "options": { "version": "1" } });
    vault.api("POST", "sys/mounts/sess-v1", Some(body)).await;
    let data = json!({ "data": { "nested": CANARY }, "n": 3 });
    vault.api("POST", "sess-v1/app/x", Some(data.clone())).await;
    let session = Session {
        token: SecretBytes::from(vault.token().to_owned()),
        lives: Duration::from_secs(60),
    };
    let secret = reference("sess-v1", "app/x", KvEngine::V1);
    let value = reader.value(&session, &secret).await.unwrap();
    assert_eq!(value.version, None);
    assert_eq!(&value.data, data.as_object().unwrap());
    // A KV v2 engine that is taken for v1.
    let wrong = reference("secret", "app/x", KvEngine::V1);
    let failure = reader.value(&session, &wrong).await.unwrap_err();
    assert_failure(
        &failure,
        FailureClass::NotFound,
        &["KV engine is of the version"],
    );
}

#[tokio::test]
async fn a_refused_login_is_explained_in_words_that_hold_no_token() {
    let vault = shared().await;
    let issuer = Issuer::mounted(vault, "sess3").await;
    let body = json!({ "type": "kubernetes" });
    vault.api("POST", "sys/auth/sess3-k8s", Some(body)).await;
    let config = json!({
        "kubernetes_host": "https://127.0.0.1:1", "kubernetes_ca_cert": "x", "disable_local_ca_jwt": true,
    });
    vault
        .api("POST", "auth/sess3-k8s/config", Some(config))
        .await;
    let bound =
        json!({ "bound_service_account_names": "a", "bound_service_account_namespaces": "b" });
    vault
        .api("POST", "auth/sess3-k8s/role/r", Some(bound))
        .await;
    let (reader, _) = connect(vault.addr(), vault.token());
    let nonsense = || SecretBytes::from(format!("{CANARY}.x.y"));
    for (place, name, jwt, class, word) in [
        (
            "sess3",
            "r",
            issuer.token("elsewhere"),
            FailureClass::Rejected,
            "another audience",
        ),
        (
            "sess3",
            "nope",
            issuer.token("vault"),
            FailureClass::Rejected,
            "no such role",
        ),
        (
            "sess3",
            "r",
            nonsense(),
            FailureClass::Rejected,
            "not signed with a key",
        ),
        (
            "sess3-k8s",
            "nope",
            nonsense(),
            FailureClass::Rejected,
            "no such role",
        ),
        (
            "sess3-k8s",
            "r",
            nonsense(),
            FailureClass::Forbidden,
            "did not accept",
        ),
        (
            "sess3-none",
            "r",
            nonsense(),
            FailureClass::Forbidden,
            "that the mount is there",
        ),
        (
            "sess3",
            "r",
            SecretBytes::new(vec![0xff]),
            FailureClass::Setup,
            "not text",
        ),
    ] {
        let failure = reader
            .log_in(&mount(place), &role(name), &jwt)
            .await
            .unwrap_err();
        assert_failure(&failure, class, &[word]);
    }
}
