//! What means the same: nothing comes of it.

use crate::stage::{ByHand, stage};
use crate::support::{Fault, world};
use serde_json::json;

type Rewrite = fn(&str) -> String;

#[tokio::test]
async fn a_policy_that_is_written_otherwise_and_grants_the_same_is_in_sync() {
    let stage = stage().await;
    let policies: [(&str, Rewrite); 6] = [
        ("a comment", |text| {
            text.to_owned() + "# asked for by the shop\n"
        }),
        ("blank lines", |text| text.replace('}', "}\n\n\n")),
        ("no last newline", |text| text.trim_end().to_owned()),
        ("carriage returns", |text| text.replace('\n', "\r\n")),
        ("the word for a list in another order", |text| {
            text.replace("[\"read\", \"list\"]", "[\"list\", \"read\"]")
        }),
        ("the old word for it", |text| {
            let (mark, _) = text.split_once('\n').unwrap();
            format!("{mark}\npath \"kv/data/platform/*\" {{ policy = \"read\" }}\n")
        }),
    ];
    for (what, change) in policies {
        stage
            .finds_nothing(what, ByHand::Policy("platform-read", change))
            .await;
    }
}

/// JSON has no place for a mark, and nothing remembers whose a hand-written policy is: it is in sync, and unowned.
#[tokio::test]
async fn a_policy_written_as_json_is_in_sync() {
    let stage = stage().await;
    let before = stage.policy("platform-read").await;
    stage
        .finds_nothing(
            "JSON",
            ByHand::Policy("platform-read", |_| {
                json!({ "path": { "kv/data/platform/*": { "capabilities": ["list", "read"] } } })
                    .to_string()
            }),
        )
        .await;
    let back = json!({ "policy": before });
    stage
        .by_hand(&ByHand::Write(
            "sys/policies/acl/platform-read".to_owned(),
            back,
        ))
        .await;
}

#[tokio::test]
async fn durations_lists_and_certificates_in_another_notation_are_in_sync() {
    let stage = stage().await;
    let role = |body| ByHand::Write("auth/prod-eu/role/prod-eu-role".to_owned(), body);
    for (what, by_hand) in [
        ("seconds", role(json!({ "token_ttl": 3600 }))),
        ("minutes", role(json!({ "ttl": "60m" }))),
        (
            "a list as text",
            role(json!({ "token_policies": "prod-eu-kv-rw,platform-read,default" })),
        ),
        (
            "twice",
            role(
                json!({ "bound_service_account_names": ["kubernetes-external-secrets", "kubernetes-external-secrets"] }),
            ),
        ),
    ] {
        stage.finds_nothing(what, by_hand).await;
    }
    let pem = stage.cluster.ca_pem();
    for (what, pem) in [
        ("no last newline", pem.trim_end().to_owned()),
        ("blank lines around it", format!("\n\n{pem}\n\n")),
        ("carriage returns", pem.replace('\n', "\r\n")),
    ] {
        let config = json!({ "kubernetes_ca_cert": pem });
        stage
            .finds_nothing(
                what,
                ByHand::Replace("auth/prod-eu/config".to_owned(), config),
            )
            .await;
    }
    let day = json!({ "max_lease_ttl": "0s" });
    stage
        .finds_nothing("0s", ByHand::Write("sys/auth/prod-eu/tune".to_owned(), day))
        .await;
}

#[tokio::test]
async fn what_others_add_to_a_secret_stays() {
    let stage = stage().await;
    for (what, patch) in [
        (
            "a label",
            json!({ "metadata": { "labels": { "cost": "42" } } }),
        ),
        (
            "an annotation",
            json!({ "metadata": { "annotations": { "note": "42" } } }),
        ),
        ("a key", json!({ "data": { "extra": "eA==" } })),
    ] {
        let secret = "/api/v1/namespaces/shop/secrets/mail".to_owned();
        stage.finds_nothing(what, ByHand::Edit(secret, patch)).await;
    }
    let data = stage.cluster.secret("shop", "mail").await.unwrap();
    assert_eq!(data["extra"], b"x");
    let remove = json!({ "data": { "extra": null } });
    let secret = "/api/v1/namespaces/shop/secrets/mail".to_owned();
    stage.by_hand(&ByHand::Edit(secret, remove)).await;
}

/// A newer server's additional fields disturb nobody.
#[tokio::test]
async fn a_field_that_only_this_servers_version_has_is_in_sync() {
    let stage = stage().await;
    for path in [
        "sys/auth",
        "sys/mounts",
        "auth/prod-eu/config",
        "auth/prod-eu/role/prod-eu-role",
    ] {
        let (_, mut answer) = world().await.vault.api("GET", path, None).await;
        let data = &mut answer["data"];
        data["new_field"] = match path {
            "sys/auth" => data["prod-eu/"].clone(),
            "sys/mounts" => data["extra/"].clone(),
            _ => json!({ "nested": [1, "two"] }),
        };
        if let Some(mount) = data.get_mut(if path == "sys/auth" {
            "prod-eu/"
        } else {
            "extra/"
        }) {
            mount["new_field"] = json!("new");
            mount["config"]["new_tuning"] = json!(["new"]);
            data.as_object_mut().unwrap().remove("new_field");
        }
        let wanted = format!("/v1/{path}");
        stage.vault_proxy.fault(
            move |request| request.method == "GET" && request.path == wanted,
            Fault::answer(200, &answer.to_string()).with_header("Content-Type", "application/json"),
        );
        let plan = stage.keyfleet.plan_json();
        stage.vault_proxy.clear_faults();
        assert_eq!(plan["inSync"], true, "{path}: {plan:#}");
    }
}
