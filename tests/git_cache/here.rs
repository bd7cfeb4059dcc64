//! A repository of this machine is followed as one of a server is: see also `rewrite.rs`, which holds both to the same rules.

use keyfleet::git::{Cache, Outcome, Rewrite, Source};

use super::command::git;
use super::place::{Place, said, size};

fn directory(place: &Place, path: &str, reference: Option<&str>) -> Option<Cache> {
    let source = Source::Directory(place.work.path().join(path));
    Cache::of(place.folder.path(), &source, reference).unwrap()
}

#[test]
fn a_directory_as_it_stands_has_no_history_to_be_held_by_and_one_at_a_reference_has() {
    let place = Place::new();
    assert!(directory(&place, ".", None).is_none());
    let bare = Source::Directory(place.bare());
    let bare = Cache::of(place.folder.path(), &bare, None).unwrap();
    assert!(bare.is_some(), "there is nothing but commits in it");
    // Below a repository, by what is committed there.
    std::fs::create_dir(place.work.path().join("fleet")).unwrap();
    place.write("fleet/fleet.yaml", "of the folder");
    let first = place.commit("beside it");
    let mut cache = directory(&place, "fleet", Some("main")).unwrap();
    let to = first.clone();
    assert_eq!(place.outcome(&mut cache), Outcome::First { to });
    let read = place.read(&mut cache, &first).unwrap();
    assert_eq!(&*read.files["fleet.yaml"], "of the folder");
    let error = said(
        &place
            .read(&mut cache, &place.git(&["rev-parse", "HEAD~1"]))
            .unwrap_err(),
    );
    assert!(error.contains("fetch first"), "{error}");
    // Not what is written there and not committed.
    place.write("fleet/fleet.yaml", "edited");
    let commit = first.clone();
    assert_eq!(place.outcome(&mut cache), Outcome::Unchanged { commit });
    let second = place.commit("beside it, again");
    let (from, to) = (first, second);
    assert_eq!(place.outcome(&mut cache), Outcome::Forward { from, to });
}

#[test]
fn nothing_but_the_state_is_kept_and_what_a_server_left_is_removed() {
    let place = Place::new();
    place.fetch(&mut place.cache());
    assert!(size(place.folder.path()) > 1000);
    let source = Source::File(place.bare());
    let mut cache = Cache::of(place.folder.path(), &source, Some("main"))
        .unwrap()
        .unwrap();
    let fetched = place.fetch(&mut cache);
    assert!(
        fetched
            .anew
            .unwrap()
            .contains("it is of 'main' of https://127.0.0.1")
    );
    assert!(size(place.folder.path()) < 1000);
}

#[test]
fn a_followed_commit_that_was_removed_since_is_an_error_until_the_rewrite_is_accepted() {
    let [_, place] = Place::of_both_kinds();
    let mut cache = place.cache();
    place.fetch(&mut cache);
    let second = place.head();
    place.git(&["checkout", "-q", "--orphan", "other"]);
    let other = place.commit("other");
    place.push();
    git(
        &place.bare(),
        &["reflog", "expire", "--expire=now", "--all"],
    );
    git(&place.bare(), &["gc", "-q", "--prune=now"]);
    let outcome = place.outcome(&mut cache);
    let why = Rewrite::Sideways { common: None };
    assert_eq!(
        outcome,
        Outcome::Rewritten {
            from: second.clone(),
            to: other.clone(),
            why
        }
    );
    let error = said(&place.read(&mut cache, &second).unwrap_err());
    assert!(
        error.contains(&format!("failed to find '{second}'")),
        "{error}"
    );
    cache.accept(&other).unwrap();
    place.reads(&mut cache, &other, "other");
}

#[test]
fn a_branch_that_is_deleted_and_a_repository_that_is_gone_are_errors_and_nothing_is_forgotten() {
    let [_, place] = Place::of_both_kinds();
    let mut cache = place.cache();
    place.fetch(&mut cache);
    let second = place.head();
    git(&place.bare(), &["branch", "-q", "-m", "main", "elsewhere"]);
    place.fails(&mut cache, &["failed to find 'main'", "elsewhere"]);
    place.reads(&mut cache, &second, "second");
    git(&place.bare(), &["branch", "-q", "-m", "elsewhere", "main"]);
    let away = place.bare().with_file_name("away.git");
    std::fs::rename(place.bare(), &away).unwrap();
    place.fails(&mut cache, &["failed to open", "acme.git"]);
    assert_eq!(cache.followed(), Some(&*second));
    std::fs::rename(&away, place.bare()).unwrap();
    place.reads(&mut cache, &second, "second");
}
