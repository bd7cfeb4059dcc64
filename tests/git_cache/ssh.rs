//! The same over ssh: a deploy key, known hosts, and a branch that is pushed to.

use std::fs;

use keyfleet::git::{Access, Branch, Cache, Limits, Outcome, Written};
use tempfile::TempDir;

use super::branch::change;
use super::command::{commit_all, git, new_repository};
use super::place::{said, url};
use super::road::{Road, Traffic};
use super::sshd::Sshd;

#[test]
fn a_branch_is_followed_and_written_over_ssh() {
    let sshd = Sshd::start();
    let work = new_repository();
    let commit = |content: &str| {
        fs::write(work.path().join("fleet.yaml"), content).unwrap();
        commit_all(work.path());
        let bare = sshd.at("acme.git");
        if !bare.exists() {
            git(sshd.dir.path(), &["init", "-q", "--bare", "acme.git"]);
        }
        git(
            work.path(),
            &["push", "-q", "-f", bare.to_str().unwrap(), "HEAD:main"],
        );
        git(work.path(), &["rev-parse", "HEAD"])
    };
    let first = commit("first");
    let road = Road::to(([127, 0, 0, 1], sshd.port).into());
    let access = |known: &str| Access {
        ssh_key: Some(sshd.at("user")),
        known_hosts: Some(sshd.known_hosts(road.port, known)),
        ..Access::default()
    };
    let folder = TempDir::new().unwrap();
    let address = url(&sshd.url(road.port, "acme.git"));
    let mut cache = Cache::open(folder.path(), &address, Some("main")).unwrap();
    let mut fetch = |known: &str, seconds: u64| {
        let limits = Limits {
            fetch_seconds: seconds,
            ..Limits::default()
        };
        let fetched = cache.fetch(&limits, &access(known));
        fetched.map_err(|error| said(&error))
    };
    let unknown = fetch("stranger", 60).unwrap_err();
    let file = sshd.at("known_hosts_stranger");
    assert!(
        unknown.contains("failed to trust the ssh host key")
            && unknown.contains(file.to_str().unwrap()),
        "{unknown}"
    );
    let to = first.clone();
    assert_eq!(fetch("host", 60).unwrap().outcome, Outcome::First { to });
    road.came();
    let commit_id = first.clone();
    let same = fetch("host", 60).unwrap();
    assert_eq!(
        (same.outcome, same.received),
        (Outcome::Unchanged { commit: commit_id }, 0)
    );
    // A handshake of ssh and a list of references.
    assert!(road.came() < 16 << 10);
    let second = commit("second");
    road.set(Traffic::BlockedAfter(0));
    assert!(
        fetch("host", 1)
            .unwrap_err()
            .contains("no end after 1 seconds")
    );
    road.set(Traffic::Free);
    let (from, to) = (first, second.clone());
    assert_eq!(
        fetch("host", 60).unwrap().outcome,
        Outcome::Forward { from, to }
    );
    // Further back than the first depth: a second connection, which logs in again.
    git(work.path(), &["checkout", "-q", "--orphan", "other"]);
    for number in 0..70 {
        fs::write(work.path().join("fleet.yaml"), number.to_string()).unwrap();
        commit_all(work.path());
    }
    commit("other");
    let outcome = fetch("host", 60).unwrap().outcome;
    assert!(matches!(outcome, Outcome::Rewritten { .. }), "{outcome:?}");
    let branch = Branch::new(&address, "reports").unwrap();
    let limits = Limits::default();
    let written = branch.write(
        &change("drift/today.md", "all well"),
        &limits,
        &access("host"),
    );
    assert!(matches!(written.unwrap(), Written::Pushed { .. }));
    let bare = sshd.at("acme.git");
    assert_eq!(git(&bare, &["show", "reports:drift/today.md"]), "all well");
    let refused = branch.write(&change("x", "y"), &limits, &access("stranger"));
    assert!(said(&refused.unwrap_err()).contains("ssh host key"));
}
