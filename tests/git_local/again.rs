//! A reading that knows an earlier one gives what one that knows nothing gives.

use super::{TempDir, commit_all, git, repository, write};
use keyfleet::git::{Access, Checkout, Error, Limits, Memory, Source, checkout, checkout_again};
use std::fs;
use std::sync::Arc;

/// Reads with what is known, and sees that nothing else comes out without.
fn read(source: &Source, reference: Option<&str>, memory: &mut Memory) -> Checkout {
    let (limits, access) = (Limits::default(), Access::default());
    let wanted = |path: &str| !path.starts_with("unwanted");
    let known = checkout_again(source, reference, &limits, &wanted, &access, memory).unwrap();
    let alone = checkout(source, reference, &limits, &wanted, &access).unwrap();
    assert_eq!(known, alone);
    known
}

fn sources(dir: &TempDir) -> [Source; 2] {
    let path = dir.path().to_owned();
    [Source::Directory(path.clone()), Source::File(path)]
}

#[test]
fn what_was_read_before_makes_no_difference() {
    let dir = repository();
    let [directory, file] = sources(&dir);
    let mut memory = Memory::default();
    let mut look = || {
        for source in [&directory, &file] {
            for reference in [None, Some("HEAD")] {
                read(source, reference, &mut memory);
            }
        }
    };
    look();
    write(dir.path(), "fleet.yaml", "kind: Fleet\r\n# edited\r\n");
    look();
    write(dir.path(), "clusters/prod/copy.yaml", "kind: Cluster\n");
    write(dir.path(), "clusters/prod/broken.yaml", b"a\xff");
    write(dir.path(), "unwanted", "x");
    commit_all(dir.path());
    look();
    fs::remove_file(dir.path().join("clusters/prod/cluster.yaml")).unwrap();
    write(dir.path(), "clusters/PROD/cluster.yaml", "kind: Cluster\n");
    look();
    commit_all(dir.path());
    git(dir.path(), &["rm", "-r", "-q", "clusters/PROD"]);
    commit_all(dir.path());
    look();
}

#[test]
fn a_text_that_did_not_change_is_held_once() {
    let dir = repository();
    for source in sources(&dir) {
        let mut memory = Memory::default();
        let before = read(&source, None, &mut memory);
        write(dir.path(), "fleet.yaml", format!("# {source}\n"));
        commit_all(dir.path());
        let after = read(&source, None, &mut memory);
        let is_shared = |path: &str| Arc::ptr_eq(&before.files[path], &after.files[path]);
        assert!(is_shared("clusters/prod/cluster.yaml"));
        assert!(!is_shared("fleet.yaml"));
    }
}

#[test]
fn what_is_known_counts_against_the_limits() {
    let dir = repository();
    let mut memory = Memory::default();
    for source in sources(&dir) {
        read(&source, None, &mut memory);
        let mut read_within = |limits: &Limits| {
            checkout_again(
                &source,
                None,
                limits,
                &|_| true,
                &Access::default(),
                &mut memory,
            )
        };
        let total = Limits {
            total_bytes: 20,
            ..Limits::default()
        };
        assert!(matches!(read_within(&total), Err(Error::Limit { .. })));
        let each = Limits {
            file_bytes: 13,
            ..Limits::default()
        };
        let files = read_within(&each).unwrap().files;
        assert_eq!(files.into_keys().collect::<Vec<_>>(), ["fleet.yaml"]);
    }
}
