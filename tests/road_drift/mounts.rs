use crate::stage::{ByHand, Drift, stage};
use crate::support::Flavour;
use serde_json::{Value, json};

fn tune(field: &'static str, value: &Value) -> ByHand {
    ByHand::Write("sys/auth/prod-eu/tune".to_owned(), json!({ field: value }))
}

#[tokio::test]
async fn every_tuning_of_an_auth_mount_is_found_and_put_back() {
    let of =
        |field, value: Value, names| Drift::new(tune(field, &value), "AuthMount", "prod-eu", names);
    stage()
        .await
        .finds_and_restores(vec![
            of("default_lease_ttl", json!("1h"), &["default_lease_ttl"]),
            of("max_lease_ttl", json!("48h"), &["max_lease_ttl"]),
            of("token_type", json!("default-batch"), &["token_type"]),
            of(
                "audit_non_hmac_request_keys",
                json!(["jwt"]),
                &["audit_non_hmac_request_keys"],
            ),
            of(
                "audit_non_hmac_response_keys",
                json!(["client_token"]),
                &["audit_non_hmac_response_keys"],
            ),
            of(
                "passthrough_request_headers",
                json!(["X-Forwarded-For"]),
                &["passthrough_request_headers"],
            ),
            of(
                "allowed_response_headers",
                json!(["X-Other"]),
                &["allowed_response_headers"],
            ),
            of(
                "listing_visibility",
                json!("unauth"),
                &["listing_visibility"],
            ),
            of("description", json!("prod, do not touch"), &["description"]),
            of("description", json!(""), &["description"]),
            of(
                "description",
                json!("keyfleet installation=acme cluster=staging"),
                &["description"],
            ),
        ])
        .await;
}

#[tokio::test]
async fn every_tuning_of_a_kv_mount_is_found_and_put_back() {
    let of = |field: &'static str, value, names| {
        let by_hand = ByHand::Write("sys/mounts/extra/tune".to_owned(), json!({ field: value }));
        Drift::new(by_hand, "KvMount", "extra", names)
    };
    stage()
        .await
        .finds_and_restores(vec![
            of("default_lease_ttl", json!("1h"), &["default_lease_ttl"]),
            of("max_lease_ttl", json!("48h"), &["max_lease_ttl"]),
            of(
                "audit_non_hmac_request_keys",
                json!(["data"]),
                &["audit_non_hmac_request_keys"],
            ),
            of(
                "audit_non_hmac_response_keys",
                json!(["data"]),
                &["audit_non_hmac_response_keys"],
            ),
            of(
                "passthrough_request_headers",
                json!(["X-Forwarded-For"]),
                &["passthrough_request_headers"],
            ),
            of(
                "allowed_response_headers",
                json!(["X-Other"]),
                &["allowed_response_headers"],
            ),
            of(
                "listing_visibility",
                json!("unauth"),
                &["listing_visibility"],
            ),
            of(
                "delegated_auth_accessors",
                json!(["auth_kubernetes_1"]),
                &["delegated_auth_accessors"],
            )
            .only(Flavour::HashiCorp),
        ])
        .await;
}

/// The mount at `kv/` was made by hand before: what is done to it is named, and stays until the fleet adopts it.
#[tokio::test]
async fn the_tuning_of_a_mount_that_keyfleet_does_not_own_is_named_and_stays() {
    let stage = stage().await;
    let tune = |ttl: &str| {
        ByHand::Write(
            "sys/mounts/kv/tune".to_owned(),
            json!({ "max_lease_ttl": ttl }),
        )
    };
    stage.by_hand(&tune("48h")).await;
    let plan = stage.keyfleet.plan_json();
    let findings = plan["findings"].as_array().unwrap();
    let text = |finding: &Value| finding["text"].as_str().unwrap().to_owned();
    assert!(
        findings
            .iter()
            .map(text)
            .any(|text| text.contains("engine kv") && text.contains("max_lease_ttl 48h")),
        "{plan:#}"
    );
    assert_eq!(stage.writes_of_apply(), (0, 0));
    stage.by_hand(&tune("0")).await;
    assert_eq!(stage.keyfleet.plan_json()["findings"], json!([]));
}
