//! One review with something of everything, in each form, held as it is; and what stands in none.

use crate::made::{Made, about, large, rich};
use crate::read::Read;
use keyfleet::report::Style;
use keyfleet::report::review::{Format, Room, markdown, render, text};
use keyfleet::review::Review;

#[test]
fn in_every_form() {
    let mut made = rich();
    for format in Format::ALL {
        let rendered = render(made.reviewed(), format);
        let rendered = rendered.replace(env!("CARGO_PKG_VERSION"), "VERSION");
        insta::assert_snapshot!(format!("{format:?}").to_lowercase(), rendered);
    }
    made.review.proof = None;
    let style = Style {
        colour: false,
        width: 80,
    };
    insta::assert_snapshot!("text_80_offline", text(made.reviewed(), false, style));
}

/// Somebody looked, and that is worth saying.
#[test]
fn nothing_that_changes_is_said_in_a_line() {
    let made = Made {
        about: about("acme"),
        review: Review::default(),
    };
    let said = "Nothing changes in what is meant: 7 files written otherwise";
    for format in [Format::Markdown, Format::Html] {
        let rendered = render(made.reviewed(), format);
        assert!(rendered.contains(said), "{rendered}");
    }
    assert!(!render(made.reviewed(), Format::Html).contains("<svg"));
    let room = Room {
        characters: 65_536,
        whole: None,
    };
    let comment = markdown(made.reviewed(), &room);
    assert_eq!(comment.lines().count(), 3, "{comment}");
}

#[test]
fn what_is_critical_stands_open_and_before_all_else() {
    let made = large(100, 2);
    let comment = render(made.reviewed(), Format::Markdown);
    let read = Read::of(&comment);
    assert_eq!(read.strange, Vec::<String>::new());
    let critical = comment.find("#### Critical (10)").unwrap();
    let folded = comment.find("<details>").unwrap();
    let others = comment.find("<summary>Secrets (90)</summary>").unwrap();
    assert!(critical < folded && folded < others, "{comment}");
}

/// A hundred of one kind must not hide one of another.
#[test]
fn what_is_rare_is_read_first() {
    let mut made = large(1_000, 1);
    let rare = rich().review.changes.remove(0);
    made.review.changes.push(rare);
    let comment = render(made.reviewed(), Format::Markdown);
    let first = comment.lines().find(|line| line.starts_with("- ")).unwrap();
    assert!(first.contains("**`server`**"), "{first}");
}

#[test]
fn what_is_left_out_is_said_with_a_link_to_the_whole() {
    let made = large(2_000, 3);
    let whole = "https://ci.example/job/7/review (1).html?a=b>c";
    let room = Room {
        characters: 4_000,
        whole: Some(whole),
    };
    let read = Read::of(&markdown(made.reviewed(), &room));
    assert_eq!(
        read.links,
        ["https://ci.example/job/7/review%20(1).html?a=b%3Ec"]
    );
    assert!(read.text.contains("Not everything is shown here."));
    assert!(read.text.contains("and 1"), "{}", read.text);
    let told = Room {
        whole: Some("review.html of `job`"),
        ..room
    };
    let read = Read::of(&markdown(made.reviewed(), &told));
    assert!(read.code.contains(&"review.html of `job`".to_owned()));
}
