//! The working tree as the head.

use keyfleet::git::How;

use super::place::{Place, shown};

#[test]
fn a_working_tree_is_compared_with_where_it_left_the_base() {
    let place = Place::new();
    let fork = place.git(&["rev-parse", "HEAD"]);
    place.branch("feature");
    place.edit("a.yaml", "line3: 3", "line3: three");
    let head = place.commit();
    place.go("main");
    place.write("b.yaml", "of the base\n");
    place.commit();
    place.go("feature");
    place.edit("a.yaml", "line9: 9", "line9: nine");
    place.write("new.yaml", "not added\n");
    place.write("notes.txt", "not wanted");
    place.remove("README.md");
    place.write(".gitignore", "ignored/\n");
    place.write("ignored/x.yaml", "ignored\n");
    let compared = place.try_compare(Some("main"), None).unwrap();
    assert_eq!(compared.how, How::WorkingTree { fork: fork.clone() });
    assert_eq!(compared.base.revision.commit, Some(fork.clone()));
    assert_eq!(compared.head.revision.commit, Some(head));
    assert!(compared.head.revision.edited);
    let expected = ["modified a.yaml 4-4,10-10", "added new.yaml 1-1"];
    assert_eq!(shown(&compared.changes), expected);
    assert_eq!(compared.others, 3, ".gitignore, README.md and notes.txt");
    let expected = format!("the working tree with {}, where it left main", &fork[..7]);
    assert_eq!(compared.explained(), expected);
}

#[test]
fn a_file_that_is_gone_from_disk_is_removed() {
    let place = Place::new();
    place.branch("feature");
    place.remove("a.yaml");
    std::fs::rename(place.path().join("b.yaml"), place.path().join("c.yaml")).unwrap();
    let compared = place.try_compare(Some("main"), None).unwrap();
    assert_eq!(
        shown(&compared.changes),
        ["removed a.yaml", "b.yaml -> c.yaml"]
    );
    assert_eq!(compared.others, 0);
}

#[test]
fn a_directory_inside_of_a_repository_is_compared_by_itself() {
    let place = Place::new();
    place.write("fleet/x.yaml", "x: 1\n");
    place.write("fleetest/x.yaml", "x: 1\n");
    place.commit();
    place.branch("feature");
    place.write("fleet/x.yaml", "x: 2\n");
    place.write("fleet/notes.txt", "not wanted");
    place.write("fleetest/notes.txt", "beside it");
    place.write("outside.txt", "beside it");
    place.write("a.yaml", "beside it");
    let source = keyfleet::git::Source::Directory(place.path().join("fleet"));
    for committed in [false, true] {
        if committed {
            place.commit();
        }
        let head = committed.then_some("feature");
        let compared = place.compare_of(&source, Some("main"), head).unwrap();
        assert_eq!(shown(&compared.changes), ["modified x.yaml 1-1"]);
        assert_eq!(compared.others, 1, "notes.txt");
        let paths: Vec<_> = compared.head.files.keys().collect();
        assert_eq!(paths, ["x.yaml"]);
    }
}

#[test]
fn a_directory_that_is_new_has_nothing_before() {
    let place = Place::new();
    place.branch("feature");
    place.write("fleet/x.yaml", "x: 1\n");
    place.commit();
    let source = keyfleet::git::Source::Directory(place.path().join("fleet"));
    for head in [None, Some("feature")] {
        let compared = place.compare_of(&source, Some("main"), head).unwrap();
        assert_eq!(shown(&compared.changes), ["added x.yaml 1-1"]);
    }
    place.go("main");
    place.write("fleet/x.yaml", "x: 1\n");
    let error = place
        .compare_of(&source, Some("main"), Some("main~0"))
        .unwrap_err();
    assert!(error.to_string().contains("'fleet'"), "{error}");
}

#[test]
fn what_a_sparse_checkout_leaves_out_does_not_look_removed() {
    let place = Place::new();
    place.write("groups/x.yaml", "x: 1\n");
    place.write("clusters/x.yaml", "x: 1\n");
    place.commit();
    place.branch("feature");
    place.git(&["sparse-checkout", "set", "clusters"]);
    let compared = place.try_compare(Some("main"), None).unwrap();
    assert_eq!(shown(&compared.changes), [""; 0]);
    let problems: Vec<_> = compared.head.problems.iter().map(|it| &*it.path).collect();
    assert_eq!(problems, ["groups/x.yaml"]);
}

#[test]
fn line_ends_that_git_makes_on_checkout_are_no_change() {
    let place = Place::new();
    place.branch("feature");
    place.git(&["config", "core.autocrlf", "true"]);
    for path in ["a.yaml", "b.yaml"] {
        place.write(path, place.read(path).replace('\n', "\r\n"));
    }
    let compared = place.try_compare(Some("main"), None).unwrap();
    assert_eq!(shown(&compared.changes), [""; 0]);
    assert_eq!(compared.base.files, compared.head.files);
}
