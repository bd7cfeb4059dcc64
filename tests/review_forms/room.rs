//! How large each form gets, whatever is reviewed.

use crate::made::{Made, called, large};
use crate::read::Read;
use keyfleet::report::review::{Format, Room, markdown, render};
use proptest::prelude::*;
use serde_json::Value;

/// A review with any of the parts of the rich one, under any name.
fn made() -> impl Strategy<Value = Made> {
    let hostile =
        proptest::string::string_regex("[`<>a|@#\\[\\]()*_$&\n\u{202e} -]{0,40}").unwrap();
    let name = prop_oneof![hostile, any::<String>(), "[a-z`]{300,400}"];
    let kept = proptest::collection::vec(any::<bool>(), 20);
    (name, kept, 0..12_usize).prop_map(|(name, kept, times)| {
        let mut made = called(&name);
        let mut kept = kept.into_iter().cycle();
        let changes = &mut made.review.changes;
        changes.retain(|_| kept.next().unwrap());
        let again = changes.clone();
        for _ in 0..times {
            changes.extend(again.iter().cloned());
        }
        changes.sort_by_key(|change| change.critical.is_empty());
        if kept.next().unwrap() {
            made.review.proof = None;
        }
        made
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_comment_never_exceeds_its_room_and_closes_what_it_opens(
        made in made(),
        characters in prop_oneof![0..400_usize, 400..6_000_usize, Just(65_536)],
        linked in any::<bool>(),
    ) {
        let whole = linked.then_some("https://ci.example/review.html");
        let room = Room { characters, whole };
        let comment = markdown(made.reviewed(), &room);
        prop_assert!(comment.chars().count() <= characters, "{}", comment);
        let read = Read::of(&comment);
        prop_assert_eq!(&read.strange, &Vec::<String>::new(), "{}", comment);
        prop_assert_eq!(read.folds(), 0, "{}", comment);
        prop_assert!(!read.text.contains(['`', '<', '@', '|']), "{}", read.text);
        prop_assert!(read.links.iter().all(|link| Some(&**link) == whole));
    }
}

#[test]
fn a_smaller_comment_keeps_what_is_critical() {
    let made = large(300, 4);
    let mut items = Vec::new();
    for characters in [65_536, 20_000, 8_000, 3_000, 1_000] {
        let room = Room {
            characters,
            whole: None,
        };
        let comment = markdown(made.reviewed(), &room);
        assert!(comment.contains("30 critical changes"), "{comment}");
        items.push(
            comment
                .lines()
                .filter(|line| line.starts_with("- `~`"))
                .count(),
        );
    }
    assert!(items.is_sorted_by(|left, right| left >= right), "{items:?}");
    assert!(items[2] >= 10 && items[4] >= 1, "{items:?}");
}

/// The bounds that docs/review.md names.
#[test]
fn ten_thousand_changes_stay_small() {
    let made = large(10_000, 2);
    let size = |format| render(made.reviewed(), format);
    assert!(size(Format::Markdown).chars().count() <= 65_536);
    let text = size(Format::Text);
    assert!(
        text.lines().count() <= 2 * 200 * 45,
        "{}",
        text.lines().count()
    );
    let page = size(Format::Html);
    assert!(page.len() <= 4_000_000, "{}", page.len());
    assert!(page.matches("<g class=\"node\"").count() <= 3 * 40);
    let xml = size(Format::Junit);
    assert!(xml.matches("<testcase").count() == 2_000);
    assert!(xml.len() <= 30_000_000);
    let log: Value = serde_json::from_str(&size(Format::Sarif)).unwrap();
    assert_eq!(log["runs"][0]["results"].as_array().unwrap().len(), 5_000);
    let told = log["runs"][0]["invocations"][0]["toolExecutionNotifications"].to_string();
    assert!(told.contains("5000 more results left out"), "{told}");
    // Tools get everything.
    let json: Value = serde_json::from_str(&size(Format::Json)).unwrap();
    assert_eq!(json["review"]["changes"].as_array().unwrap().len(), 10_000);
}
