//! The golden cases.

use crate::repository::folder;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

#[test]
fn every_case_says_what_is_expected_of_it() {
    let bless = std::env::var_os("KEYFLEET_BLESS").is_some();
    let mut differing = Vec::new();
    let cases = cases();
    assert!(cases.len() >= 70, "only {} cases were found", cases.len());
    for case in cases {
        let said = validate(&case.join("repo"));
        let file = case.join("validate.txt");
        if bless {
            fs::write(&file, &said).unwrap();
        } else if fs::read_to_string(&file).ok().as_ref() != Some(&said) {
            differing.push(format!("{}:\n{said}", case.display()));
        }
    }
    assert!(
        differing.is_empty(),
        "{} cases differ; see them, and bless them with KEYFLEET_BLESS=1\n\n{}",
        differing.len(),
        differing.join("\n")
    );
}

fn cases() -> Vec<PathBuf> {
    let entries = fs::read_dir(folder("tests/cases")).unwrap();
    let mut cases: Vec<_> = entries
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_dir())
        .collect();
    cases.sort();
    cases
}

/// Runs `keyfleet validate` on a copy that lies in no git repository.
fn validate(repository: &Path) -> String {
    let temporary = tempfile::tempdir().unwrap();
    let above = temporary.path().canonicalize().unwrap();
    let copied = above.join("acme");
    copy(repository, &copied);
    let run = Command::new(env!("CARGO_BIN_EXE_keyfleet"))
        .args(["validate", "."])
        .current_dir(&copied)
        .env_clear()
        .env("HOME", temporary.path())
        .output()
        .unwrap();
    let said = String::from_utf8(run.stderr).unwrap();
    let mut said = said.replace(above.to_str().unwrap(), "/srv");
    assert!(!said.contains("canary"), "a value is shown: {said}");
    if !said.is_empty() {
        said.push('\n');
    }
    said.push_str(std::str::from_utf8(&run.stdout).unwrap());
    writeln!(said, "exit code {}", run.status.code().unwrap()).unwrap();
    said
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}
