//! The same over ssh: a deploy key and known hosts. How a branch is written over ssh, `sink.rs` says.

use std::fs;

use keyfleet::git::{Access, Cache, Limits, Outcome};
use tempfile::TempDir;

use super::command::{commit_all, git, new_repository};
use super::place::{said, url};
use super::road::{Road, Traffic};
use super::sshd::Sshd;

/// A repository behind an sshd, somebody who pushes to it, and the cache of its `main`.
struct Behind {
    sshd: Sshd,
    road: Road,
    work: TempDir,
    cache: Cache,
    _folder: TempDir,
}

impl Behind {
    fn new() -> Self {
        let sshd = Sshd::start();
        git(sshd.dir.path(), &["init", "-q", "--bare", "acme.git"]);
        let road = Road::to(([127, 0, 0, 1], sshd.port).into());
        let folder = TempDir::new().unwrap();
        let address = url(&sshd.url(road.port, "acme.git"));
        Self {
            cache: Cache::open(folder.path(), &address, Some("main")).unwrap(),
            work: new_repository(),
            _folder: folder,
            sshd,
            road,
        }
    }

    fn commit(&self, content: &str) -> String {
        fs::write(self.work.path().join("fleet.yaml"), content).unwrap();
        commit_all(self.work.path());
        let bare = self.sshd.at("acme.git");
        let to = bare.to_str().unwrap();
        git(self.work.path(), &["push", "-q", "-f", to, "HEAD:main"]);
        git(self.work.path(), &["rev-parse", "HEAD"])
    }

    /// The outcome, and how much came; the server has to have this key.
    fn fetch(&mut self, known: &str, seconds: u64) -> Result<(Outcome, u64), String> {
        let limits = Limits {
            fetch_seconds: seconds,
            ..Limits::default()
        };
        let access = Access {
            ssh_key: Some(self.sshd.at("user")),
            known_hosts: Some(self.sshd.known_hosts(self.road.port, known)),
            ..Access::default()
        };
        let fetched = self.cache.fetch(&limits, &access);
        let fetched = fetched.map(|fetched| (fetched.outcome, fetched.received));
        fetched.map_err(|error| said(&error))
    }
}

#[test]
fn a_branch_is_followed_over_ssh_from_a_host_that_is_known() {
    let mut behind = Behind::new();
    let first = behind.commit("first");
    let unknown = behind.fetch("stranger", 60).unwrap_err();
    let file = behind.sshd.at("known_hosts_stranger");
    assert!(
        unknown.contains("failed to trust the ssh host key")
            && unknown.contains(file.to_str().unwrap()),
        "{unknown}"
    );
    let to = first.clone();
    assert_eq!(behind.fetch("host", 60).unwrap().0, Outcome::First { to });
    behind.road.came();
    let commit = first.clone();
    let same = behind.fetch("host", 60).unwrap();
    assert_eq!(same, (Outcome::Unchanged { commit }, 0));
    // A handshake of ssh and a list of references.
    assert!(behind.road.came() < 16 << 10);
    let to = behind.commit("second");
    behind.road.set(Traffic::BlockedAfter(0));
    let late = behind.fetch("host", 1).unwrap_err();
    assert!(late.contains("no end after 1 seconds"), "{late}");
    behind.road.set(Traffic::Free);
    let forward = Outcome::Forward { from: first, to };
    assert_eq!(behind.fetch("host", 60).unwrap().0, forward);
}

#[test]
fn what_is_further_back_than_the_first_depth_takes_a_second_login() {
    let mut behind = Behind::new();
    behind.commit("first");
    behind.fetch("host", 60).unwrap();
    git(behind.work.path(), &["checkout", "-q", "--orphan", "other"]);
    for number in 0..70 {
        fs::write(behind.work.path().join("fleet.yaml"), number.to_string()).unwrap();
        commit_all(behind.work.path());
    }
    behind.commit("other");
    let outcome = behind.fetch("host", 60).unwrap().0;
    assert!(matches!(outcome, Outcome::Rewritten { .. }), "{outcome:?}");
}
