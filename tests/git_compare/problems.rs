//! What somebody may have put into a head.

use std::os::unix::fs::symlink;

use keyfleet::git::{How, Problem};

use super::place::{Place, numbered, shown};

fn problems(checkout: &keyfleet::git::Checkout) -> Vec<(&str, &Problem)> {
    let problems = checkout.problems.iter();
    problems
        .map(|problem| (&*problem.path, &problem.what))
        .collect()
}

#[test]
fn links_and_submodules_of_a_head_are_problems_also_where_it_is_merged() {
    for meanwhile in [false, true] {
        let place = Place::new();
        place.branch("feature");
        place.remove("a.yaml");
        symlink("b.yaml", place.path().join("a.yaml")).unwrap();
        symlink("/etc", place.path().join("etc")).unwrap();
        let head = place.git(&["rev-parse", "HEAD"]);
        let module = format!("160000,{head},sub");
        place.git(&["add", "-A"]);
        place.git(&["update-index", "--add", "--cacheinfo", &module]);
        place.git(&["commit", "-q", "-m", "hostile"]);
        if meanwhile {
            place.git(&["checkout", "-q", "-f", "main"]);
            place.write("c.yaml", "c: 1\n");
            place.commit();
        }
        let compared = place.compare("main", "feature");
        let how = if meanwhile { How::Merged } else { How::Ahead };
        assert_eq!(compared.how, how);
        let expected = [
            ("a.yaml", &Problem::Symlink),
            ("etc", &Problem::Symlink),
            ("sub", &Problem::Submodule),
        ];
        assert_eq!(problems(&compared.head), expected);
        assert_eq!(shown(&compared.changes), ["modified a.yaml"]);
        assert_eq!(compared.others, 2);
        assert_eq!(compared.base.problems, []);
    }
}

#[test]
fn a_directory_that_became_a_link_hides_what_was_below() {
    let place = Place::new();
    place.write("clusters/x.yaml", "x: 1\n");
    place.commit();
    place.branch("feature");
    place.git(&["rm", "-q", "-r", "clusters"]);
    symlink("elsewhere", place.path().join("clusters")).unwrap();
    place.commit();
    let compared = place.compare("main", "feature");
    assert_eq!(problems(&compared.head), [("clusters", &Problem::Symlink)]);
    assert_eq!(
        shown(&compared.changes),
        [""; 0],
        "nobody knows what is there"
    );
}

/// A commit on top of `main` whose tree has these entries besides, as `git mktree` takes them.
fn crafted(place: &Place, entries: &str) -> String {
    let tree = place.git(&["ls-tree", "main"]);
    let tree = mktree(place, &format!("{tree}\n{entries}"));
    place.git(&["commit-tree", "-p", "main", "-m", "crafted", &tree])
}

fn mktree(place: &Place, entries: &str) -> String {
    use std::io::Write as _;
    let mut made = std::process::Command::new("git")
        .args(["mktree", "--missing"])
        .current_dir(place.path())
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    made.stdin
        .take()
        .unwrap()
        .write_all(entries.as_bytes())
        .unwrap();
    let output = made.wait_with_output().unwrap();
    assert!(output.status.success());
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

#[test]
fn hostile_names_are_problems_and_never_reach_a_merge() {
    let place = Place::new();
    let blob = place.git(&["rev-parse", "main:a.yaml"]);
    let tree = place.git(&["rev-parse", "main^{tree}"]);
    let entries = format!(
        "100644 blob {blob}\tgit~1\n100644 blob {blob}\tback\\slash.yaml\n100644 blob {blob}\t\"red\\033[31m.yaml\"\n\
         040000 tree {tree}\t.GIT\n100644 blob {blob}\tgit~1.yaml\n"
    );
    let head = crafted(&place, &entries);
    for meanwhile in [false, true] {
        if meanwhile {
            place.write("c.yaml", "c: 1\n");
            place.commit();
        }
        let compared = place.compare("main", &head);
        let how = if meanwhile { How::Merged } else { How::Ahead };
        assert_eq!(compared.how, how);
        let expected = [
            (".GIT", &Problem::Name),
            ("back\\slash.yaml", &Problem::Name),
            ("red\\u{1b}[31m.yaml", &Problem::Name),
        ];
        assert_eq!(problems(&compared.head), expected);
        assert!(compared.head.files.contains_key("git~1.yaml"));
    }
}

#[test]
fn a_tree_that_holds_itself_many_times_is_not_walked_to_its_end() {
    let place = Place::new();
    let mut tree = place.git(&["rev-parse", "main^{tree}"]);
    for _ in 0..30 {
        let entries = (0..10).map(|name| format!("040000 tree {tree}\t{name}\n"));
        tree = mktree(&place, &entries.collect::<String>());
    }
    let hidden = crafted(&place, &format!("040000 tree {tree}\t.GIT\n"));
    assert_eq!(place.compare("main", &hidden).others, 0);
    let open = crafted(&place, &format!("040000 tree {tree}\tdeep\n"));
    place.fails(Some("main"), Some(&open), &["--git-limit files=N"]);
}

#[test]
fn a_file_that_became_no_text_has_no_lines() {
    let place = Place::new();
    place.branch("feature");
    place.write("a.yaml", b"a\0b");
    place.write("b.yaml", b"caf\xe9");
    place.commit();
    let compared = place.compare("main", "feature");
    assert_eq!(
        shown(&compared.changes),
        ["modified a.yaml", "modified b.yaml"]
    );
    assert_eq!(compared.head.problems.len(), 2);
    // And the other way round.
    let compared = place.compare("feature", "main");
    assert_eq!(compared.how, How::Contained);
    place.git(&["branch", "bad"]);
    place.write("a.yaml", numbered(2));
    place.write("b.yaml", numbered(2));
    place.commit();
    let compared = place.compare("bad", "feature");
    assert_eq!(
        shown(&compared.changes),
        ["modified a.yaml 1-2", "modified b.yaml 1-2"]
    );
}

#[test]
fn limits_hold_for_a_head_too() {
    let mut place = Place::new();
    place.branch("feature");
    place.write("c/d/e.yaml", numbered(1000));
    place.commit();
    let standard = place.limits;
    for (limit, expected) in [
        ("files=2", "--git-limit files=N"),
        ("depth=2", "--git-limit depth=N"),
        ("total_bytes=2000", "--git-limit total_bytes=N"),
    ] {
        place.limits = standard;
        place.limits.set(limit).unwrap();
        place.fails(Some("main"), Some("feature"), &[expected]);
        place.fails(Some("main"), None, &[expected]);
    }
}
