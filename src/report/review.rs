//! What a pull request means, for people and for tools: text, Markdown, HTML, JSON, `JUnit` and SARIF. Pure.
//!
//! Every form says the same, from [`words`]: what is ours and what is a name of the repository are kept apart to the end, so
//! that no name becomes markup, a mention or a command to a terminal. Every form is bounded, and says what it leaves out.

mod text;
mod words;

pub use text::text;

use crate::review::Review;

/// What is reviewed, by name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct About {
    /// The repository.
    pub repository: String,
    pub base: String,
    pub head: String,
    /// What was compared where that needs a word: that head cannot be merged as it is.
    pub notes: Vec<String>,
    /// How many files that keyfleet reads are written otherwise.
    pub files: usize,
}

/// A review with what it is of.
#[derive(Clone, Copy)]
pub struct Reviewed<'a> {
    pub about: &'a About,
    pub review: &'a Review,
}
