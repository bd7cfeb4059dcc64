//! The head is what merging gives.

use std::sync::Arc;

use keyfleet::git::How;

use super::place::{Place, shown};

#[test]
fn a_head_that_holds_all_of_the_base_is_itself_what_merging_gives() {
    let place = Place::new();
    let base = place.git(&["rev-parse", "HEAD"]);
    place.branch("feature");
    place.edit("a.yaml", "line3: 3", "line3: three");
    place.edit("README.md", "line1:", "line one:");
    let head = place.commit();
    let compared = place.compare("main", "feature");
    assert_eq!(compared.how, How::Ahead);
    assert_eq!(compared.base.revision.commit, Some(base));
    assert_eq!(compared.head.revision.commit, Some(head));
    assert_eq!(shown(&compared.changes), ["modified a.yaml 4-4"]);
    assert_eq!(compared.others, 1, "README.md");
    assert_eq!(
        (&*compared.base_name, &*compared.head_name),
        ("main", "feature")
    );
    assert_eq!(
        compared.explained(),
        "main with feature, which holds all of it"
    );
}

#[test]
fn what_the_base_has_got_meanwhile_is_no_change_of_the_head() {
    let place = Place::new();
    place.branch("feature");
    place.edit("a.yaml", "line3: 3", "line3: three");
    place.write("new.yaml", "new: 1\n");
    place.commit();
    place.go("main");
    place.edit("a.yaml", "line18: 18", "line18: eighteen");
    place.remove("b.yaml");
    place.write("CODEOWNERS", "* @all\n");
    place.write("other.txt", "not of the head");
    place.commit();
    let compared = place.compare("main", "feature");
    assert_eq!(compared.how, How::Merged);
    assert_eq!(
        shown(&compared.changes),
        ["modified a.yaml 4-4", "added new.yaml 1-1"]
    );
    let merged = &compared.head.files["a.yaml"];
    assert!(
        merged.contains("three") && merged.contains("eighteen"),
        "{merged}"
    );
    let paths: Vec<_> = compared.head.files.keys().collect();
    assert_eq!(paths, ["CODEOWNERS", "a.yaml", "new.yaml"]);
    assert_eq!(compared.others, 0);
    assert_eq!(compared.head.problems, []);
    assert_eq!(
        compared.explained(),
        "main with what merging feature into it gives"
    );
}

#[test]
fn merging_says_what_git_merge_says() {
    let place = Place::new();
    place.write("dir/c.yaml", "c: 1\n");
    place.write("dir/d.yaml", "d: 1\n");
    place.commit();
    place.branch("feature");
    place.git(&["mv", "b.yaml", "moved.yaml"]);
    place.edit("a.yaml", "line9: 9\n", "");
    place.remove("dir/c.yaml");
    place.commit();
    place.go("main");
    place.edit("b.yaml", "line7: 7", "line7: seven");
    place.edit("a.yaml", "line18: 18", "line18: eighteen");
    place.git(&["mv", "dir/d.yaml", "dir/e.yaml"]);
    place.commit();
    let compared = place.compare("main", "feature");
    assert_eq!(compared.how, How::Merged);
    place.git(&["merge", "-q", "-m", "merged", "feature"]);
    let ours = place.compare("main", "main").head;
    assert_eq!(compared.head.files, ours.files);
    assert!(compared.head.files["moved.yaml"].contains("seven"));
}

#[test]
fn a_head_that_is_part_of_the_base_changes_nothing() {
    let place = Place::new();
    place.git(&["branch", "old"]);
    place.edit("a.yaml", "line3: 3", "line3: three");
    place.commit();
    let compared = place.compare("main", "old");
    assert_eq!(compared.how, How::Contained);
    assert_eq!(compared.base.files, compared.head.files);
    assert!(compared.head.files["a.yaml"].contains("three"));
    assert_eq!((compared.changes.len(), compared.others), (0, 0));
    assert!(compared.explained().contains("old is part of main already"));
    assert_eq!(place.compare("main", "main").how, How::Contained);
}

#[test]
fn a_conflict_in_a_file_that_matters_compares_with_where_the_head_left_the_base() {
    let place = Place::new();
    let fork = place.git(&["rev-parse", "HEAD"]);
    place.branch("feature");
    place.edit("a.yaml", "line3: 3", "line3: three");
    place.write("b.yaml", "mine: 1\n");
    place.commit();
    place.go("main");
    place.edit("a.yaml", "line3: 3", "line3: III");
    place.remove("b.yaml");
    place.write("c.yaml", "of the base\n");
    place.commit();
    let compared = place.compare("main", "feature");
    let paths = vec!["a.yaml".to_owned(), "b.yaml".to_owned()];
    assert_eq!(
        compared.how,
        How::Conflicts {
            fork: fork.clone(),
            paths
        }
    );
    assert_eq!(compared.base.revision.commit, Some(fork.clone()));
    assert!(compared.base.files["a.yaml"].contains("line3: 3"));
    assert_eq!(
        shown(&compared.changes),
        ["modified a.yaml 4-4", "modified b.yaml 1-1"]
    );
    assert_eq!(
        compared.explained(),
        format!(
            "feature with {}, where it left main, because merging has conflicts in a.yaml, b.yaml",
            &fork[..7]
        )
    );
}

#[test]
fn conflicts_are_named_by_the_first_of_them() {
    let place = Place::new();
    place.branch("feature");
    for number in 0..9 {
        place.write(&format!("{number}.yaml"), "mine");
    }
    place.commit();
    place.go("main");
    for number in 0..9 {
        place.write(&format!("{number}.yaml"), "theirs");
    }
    place.commit();
    let said = place.compare("main", "feature").explained();
    assert!(
        said.ends_with("0.yaml, 1.yaml, 2.yaml, 3.yaml, 4.yaml and 4 more"),
        "{said}"
    );
}

#[test]
fn a_conflict_in_a_file_that_does_not_matter_is_none() {
    let place = Place::new();
    place.branch("feature");
    place.write("README.md", "mine");
    place.edit("a.yaml", "line3: 3", "line3: three");
    place.commit();
    place.go("main");
    place.write("README.md", "theirs");
    place.commit();
    let compared = place.compare("main", "feature");
    assert_eq!(compared.how, How::Merged);
    assert_eq!(shown(&compared.changes), ["modified a.yaml 4-4"]);
    assert_eq!(compared.others, 1);
}

#[test]
fn a_file_in_the_way_of_a_directory_is_a_conflict() {
    let place = Place::new();
    place.branch("feature");
    place.write("x.yaml", "a file\n");
    place.commit();
    place.go("main");
    place.write("x.yaml/y.yaml", "below a directory\n");
    place.commit();
    let compared = place.compare("main", "feature");
    let How::Conflicts { paths, .. } = compared.how else {
        panic!("{:?}", compared.how);
    };
    assert_eq!(paths, ["x.yaml"]);
}

#[test]
fn a_file_renamed_in_two_ways_is_a_conflict() {
    let place = Place::new();
    place.branch("feature");
    place.git(&["mv", "b.yaml", "mine.yaml"]);
    place.commit();
    place.go("main");
    place.git(&["mv", "b.yaml", "theirs.yaml"]);
    place.commit();
    let compared = place.compare("main", "feature");
    assert!(
        matches!(compared.how, How::Conflicts { .. }),
        "{:?}",
        compared.how
    );
}

#[test]
fn the_same_change_on_both_sides_is_no_change() {
    let place = Place::new();
    place.branch("feature");
    place.edit("a.yaml", "line3: 3", "line3: three");
    place.write("new.yaml", "new: 1\n");
    place.commit();
    place.go("main");
    place.edit("a.yaml", "line3: 3", "line3: three");
    place.write("new.yaml", "new: 1\n");
    place.write("b.yaml", "else");
    place.commit();
    let compared = place.compare("main", "feature");
    assert_eq!((compared.how, compared.changes), (How::Merged, Vec::new()));
}

#[test]
fn files_too_big_to_be_read_and_links_are_taken_from_the_side_that_changed_them() {
    let mut place = Place::new();
    place.limits.file_bytes = 2000;
    place.branch("feature");
    place.write("big.yaml", numbered_to(3000));
    std::os::unix::fs::symlink("a.yaml", place.path().join("link.yaml")).unwrap();
    place.commit();
    place.go("main");
    place.edit("a.yaml", "line3: 3", "line3: three");
    place.commit();
    let compared = place.compare("main", "feature");
    assert_eq!(compared.how, How::Merged);
    let problems: Vec<_> = compared.head.problems.iter().map(|it| &*it.path).collect();
    assert_eq!(problems, ["big.yaml", "link.yaml"]);
    assert_eq!(
        shown(&compared.changes),
        ["added big.yaml", "added link.yaml"]
    );
    place.write("big.yaml", numbered_to(4000));
    place.commit();
    let compared = place.compare("main", "feature");
    assert!(
        matches!(compared.how, How::Conflicts { .. }),
        "{:?}",
        compared.how
    );
}

fn numbered_to(bytes: usize) -> String {
    super::place::numbered(bytes / 10)
}

#[test]
fn an_unchanged_file_is_one_text_on_both_sides() {
    let place = Place::new();
    place.branch("feature");
    place.edit("a.yaml", "line3: 3", "line3: three");
    place.commit();
    place.go("main");
    place.write("c.yaml", "c: 1\n");
    place.commit();
    for (base, head) in [
        ("main", Some("feature")),
        ("feature~1", Some("feature")),
        ("feature", None),
    ] {
        let compared = place.try_compare(Some(base), head).unwrap();
        let text =
            |path: &str| [&compared.base, &compared.head].map(|side| side.files[path].clone());
        let [before, after] = text("b.yaml");
        assert!(Arc::ptr_eq(&before, &after), "{base} {head:?}");
    }
}

#[test]
fn nothing_is_written_to_the_repository() {
    let place = Place::new();
    place.branch("feature");
    place.edit("a.yaml", "line3: 3", "line3: three");
    place.commit();
    place.go("main");
    place.edit("a.yaml", "line18: 18", "line18: eighteen");
    place.commit();
    place.write("a.yaml", "not committed");
    place.git(&["gc", "-q"]);
    place.git(&["config", "core.fsmonitor", "touch witness"]);
    let before = files_below(place.path());
    assert_eq!(place.compare("main", "feature").how, How::Merged);
    place.try_compare(Some("feature"), None).unwrap();
    assert_eq!(files_below(place.path()), before);
}

/// Every file and directory with its size and when it was changed.
fn files_below(folder: &std::path::Path) -> Vec<(std::path::PathBuf, u64, std::time::SystemTime)> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let metadata = path.symlink_metadata().unwrap();
        found.push((path.clone(), metadata.len(), metadata.modified().unwrap()));
        if metadata.is_dir() {
            found.extend(files_below(&path));
        }
    }
    found.sort();
    found
}
