//! The alert rules, checked and tried out by the real promtool.

use super::metrics::unknown;
use super::tools::{cluster, kustomized, name, project, promtool, said};
use serde_json::Value;
use std::fs;

/// The groups of rules, as Prometheus Operator hands them to Prometheus. JSON is YAML too.
async fn rules() -> Value {
    let objects = kustomized(cluster().await, "manifests/monitoring");
    let rules = objects
        .iter()
        .find(|object| name(object) == "PrometheusRule/keyfleet");
    rules.unwrap()["spec"].clone()
}

#[tokio::test]
async fn each_alert_comes_when_it_should_and_only_then() {
    let rules = rules().await;
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("rules.yaml"), rules.to_string()).unwrap();
    let cases = "alerts_test.yaml";
    fs::copy(
        project("tests/install").join(cases),
        folder.path().join(cases),
    )
    .unwrap();

    let told = said(&promtool(&["check", "rules", "rules.yaml"], folder.path()));
    assert!(told.contains("SUCCESS"), "{told}");
    said(&promtool(&["test", "rules", cases], folder.path()));

    let tried = fs::read_to_string(folder.path().join(cases)).unwrap();
    let rules = rules["groups"][0]["rules"].as_array().unwrap();
    assert!(rules.len() > 10);
    for rule in rules {
        let alert = rule["alert"].as_str().unwrap();
        assert!(
            tried.contains(&format!("alertname: {alert}\n")),
            "{alert} is never tried"
        );
        assert_eq!(
            unknown(rule["expr"].as_str().unwrap()),
            Vec::<String>::new(),
            "{alert}"
        );
    }
}
