//! How the base and the head are named, and what is said where that does not work.

use keyfleet::git::{How, Source};
use tempfile::TempDir;

use super::command::git;
use super::place::{Place, said, shown};

/// A repository whose branch `feature` changes `a.yaml`, checked out.
fn featured() -> Place {
    let place = Place::new();
    place.branch("feature");
    place.edit("a.yaml", "line3: 3", "line3: three");
    place.commit();
    place
}

/// A clone of it, on `feature`.
fn cloned(place: &Place, options: &[&str]) -> Place {
    let folder = TempDir::new().unwrap();
    let url = format!("file://{}", place.path().display());
    let arguments = [&["clone", "-q"], options, &[&url, "."]].concat();
    git(folder.path(), &arguments);
    Place {
        work: folder,
        limits: place.limits,
    }
}

#[test]
fn branches_tags_and_commits_are_names() {
    let place = featured();
    place.git(&["tag", "-a", "-m", "release", "v1", "main"]);
    place.git(&["update-ref", "refs/pull/12/head", "feature"]);
    let head = place.git(&["rev-parse", "HEAD"]);
    for base in ["main", "v1", "HEAD~1", "refs/heads/main"] {
        for head in ["feature", "HEAD", &head, &head[..9], "refs/pull/12/head"] {
            let compared = place.compare(base, head);
            assert_eq!(
                shown(&compared.changes),
                ["modified a.yaml 4-4"],
                "{base} {head}"
            );
            assert_eq!((&*compared.base_name, &*compared.head_name), (base, head));
        }
    }
}

#[test]
fn without_a_base_it_is_the_branch_that_is_merged_into() {
    let place = featured();
    let base = |place: &Place, head| place.try_compare(None, head).unwrap().base_name;
    assert_eq!(base(&place, None), "main");
    assert_eq!(base(&place, Some("feature")), "main");
    place.go("main");
    assert_eq!(base(&place, Some("feature")), "main");
    place.git(&["branch", "master"]);
    assert_eq!(base(&place, None), "master", "main is the head itself");
    assert_eq!(base(&place, Some("main")), "master");
    // What a server has goes before.
    let clone = cloned(&place, &[]);
    assert_eq!(base(&clone, None), "origin/main");
    clone.git(&["remote", "set-head", "origin", "feature"]);
    assert_eq!(base(&clone, None), "origin/feature");
    clone.git(&["remote", "set-head", "origin", "-d"]);
    assert_eq!(base(&clone, Some("origin/feature")), "origin/main");
}

#[test]
fn where_no_base_is_found_it_says_which_were_tried() {
    let place = featured();
    place.git(&["branch", "-m", "main", "production"]);
    let expected = [
        "origin/HEAD, origin/main, origin/master, main, master",
        "name the branch that it is to be merged into with --base",
    ];
    place.fails(None, None, &expected);
    place.go("production");
    place.fails(None, None, &expected);
    // On the branch that others merge into, what is new is what is not committed.
    place.git(&["branch", "-m", "production", "main"]);
    place.write("a.yaml", "a: changed\n");
    let compared = place.compare_of(&place.source(), None, None).unwrap();
    assert_eq!(compared.base_name, "HEAD");
    assert_eq!(compared.changes.len(), 1);
    place.fails(None, Some("HEAD"), &expected);
}

#[test]
fn a_repository_without_a_working_tree_is_compared_with_its_default_branch() {
    let place = featured();
    place.go("main");
    let bare = cloned(&place, &["--bare"]);
    for source in [bare.source(), Source::File(bare.path().to_owned())] {
        let compared = bare.compare_of(&source, None, Some("feature")).unwrap();
        assert_eq!((&*compared.base_name, compared.how), ("main", How::Ahead));
        let error = said(&bare.compare_of(&source, None, None).unwrap_err());
        assert!(error.contains("--head"), "{error}");
    }
}

#[test]
fn a_name_that_is_not_there_gets_a_suggestion() {
    let place = featured();
    place.fails(
        Some("mian"),
        Some("feature"),
        &["'mian'", "did you mean 'main'?"],
    );
    place.fails(
        Some("main"),
        Some("featrue"),
        &["'featrue'", "did you mean 'feature'?"],
    );
    place.fails(Some("main"), Some("a\u{1b}[31m"), &["'a\\u{1b}[31m'"]);
    place.fails(Some("main^{tree}"), None, &["it is not a commit"]);
}

#[test]
fn histories_without_a_common_commit_are_not_compared() {
    let place = featured();
    place.git(&["checkout", "-q", "--orphan", "other"]);
    place.commit();
    let expected = ["'main' and 'other' have no commit in common", "--base"];
    place.fails(Some("main"), Some("other"), &expected);
    place.fails(
        Some("main"),
        None,
        &["'main' and 'HEAD' have no commit in common"],
    );
}

#[test]
fn a_directory_without_a_history_is_not_compared() {
    let plain = Place {
        work: TempDir::new().unwrap(),
        limits: keyfleet::git::Limits::default(),
    };
    plain.fails(None, None, &["it is not in a git repository"]);
    plain.fails(
        Some("main"),
        Some("feature"),
        &["it is not in a git repository"],
    );
    plain.git(&["init", "-q"]);
    plain.fails(None, None, &["it has no commits"]);
    plain.fails(Some("main"), None, &["failed to find 'main'"]);
}

#[test]
fn a_shallow_clone_says_how_to_deepen_it() {
    let place = featured();
    place.go("main");
    place.write("b.yaml", "b: 1\n");
    place.commit();
    let shallow = cloned(
        &place,
        &["--depth", "1", "--no-single-branch", "-b", "feature"],
    );
    let ways = ["git fetch --unshallow", "fetch-depth: 0", "GIT_DEPTH: 0"];
    let expected = [&["where 'feature' left 'origin/main' is beyond"], &ways[..]].concat();
    shallow.fails(Some("origin/main"), Some("feature"), &expected);
    // One that holds no other branch, as jobs have it.
    let single = cloned(&place, &["--depth", "1", "-b", "feature"]);
    let expected = [&["failed to find 'origin/main'"], &ways[..]].concat();
    single.fails(Some("origin/main"), Some("HEAD"), &expected);
    single.fails(None, None, &ways);
    // And what it says helps.
    single.git(&[
        "fetch",
        "-q",
        "--unshallow",
        "origin",
        "+refs/heads/*:refs/remotes/origin/*",
    ]);
    assert_eq!(single.compare("origin/main", "HEAD").how, How::Merged);
}

#[test]
fn a_partial_clone_says_what_is_missing_and_how_to_fetch_it() {
    let place = featured();
    place.git(&["config", "uploadpack.allowFilter", "true"]);
    for filter in ["--filter=blob:none", "--filter=tree:0"] {
        let partial = cloned(&place, &[filter, "--no-checkout"]);
        let expected = ["is a partial clone", "git fetch --refetch --no-filter"];
        partial.fails(Some("origin/main"), Some("feature"), &expected);
        let read = keyfleet::git::checkout(
            &partial.source(),
            Some("HEAD"),
            &partial.limits,
            &|_| true,
            &keyfleet::git::Access::default(),
        );
        let error = said(&read.unwrap_err());
        assert!(error.contains("is a partial clone"), "{error}");
        partial.git(&["fetch", "-q", "--refetch", "--no-filter"]);
        let compared = partial.compare("origin/main", "feature");
        assert_eq!(
            shown(&compared.changes),
            ["modified a.yaml 4-4"],
            "{filter}"
        );
    }
}
