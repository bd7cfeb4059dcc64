//! The settings files, read by keyfleet itself.

use super::tools::{FOLDERS, cluster, complaint, kustomized, read};
use std::fs;
use std::process::Command;

/// `keyfleet serve --check=file`, without anything in the environment: the files that it names are elsewhere.
pub(crate) fn assert_good(settings: &str) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("keyfleet.yaml");
    fs::write(&file, settings).unwrap();
    let checked = Command::new(env!("CARGO_BIN_EXE_keyfleet"))
        .args(["serve", "--check=file", "--settings"])
        .arg(&file)
        .env_clear()
        .output()
        .unwrap();
    assert!(
        checked.status.success(),
        "{settings}\n{}",
        complaint(&checked)
    );
    assert_eq!(complaint(&checked), "");
    assert_eq!(checked.stdout, b"the settings are good\n");
}

#[test]
fn keyfleet_reads_the_settings_of_a_machine() {
    assert_good(&read("manifests/systemd/keyfleet.yaml"));
}

/// What the README begins with, and what is added for webhooks.
#[test]
fn keyfleet_reads_the_settings_that_the_papers_show() {
    let readme = read("README.md");
    let smallest = block(&readme, "# keyfleet.yaml");
    assert_good(smallest);
    let webhooks = read("docs/webhooks.md");
    assert_good(&format!("{smallest}{}", block(&webhooks, "webhooks:")));
}

/// The YAML that begins so.
fn block<'t>(paper: &'t str, begins: &str) -> &'t str {
    let mut blocks = paper.split("```yaml\n").skip(1);
    let found = blocks.find(|block| block.starts_with(begins)).unwrap();
    found.split("```").next().unwrap()
}

/// As they arrive in the cluster.
#[tokio::test]
async fn keyfleet_reads_the_settings_of_the_manifests() {
    let objects = kustomized(cluster().await, FOLDERS[0]);
    let mut texts = objects
        .iter()
        .filter_map(|object| object["data"]["keyfleet.yaml"].as_str());
    let text = texts.next().unwrap();
    assert_eq!(text, read("manifests/keyfleet.yaml"));
    assert_good(text);
}
