//! Drift reports on a schedule: what is new, what was resolved, and one that was missed.

use super::process::Service;
use super::scene::Scene;
use serde_json::{Value, json};
use std::fs;
use std::path::PathBuf;
use std::time::Duration;

/// Two schedules that are due together, the second one by this rule.
fn settings(scene: &Scene, again: &str) -> String {
    let folder = scene.keyfleet.repository.with_file_name("reports");
    format!(
        "reconcile: {{interval: 5s, mode: report}}\nreports:\n  sinks:\n    - name: files\n      directory: {}\n  schedules:\n    \
         - name: often\n      cron: \"* * * * *\"\n      zone: Europe/Berlin\n      to: [files]\n      \
         formats: [text, markdown, html, json, junit, sarif]\n    \
         - name: again\n      cron: \"{again}\"\n      to: [files]\n      formats: [json]\n",
        folder.display()
    )
}

/// The reports of a schedule in JSON, the oldest first.
fn reports(scene: &Scene, schedule: &str) -> Vec<Value> {
    let folder = scene.keyfleet.repository.with_file_name("reports");
    let Ok(entries) = fs::read_dir(folder) else {
        return Vec::new();
    };
    let mut files: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let ending = format!("-{schedule}.json");
    let is_wanted = |path: &&PathBuf| path.to_str().is_some_and(|it| it.ends_with(&ending));
    let read = |path: &PathBuf| fs::read_to_string(path).ok();
    files
        .iter()
        .filter(is_wanted)
        .filter_map(|path| serde_json::from_str(&read(path)?).ok())
        .collect()
}

fn finding(report: &Value) -> &Value {
    let findings = report["findings"].as_array().unwrap();
    let is_app = |finding: &&Value| finding["kind"] == "Secret" && finding["class"] == "drift";
    findings
        .iter()
        .find(is_app)
        .unwrap_or_else(|| panic!("no drift of a Secret: {report:#}"))
}

/// Somebody helps by hand, and takes it back.
pub(crate) async fn edit(scene: &Scene, value: &str) {
    let path = format!("/api/v1/namespaces/apps-{}/secrets/app", scene.tag);
    let body = Some(json!({"stringData": {"password": value}}));
    let kind = "application/merge-patch+json";
    let cluster = &scene.north.cluster;
    let (status, answer) = cluster.api("PATCH", &path, kind, body).await;
    assert_eq!(status, 200, "{answer}");
}

/// What is gone keeps no record of who did it; who saw it before knows.
async fn deleted_by_hand_is_drift_on_the_board_too(scene: &Scene, service: &Service) {
    let south = scene.south.name.as_str();
    let ask = async |path: String| -> Value {
        let (_, text) = service.get(service.ports.web, &path).await;
        serde_json::from_str(&text).unwrap_or_default()
    };
    service.until_said("following").await;
    let success = format!("/api/v1/clusters/{south}");
    service
        .until("success", async || {
            ask(success.clone()).await["lastSuccess"].is_string()
        })
        .await;
    let path = format!("/api/v1/namespaces/apps-{}/secrets/app", scene.tag);
    let (status, answer) = scene.south.cluster.api("DELETE", &path, "", None).await;
    assert_eq!(status, 200, "{answer}");
    let found = format!("/api/v1/findings?cluster={south}");
    service
        .until("finding", async || ask(found.clone()).await["total"] == 1)
        .await;
    let found = ask(found).await;
    let finding = &found["findings"][0];
    assert_eq!(finding["topic"], "drift", "{found:#}");
    assert_eq!(finding["cause"]["kind"], "drift", "{found:#}");
}

/// Nothing runs for an hour, so to say.
fn an_hour_goes_by(scene: &Scene) {
    let data = scene.keyfleet.repository.with_file_name("data");
    let ledger = data.join("ledger.json");
    let mut kept: Value = serde_json::from_str(&fs::read_to_string(&ledger).unwrap()).unwrap();
    let an_hour_ago = jiff::Timestamp::now() - jiff::SignedDuration::from_hours(1);
    for schedule in ["often", "again"] {
        kept["rules"][schedule]["kept"] = an_hour_ago.to_string().into();
    }
    fs::write(&ledger, kept.to_string()).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_tells_what_is_new_and_one_that_was_missed_what_was_resolved() {
    let scene = Scene::applied("serve-report").await;
    edit(&scene, "canary-of-the-hand").await;
    let mut service = Service::start(&scene, &settings(&scene, "* * * * *"));
    deleted_by_hand_is_drift_on_the_board_too(&scene, &service).await;
    let is_there = |name: &&str| !reports(&scene, name).is_empty();
    service
        .until("reports of both", async || {
            ["often", "again"].iter().all(is_there)
        })
        .await;
    let first = reports(&scene, "often").remove(0);
    // What is due together is told together, each in a file of its own.
    let beside = reports(&scene, "again").remove(0);
    assert_eq!(beside["schedule"], "again");
    assert_eq!(beside["findings"], first["findings"]);
    assert_eq!(finding(&first)["state"], "new", "{first:#}");
    assert_eq!(first["due"], Value::Null);
    assert_eq!(
        scene.secret(&scene.north, "app").await.as_deref(),
        Some("canary-of-the-hand"),
        "a report writes nothing"
    );
    // It is told once the file is there.
    service.until_said("drift report").await;
    service.signal("TERM");
    assert_eq!(service.ended().await.code(), Some(0));

    an_hour_goes_by(&scene);
    edit(&scene, "value-of-app").await;
    // Reports are named by the second.
    tokio::time::sleep(Duration::from_millis(1100)).await;
    // By hand it is still not keyfleet's: only an apply makes it so.
    scene.apply_well();
    late(&scene, reports(&scene, "often").len()).await;
    for file in fs::read_dir(scene.keyfleet.repository.with_file_name("reports")).unwrap() {
        let text = fs::read_to_string(file.unwrap().path()).unwrap();
        assert!(!text.contains("canary-of-the-hand") && !text.contains("value-of-app"));
    }
}

/// What was missed is caught up once, but for what is due by another rule from now on.
async fn late(scene: &Scene, before: usize) {
    let service = Service::start(scene, &settings(scene, "*/2 * * * *"));
    service.until_said("caught up once").await;
    service
        .until("late report", async || {
            reports(scene, "often").len() > before
        })
        .await;
    let log = service.log();
    let said = log.lines().filter(|line| line.contains("caught up once"));
    let said: Vec<_> = said.collect();
    assert!(
        said.len() == 1 && said[0].contains("schedule=often"),
        "{said:?}"
    );
    let late = &reports(scene, "often")[before];
    assert_ne!(
        late["due"],
        Value::Null,
        "it says when it was due: {late:#}"
    );
    assert_eq!(finding(late)["state"], "resolved", "{late:#}");
    let found = late["findings"].as_array().unwrap();
    let deleted = found
        .iter()
        .find(|it| it["cluster"] == scene.south.name.as_str());
    assert_eq!(deleted.unwrap()["class"], "drift", "{late:#}");
    // The same goes for settings that are read again.
    service.resettle(scene, &settings(scene, "*/3 * * * *"));
    service.signal("HUP");
    let ledger = scene.keyfleet.repository.with_file_name("data/ledger.json");
    service
        .until("other rule", async || {
            fs::read_to_string(&ledger).is_ok_and(|text| text.contains("*/3 * * * * UTC"))
        })
        .await;
    let log = service.log();
    assert_eq!(log.matches("caught up once").count(), 1, "{log}");
}
