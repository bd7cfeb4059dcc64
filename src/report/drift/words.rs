//! What is said of a finding and of a report as a whole, with our words and theirs kept apart to the end.

mod finding;
mod whole;

use crate::report::phrase::HINT;
use jiff::Timestamp;

pub(super) use crate::report::phrase::Phrase;
pub(super) use finding::{fields, object, scope, state, story};
pub(super) use whole::{
    Section, Unseen, circumstances, name, sections, summary, title, unlooked, unseen,
};

/// A moment, to the minute and in one zone: reports are read next to each other.
pub(super) fn moment(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M UTC").to_string()
}
