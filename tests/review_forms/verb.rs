//! The command: what it prints, what it writes, and how it ends.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

fn git(folder: &Path, arguments: &[&str]) {
    let who = ["-c", "user.name=a", "-c", "user.email=a@example.com"];
    let mut command = Command::new("git");
    command.current_dir(folder).args(who).args(arguments);
    let done = command.output().unwrap();
    assert!(done.status.success(), "{arguments:?}: {done:?}");
}

fn review(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_keyfleet"));
    command.current_dir(folder).env_clear().arg("review");
    command
        .args(["--base", "main", "--head", "pr"])
        .args(arguments);
    command.output().unwrap()
}

const FLEET: &str = "apiVersion: keyfleet.dev/v1alpha1
kind: Fleet
metadata:
  name: acme
spec:
  vaults:
    main:
      kvMounts:
        - path: kv
          version: 2
  defaults:
    serviceAccount: external-secrets/reader
    ttl: 1h
";

/// A repository of which the branch `pr` doubles how long tokens live.
fn repository(folder: &Path) {
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/repo-layout");
    let cluster = folder.join("clusters/staging");
    fs::create_dir_all(&cluster).unwrap();
    for file in ["cluster.yaml", "ca.crt"] {
        let from = example.join("clusters/staging").join(file);
        fs::copy(from, cluster.join(file)).unwrap();
    }
    fs::write(folder.join("fleet.yaml"), FLEET).unwrap();
    git(folder, &["init", "-q", "-b", "main"]);
    git(folder, &["add", "-A"]);
    git(folder, &["commit", "-qm", "base"]);
    git(folder, &["checkout", "-q", "-b", "pr"]);
    fs::write(folder.join("fleet.yaml"), FLEET.replace("1h", "2h")).unwrap();
    git(folder, &["commit", "-qam", "head"]);
}

#[test]
fn one_form_is_printed_and_others_are_written() {
    let folder = tempfile::tempdir().unwrap();
    repository(folder.path());
    let outs = ["--out", "json=it.json", "--out", "html=it.html"];
    let done = review(folder.path(), &[&["-o", "markdown"], &outs[..]].concat());
    let printed = String::from_utf8(done.stdout).unwrap();
    let said = String::from_utf8(done.stderr).unwrap();
    assert_eq!(done.status.code(), Some(3), "{printed}{said}");
    assert!(
        printed.starts_with("### 1 critical change\n"),
        "{printed}{said}"
    );
    let written = |name: &str| fs::read_to_string(folder.path().join(name)).unwrap();
    let json: serde_json::Value = serde_json::from_str(&written("it.json")).unwrap();
    assert_eq!(json["about"]["files"], 1);
    assert_eq!(
        json["review"]["changes"][0]["critical"][0]["reason"],
        "lives-longer"
    );
    assert!(written("it.html").starts_with("<!doctype html>"));
}

#[test]
fn a_file_that_cannot_be_written_is_known_before_anything_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let done = review(folder.path(), &["--out", "json=no/such/it.json"]);
    let said = String::from_utf8(done.stderr).unwrap();
    assert_eq!(done.status.code(), Some(1));
    assert!(said.contains("failed to write no/such/it.json"), "{said}");
}
