//! What a chat gets: how many, the worst, and where the rest is.

use super::words::{self, Phrase};
use crate::drift::{Class, Report, State, Told};

/// How many findings a chat shows.
pub(super) const MOST_LINES: usize = 10;
/// How many fields of one finding.
const MOST_FIELDS: usize = 3;
/// How many characters of one name: a chat is no place for a list of subjects.
const LONGEST: usize = 120;

/// The findings that are shown, and how many are not.
pub(super) fn chosen(report: &Report, most: usize) -> (Vec<&Told>, usize) {
    let all = report.findings.iter();
    let worth = all.filter(|told| !matches!(told.class, Class::Note | Class::Unread));
    let mut worth: Vec<&Told> = worth.collect();
    worth.sort_by_key(|told| rank(told));
    let more = worth.len().saturating_sub(most);
    worth.truncate(most);
    (worth, more)
}

/// What somebody changed comes first, also where it is put right by now.
fn rank(told: &Told) -> u8 {
    let is_drift = matches!(told.class, Class::Drift | Class::Unclear);
    match (is_drift, told.state) {
        (true, State::Resolved) => 1,
        (true, _) => 0,
        (false, State::Resolved) => 3,
        (false, _) => 2,
    }
}

/// One finding in one line: `new policy prod-eu-kv-rw in vault main`, and what of it.
pub(super) fn line(report: &Report, told: &Told) -> Phrase {
    let state = words::state(report, told);
    let object = words::object(&told.item.object);
    let mut line = if state.is_empty() {
        object
    } else {
        Phrase::default().ours(format!("{state}: ")).then(object)
    };
    if told.item.object.kind.is_some() {
        line = line
            .ours(" in ")
            .then(words::scope(&told.item.object.place));
    }
    let story = words::story(report, told);
    if !story.is_empty() {
        line = line.ours(", ").then(story);
    }
    line.shortened(LONGEST)
}

/// The first of its fields, in one line.
pub(super) fn details(told: &Told) -> Phrase {
    let all = words::fields(&told.item);
    let more = all.len().saturating_sub(MOST_FIELDS);
    let mut line = Phrase::default();
    for field in all.into_iter().take(MOST_FIELDS) {
        line = if line.is_empty() {
            field
        } else {
            line.ours("; ").then(field)
        };
    }
    if more > 0 {
        line = line.ours(format!("; and {more} more"));
    }
    line.shortened(LONGEST)
}

/// What could not be looked at, in one line.
pub(super) fn unseen(report: &Report) -> Option<Phrase> {
    let all = words::unseen(report);
    let mut line = Phrase::default();
    for one in all.iter().take(MOST_FIELDS) {
        line = if line.is_empty() {
            line
        } else {
            line.ours("; ")
        }
        .then(one.what.clone());
    }
    let more = all.len().saturating_sub(MOST_FIELDS);
    if more > 0 {
        line = line.ours(format!("; and {more} more"));
    }
    let told = Phrase::default().ours("Not known: ").then(line.clone());
    (!line.is_empty()).then(|| told.shortened(LONGEST))
}

/// Where the rest of it is.
pub(super) fn rest(more: usize, whole: Option<&str>) -> Option<String> {
    match (more, whole) {
        (0, None) => None,
        (0, Some(whole)) => Some(format!("The whole report: {whole}")),
        (more, None) => Some(format!("And {more} more.")),
        (more, Some(whole)) => Some(format!("And {more} more. The whole report: {whole}")),
    }
}
