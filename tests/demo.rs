//! The first thing that anybody runs, to its end: on the embedded servers and on real ones.

mod support;

use std::fs::{self, Permissions};
use std::io::{BufRead, BufReader, Read};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::Duration;
use support::binaries;
use support::canary::Canaries;

/// The turns of the story, in order.
const TURNS: [&str; 17] = [
    "$ keyfleet plan --out ../plan.json",
    "9 to create in Vault; 6 to create in clusters; 6 waiting. Nothing was written.",
    "$ keyfleet apply . ../plan.json --yes",
    "  ✓ main policy platform-read created\n",
    "21 writes in 2 rounds.\nEverything is as declared.",
    "No changes: everything is as declared. Nothing was written.",
    "policy  prod-eu-kv-rw  8 changes  drift, since 20",
    "drift by kubectl-edit, since 20",
    "2 writes in 1 round.\nEverything is as declared.",
    "+    - key: kv/data/prod-eu/database",
    "key password, now from kv/data/prod-eu/database",
    "rotation v1 → v2",
    "why: revokes every token it issued",
    "1 held; 1 waiting.",
    "$ git revert --no-edit HEAD\n\n$ keyfleet plan\n",
    "No changes: everything is as declared. Nothing was written.",
    "The repository of this story stays in ",
];

fn demo(arguments: &[&str], assets: Option<&Path>, home: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_keyfleet"));
    command
        .args(arguments)
        .env_clear()
        .env("HOME", home)
        .env("TMPDIR", home)
        .stdin(Stdio::null());
    if let Some(assets) = assets {
        command.env("KUBEBUILDER_ASSETS", assets);
    }
    command
}

fn told(arguments: &[&str], assets: Option<&Path>, home: &Path) -> Output {
    let mut command = demo(arguments, assets, home);
    command.output().expect("keyfleet can be started")
}

/// Ctrl-C, as soon as it has printed this line; its exit code, and what it said after that.
fn interrupted(arguments: &[&str], line: &str, home: &Path) -> (Option<i32>, String) {
    let mut command = demo(arguments, None, home);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut process = command.spawn().expect("keyfleet can be started");
    let mut output = BufReader::new(process.stdout.take().expect("it is piped"));
    let found = output
        .by_ref()
        .lines()
        .any(|read| read.expect("text").starts_with(line));
    assert!(found, "it does not say `{line}`");
    // What is not read would keep it waiting.
    std::thread::spawn(move || std::io::copy(&mut output, &mut std::io::sink()));
    let id = process.id().to_string();
    let sent = Command::new("kill").args(["-INT", &id]).status();
    assert!(sent.expect("kill can be started").success());
    let ended = process.wait_with_output().expect("it ends");
    let said = String::from_utf8_lossy(&ended.stderr).into_owned();
    (ended.status.code(), said)
}

fn assert_parts(said: &str, home: &Path) {
    let (_, after) = said
        .split_once("\nThe servers are gone, with all that was in them.\nThe repository stays in ")
        .unwrap_or_else(|| panic!("{said}"));
    let (repository, removal) = after
        .split_once(". To take it away:\n\n  rm -r ")
        .unwrap_or_else(|| panic!("{said}"));
    assert!(Path::new(repository).join("fleet.yaml").is_file(), "{said}");
    assert_eq!(Path::new(removal.trim_end()).parent(), Some(home), "{said}");
}

#[test]
fn whoever_has_seen_enough_is_told_what_stays() {
    let home = tempfile::tempdir().expect("a temporary folder can be made");
    let (code, said) = interrupted(&["demo"], "$ keyfleet plan --out ../plan.json", home.path());
    assert_eq!(code, Some(130), "{said}");
    assert_parts(&said, home.path());
}

#[test]
fn servers_that_stayed_end_with_ctrl_c_and_all_is_well() {
    let home = tempfile::tempdir().expect("a temporary folder can be made");
    let last =
        "To see the guard hold the folder once more, and to release what it holds with the command";
    let (code, said) = interrupted(&["demo", "--stay"], last, home.path());
    assert_eq!(code, Some(0), "{said}");
    assert_parts(&said, home.path());
}

#[test]
fn real_servers_that_are_interrupted_at_their_start_leave_nothing() {
    let home = tempfile::tempdir().expect("a temporary folder can be made");
    let assets = scripts("echo starting; exec sleep 60");
    let mut command = demo(&["demo", "--real"], Some(assets.path()), home.path());
    command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
    let process = command.stderr(Stdio::piped()).spawn();
    let process = process.expect("keyfleet can be started");
    while names_in(home.path()).is_empty() {
        std::thread::sleep(Duration::from_millis(5));
    }
    let id = process.id().to_string();
    let sent = Command::new("kill").args(["-INT", &id]).status();
    assert!(sent.expect("kill can be started").success());
    let ended = process.wait_with_output().expect("it ends");
    assert_eq!(ended.status.code(), Some(130));
    let said = String::from_utf8_lossy(&ended.stderr);
    assert_eq!(
        said,
        "\nEnded before the story began; nothing of it stays.\n"
    );
    assert_eq!(names_in(home.path()), Vec::<String>::new());
}

fn assert_told(output: &Output) {
    let text = String::from_utf8_lossy(&output.stdout);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{text}\n{said}");
    assert_eq!(said, "", "all of it is the story");
    let mut rest = text.as_ref();
    for turn in TURNS {
        let Some((_, after)) = rest.split_once(turn) else {
            panic!("`{turn}` is not told, or not in its place:\n{text}");
        };
        rest = after;
    }
    for line in text.lines().filter(|line| !line.starts_with("  ")) {
        assert_eq!(line, line.trim_end(), "nothing follows the words");
    }
    let all = format!("{text}{said}");
    assert!(!all.contains("made-up-"), "a value shows:\n{all}");
    assert_eq!(Canaries::default().found_in(&all), Vec::<String>::new());
}

#[test]
fn the_story_is_told_to_its_end() {
    let home = tempfile::tempdir().expect("a temporary folder can be made");
    let output = told(&["demo"], None, home.path());
    assert_told(&output);
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(
        text.contains("Counted at the servers: 11 reads of the Vault, of the clusters prod-eu 6, staging 5, and 0 writes."),
        "{text}"
    );
}

#[test]
fn it_is_the_same_story_on_real_servers() {
    let home = tempfile::tempdir().expect("a temporary folder can be made");
    let assets = tempfile::tempdir().expect("a temporary folder can be made");
    for (name, program) in [
        ("bao", binaries::vault()),
        ("etcd", binaries::etcd()),
        ("kube-apiserver", binaries::kube_apiserver()),
    ] {
        symlink(program, assets.path().join(name)).expect("a link can be made");
    }
    assert_told(&told(&["demo", "--real"], Some(assets.path()), home.path()));
}

#[test]
fn what_is_not_found_for_real_servers_is_named() {
    let home = tempfile::tempdir().expect("a temporary folder can be made");
    let output = told(&["demo", "--real"], None, home.path());
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(
        said.contains("there is no `bao` or `vault` in KUBEBUILDER_ASSETS or on PATH"),
        "{said}"
    );
}

/// A folder with programs of these names, each of which is this script.
fn scripts(script: &str) -> tempfile::TempDir {
    let assets = tempfile::tempdir().expect("a temporary folder can be made");
    for name in ["bao", "etcd", "kube-apiserver"] {
        let file = assets.path().join(name);
        fs::write(&file, format!("#!/bin/sh\n{script}\n")).expect("a script can be written");
        fs::set_permissions(&file, Permissions::from_mode(0o755)).expect("it can be made to run");
    }
    assets
}

fn names_in(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).expect("the folder is there");
    let name = |entry: std::io::Result<fs::DirEntry>| entry.expect("readable").file_name();
    entries
        .map(|entry| name(entry).to_string_lossy().into_owned())
        .collect()
}

#[test]
fn a_server_that_ends_at_its_start_is_named_with_its_last_words() {
    let home = tempfile::tempdir().expect("a temporary folder can be made");
    let assets = scripts("echo no such flag; echo; exit 7");
    let output = told(&["demo", "--real"], Some(assets.path()), home.path());
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8_lossy(&output.stderr);
    let expected = format!(
        "error: vault did not start: {}/bao ended with exit status: 7\n  its last words:\n    no such flag\n  \
         its whole log stays in ",
        assets.path().display()
    );
    let log = said.strip_prefix(&expected);
    let log = log.unwrap_or_else(|| panic!("{said}\ninstead of\n{expected}"));
    let log = fs::read_to_string(log.trim_end()).expect("the log is there");
    assert_eq!(log, "no such flag\n\n");
}

#[test]
fn a_server_that_says_nothing_at_its_end_leaves_nothing() {
    let home = tempfile::tempdir().expect("a temporary folder can be made");
    let assets = scripts("exit 1");
    let output = told(&["demo", "--real"], Some(assets.path()), home.path());
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(
        said.ends_with("/bao ended with exit status: 1, and said nothing\n"),
        "{said}"
    );
    assert_eq!(names_in(home.path()), Vec::<String>::new());
}
