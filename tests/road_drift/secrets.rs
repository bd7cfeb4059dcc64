use crate::stage::{ByHand, Drift, stage};
use serde_json::{Value, json};

fn path(name: &str) -> String {
    format!("/api/v1/namespaces/shop/secrets/{name}")
}

fn edit(name: &str, patch: Value) -> ByHand {
    ByHand::Edit(path(name), patch)
}

fn label(name: &str, value: &Value) -> Value {
    json!({ "metadata": { "labels": { name: value } } })
}

#[tokio::test]
async fn every_key_label_and_annotation_of_a_secret_is_found_and_put_back() {
    let of = |patch, fields| Drift::new(edit("checkout", patch), "Secret", "shop/checkout", fields);
    let eso = |patch, fields| {
        Drift::new(
            edit("payments-api", patch),
            "Secret",
            "shop/payments-api",
            fields,
        )
    };
    let sync = "keyfleet.dev/sync";
    let forged = r#"{"mapping":"0","versions":{},"keys":["password","username"],"at":"2020-01-01T00:00:00Z"}"#;
    stage()
        .await
        .finds_and_restores(vec![
            of(
                json!({ "data": { "password": "aGFuZA==" } }),
                &["key password changed"],
            ),
            of(
                json!({ "data": { "username": "aGFuZA==" } }),
                &["key username changed"],
            ),
            of(
                json!({ "stringData": { "password": "hand" } }),
                &["key password changed"],
            ),
            of(
                json!({ "data": { "password": null } }),
                &["key password added"],
            ),
            of(
                json!({ "data": { "username": null } }),
                &["key username added"],
            ),
            of(
                json!({ "data": null }),
                &["key password added", "key username added"],
            ),
            of(
                label("keyfleet.dev/installation", &json!(null)),
                &["label keyfleet.dev/installation"],
            ),
            of(
                label("app.kubernetes.io/managed-by", &json!("Helm")),
                &["label app.kubernetes.io/managed-by"],
            ),
            of(
                label("app.kubernetes.io/managed-by", &json!(null)),
                &["label app.kubernetes.io/managed-by"],
            ),
            of(
                json!({ "metadata": { "annotations": { sync: "{}" } } }),
                &["annotation keyfleet.dev/sync"],
            ),
            of(
                json!({ "metadata": { "annotations": { sync: forged } } }),
                &["annotation keyfleet.dev/sync"],
            ),
            of(
                json!({ "metadata": { "annotations": { sync: null } } }),
                &["annotation keyfleet.dev/sync"],
            ),
            eso(label("team", &json!("checkout")), &["label team"]),
            eso(label("team", &json!(null)), &["label team"]),
            eso(
                json!({ "data": { "region": "aGFuZA==" } }),
                &["key region changed"],
            ),
            Drift::new(
                ByHand::Delete(path("checkout")),
                "Secret",
                "shop/checkout",
                &[],
            ),
        ])
        .await;
}

#[tokio::test]
async fn the_plan_says_who_edited_a_secret_and_since_when() {
    let stage = stage().await;
    let patch = json!({ "data": { "password": "aGFuZA==" } });
    stage.by_hand(&edit("checkout", patch)).await;
    let cause = stage.keyfleet.plan_json()["changes"][0]["cause"].clone();
    let (_, secret) = stage.cluster.get(&path("checkout")).await;
    let managers = secret["metadata"]["managedFields"].as_array().unwrap();
    let hand = managers
        .iter()
        .find(|entry| entry["manager"] == "kubectl-edit")
        .unwrap();
    assert_eq!(
        cause,
        json!({ "kind": "drift", "by": "kubectl-edit", "since": hand["time"] })
    );
    let text = stage.keyfleet.run(&["plan"]).out;
    let since = hand["time"].as_str().unwrap();
    let line = text.lines().find(|line| line.contains("shop/checkout"));
    let line = line.unwrap_or_default();
    assert!(
        line.contains("key password changed") && line.contains("drift by kubectl-edit, since"),
        "{since}: {text}"
    );
    stage.restores(1).unwrap();
}

#[tokio::test]
async fn a_secret_from_kv_v1_is_compared_by_value() {
    let stage = stage().await;
    let declared = stage.edit_file("clusters/prod-eu/warehouse.yaml", |_| {
        "apiVersion: kubernetes-client.io/v1\nkind: ExternalSecret\n\
         metadata: {name: warehouse, namespace: shop}\n\
         spec: {backendType: vault, kvVersion: 1, dataFrom: [legacy/prod-eu/warehouse]}\n"
            .to_owned()
    });
    // The policy, and the Secret.
    stage.restores(2).unwrap();
    let of =
        |patch, fields| Drift::new(edit("warehouse", patch), "Secret", "shop/warehouse", fields);
    stage
        .finds_and_restores(vec![
            of(
                json!({ "data": { "host": "aGFuZA==" } }),
                &["key host changed"],
            ),
            of(json!({ "data": { "port": null } }), &["key port added"]),
        ])
        .await;
    drop(declared);
    stage.restores(2).unwrap();
}

/// Git and a hand at once: both keys were keyfleet's, so neither is in the other's way.
#[tokio::test]
async fn a_secret_that_was_edited_and_is_declared_otherwise_takes_one_write() {
    let stage = stage().await;
    let patch = json!({ "data": { "password": "aGFuZA==" } });
    stage.by_hand(&edit("checkout", patch)).await;
    let declared = stage.edit_file("clusters/prod-eu/checkout.yaml", |text| {
        text.replace("      name: username\n", "      name: user\n")
    });
    stage.restores(1).unwrap();
    let data = stage.cluster.secret("shop", "checkout").await.unwrap();
    assert_eq!(data["password"], b"canary-password");
    assert!(data.contains_key("user") && !data.contains_key("username"));
    drop(declared);
    stage.restores(1).unwrap();
}

/// A key that somebody else wrote first is theirs: it stays, and is named.
#[tokio::test]
async fn a_newly_declared_key_that_somebody_else_holds_is_not_taken() {
    let stage = stage().await;
    let patch = json!({ "data": { "user": "aGFuZA==" } });
    stage.by_hand(&edit("checkout", patch)).await;
    let declared = stage.edit_file("clusters/prod-eu/checkout.yaml", |text| {
        text.replace("      name: username\n", "      name: user\n")
    });
    let applied = stage.keyfleet.run(&["apply", "--yes"]);
    assert_eq!(applied.code, 1, "{}", applied.out);
    let text = format!("{}{}", applied.out, applied.err);
    assert!(text.contains("\"kubectl-edit\" holds"), "{text}");
    let data = stage.cluster.secret("shop", "checkout").await.unwrap();
    assert_eq!(data["user"], b"hand");
    drop(declared);
    stage
        .by_hand(&edit("checkout", json!({ "data": { "user": null } })))
        .await;
}
