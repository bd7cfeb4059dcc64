//! The config and the role: how a cluster logs in.

use crate::stage::{ByHand, Drift, stage};
use crate::support::Flavour;
use serde_json::{Value, json};
use std::fs;

#[tokio::test]
async fn every_field_of_an_auth_config_is_found_and_put_back() {
    let stage = stage().await;
    let public_key = fs::read_to_string(stage.cluster.folder().join("accounts.pub")).unwrap();
    let jwt = stage
        .cluster
        .token_request("external-secrets", "kubernetes-external-secrets")
        .await;
    let of = |field: &'static str, value: Value, names| {
        let by_hand = ByHand::Replace("auth/prod-eu/config".to_owned(), json!({ field: value }));
        Drift::new(by_hand, "AuthConfig", "prod-eu", names)
    };
    let other_ca = crate::support::tls::Authority::new("other").pem();
    stage
        .finds_and_restores(vec![
            of(
                "kubernetes_host",
                json!("https://127.0.0.1:9"),
                &["kubernetes_host"],
            ),
            of(
                "kubernetes_ca_cert",
                json!(other_ca),
                &["kubernetes_ca_cert"],
            ),
            of(
                "disable_local_ca_jwt",
                json!(false),
                &["disable_local_ca_jwt"],
            ),
            of(
                "disable_iss_validation",
                json!(false),
                &["disable_iss_validation"],
            ),
            of("issuer", json!("https://issuer.example"), &["issuer"]),
            of("pem_keys", json!([public_key]), &["pem_keys"]),
            of("token_reviewer_jwt", json!(jwt), &["token_reviewer_jwt"]),
            of(
                "use_annotations_as_alias_metadata",
                json!(true),
                &["use_annotations_as_alias_metadata"],
            )
            .only(Flavour::HashiCorp),
        ])
        .await;
}

#[tokio::test]
async fn every_field_of_a_role_is_found_and_put_back() {
    let of = |field: &'static str, value: Value, names| {
        let path = "auth/prod-eu/role/prod-eu-role".to_owned();
        let by_hand = ByHand::Write(path, json!({ field: value }));
        Drift::new(by_hand, "Role", "prod-eu/prod-eu-role", names)
    };
    macro_rules! field {
        ($name:literal, $($value:tt)+) => {
            of($name, json!($($value)+), &[$name])
        };
    }
    stage()
        .await
        .finds_and_restores(vec![
            field!(
                "bound_service_account_names",
                ["kubernetes-external-secrets", "other"]
            ),
            field!("bound_service_account_names", ["*"]),
            field!(
                "bound_service_account_namespaces",
                ["external-secrets", "shop"]
            ),
            field!(
                "bound_service_account_namespace_selector",
                r#"{"matchLabels":{"team":"shop"}}"#
            ),
            field!("audience", "vault"),
            field!("alias_name_source", "serviceaccount_name"),
            field!("token_policies", ["default"]),
            field!(
                "token_policies",
                ["default", "prod-eu-kv-rw", "platform-read", "admin"]
            ),
            field!("token_ttl", "2h"),
            field!("token_max_ttl", "48h"),
            field!("token_bound_cidrs", ["127.0.0.0/8"]),
            field!("token_explicit_max_ttl", "48h"),
            field!("token_no_default_policy", true),
            field!("token_num_uses", 1000),
            field!("token_period", "1h"),
            field!("token_type", "batch"),
            field!("token_strictly_bind_ip", true).only(Flavour::OpenBao),
        ])
        .await;
}

#[tokio::test]
async fn a_role_a_policy_or_a_whole_mount_that_was_deleted_is_made_anew() {
    let stage = stage().await;
    let vault = &crate::support::world().await.vault;
    for (path, kind, name) in [
        (
            "auth/prod-eu/role/prod-eu-role",
            "Role",
            "prod-eu/prod-eu-role",
        ),
        ("sys/policies/acl/platform-read", "Policy", "platform-read"),
    ] {
        let (status, _) = vault.api("DELETE", path, None).await;
        assert_eq!(status, 204, "deleting {path}");
        let plan = stage.keyfleet.plan_json();
        let change = &plan["changes"][0];
        assert_eq!(
            (&change["action"], &change["kind"], &change["name"]),
            (&json!("create"), &json!(kind), &json!(name)),
            "{plan:#}"
        );
        stage.restores(1).unwrap();
    }
    // The policy stays; the mount comes with its config and its role.
    vault.api("DELETE", "sys/auth/prod-eu", None).await;
    let kinds: Vec<Value> = stage.keyfleet.plan_json()["changes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|change| change["kind"].clone())
        .collect();
    assert_eq!(kinds, ["AuthMount", "AuthConfig", "Role"]);
    stage.restores(3).unwrap();
}
