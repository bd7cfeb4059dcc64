//! The settings file of the service: everything that it may say, and what is said of everything that it may not.
//!
//! `tests/settings/wrong/NAME.yaml` is a file with mistakes, `NAME.txt` what `keyfleet serve --check=file` says about it on stderr. Run
//! with `KEYFLEET_BLESS=1` to rewrite what is expected, and read the difference as a user would.

#![expect(
    clippy::unwrap_used,
    reason = "the helpers of a test fail as the test does"
)]

#[path = "settings/here.rs"]
mod here;

use keyfleet::connect::OwnCredential;
use keyfleet::diagnostics::Diagnostics;
use keyfleet::git;
use keyfleet::report::drift::Format;
use keyfleet::serve::settings::{
    self, Active, Admission, Destination, Forge, LogFormat, Repository, Requests, SecretSource,
    Settings,
};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::Duration;

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/settings");

/// In every secret of the files.
const CANARY: &str = "canary-0f3b";

/// With these flags and variables, and nothing else of the environment.
fn check(folder: &Path, arguments: &[&str], variables: &[(&str, &str)]) -> Output {
    let arguments = [&["--check=file"], arguments].concat();
    run(folder, &arguments, variables)
}

fn run(folder: &Path, arguments: &[&str], variables: &[(&str, &str)]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_keyfleet"));
    command.arg("serve").args(arguments);
    command.current_dir(folder).env_clear();
    command.envs(variables.iter().copied()).output().unwrap()
}

fn complaint(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

#[test]
fn every_mistake_is_told_with_its_place_and_what_to_do() {
    let bless = std::env::var_os("KEYFLEET_BLESS").is_some();
    let folder = Path::new(FOLDER).join("wrong");
    let mut files: Vec<PathBuf> = fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|it| it == "yaml"))
        .collect();
    files.sort();
    assert!(files.len() > 25, "{} files", files.len());
    let mut unlike = String::new();
    for file in &files {
        let name = file.file_name().unwrap().to_str().unwrap();
        let checked = check(&folder, &["--settings", name], &[]);
        let told = complaint(&checked);
        assert_eq!(checked.status.code(), Some(1), "{name}: {told}");
        assert!(checked.stdout.is_empty(), "{name}");
        assert!(!told.contains(CANARY), "{name}: {told}");
        let expected = file.with_extension("txt");
        if bless {
            fs::write(&expected, &told).unwrap();
        }
        if fs::read_to_string(&expected).unwrap_or_default() != told {
            unlike.push_str(&format!("── {name}\n{told}\n"));
        }
    }
    assert!(unlike.is_empty(), "bless with KEYFLEET_BLESS=1:\n{unlike}");
}

#[test]
fn a_file_that_uses_everything_is_good() {
    let folder = Path::new(FOLDER);
    let checked = check(folder, &["--settings", "everything.yaml"], &[]);
    assert_eq!(complaint(&checked), "");
    assert_eq!(checked.stdout, b"the settings are good\n");
}

/// Read over what holds without it.
fn everything() -> Settings {
    let text = fs::read_to_string(Path::new(FOLDER).join("everything.yaml")).unwrap();
    let mut problems = Diagnostics::default();
    let without = Settings::new(PathBuf::from("/nowhere"));
    let settings = settings::read("everything.yaml", &text, without, &mut problems);
    assert!(problems.is_empty());
    settings
}

fn file(path: &str) -> SecretSource {
    SecretSource::File(PathBuf::from(path))
}

fn environment(name: &str) -> SecretSource {
    SecretSource::Environment(name.to_owned())
}

#[test]
fn what_is_followed_is_as_the_file_says() {
    let Repository {
        source,
        reference,
        interval,
        accept,
        username,
        token,
        ssh_key,
        known_hosts,
        certificate_authority,
        limits,
    } = everything().repository;
    let path = |path: &str| Some(PathBuf::from(path));
    assert_eq!(source.to_string(), "https://git.example/platform/fleet.git");
    assert_eq!(reference.as_deref(), Some("main"));
    assert_eq!(interval, Duration::from_secs(120));
    let commit = "0123456789abcdef0123456789abcdef01234567";
    assert_eq!(accept.as_deref(), Some(commit));
    assert_eq!(username.as_deref(), Some("keyfleet"));
    assert_eq!(token, Some(environment("GIT_TOKEN")));
    assert_eq!(ssh_key, path("/etc/keyfleet/secrets/ssh-key"));
    assert_eq!(known_hosts, path("/etc/keyfleet/known-hosts"));
    assert_eq!(certificate_authority, path("/etc/keyfleet/git-ca.pem"));
    let expected = git::Limits {
        files: 50_000,
        fetch_seconds: 300,
        ..git::Limits::default()
    };
    assert_eq!(limits, expected);
}

#[test]
fn the_work_is_as_the_file_says() {
    let settings = everything();
    let reconcile = &settings.reconcile;
    assert!(!reconcile.apply);
    assert_eq!(reconcile.interval, Duration::from_secs(600));
    assert_eq!(reconcile.full, Duration::from_secs(12 * 3600));
    assert_eq!(reconcile.deadline, Duration::from_secs(90));
    let clusters = ["prod-eu", "prod-us"].map(str::to_owned);
    assert_eq!(reconcile.clusters, BTreeSet::from(clusters));
    let requests = Requests {
        all: 128,
        per_vault: 16,
        per_cluster: 2,
    };
    assert_eq!(reconcile.requests, requests);
    assert_eq!(settings.data, PathBuf::from("/srv/keyfleet"));
    let lease = Active::Lease {
        namespace: "platform".to_owned(),
        name: "keyfleet".to_owned(),
        context: Some("home".to_owned()),
    };
    assert_eq!(settings.active, lease);
    assert_eq!(settings.log, LogFormat::Json);
}

#[test]
fn the_logins_are_as_the_file_says() {
    let vaults = everything().vaults;
    let of = |name: &str| (vaults[name].address.as_str(), &*vaults[name].credential);
    let (address, login) = of("main");
    assert_eq!(address, "https://vault.example:8200");
    assert!(matches!(login, OwnCredential::ServiceAccount { role, .. } if role == "keyfleet"));
    let (address, login) = of("lab");
    assert_eq!(address, "https://lab.example:8200");
    assert!(matches!(login, OwnCredential::TokenFile(path) if path.ends_with("secrets/lab-token")));
    let (address, login) = of("edge");
    assert_eq!(address, "https://edge.example:8200");
    assert!(matches!(login, OwnCredential::AppRole { role_id, .. } if role_id == "keyfleet"));
    assert_eq!(vaults.len(), 3);
}

#[test]
fn it_listens_where_and_to_whom_the_file_says() {
    let settings = everything();
    assert_eq!(settings.web.listen.to_string(), "0.0.0.0:9480");
    let proxy = Admission::Proxy {
        header: "x-forwarded-user".to_owned(),
        from: vec![
            "10.1.0.0/16".parse().unwrap(),
            "fd00::1/128".parse().unwrap(),
        ],
    };
    assert_eq!(settings.web.admission, proxy);
    assert_eq!(settings.probes.to_string(), "[::]:9481");
    assert_eq!(settings.webhooks.listen.to_string(), "0.0.0.0:9482");
    let from = settings.webhooks.from.into_iter();
    let from: Vec<(Forge, SecretSource)> = from.map(|it| (it.forge, it.secret)).collect();
    let expected = [
        (Forge::Github, file("/etc/keyfleet/secrets/github")),
        (Forge::Gitlab, environment("GITLAB_TOKEN")),
        (Forge::Gitea, file("/etc/keyfleet/secrets/gitea")),
        (Forge::Gitea, file("/etc/keyfleet/secrets/forgejo")),
    ];
    assert_eq!(from, expected);
}

#[test]
fn pull_requests_are_reviewed_as_the_file_says() {
    let settings = everything();
    let place = settings.review_place().unwrap();
    assert_eq!(place.kind, keyfleet::forge::Kind::GitLab);
    assert_eq!(place.api, "https://git.example/api/v4");
    assert_eq!(place.repository, "platform/fleet");
    let review = settings.review.unwrap();
    assert_eq!(review.token, file("/etc/keyfleet/secrets/forge-token"));
    assert_eq!(
        (review.comment, review.status, review.forks),
        (true, false, false)
    );
}

#[test]
fn where_reviews_go_follows_from_an_address_that_everybody_knows() {
    for (url, kind, api, repository) in [
        (
            "https://github.com/platform/fleet.git",
            "GitHub",
            "https://api.github.com",
            "platform/fleet",
        ),
        (
            "git@gitlab.com:acme/platform/fleet.git",
            "GitLab",
            "https://gitlab.com/api/v4",
            "acme/platform/fleet",
        ),
        (
            "ssh://git@codeberg.org/platform/fleet",
            "Gitea",
            "https://codeberg.org/api/v1",
            "platform/fleet",
        ),
    ] {
        let mut settings = everything();
        settings.repository.source = git::Source::parse(url).unwrap();
        let review = settings.review.as_mut().unwrap();
        (review.kind, review.api, review.repository) = (None, None, None);
        let place = settings.review_place().unwrap();
        assert_eq!(format!("{:?}", place.kind), kind, "{url}");
        assert_eq!(
            (&*place.api, &*place.repository),
            (api, repository),
            "{url}"
        );
    }
}

#[test]
fn reports_go_where_the_file_says() {
    let reports = everything().reports;
    let to: Vec<&Destination> = reports.sinks.iter().map(|sink| &sink.to).collect();
    let [directory, branch, webhook, slack, teams] = to[..] else {
        panic!("{to:?}");
    };
    assert!(matches!(directory, Destination::Directory(path) if path.ends_with("reports")));
    let Destination::Branch {
        repository,
        branch,
        folder,
    } = branch
    else {
        panic!("{branch:?}");
    };
    assert_eq!((branch.as_str(), folder.as_str()), ("drift", "fleet"));
    let token = file("/etc/keyfleet/secrets/reports-token");
    assert_eq!(repository.token, Some(token));
    assert!(matches!(webhook, Destination::Webhook(url) if *url == environment("EVENTS_URL")));
    assert!(matches!(slack, Destination::Slack(SecretSource::File(_))));
    assert!(matches!(teams, Destination::Teams(SecretSource::File(_))));

    let [morning, hourly] = &reports.schedules[..] else {
        panic!("{:?}", reports.schedules);
    };
    assert_eq!(morning.zone, "Europe/Berlin");
    assert_eq!(morning.to, ["files", "history", "chat"]);
    assert_eq!(BTreeSet::from_iter(&morning.formats).len(), 2);
    assert_eq!(hourly.zone, "UTC");
    assert_eq!(hourly.formats, [Format::Html, Format::Json]);
}

/// Seen by which address keyfleet refuses.
#[test]
fn a_flag_goes_before_the_environment_and_that_before_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let text =
        "apiVersion: keyfleet.dev/v1alpha1\nkind: Service\nweb: {listen: \"127.0.0.1:9001\"}\n";
    fs::write(folder.path().join("keyfleet.yaml"), text).unwrap();
    let refused = |arguments: &[&str], variables: &[(&str, &str)]| {
        let checked = check(folder.path(), arguments, variables);
        complaint(&checked)
    };
    let from_file = ["--settings", "keyfleet.yaml"];
    let with_flag = ["--settings", "keyfleet.yaml", "--listen", "0.0.0.0:9003"];
    let variable = [("KEYFLEET_LISTEN", "0.0.0.0:9002")];
    assert_eq!(refused(&from_file, &[]), "");
    let told = refused(&from_file, &variable);
    assert!(
        told.contains("everybody who reaches 0.0.0.0:9002"),
        "{told}"
    );
    let told = refused(&with_flag, &variable);
    assert!(
        told.contains("everybody who reaches 0.0.0.0:9003"),
        "{told}"
    );
    let back = ["--settings", "keyfleet.yaml", "--listen", "127.0.0.1:9003"];
    assert_eq!(refused(&back, &variable), "");
}

/// Only where the file names none.
#[test]
fn the_address_of_a_vault_may_come_from_the_environment() {
    let folder = Path::new(FOLDER).join("wrong");
    let file = ["--settings", "vault_without_address.yaml"];
    let variable = [("VAULT_ADDR", "https://vault.example:8200")];
    let checked = check(&folder, &file, &variable);
    assert_eq!(complaint(&checked), "");
    assert!(checked.status.success());
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let checked = check(Path::new(FOLDER), &["--settings", "missing.yaml"], &[]);
    let told = complaint(&checked);
    assert_eq!(checked.status.code(), Some(1));
    let said = "the settings cannot be read: No such file";
    assert!(
        told.contains(said) && told.contains("--> missing.yaml\n"),
        "{told}"
    );
}
