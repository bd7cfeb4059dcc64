//! The JSON API: every answer names its shape, lists are paged, and it says what the pages say.

use super::site::Site;
use http::StatusCode;
use serde_json::{Value, json};

#[tokio::test]
async fn every_answer_names_its_shape() {
    let site = Site::made_up(41, 3);
    for (path, schema) in [
        ("/fleet", "fleet"),
        ("/clusters", "clusters"),
        ("/clusters/dev-us-005", "cluster"),
        ("/clusters/dev-us-005/secrets", "secrets"),
        ("/clusters/dev-us-005/secrets/billing/app-001", "secret"),
        ("/findings", "findings"),
        ("/held", "held"),
        ("/reports", "reports"),
    ] {
        let answer = site.json(path).await;
        assert_eq!(
            answer["schema"],
            format!("keyfleet.dev/{schema}/v1"),
            "{path}"
        );
    }
    for path in [
        "/nowhere",
        "/clusters/none",
        "/clusters/dev-us-005/secrets/a/b",
        "",
    ] {
        let answer = site.get(&format!("/api/v1{path}")).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{path}");
        let body: Value = serde_json::from_str(&answer.body).unwrap();
        assert_eq!(body["schema"], "keyfleet.dev/error/v1", "{path}");
    }
}

#[tokio::test]
async fn lists_are_narrowed_and_paged() {
    let site = Site::made_up(45, 3);
    let page = site.json("/clusters?per_page=20&page=3&sort=name").await;
    assert_eq!(
        (&page["total"], &page["page"], &page["pages"]),
        (&json!(45), &json!(3), &json!(3))
    );
    assert_eq!(page["clusters"].as_array().unwrap().len(), 5);
    let most = site.json("/clusters?per_page=99999999").await;
    assert_eq!(most["clusters"].as_array().unwrap().len(), 45);
    let blocked = site.json("/clusters?state=blocked").await;
    assert_eq!(blocked["clusters"][0]["state"], "blocked");
    assert_eq!(blocked["total"], 1);
    assert_eq!(
        site.json("/clusters/dev-us-005/secrets?state=out-of-sync")
            .await["total"],
        1
    );
    assert_eq!(
        site.json("/findings?topic=drift&kind=policy").await["total"],
        1
    );
}

#[tokio::test]
async fn a_finding_says_cause_since_and_place_and_a_held_one_its_release() {
    let site = Site::made_up(40, 4);
    let drift = site.json("/findings?cluster=dev-us-005&kind=secret").await;
    let finding = &drift["findings"][0];
    assert_eq!(
        (
            &finding["topic"],
            &finding["cause"],
            &finding["since"],
            &finding["place"]["line"]
        ),
        (
            &json!("drift"),
            &json!({"kind": "drift", "by": "kubectl-edit", "since": "2026-11-28T15:55:00Z"}),
            &json!("2026-11-28T15:55:00Z"),
            &json!(4)
        )
    );
    let held = site.json("/held?cluster=prod-ap-015").await;
    assert_eq!(held["total"], 1);
    let held = &held["held"][0]["held"];
    assert_eq!(held["release"], json!(["approve"]));
    assert_eq!(held["id"], "7c1e09ab");
    assert_eq!(
        held["concerns"][1]["command"],
        "keyfleet apply . --cluster prod-ap-015 --approve 7c1e09ab"
    );
}

#[tokio::test]
async fn the_fleet_in_numbers() {
    let site = Site::made_up(40, 4);
    let fleet = site.json("/fleet").await;
    assert_eq!(fleet["clusters"]["total"], 40);
    assert_eq!(fleet["clusters"]["states"]["failing"], 2);
    assert_eq!(fleet["secrets"]["total"], 160);
    assert_eq!(fleet["process"]["standing"], "active");
    assert_eq!(fleet["source"]["followed"]["errors"], 1);
    assert_eq!(fleet["vaults"][0]["state"], "held");
}

/// Every address and every field that is written down is there; every one that is there is written down.
#[tokio::test]
async fn the_documentation_names_every_field() {
    let site = Site::made_up(40, 4);
    let text =
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/api.md")).unwrap();
    let mut missing = Vec::new();
    for path in [
        "/fleet",
        "/clusters",
        "/clusters/prod-ap-015",
        "/clusters/dev-us-005/secrets",
        "/clusters/dev-us-005/secrets/billing/app-001",
        "/findings",
        "/held",
        "/reports",
    ] {
        let answer = site.json(path).await;
        keys(&answer, &mut |key| {
            if !text.contains(&format!("`{key}`")) {
                missing.push(format!("{path}: {key}"));
            }
        });
        let schema = answer["schema"].as_str().unwrap();
        assert!(text.contains(schema), "{schema}");
    }
    assert_eq!(missing, Vec::<String>::new());
}

/// The names of fields; what is named by data (labels, states, topics) is not a field.
fn keys(value: &Value, tell: &mut impl FnMut(&str)) {
    match value {
        Value::Object(fields) => {
            for (key, value) in fields {
                tell(key);
                if !["labels", "states", "topics"].contains(&key.as_str()) && !is_tally(key, value)
                {
                    keys(value, tell);
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| keys(item, tell)),
        _ => {}
    }
}

fn is_tally(key: &str, value: &Value) -> bool {
    let numbers = |fields: &serde_json::Map<String, Value>| fields.values().all(Value::is_number);
    key == "findings" && value.as_object().is_some_and(numbers) && value.get("total").is_none()
}
