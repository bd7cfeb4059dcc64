//! Which files changed, and where in them.

use super::place::{Place, numbered, shown};

/// What one commit on top of `main` changes.
fn changed(make: impl Fn(&Place), change: impl Fn(&Place)) -> Vec<String> {
    let place = Place::new();
    make(&place);
    place.write("one-more", "so that there is something to commit");
    place.commit();
    place.branch("feature");
    change(&place);
    place.write("one-more", "the same");
    place.commit();
    let compared = place.compare("main", "feature");
    assert_eq!(compared.others, 1);
    shown(&compared.changes)
}

fn edited(change: impl Fn(&Place)) -> Vec<String> {
    changed(|_| {}, change)
}

#[test]
fn lines_are_those_of_the_head() {
    let several = edited(|place| {
        place.edit("a.yaml", "line2: 2\n", "line2: 2\nnew: 1\nnew: 2\n");
        place.edit("a.yaml", "line10: 10\n", "line10: ten\n");
        place.edit("a.yaml", "line20: 20\n", "line20: 20\nend: 1\n");
    });
    assert_eq!(several, ["modified a.yaml 4-5,13-13,24-24"]);
}

#[test]
fn lines_that_are_gone_are_shown_at_the_one_before_them() {
    let within = edited(|place| place.edit("a.yaml", "line5: 5\nline6: 6\n", ""));
    assert_eq!(within, ["modified a.yaml 5-5"]);
    let first = edited(|place| place.edit("a.yaml", "# a.yaml\nline1: 1\n", ""));
    assert_eq!(first, ["modified a.yaml 1-1"]);
    let last = edited(|place| place.edit("a.yaml", "line19: 19\nline20: 20\n", ""));
    assert_eq!(last, ["modified a.yaml 19-19"]);
    let all = edited(|place| place.write("a.yaml", ""));
    assert_eq!(all, ["modified a.yaml"]);
    let none_before = changed(
        |place| place.write("e.yaml", ""),
        |place| place.write("e.yaml", "a\nb"),
    );
    assert_eq!(none_before, ["modified e.yaml 1-2"]);
}

#[test]
fn a_line_end_at_the_end_of_the_file_is_a_change_of_its_last_line() {
    let without = changed(
        |place| place.write("e.yaml", "a\nb\n"),
        |place| place.write("e.yaml", "a\nb"),
    );
    assert_eq!(without, ["modified e.yaml 2-2"]);
}

#[test]
fn files_that_are_new_and_gone_are_changes_of_their_own() {
    let both = edited(|place| {
        place.remove("b.yaml");
        place.write("c.yaml", "some\nthing\nelse\n");
        place.write("empty.yaml", "");
    });
    assert_eq!(
        both,
        ["removed b.yaml", "added c.yaml 1-3", "added empty.yaml"]
    );
}

#[test]
fn other_line_ends_a_mark_and_a_mode_are_no_change() {
    let none = edited(|place| {
        let text = place.read("a.yaml").replace('\n', "\r\n");
        place.write("a.yaml", format!("\u{feff}{text}"));
        place.git(&["update-index", "--chmod=+x", "b.yaml"]);
    });
    assert_eq!(none, [""; 0]);
    let one = edited(|place| {
        let text = place.read("a.yaml").replace('\n', "\r\n");
        place.write("a.yaml", text.replace("line9: 9", "line9: nine"));
    });
    assert_eq!(one, ["modified a.yaml 10-10"]);
}

#[test]
fn a_file_that_moved_is_one_change() {
    let same = edited(|place| {
        std::fs::create_dir(place.path().join("dir")).unwrap();
        place.git(&["mv", "b.yaml", "dir/c.yaml"]);
    });
    assert_eq!(same, ["b.yaml -> dir/c.yaml"]);
    let similar = edited(|place| {
        place.git(&["mv", "b.yaml", "c.yaml"]);
        place.edit("c.yaml", "line9: 9", "line9: nine");
    });
    assert_eq!(similar, ["b.yaml -> c.yaml 10-10"]);
    let other = edited(|place| {
        place.remove("b.yaml");
        place.write(
            "c.yaml",
            "something: else\nwhich: has\nnothing: at\nall: in\ncommon: with\nit: x\n",
        );
    });
    assert_eq!(other, ["removed b.yaml", "added c.yaml 1-6"]);
}

#[test]
fn files_of_one_text_keep_their_names_where_their_folder_moves() {
    let make = |place: &Place| {
        for name in ["x.yaml", "y.yaml", "z.yaml"] {
            place.write(&format!("old/{name}"), numbered(5));
        }
    };
    let moved = changed(make, |place| {
        place.git(&["mv", "old", "new"]);
        place.git(&["mv", "new/z.yaml", "new/a.yaml"]);
    });
    let expected = [
        "old/z.yaml -> new/a.yaml",
        "old/x.yaml -> new/x.yaml",
        "old/y.yaml -> new/y.yaml",
    ];
    assert_eq!(moved, expected);
}

#[test]
fn a_name_that_moved_to_another_case_is_renamed() {
    let moved = edited(|place| {
        place.git(&["mv", "b.yaml", "B.yaml"]);
    });
    assert_eq!(moved, ["b.yaml -> B.yaml"]);
}

#[test]
fn a_wanted_file_outside_of_the_declarations_is_compared_too() {
    let owners = changed(
        |place| place.write("CODEOWNERS", "* @all\n"),
        |place| place.write("CODEOWNERS", "* @all\nclusters/ @platform\n"),
    );
    assert_eq!(owners, ["modified CODEOWNERS 2-2"]);
}
