//! A data directory that holds what cannot be read, and one that takes nothing any more.

use super::process::Service;
use super::reports::edit;
use super::scene::Scene;
use serde_json::Value;
use std::fs;
use std::path::Path;

const OFTEN: &str = "reconcile: {interval: 5s}\n";

async fn is_repaired(service: &Service, scene: &Scene) {
    edit(scene, "by-hand").await;
    service.until_secret(scene, "app", "value-of-app").await;
}

async fn metric(service: &Service, line: &str) {
    service
        .until(line, async || {
            let (_, text) = service.get(service.ports.probes, "/metrics").await;
            text.lines().any(|it| it == line)
        })
        .await;
}

/// When the ledger on disk began; nothing before there is one.
fn began(ledger: &Path) -> Option<String> {
    let text = fs::read_to_string(ledger).ok()?;
    let ledger: Value = serde_json::from_str(&text).ok()?;
    Some(ledger["began"].as_str().unwrap().to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn files_of_another_version_are_put_aside_and_a_disk_that_takes_nothing_loses_nothing_in_silence()
 {
    let scene = Scene::applied("serve-disk").await;
    let data = scene.keyfleet.repository.with_file_name("data");
    fs::create_dir(&data).unwrap();
    let (ledger, reports) = (data.join("ledger.json"), data.join("reports.json"));
    let newer = r#"{"schema":"keyfleet.dev/ledger/v9","began":7}"#;
    fs::write(&ledger, newer).unwrap();
    fs::write(&reports, "[{\"schedule\": \"torn").unwrap();
    let service = Service::start(&scene, OFTEN);
    service
        .until_said("another version of keyfleet wrote it")
        .await;
    service.until_said("it is damaged").await;
    for (file, text) in [(&ledger, newer), (&reports, "[{\"schedule\": \"torn")] {
        let aside = file.with_extension("json.unread");
        assert_eq!(fs::read_to_string(aside).unwrap(), text);
    }
    is_repaired(&service, &scene).await;
    service
        .until("ledger", async || began(&ledger).is_some())
        .await;
    let first = began(&ledger).unwrap();

    // From now on the disk takes no ledger.
    let in_the_way = data.join(".ledger.json.new");
    fs::create_dir(&in_the_way).unwrap();
    fs::remove_file(&ledger).unwrap();
    metric(
        &service,
        "keyfleet_data_file_write_success{file=\"ledger.json\"} 0",
    )
    .await;
    is_repaired(&service, &scene).await;
    // What is known is not given up for what is on disk.
    service.signal("HUP");
    service.until_said("the settings were read again").await;
    is_repaired(&service, &scene).await;
    fs::remove_dir(&in_the_way).unwrap();
    metric(
        &service,
        "keyfleet_data_file_write_success{file=\"ledger.json\"} 1",
    )
    .await;
    assert_eq!(began(&ledger), Some(first));
    let log = service.log();
    for once in [
        "could not be written: it is in memory only",
        "can be written again",
    ] {
        assert_eq!(log.matches(once).count(), 1, "{log}");
    }
}
