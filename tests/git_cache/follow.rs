//! A branch, a tag and a commit, followed as they move forward.

use keyfleet::git::{Cache, Outcome};

use super::command::git;
use super::place::{Place, noise, said, url};

#[test]
fn a_branch_is_followed_and_read_without_the_server() {
    let place = Place::new();
    let mut cache = place.cache();
    assert_eq!(cache.followed(), None);
    let second = place.head();
    let to = second.clone();
    assert_eq!(place.outcome(&mut cache), Outcome::First { to });
    place.reads(&mut cache, &second, "second");
    let third = place.commit("third");
    place.push();
    let (from, to) = (second, third.clone());
    assert_eq!(place.outcome(&mut cache), Outcome::Forward { from, to });
    place.reads(&mut cache, &third, "third");
    let commit = third.clone();
    let restarted = &mut place.cache();
    assert_eq!(place.outcome(restarted), Outcome::Unchanged { commit });
    place.reads(restarted, &third, "third");
}

#[test]
fn only_what_is_new_is_transferred() {
    let place = Place::new();
    place.write("large.bin", noise(1, 1 << 20));
    place.commit("large");
    place.push();
    let mut cache = place.cache();
    let first = place.fetch(&mut cache);
    assert!(first.received > 1 << 20 && place.road.came() > 1 << 20);
    let asked = place.server.seen().len();
    let same = place.fetch(&mut cache);
    assert_eq!(same.received, 0);
    let listed = place.road.came();
    assert!(listed < 8192, "{listed} bytes for a list of references");
    let asked = &place.server.seen()[asked..];
    assert!(
        asked
            .iter()
            .all(|(path, _, body)| body.is_empty() && path.ends_with("/info/refs")),
        "{asked:?}"
    );
    place.commit("small");
    place.push();
    let second = place.fetch(&mut cache);
    assert!((1..4096).contains(&second.received), "{second:?}");
    let came = place.road.came();
    assert!(came < 16 << 10, "{came} bytes for a small commit");
}

#[test]
fn an_old_branch_that_is_merged_does_not_bring_its_whole_history() {
    let place = Place::new();
    place.git(&["branch", "old"]);
    for number in 0..100 {
        place.write("large.bin", noise(number, 4096));
        place.commit(&format!("change {number}"));
    }
    place.push();
    let mut cache = place.cache();
    let first = place.fetch(&mut cache).received;
    assert!(
        first < 90 * 4096,
        "{first} bytes: more than the newest history"
    );
    let from = place.head();
    place.git(&["checkout", "-q", "old"]);
    place.write("old.yaml", "old");
    place.git(&["add", "-A"]);
    place.git(&["commit", "-q", "-m", "old"]);
    place.git(&["checkout", "-q", "main"]);
    place.git(&["merge", "-q", "--no-edit", "old"]);
    place.push();
    let to = place.head();
    let fetched = place.fetch(&mut cache);
    assert_eq!(fetched.outcome, Outcome::Forward { from, to });
    assert!(fetched.received < 16 * 4096, "{fetched:?}");
}

#[test]
fn many_commits_at_once_are_still_forward() {
    let place = Place::new();
    let mut cache = place.cache();
    place.fetch(&mut cache);
    let from = place.head();
    let tree = place.git(&["rev-parse", "HEAD^{tree}"]);
    let mut to = from.clone();
    for number in 0..1200 {
        let message = number.to_string();
        to = place.git(&["commit-tree", "-p", &to, "-m", &message, &tree]);
    }
    place.git(&["reset", "-q", "--hard", &to]);
    place.push();
    assert_eq!(
        place.outcome(&mut cache),
        Outcome::Forward {
            from,
            to: to.clone()
        }
    );
    place.reads(&mut cache, &to, "second");
}

#[test]
fn a_tag_and_a_commit_are_followed_too() {
    let place = Place::new();
    let first = place.git(&["rev-parse", "HEAD~1"]);
    place.git(&["tag", "-a", "-m", "release", "v1", &first]);
    place.git(&["push", "-q", "origin", "v1"]);
    let (mut cache, to) = (place.cache_of("v1"), first.clone());
    assert_eq!(place.outcome(&mut cache), Outcome::First { to });
    place.reads(&mut cache, &first, "first");
    let commit = first.clone();
    assert_eq!(place.outcome(&mut cache), Outcome::Unchanged { commit });
    let second = place.head();
    place.git(&["tag", "-f", "-a", "-m", "moved", "v1", &second]);
    place.git(&["push", "-q", "-f", "origin", "v1"]);
    let (from, to) = (first.clone(), second.clone());
    assert_eq!(place.outcome(&mut cache), Outcome::Forward { from, to });
    place.git(&["tag", "-f", "-a", "-m", "back", "v1", &first]);
    place.git(&["push", "-q", "-f", "origin", "v1"]);
    let outcome = place.outcome(&mut cache);
    assert!(matches!(outcome, Outcome::Rewritten { .. }), "{outcome:?}");
    place.reads(&mut cache, &second, "second");
    // A commit that no reference points at, which this server gives by its history only.
    let (mut cache, to) = (place.cache_of(&first), first.clone());
    let fetched = place.fetch(&mut cache);
    assert_eq!(fetched.outcome, Outcome::First { to });
    assert!(fetched.anew.unwrap().contains("it is of 'v1' of https://"));
    place.reads(&mut cache, &first, "first");
    place.fails(&mut place.cache_of(&second[..8]), &["all 40 digits"]);
}

#[test]
fn a_branch_that_is_deleted_is_an_error_and_the_last_revision_stays() {
    let place = Place::new();
    let mut cache = place.cache();
    place.fetch(&mut cache);
    git(&place.bare(), &["branch", "-m", "main", "trunk"]);
    place.fails(&mut cache, &["'main'", "trunk"]);
    place.reads(&mut cache, &place.head(), "second");
}

#[test]
fn another_url_is_another_cache() {
    let place = Place::new();
    place.fetch(&mut place.cache());
    git(
        place.server.root.path(),
        &["clone", "-q", "--bare", "acme.git", "other.git"],
    );
    let other = url(&format!("https://127.0.0.1:{}/other.git", place.road.port));
    let mut cache = Cache::open(place.folder.path(), &other, Some("main")).unwrap();
    assert_eq!(cache.followed(), None);
    let fetched = place.fetch(&mut cache);
    assert!(matches!(fetched.outcome, Outcome::First { .. }));
    let why = fetched.anew.unwrap();
    assert!(
        why.contains("'main' of https://") && why.ends_with("acme.git"),
        "{why}"
    );
    let folders = std::fs::read_dir(place.folder.path()).unwrap().count();
    assert_eq!(folders, 2, "the old repository is gone");
}

#[test]
fn a_commit_that_is_not_there_is_not_read() {
    let place = Place::new();
    let mut cache = place.cache();
    let error = place.read(&mut cache, &place.head()).unwrap_err();
    assert!(said(&error).contains("fetch first"));
    place.fetch(&mut cache);
    for wrong in ["deadbeef", &"deadbeef".repeat(5), "../x"] {
        let error = place.read(&mut cache, wrong).unwrap_err();
        assert!(said(&error).contains("fetch first"), "{}", said(&error));
    }
}
