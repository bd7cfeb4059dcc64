//! The unit for systemd, judged by systemd.

use super::tools::{complaint, project, read, said};
use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output};
use tempfile::TempDir;

/// Of 100; what is left is that it speaks to the network.
const MOST_EXPOSED: &str = "--threshold=15";

/// The unit as it stands, but that the program is the one that was built: systemd looks whether it is there.
fn unit(change: impl Fn(String) -> String) -> (TempDir, PathBuf) {
    let text = read("manifests/systemd/keyfleet.service");
    let program = "/usr/local/bin/keyfleet";
    assert!(text.contains(program));
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("keyfleet.service");
    let text = text.replace(program, env!("CARGO_BIN_EXE_keyfleet"));
    fs::write(&file, change(text)).unwrap();
    (folder, file)
}

fn systemd_analyze(arguments: &[&str], unit: &PathBuf) -> Output {
    let mut command = Command::new("systemd-analyze");
    command.args(arguments).arg(unit);
    command
        .output()
        .expect("the tests need `systemd-analyze` (Debian: `apt install systemd`)")
}

#[test]
fn systemd_understands_every_line() {
    let (_folder, unit) = unit(|text| text);
    let verified = systemd_analyze(&["verify", "--man=no"], &unit);
    said(&verified);
    assert_eq!(complaint(&verified), "");
}

#[test]
fn systemd_finds_it_hardened() {
    let (_folder, hardened) = unit(|text| text);
    let security = ["security", "--offline=true", "--no-pager", MOST_EXPOSED];
    said(&systemd_analyze(&security, &hardened));

    let (_folder, exposed) = unit(|text| {
        text.replace("PrivateUsers=yes\n", "")
            .replace("DynamicUser=yes\n", "")
    });
    assert!(!systemd_analyze(&security, &exposed).status.success());
}

/// The settings name files that systemd puts there, and the unit puts nothing there that they do not name.
#[test]
fn the_settings_read_the_credentials_that_the_unit_hands_over() {
    let unit = fs::read_to_string(project("manifests/systemd/keyfleet.service")).unwrap();
    let handed: Vec<&str> = unit
        .lines()
        .filter_map(|line| line.strip_prefix("LoadCredential=")?.split(':').next())
        .collect();
    let settings = read("manifests/systemd/keyfleet.yaml");
    let read: Vec<&str> = settings
        .lines()
        .filter_map(|line| line.split("/run/credentials/keyfleet.service/").nth(1))
        .collect();
    assert!(!read.is_empty());
    assert_eq!(read, handed);
}
