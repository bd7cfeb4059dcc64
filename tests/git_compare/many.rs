//! Many files, and large ones.

use std::time::{Duration, Instant};

use keyfleet::git::{ChangeKind, How};

use super::place::{Place, shown};

fn file(number: usize) -> String {
    format!("clusters/c{}/{number}.yaml", number % 100)
}

fn text(number: usize, edit: &str) -> String {
    let lines = (0..12).map(|line| format!("key{line}: value-{number}-{line}\n"));
    format!("{}{edit}\n", lines.collect::<String>())
}

/// Of ten thousand files.
fn large() -> Place {
    let place = Place::new();
    for number in 0..10_000 {
        place.write(&file(number), text(number, "here"));
    }
    place.commit();
    place.branch("feature");
    place
}

/// Generous: a machine that is busy must not fail a test. What takes forever does.
const LONG: Duration = Duration::from_secs(60);

#[test]
fn ten_thousand_changed_files_come_to_an_end() {
    let place = large();
    for number in 0..10_000 {
        place.write(&file(number), text(number, "there"));
    }
    place.commit();
    let started = Instant::now();
    let compared = place.compare("main", "feature");
    assert!(
        compared
            .changes
            .iter()
            .all(|change| change.lines == [13..=13])
    );
    assert_eq!(compared.changes.len(), 10_000);
    // All of them moved, as they are and with an edit: too many to look for what is similar.
    place.git(&["mv", "clusters", "groups"]);
    place.commit();
    let compared = place.compare("feature~1", "feature");
    let renamed = |change: &keyfleet::git::FileChange| matches!(&change.kind, ChangeKind::Renamed { from } if from.rsplit('/').next() == change.path.rsplit('/').next());
    assert!(compared.changes.iter().all(renamed));
    let compared = place.compare("main", "feature");
    assert_eq!(compared.changes.len(), 20_000);
    // Also where they have to be merged.
    place.go("main");
    place.write("a.yaml", "else\n");
    place.commit();
    assert_eq!(place.compare("main", "feature").how, How::Merged);
    place.write(&file(1), text(1, "elsewhere"));
    place.commit();
    assert!(matches!(
        place.compare("main", "feature").how,
        How::Conflicts { .. }
    ));
    assert!(started.elapsed() < LONG, "{:?}", started.elapsed());
}

#[test]
fn as_many_similar_files_as_are_looked_at_come_to_an_end() {
    let place = Place::new();
    for number in 0..500 {
        place.write(&format!("old/{number}.yaml"), text(number, "here"));
    }
    place.commit();
    place.branch("feature");
    place.git(&["mv", "old", "new"]);
    for number in 0..500 {
        place.write(&format!("new/{number}.yaml"), text(number, "there"));
    }
    place.commit();
    let started = Instant::now();
    let compared = place.compare("main", "feature");
    assert_eq!(compared.changes.len(), 500);
    for change in &compared.changes {
        let from = change.path.replace("new/", "old/");
        assert_eq!(change.kind, ChangeKind::Renamed { from });
    }
    assert!(started.elapsed() < LONG, "{:?}", started.elapsed());
}

#[test]
fn a_file_as_large_as_may_be_comes_to_an_end() {
    let place = Place::new();
    let lines = |step: usize| {
        (0..270_000)
            .map(|n| format!("{}\n", (n * step) % 99_991))
            .collect::<String>()
    };
    place.write("a.yaml", &lines(7)[..1 << 20]);
    place.commit();
    place.branch("feature");
    place.write("a.yaml", &lines(11)[..1 << 20]);
    place.commit();
    let started = Instant::now();
    let compared = place.compare("main", "feature");
    assert_eq!(compared.changes.len(), 1);
    place.go("main");
    place.write("a.yaml", &lines(13)[..1 << 20]);
    place.commit();
    assert!(matches!(
        place.compare("main", "feature").how,
        How::Conflicts { .. }
    ));
    assert!(started.elapsed() < LONG, "{:?}", started.elapsed());
    assert_eq!(shown(&compared.changes).len(), 1);
}
