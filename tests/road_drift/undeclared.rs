//! What is there in the fleet's own names and that nobody declared.

use crate::stage::{ByHand, Stage, stage};
use crate::support::world;
use serde_json::{Value, json};

fn finding<'plan>(plan: &'plan Value, text: &str) -> &'plan Value {
    let findings = plan["findings"].as_array().unwrap();
    findings
        .iter()
        .find(|finding| finding["text"].as_str().unwrap().contains(text))
        .unwrap_or_else(|| panic!("nothing is said of {text}: {plan:#}"))
}

fn named_and_left_alone(stage: &Stage, text: &str) {
    let plan = stage.keyfleet.plan_json();
    let found = finding(&plan, text);
    assert!(found["hint"].is_string(), "{found:#}");
    assert_eq!(plan["inSync"], true, "{plan:#}");
    assert_eq!(stage.writes_of_apply(), (0, 0), "{text}");
}

#[tokio::test]
async fn a_mount_a_role_and_a_policy_of_nobody_are_named() {
    let stage = stage().await;
    let vault = &world().await.vault;
    for (path, body, text, severity) in [
        (
            "sys/auth/shadow",
            json!({ "type": "kubernetes" }),
            "auth mount shadow",
            "warning",
        ),
        (
            "auth/prod-eu/role/backdoor",
            json!({ "bound_service_account_names": "*", "bound_service_account_namespaces": "*", "policies": "prod-eu-kv-rw" }),
            "role prod-eu/backdoor",
            "warning",
        ),
        (
            "sys/policies/acl/shadow-kv-rw",
            json!({ "policy": "path \"kv/*\" { capabilities = [\"read\"] }" }),
            "policy shadow-kv-rw",
            "warning",
        ),
    ] {
        stage.by_hand(&ByHand::Write(path.to_owned(), body)).await;
        let plan = stage.keyfleet.plan_json();
        assert_eq!(finding(&plan, text)["severity"], severity);
        named_and_left_alone(&stage, text);
        let (status, _) = vault.api("DELETE", path, None).await;
        assert_eq!(status, 204, "deleting {path}");
    }
}

/// What others have of other kinds is no business of this fleet.
#[tokio::test]
async fn mounts_and_policies_in_other_names_are_not_named() {
    let stage = stage().await;
    let vault = &world().await.vault;
    for (path, body) in [
        ("sys/auth/people", json!({ "type": "userpass" })),
        (
            "sys/policies/acl/people",
            json!({ "policy": "path \"kv/*\" { capabilities = [\"read\"] }" }),
        ),
    ] {
        stage
            .finds_nothing(path, ByHand::Write(path.to_owned(), body))
            .await;
        vault.api("DELETE", path, None).await;
    }
}

#[tokio::test]
async fn a_secret_with_keyfleets_label_that_keyfleet_never_wrote_is_named() {
    let stage = stage().await;
    let labels =
        json!({ "app.kubernetes.io/managed-by": "keyfleet", "keyfleet.dev/installation": "acme" });
    let object =
        json!({ "metadata": { "name": "copied", "labels": labels }, "data": { "a": "eA==" } });
    let secrets = "/api/v1/namespaces/shop/secrets";
    stage.cluster.create(secrets, object).await;
    named_and_left_alone(&stage, "shop/copied");
    let delete = ByHand::Delete(format!("{secrets}/copied"));
    stage.by_hand(&delete).await;
}

/// A Secret that keyfleet wrote and nobody declares any more goes; a copy of the mark in another name does not.
#[tokio::test]
async fn a_secret_that_is_no_longer_declared_is_deleted_with_one_write() {
    let stage = stage().await;
    let declared = stage.edit_file("clusters/prod-eu/more.yaml", |_| {
        "apiVersion: kubernetes-client.io/v1\nkind: ExternalSecret\n\
         metadata: {name: more, namespace: shop}\n\
         spec: {backendType: vault, data: [{key: kv/data/prod-eu/mail, name: relay, property: relay}]}\n"
            .to_owned()
    });
    stage.restores(1).unwrap();
    drop(declared);
    let plan = stage.keyfleet.plan_json();
    let change = &plan["changes"][0];
    assert_eq!(
        (&change["action"], &change["name"], &change["reason"]),
        (
            &json!("delete"),
            &json!("shop/more"),
            &json!("noLongerDeclared")
        ),
        "{plan:#}"
    );
    stage.restores(1).unwrap();
    assert!(stage.cluster.secret("shop", "more").await.is_none());
}
