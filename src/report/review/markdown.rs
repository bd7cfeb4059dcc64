//! For a comment in GitHub, GitLab and Gitea, and on a phone: lists, since no table of names fits there; what is critical open,
//! what is long folded away.
//!
//! Promises: every name stands in a code span. The text never exceeds its room; what is left out is counted.
//! Deliberately absent: mentions. Owners are named, not called.

mod parts;

use super::{Reviewed, words};
use crate::report::markdown::{code, shown};
use parts::Part;
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};

/// How much a comment may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Room<'a> {
    pub characters: usize,
    /// Where the whole review is: an address, or a few words.
    pub whole: Option<&'a str>,
}

impl Room<'_> {
    /// What the smallest of the forges takes: GitHub.
    pub const COMMENT: Self = Self {
        characters: 65_536,
        whole: None,
    };
}

/// How much of everything is told.
#[derive(Clone, Copy)]
pub(super) struct Extent {
    /// Whether what follows from other changes is told, too.
    pub(super) details: bool,
    /// How many items of what is critical, and of every other part.
    pub(super) critical: usize,
    pub(super) others: usize,
    /// How many lines of one item.
    pub(super) lines: usize,
}

/// From all that anybody reads to nothing but a count: what is critical stays longest.
const EXTENTS: [Extent; 13] = [
    extent(true, 200, 200, 20),
    extent(false, 200, 200, 20),
    extent(false, 200, 200, 8),
    extent(false, 200, 100, 3),
    extent(false, 200, 50, 0),
    extent(false, 100, 20, 3),
    extent(false, 100, 10, 0),
    extent(false, 50, 5, 0),
    extent(false, 25, 3, 0),
    extent(false, 10, 1, 0),
    extent(false, 5, 0, 0),
    extent(false, 1, 0, 0),
    extent(false, 0, 0, 0),
];

const fn extent(details: bool, critical: usize, others: usize, lines: usize) -> Extent {
    Extent {
        details,
        critical,
        others,
        lines,
    }
}

/// No name is longer: a reader knows it by its beginning.
const LONGEST_NAME: usize = 200;
/// What would end an address early.
const ADDRESS: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'<')
    .add(b'>')
    .add(b'\\')
    .add(b'`');

/// The review as a comment of at most so many characters.
pub fn markdown(reviewed: Reviewed<'_>, room: &Room<'_>) -> String {
    let parts = parts::parts(reviewed.review);
    let fits = |text: &String| text.chars().count() <= room.characters;
    let pages = EXTENTS.iter();
    let mut pages = pages.map(|extent| page(reviewed, &parts, *extent, room));
    let found = pages.find(fits);
    found.unwrap_or_else(|| sentence(reviewed, room))
}

fn page(reviewed: Reviewed<'_>, parts: &[Part<'_>], extent: Extent, room: &Room<'_>) -> String {
    let mut text = head(reviewed);
    let mut is_whole = true;
    for part in parts {
        let (told, whole) = part.told(extent);
        text.push_str(&told);
        is_whole &= whole;
    }
    text.push_str(&foot(reviewed, &text, is_whole, room));
    text
}

fn head(reviewed: Reviewed<'_>) -> String {
    let title = words::title(reviewed).shortened(LONGEST_NAME);
    let mut text = format!(
        "### {}\n\n{}",
        words::capitalised(&words::verdict(reviewed)),
        shown(&title)
    );
    let sum = words::sum(reviewed.review);
    if !sum.is_empty() {
        text.push_str(&format!("\n\n{}.", words::capitalised(&sum)));
    }
    text.push('\n');
    for note in reviewed.about.notes.iter().take(3) {
        text.push_str(&format!("\n> {}\n", name(note)));
    }
    text
}

/// What is not proven, what a variable means, and where the rest is.
fn foot(reviewed: Reviewed<'_>, above: &str, is_whole: bool, room: &Room<'_>) -> String {
    let mut text = String::new();
    if let Some(unproven) = words::unproven(reviewed.review) {
        text.push_str(&format!("\n{unproven}\n"));
    }
    if above.contains("${cluster.") {
        let legend = "stands for what is each cluster's own.";
        text.push_str(&format!("\n{} {legend}\n", code("${cluster.…}")));
    }
    let left_out = if is_whole {
        ""
    } else {
        "Not everything is shown here. "
    };
    match room.whole {
        Some(whole) => text.push_str(&format!("\n{left_out}{}\n", link(whole))),
        None if is_whole => {}
        None => text.push_str(&format!("\n{left_out}`keyfleet review` shows the whole.\n")),
    }
    text
}

fn link(whole: &str) -> String {
    if whole.starts_with("https://") || whole.starts_with("http://") {
        let address = utf8_percent_encode(whole, ADDRESS);
        format!("[The whole review](<{address}>)")
    } else {
        format!("The whole review: {}", code(whole))
    }
}

/// Where not even the head fits: our own words, which may end anywhere.
fn sentence(reviewed: Reviewed<'_>, room: &Room<'_>) -> String {
    let verdict = words::capitalised(&words::verdict(reviewed));
    verdict.chars().take(room.characters).collect()
}

/// A text that is not ours, in a code span.
fn name(text: &str) -> String {
    let phrase = crate::report::phrase::Phrase::default().mixed(text);
    shown(&phrase.shortened(LONGEST_NAME))
}
