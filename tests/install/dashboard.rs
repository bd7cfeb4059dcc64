//! The dashboard for Grafana: what can be known of it without one.

use super::metrics::unknown;
use super::tools::{promtool, read, said};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::fs;

fn panels() -> Vec<Value> {
    let dashboard: Value =
        serde_json::from_str(&read("manifests/monitoring/dashboard.json")).unwrap();
    dashboard["panels"].as_array().unwrap().clone()
}

/// Each query with the title of its panel.
fn queries() -> Vec<(String, String)> {
    let mut queries = Vec::new();
    for panel in panels() {
        let title = panel["title"].as_str().unwrap().to_owned();
        for target in panel["targets"].as_array().into_iter().flatten() {
            queries.push((title.clone(), target["expr"].as_str().unwrap().to_owned()));
        }
    }
    assert!(queries.len() > 20);
    queries
}

/// promtool reads an expression where it is a rule. What Grafana fills in, it fills in here.
#[test]
fn prometheus_understands_every_query() {
    let rules: Vec<Value> = queries()
        .into_iter()
        .enumerate()
        .map(|(number, (_, query))| {
            let query = query.replace("$__rate_interval", "5m");
            json!({ "record": format!("panel:{number}"), "expr": query })
        })
        .collect();
    let count = rules.len();
    let file = json!({ "groups": [{ "name": "dashboard", "rules": rules }] });
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("rules.yaml"), file.to_string()).unwrap();
    let told = said(&promtool(&["check", "rules", "rules.yaml"], folder.path()));
    assert!(told.contains(&format!("SUCCESS: {count} rules")), "{told}");
}

#[test]
fn every_query_asks_for_what_is_exported() {
    for (title, query) in queries() {
        assert_eq!(unknown(&query), Vec::<String>::new(), "{title}");
    }
    assert_eq!(
        unknown("sum(keyfleet_no_such_total)"),
        ["keyfleet_no_such_total"]
    );
}

/// Whoever imports it has a Prometheus of another name.
#[test]
fn every_panel_asks_the_prometheus_that_is_chosen() {
    for panel in panels().iter().filter(|panel| panel["type"] != "row") {
        let sources = panel["targets"].as_array().unwrap().iter().chain([panel]);
        for source in sources {
            assert_eq!(
                source["datasource"]["uid"], "${datasource}",
                "{}",
                panel["title"]
            );
        }
    }
}

#[test]
fn no_panel_covers_another() {
    let mut taken = BTreeSet::new();
    let mut ids = BTreeSet::new();
    for panel in panels() {
        assert!(
            ids.insert(panel["id"].as_u64().unwrap()),
            "{}",
            panel["title"]
        );
        let place = |side: &str| panel["gridPos"][side].as_u64().unwrap();
        assert!(place("x") + place("w") <= 24, "{}", panel["title"]);
        for x in place("x")..place("x") + place("w") {
            for y in place("y")..place("y") + place("h") {
                assert!(taken.insert((x, y)), "{} covers another", panel["title"]);
            }
        }
    }
}
