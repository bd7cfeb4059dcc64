//! The branch that reports are pushed to.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use keyfleet::git::{Branch, Change, Error, Limits, Person, Written};

use super::command::git;
use super::place::{Place, noise, said};
use super::road::Traffic;

pub(crate) fn change(path: &str, content: &str) -> Change {
    let person = |name: &str| Person {
        name: name.to_owned(),
        email: format!("{name}@acme.example"),
        at: "2026-11-28T10:00:00Z".parse().unwrap(),
    };
    Change {
        files: BTreeMap::from([(path.to_owned(), content.as_bytes().to_vec())]),
        message: "drift: all well\n".to_owned(),
        author: person("keyfleet"),
        committer: person("robot"),
    }
}

/// A place whose server takes pushes.
fn open() -> Place {
    let place = Place::new();
    git(&place.bare(), &["config", "http.receivepack", "true"]);
    place
}

fn write(place: &Place, path: &str, content: &str) -> Result<Written, Error> {
    let branch = Branch::new(&place.url(), "reports").unwrap();
    branch.write(&change(path, content), &place.limits, &place.access)
}

fn pushed(place: &Place, path: &str, content: &str) -> String {
    match write(place, path, content) {
        Ok(Written::Pushed { commit }) => commit,
        Ok(other) => panic!("{other:?}"),
        Err(error) => panic!("{}", said(&error)),
    }
}

fn shown(place: &Place, what: &str) -> String {
    git(&place.bare(), &["show", what])
}

#[test]
fn a_branch_that_is_missing_begins_with_the_first_report() {
    let place = open();
    let first = pushed(&place, "2026/11/28.md", "one");
    assert_eq!(shown(&place, "reports:2026/11/28.md"), "one");
    let told = git(
        &place.bare(),
        &["log", "--format=%H %P %an %ae %cn %aI %s", "reports"],
    );
    let expected = format!(
        "{first}  keyfleet keyfleet@acme.example robot 2026-11-28T10:00:00+00:00 drift: all well"
    );
    assert_eq!(told, expected);
    let second = pushed(&place, "2026/11/29.md", "two");
    assert_eq!(shown(&place, "reports:2026/11/28.md"), "one");
    assert_eq!(git(&place.bare(), &["rev-parse", "reports~1"]), first);
    // Nothing new is no commit.
    let same = write(&place, "2026/11/29.md", "two").unwrap();
    let commit = Some(second.clone());
    assert_eq!(same, Written::Unchanged { commit });
    assert_eq!(git(&place.bare(), &["rev-parse", "reports"]), second);
    assert_eq!(git(&place.bare(), &["rev-parse", "main"]), place.head());
    git(&place.bare(), &["fsck", "--strict"]);
}

#[test]
fn only_the_newest_commit_of_the_branch_is_fetched() {
    let place = open();
    place.git(&["checkout", "-q", "-b", "reports"]);
    for number in 0..5 {
        place.write("large.bin", noise(number, 100_000));
        place.commit("x");
    }
    place.git(&["push", "-q", "origin", "reports"]);
    place.road.came();
    pushed(&place, "report.md", "one");
    let came = place.road.came();
    assert!((100_000..200_000).contains(&came), "{came}");
}

/// Has the server do something to the branch just before it takes the first push.
fn hook(place: &Place, script: &str) {
    let path = place.bare().join("hooks/pre-receive");
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
}

#[test]
fn what_somebody_else_pushes_meanwhile_is_kept() {
    let place = open();
    pushed(&place, "a.md", "one");
    place.git(&["fetch", "-q", "origin", "reports"]);
    place.git(&["checkout", "-q", "-b", "reports", "FETCH_HEAD"]);
    let other = place.commit("from somebody else");
    place.git(&["push", "-q", "origin", "HEAD:elsewhere"]);
    hook(
        &place,
        &format!(
            "[ -e once ] && exit 0\ntouch once\n\
             unset GIT_QUARANTINE_PATH\ngit update-ref refs/heads/reports {other}"
        ),
    );
    let mine = pushed(&place, "b.md", "two");
    assert!(place.bare().join("once").exists(), "there was a race");
    assert_eq!(git(&place.bare(), &["rev-parse", "reports"]), mine);
    assert_eq!(git(&place.bare(), &["rev-parse", "reports~1"]), other);
    assert_eq!(shown(&place, "reports:fleet.yaml"), "from somebody else");
    assert_eq!(shown(&place, "reports:b.md"), "two");
}

#[test]
fn a_push_that_the_server_declines_is_not_tried_again() {
    let place = open();
    hook(&place, "echo x >> tries; echo no reports here >&2; exit 1");
    let error = said(&write(&place, "a.md", "one").unwrap_err());
    assert!(
        error.contains("branch 'reports'") && error.contains("pre-receive hook declined"),
        "{error}"
    );
    let tries = fs::read_to_string(place.bare().join("tries")).unwrap();
    assert_eq!(tries.lines().count(), 1);
}

#[test]
fn a_server_that_takes_no_pushes_says_so() {
    let place = Place::new();
    let error = said(&write(&place, "a.md", "one").unwrap_err());
    assert!(
        error.contains("failed to write to the branch 'reports'"),
        "{error}"
    );
    assert!(
        error.contains("403") && error.contains("may not do this"),
        "{error}"
    );
}

#[test]
fn a_file_in_the_way_of_a_directory_is_an_error() {
    let place = open();
    pushed(&place, "a", "one");
    let error = said(&write(&place, "a/b", "two").unwrap_err());
    assert!(error.contains("failed to write to the branch"), "{error}");
    for path in ["", "../x", "a//b", ".git/config", "/x"] {
        let error = said(&write(&place, path, "x").unwrap_err());
        assert!(error.contains("is no path for a file"), "{error}");
    }
    for name in ["", "HEAD", "a b", "x.lock", "-"] {
        let branch = Branch::new(&place.url(), name);
        assert!(branch.is_err() || name == "-", "{name}");
    }
}

#[test]
fn a_server_that_is_down_or_hangs_is_left_at_the_deadline() {
    let mut place = open();
    place.road.set(Traffic::Closed);
    let error = said(&write(&place, "a", "one").unwrap_err());
    assert!(error.contains("failed to fetch"), "{error}");
    place.limits = Limits {
        fetch_seconds: 1,
        ..Limits::default()
    };
    place.road.set(Traffic::BlockedAfter(0));
    let error = said(&write(&place, "a", "one").unwrap_err());
    assert!(error.contains("no end after 1 seconds"), "{error}");
}
