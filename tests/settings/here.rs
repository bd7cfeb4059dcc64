//! What `--check` finds on this machine and in a folder of declarations, each at its place.

use super::{complaint, run};
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use tempfile::TempDir;

/// A fleet of one cluster, with a file for each secret.
fn machine() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
    };
    for (name, text) in [
        ("fleet/fleet.yaml", FLEET),
        ("fleet/clusters/prod-eu/cluster.yaml", CLUSTER),
        ("token", "canary-0f3b-of-nobody\n"),
        ("short", "canary-0f3b\n"),
        ("empty", "\n"),
        ("address", "http://hooks.example/canary-0f3b\n"),
        ("file", ""),
    ] {
        write(name, text);
    }
    folder
}

const FLEET: &str = "apiVersion: keyfleet.dev/v1alpha1\nkind: Fleet\nmetadata: {name: acme}\nspec:\n  vaults: {main: {address: \"https://vault.example:8200\"}}\n";
const CLUSTER: &str = "apiVersion: keyfleet.dev/v1alpha1\nkind: Cluster\nmetadata: {name: prod-eu}\nspec:\n  server: https://prod-eu.example:6443\n  vault: main\n  connect: {kubeconfig: {context: prod-eu}}\n";
const HEAD: &str = "apiVersion: keyfleet.dev/v1alpha1\nkind: Service\n";

fn checked(folder: &Path, settings: &str) -> (Option<i32>, String) {
    fs::write(folder.join("s.yaml"), format!("{HEAD}{settings}")).unwrap();
    let output = run(folder, &["--check", "--settings", "s.yaml"], &[]);
    let told = complaint(&output);
    assert!(!told.contains("canary-0f3b"), "{told}");
    (output.status.code(), told)
}

/// What is wrong is told at the `^` of these settings, and ends the check with this.
#[track_caller]
fn told(folder: &Path, settings: &str, words: &str, code: i32) {
    let before = format!("{HEAD}{}", settings.split_once('^').unwrap().0);
    let (lines, last) = before.rsplit_once('\n').unwrap();
    let place = format!(
        "--> s.yaml:{}:{}\n",
        lines.lines().count() + 1,
        last.len() + 1
    );
    let (ended, told) = checked(folder, &settings.replace('^', ""));
    let is_said = told.contains(&place) && told.contains(words);
    assert!(
        is_said && ended == Some(code),
        "{settings}{place}{ended:?} {told}"
    );
}

#[test]
fn a_machine_where_all_is_there_is_good() {
    let folder = machine();
    let settings = "repository: {url: fleet}\ndata: data\nweb: {token: {file: token}}\n\
        vaults: {main: {address: \"https://vault.example:8200\", token: {file: token}}}\nreconcile: {clusters: [prod-eu]}\n";
    assert_eq!(checked(folder.path(), settings), (Some(0), String::new()));
    assert!(!folder.path().join("data").exists(), "nothing is made");
}

#[test]
fn a_secret_that_cannot_be_had_is_told() {
    let folder = machine();
    let folder = folder.path();
    let remote = "url: \"https://git.example/fleet.git\"";
    let of_git = format!("repository: {{{remote}, token: ^{{file: missing}}}}\n");
    told(folder, &of_git, "failed to read the secret in missing", 1);
    let known = format!("repository: {{{remote}, knownHosts: ^missing}}\n");
    told(folder, &known, "missing cannot be read", 1);
    let web = "web: {token: ^{file: short}}\n";
    told(folder, web, "at least 16 characters", 1);
    let hook = format!(
        "repository: {{{remote}}}\nwebhooks: {{from: [{{forge: gitlab, secret: ^{{file: empty}}}}]}}\n"
    );
    told(folder, &hook, "empty is empty", 1);
    let sink = |kind: &str, file: &str| {
        format!("reports: {{sinks: [{{name: a, {kind}: {{url: ^{{file: {file}}}}}}}]}}\n")
    };
    told(
        folder,
        &sink("slack", "missing"),
        "failed to read the secret",
        1,
    );
    told(folder, &sink("teams", "address"), "that is not https", 1);
    told(folder, &sink("webhook", "empty"), "empty is empty", 1);
    // A Vault Agent may write it later.
    let login =
        "vaults: {main: {address: \"https://vault.example:8200\", token: ^{file: missing}}}\n";
    told(folder, login, "takes it as soon as it is there", 0);
}

#[test]
fn a_secret_that_others_may_read_is_told() {
    let folder = machine();
    let path = folder.path().join("token");
    fs::set_permissions(path, Permissions::from_mode(0o644)).unwrap();
    let login =
        "vaults: {main: {address: \"https://vault.example:8200\", token: ^{file: token}}}\n";
    told(folder.path(), login, "its mode is 0644", 0);
    let key = "repository: {url: \"ssh://git@git.example/x\", sshKey: ^token}\n";
    told(folder.path(), key, "every user of this machine", 0);
}

#[test]
fn a_folder_that_is_none_is_told() {
    let folder = machine();
    let folder = folder.path();
    told(folder, "repository: {url: ^nowhere}\n", "No such file", 1);
    fs::create_dir(folder.join("new")).unwrap();
    let empty = "repository: {url: ^new}\n";
    told(folder, empty, "no declaration at all", 0);
    told(folder, "data: ^file\n", "file is a file", 1);
    told(
        folder,
        "data: ^file/below\n",
        "nothing can be written to file/below",
        1,
    );
    let sink = "reports: {sinks: [{name: a, directory: ^file}]}\n";
    told(folder, sink, "file is a file", 1);
    let lease = "active: {lease: ^{namespace: a, name: b}}\n";
    told(folder, lease, "here it runs in none", 1);
}

#[test]
fn names_that_the_fleet_does_not_have_are_told() {
    let folder = machine();
    let vaults = "repository: {url: fleet}\nvaults: {mian: ^{address: \"https://vault.example:8200\", token: {file: token}}}\n";
    told(folder.path(), vaults, "did you mean `main`?", 0);
    let clusters = "repository: {url: fleet}\nreconcile: {clusters: [prod-eu, ^prod-ue]}\n";
    told(
        folder.path(),
        clusters,
        "no cluster that is called `prod-ue`",
        0,
    );
}

/// The same at the start, and in lines of JSON for who reads the log by a program.
#[test]
fn it_does_not_start_with_what_a_check_finds() {
    let folder = machine();
    let text = format!("{HEAD}web: {{token: {{file: short}}}}\nlog: {{format: json}}\n");
    fs::write(folder.path().join("s.yaml"), text).unwrap();
    let output = run(folder.path(), &["--settings", "s.yaml"], &[]);
    assert_eq!(output.status.code(), Some(1));
    let told = complaint(&output);
    let lines: Vec<serde_json::Value> = told
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines.len(), 1, "{told}");
    assert_eq!(lines[0]["place"], "s.yaml:3:14");
    assert_eq!(lines[0]["level"], "ERROR");
}
