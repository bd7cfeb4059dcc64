//! Many files, and large ones. Nothing is timed but for what never ends: a machine that is busy must not fail a test.

use std::io::Write as _;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use keyfleet::git::{ChangeKind, FileChange, How};

use super::place::{Place, shown};

const LONG: Duration = Duration::from_secs(120);

fn text(number: usize, edit: &str) -> String {
    let lines = (0..12).map(|line| format!("key{line}: value-{number}-{line}\n"));
    format!("{}{edit}\n", lines.collect::<String>())
}

/// This many files below a folder, each with a text of its own.
fn files(count: usize, folder: &str, edit: &str) -> Vec<(String, String)> {
    let file = |number| {
        (
            format!("{folder}/c{}/{number}.yaml", number % 100),
            text(number, edit),
        )
    };
    (0..count).map(file).collect()
}

/// Makes a branch whose only files are these, on top of another. No working tree has to hold them.
fn commit(place: &Place, branch: &str, parent: Option<&str>, files: &[(String, String)]) {
    let mut import = format!(
        "commit refs/heads/{branch}\ncommitter Test <test@example> 1700000000 +0000\ndata 0\n"
    );
    if let Some(parent) = parent {
        import += &format!("from refs/heads/{parent}\ndeleteall\n");
    }
    for (path, text) in files {
        import += &format!("M 100644 inline {path}\ndata {}\n{text}\n", text.len());
    }
    let mut child = Command::new("git")
        .args(["fast-import", "--quiet"])
        .current_dir(place.path())
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(import.as_bytes())
        .unwrap();
    assert!(child.wait().unwrap().success());
}

fn keeps_its_name(change: &FileChange) -> bool {
    let ChangeKind::Renamed { from } = &change.kind else {
        return false;
    };
    from.rsplit('/').next() == change.path.rsplit('/').next()
}

#[test]
fn ten_thousand_changed_files_come_to_an_end() {
    let (place, count) = (Place::new(), 10_000);
    commit(&place, "base", None, &files(count, "clusters", "here"));
    commit(
        &place,
        "edited",
        Some("base"),
        &files(count, "clusters", "there"),
    );
    commit(
        &place,
        "moved",
        Some("base"),
        &files(count, "groups", "here"),
    );
    commit(
        &place,
        "both",
        Some("base"),
        &files(count, "groups", "there"),
    );
    let started = Instant::now();
    let edited = place.compare("base", "edited").changes;
    assert!(edited.iter().all(|change| change.lines == [13..=13]));
    assert_eq!(edited.len(), count);
    let moved = place.compare("base", "moved").changes;
    assert!(moved.iter().all(keeps_its_name));
    assert_eq!(moved.len(), count);
    // Too many to look for what is similar.
    assert_eq!(place.compare("base", "both").changes.len(), 2 * count);
    // And where they have to be merged.
    let mut other = files(count, "clusters", "here");
    other.push(("other.yaml".to_owned(), "else".to_owned()));
    commit(&place, "meanwhile", Some("base"), &other);
    let merged = place.compare("meanwhile", "edited");
    assert_eq!((merged.how, merged.changes.len()), (How::Merged, count));
    let merged = place.compare("meanwhile", "moved");
    assert_eq!((merged.how, merged.changes.len()), (How::Merged, count));
    let How::Conflicts { paths, .. } = place.compare("both", "edited").how else {
        panic!("every file was changed on both sides");
    };
    assert_eq!(paths.len(), count);
    assert!(started.elapsed() < LONG, "{:?}", started.elapsed());
}

#[test]
fn as_many_similar_files_as_are_looked_at_come_to_an_end() {
    let (place, count) = (Place::new(), 500);
    commit(&place, "base", None, &files(count, "clusters", "here"));
    commit(
        &place,
        "moved",
        Some("base"),
        &files(count, "groups", "there"),
    );
    let started = Instant::now();
    let moved = place.compare("base", "moved").changes;
    assert!(moved.iter().all(keeps_its_name));
    assert_eq!(moved.len(), count);
    assert!(started.elapsed() < LONG, "{:?}", started.elapsed());
}

#[test]
fn a_file_as_large_as_may_be_comes_to_an_end() {
    let place = Place::new();
    let large = |step: usize| {
        let lines = (0..270_000).map(|n| format!("{}\n", (n * step) % 99_991));
        let text = lines.collect::<String>();
        [("a.yaml".to_owned(), text[..1 << 20].to_owned())]
    };
    commit(&place, "base", None, &large(7));
    commit(&place, "one", Some("base"), &large(11));
    commit(&place, "other", Some("base"), &large(13));
    let started = Instant::now();
    assert_eq!(shown(&place.compare("base", "one").changes).len(), 1);
    let merged = place.compare("one", "other");
    assert!(matches!(merged.how, How::Conflicts { .. }));
    assert!(started.elapsed() < LONG, "{:?}", started.elapsed());
}

#[test]
fn more_than_can_be_merged_line_by_line_in_good_time_is_a_conflict() {
    let (place, count) = (Place::new(), 35);
    let file = |number: usize, lines: usize, edited: usize| {
        let value = |n| if n == edited { "other" } else { "same" };
        let lines = (10_000..10_000 + lines).map(|n| format!("key{n}: {} value\n", value(n)));
        (format!("{number:02}.yaml"), lines.collect::<String>())
    };
    let (fits, too_large) = (12_000, 14_000);
    let files = |edited| {
        let fitting = (1..=count).map(|number| file(number, fits, edited));
        fitting
            .chain([file(0, too_large, edited)])
            .collect::<Vec<_>>()
    };
    commit(&place, "base", None, &files(0));
    commit(&place, "one", Some("base"), &files(10_007));
    commit(&place, "other", Some("base"), &files(19_999));
    let How::Conflicts { paths, .. } = place.compare("one", "other").how else {
        panic!("only some of the files are merged");
    };
    let size = |lines| 3 * file(0, lines, 0).1.len();
    let merged = ((16 << 20) - size(too_large)) / size(fits);
    let beyond = (merged + 1..=count).chain([0]);
    let mut expected: Vec<_> = beyond.map(|number| format!("{number:02}.yaml")).collect();
    expected.sort();
    assert_eq!(paths, expected);
}
