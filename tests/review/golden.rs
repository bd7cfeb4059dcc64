//! Every case against what is expected of it.

use crate::patched::{Fleet, about, folder};
use keyfleet::pipeline;
use keyfleet::report::Style;
use keyfleet::report::review::{Format, Reviewed, Room, markdown, render, text};
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

const STYLE: Style = Style {
    colour: false,
    width: 120,
};

#[tokio::test]
async fn every_change_is_told_as_expected() {
    let fleet = Fleet::new();
    let cases = folder().join("cases");
    let names = names(&cases);
    assert!(names.len() >= 60, "{} cases", names.len());
    let mut wrong = Vec::new();
    let (mut critical, mut reasons) = (0, BTreeSet::new());
    for name in &names {
        let patch = fs::read_to_string(cases.join(format!("{name}.patch"))).unwrap();
        fleet.patch(name, &patch);
        let compared = fleet.compare(name).await;
        let about = about(&compared);
        let reviewed = pipeline::review(compared.base, compared.head);
        let review = &reviewed.review;
        let shown = Reviewed {
            about: &about,
            review,
        };
        // A case says of itself whether somebody should look at it first.
        let expected = patch.starts_with("CRITICAL");
        if review.is_critical() != expected {
            wrong.push(format!("{name}: critical is {}", !expected));
        }
        critical += usize::from(review.is_critical());
        let found = review.critical().flat_map(|change| &change.critical);
        reasons.extend(found.map(keyfleet::review::Critical::id));
        for (ending, told) in [
            ("txt", text(shown, true, STYLE)),
            ("md", markdown(shown, &Room::COMMENT)),
            ("json", render(shown, Format::Json)),
        ] {
            wrong.extend(differs(&cases.join(format!("{name}.{ending}")), &told));
        }
    }
    assert!(critical >= 25, "{critical} critical cases");
    let missing: Vec<_> = keyfleet::review::Critical::IDS
        .iter()
        .filter(|id| !reasons.contains(*id))
        .collect();
    assert!(missing.is_empty(), "no case for {missing:?}");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_reason_is_documented() {
    let page = fs::read_to_string(folder().join("../../docs/review.md")).unwrap();
    for id in keyfleet::review::Critical::IDS {
        assert!(
            page.contains(&format!("| `{id}` |")),
            "docs/review.md: {id}"
        );
    }
}

fn names(cases: &Path) -> Vec<String> {
    let files = fs::read_dir(cases).unwrap();
    let files = files.map(|entry| entry.unwrap().path());
    let patches = files.filter(|path| path.extension().is_some_and(|ending| ending == "patch"));
    let mut names: Vec<String> = patches
        .map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned())
        .collect();
    names.sort();
    names
}

fn differs(path: &Path, told: &str) -> Option<String> {
    if std::env::var_os("KEYFLEET_BLESS").is_some() {
        fs::write(path, told).unwrap();
        return None;
    }
    let expected = fs::read_to_string(path).unwrap_or_default();
    (expected != told).then(|| {
        format!(
            "{}\n--- expected\n{expected}--- told\n{told}",
            path.display()
        )
    })
}
