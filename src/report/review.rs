//! What a pull request means, for people and for tools: text, Markdown, HTML, JSON, `JUnit` and SARIF. Pure.
//!
//! Every form says the same, from `words`: what is ours and what is a name of the repository are kept apart to the end, so
//! that no name becomes markup, a mention or a command to a terminal. What is for people is bounded, and says what it leaves
//! out; JSON is whole.

mod html;
mod json;
mod junit;
mod map;
mod markdown;
mod sarif;
mod text;
mod words;

pub use super::format::Format;
pub use json::SCHEMA;
pub use markdown::{Room, markdown};
pub use text::text;

use super::style::Style;
use crate::review::Review;
use serde::Serialize;
use std::collections::BTreeSet;

/// What is reviewed, by name.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct About {
    /// The repository.
    pub repository: String,
    pub base: String,
    pub head: String,
    /// What was compared where that needs a word: that head cannot be merged as it is.
    pub notes: Vec<String>,
    /// How many files that keyfleet reads are written otherwise.
    pub files: usize,
    /// Those of the base that the head does not have: no annotation can stand in them.
    pub gone: BTreeSet<String>,
}

/// A review with what it is of.
#[derive(Clone, Copy)]
pub struct Reviewed<'a> {
    pub about: &'a About,
    pub review: &'a Review,
}

/// Whether nobody has to look at it first, and all of it in a line.
pub fn verdict(reviewed: Reviewed<'_>) -> (bool, String) {
    let review = reviewed.review;
    let is_good = !review.is_critical() && review.problems.errors().next().is_none();
    (is_good, words::summary(reviewed))
}

/// The review in this form, as a file.
pub fn render(reviewed: Reviewed<'_>, format: Format) -> String {
    match format {
        Format::Text => text(reviewed, true, Style::PAGE),
        Format::Markdown => markdown(reviewed, &Room::COMMENT),
        Format::Json => json::json(reviewed),
        Format::Html => html::html(reviewed),
        Format::Junit => junit::junit(reviewed),
        Format::Sarif => sarif::sarif(reviewed),
    }
}
