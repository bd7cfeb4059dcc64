//! `approvals/**/*.yaml`, kind Approval: held changes that were released in git, each by its id.
//!
//! An id names one change, before and after, so an approval releases nothing else; when that change was made, it releases
//! nothing any more, and its file can go.

use super::document::is_own_kind;
use super::file;
use super::{Files, parse_duration};
use crate::diagnostics::{Diagnostic, Diagnostics, Place, Severity};
use crate::names::ObjectName;
use crate::yaml::{self, Content, Fields, Node};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use std::collections::BTreeMap;

/// A change that may be made, though it was held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Approved {
    pub place: Place,
    pub reason: String,
    /// Until when; `None` for as long as the file is there.
    pub expires: Option<Timestamp>,
}

/// Released changes by their id.
pub type Approvals = BTreeMap<String, Approved>;

impl Approved {
    pub fn is_expired(&self, now: Timestamp) -> bool {
        self.expires.is_some_and(|expires| expires <= now)
    }
}

/// Those of all files. Of two that name one change, the one that holds longer counts.
pub(super) fn load(files: &Files, problems: &mut Diagnostics) -> Approvals {
    let mut all = Approvals::new();
    for file in files.values() {
        let file::Content::Approvals(approvals) = &file.content else {
            continue;
        };
        problems.append(file.problems.clone());
        for (id, approved) in approvals {
            insert(&mut all, id.clone(), approved.clone());
        }
    }
    all
}

fn insert(all: &mut Approvals, id: String, approved: Approved) {
    let ends = |approved: &Approved| approved.expires.unwrap_or(Timestamp::MAX);
    if all
        .get(&id)
        .is_none_or(|known| ends(known) < ends(&approved))
    {
        all.insert(id, approved);
    }
}

/// Reads a file below `approvals/`. A document with an error releases nothing.
pub(super) fn read(path: &str, text: &str, problems: &mut Diagnostics) -> Approvals {
    let mut all = Approvals::new();
    for node in &yaml::parse(path, text, problems).documents {
        let before = problems.count(Severity::Error);
        let approvals = document(node, path, problems);
        if problems.count(Severity::Error) == before {
            for (id, approved) in approvals.into_iter().flatten() {
                insert(&mut all, id, approved);
            }
        }
    }
    all
}

fn document(
    node: &Node,
    path: &str,
    problems: &mut Diagnostics,
) -> Option<Vec<(String, Approved)>> {
    if !is_own_kind(node, "Approval", path, problems) {
        return None;
    }
    let mut top = Fields::of(node, "an Approval", problems)?;
    top.optional("apiVersion");
    top.optional("kind");
    let metadata = top.required("metadata", problems);
    let spec = top.required("spec", problems);
    top.finish(problems);
    if let Some(mut metadata) = metadata.and_then(|node| Fields::of(node, "metadata", problems)) {
        let name = metadata.required("name", problems);
        name.and_then(|node| node.parsed("name", ObjectName::parse, problems));
        metadata.finish(problems);
    }
    let mut spec = Fields::of(spec?, "spec", problems)?;
    let changes = spec.required("changes", problems);
    let ids = spec.list("changes", problems);
    let reason = spec.required("reason", problems);
    let expires = spec.optional("expires");
    spec.finish(problems);
    let is_empty = |node: &&Node| matches!(&node.content, Content::List(items) if items.is_empty());
    if let Some(node) = changes.filter(is_empty) {
        problems.push(
            Diagnostic::error(&node.place, "this approval names no change").hint(HOW_TO_FIND),
        );
    }
    let expires = expires.and_then(|node| time(node, problems));
    let ids: Vec<_> = ids
        .iter()
        .filter_map(|node| Some((id(node, problems)?, node.place.clone())))
        .collect();
    let reason = reason?.text("`reason`", problems)?;
    let approved = |place| Approved {
        place,
        reason: reason.to_owned(),
        expires,
    };
    let ids = ids.into_iter();
    Some(ids.map(|(id, place)| (id, approved(place))).collect())
}

const HOW_TO_FIND: &str = "`keyfleet plan` shows the id of each held change, such as 7c1e90ab";

fn id(node: &Node, problems: &mut Diagnostics) -> Option<String> {
    let text = node.text("an id of `changes`", problems)?;
    let is_hex = |letter: char| matches!(letter, '0'..='9' | 'a'..='f');
    if text.len() == 8 && text.chars().all(is_hex) {
        return Some(text.to_owned());
    }
    let wrong = format!("{text:?} is not the id of a change");
    problems.push(Diagnostic::error(&node.place, wrong).hint(HOW_TO_FIND));
    None
}

/// A day counts to its end, in UTC.
fn time(node: &Node, problems: &mut Diagnostics) -> Option<Timestamp> {
    let text = node.text("`expires`", problems)?;
    let day = text
        .parse::<Date>()
        .ok()
        .filter(|_| text.len() == "2026-12-31".len());
    let end_of = |day: Date| {
        let next = day.checked_add(1.day()).ok()?;
        TimeZone::UTC.to_timestamp(next.at(0, 0, 0, 0)).ok()
    };
    let time = match day {
        Some(day) => end_of(day),
        None => text.parse().ok(),
    };
    if time.is_none() {
        let problem = Diagnostic::error(&node.place, format!("{text:?} is not a time"));
        problems.push(if parse_duration(text).is_some() {
            problem.hint("write when it ends, not how long it holds: 2026-12-31, or 2026-12-31T18:00:00Z")
        } else {
            problem.hint("write a day (it counts to its end, in UTC) or a time: 2026-12-31, or 2026-12-31T18:00:00Z")
        });
    }
    time
}
