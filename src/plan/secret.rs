//! Secrets: first from metadata alone, then, for those that need it, from values.

mod compare;
mod edits;
mod sift;
mod succession;
mod undeclared;

use super::change::{FieldChange, Kind, Scope, Target, Waiting};
use super::sheet::Sheet;
use super::value;
use crate::declare::Destination;
use crate::desire::{Cell, DesiredSecret, SecretId};
use crate::observe::freshness::SyncRecord;
use crate::observe::live::Observed;
use crate::observe::seen::{SeenSecret, SeenValues};
use crate::observe::{FailureClass, KvReference};
use std::collections::BTreeSet;

pub(super) use compare::{Look, plan};
pub(super) use edits::warn as warn_of_edits;
pub(super) use sift::{Gate, Metadata, sift};
pub(super) use succession::keep_until_succeeded;
pub(super) use undeclared::plan_undeclared;

pub(super) fn target(cell: &Cell, id: &SecretId) -> Target {
    Target {
        scope: Scope::Cluster(cell.cluster.clone()),
        kind: Kind::Secret,
        name: id.to_string(),
    }
}

fn waiting(
    desired: &DesiredSecret,
    live: &Observed<SeenSecret>,
    target: Target,
    waits: &str,
) -> Waiting {
    let record = live.present().and_then(|seen| seen.record.as_ref());
    let moved = record.map_or_else(Vec::new, |was| sources(was, desired));
    let moved = moved.iter().filter_map(|source| match &source.after {
        Some(path) => {
            let keys = named(desired, |from| from.api_path() == *path);
            Some(format!("{keys}, now from {path}"))
        }
        None => Some(format!("no longer from {}", source.before.as_ref()?)),
    });
    let moved: Vec<String> = moved.collect();
    Waiting {
        target,
        summary: if moved.is_empty() {
            named(desired, |_| true)
        } else {
            moved.join("; ")
        },
        why: format!("value read {waits}"),
        place: Some(desired.place.clone()),
    }
}

/// Paths in Vault that the Secret was not made from before, or is not any more.
fn sources(was: &SyncRecord, desired: &DesiredSecret) -> Vec<FieldChange> {
    let before: BTreeSet<String> = was.versions.keys().cloned().collect();
    let references = desired.references().into_iter();
    let after: BTreeSet<String> = references
        .map(super::super::observe::reader::KvReference::api_path)
        .collect();
    let source = |before: Option<&String>, after: Option<&String>| FieldChange {
        field: "source".to_owned(),
        before: before.cloned(),
        after: after.cloned(),
    };
    let gone = before
        .difference(&after)
        .map(|path| source(Some(path), None));
    let new = after
        .difference(&before)
        .map(|path| source(None, Some(path)));
    gone.chain(new).collect()
}

/// The keys that come from there, by name; in the order in which the Secret will have them.
fn named(desired: &DesiredSecret, is_from: impl Fn(&KvReference) -> bool) -> String {
    let assignments = desired.assignments.iter();
    let assignments = assignments.filter(|assignment| is_from(&assignment.from));
    let (mut every, mut names) = (Vec::new(), BTreeSet::new());
    for assignment in assignments {
        match &assignment.into {
            Destination::EveryKey => every.push(format!("every field of {}", assignment.from.path)),
            Destination::Key { name, .. } => drop(names.insert(name.as_str())),
        }
    }
    if !names.is_empty() {
        every.insert(0, keys(names));
    }
    every.join(", ")
}

/// `key a`, `keys a, b`.
fn keys<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    let names: Vec<&str> = names.into_iter().collect();
    let word = if names.len() == 1 { "key" } else { "keys" };
    format!("{word} {}", names.join(", "))
}

/// Whether Vault answered any of its reads with 403.
pub(super) fn is_forbidden(desired: &DesiredSecret, seen: &SeenValues) -> bool {
    let answers = desired
        .references()
        .into_iter()
        .filter_map(|reference| value::read(desired, reference, &seen.values));
    answers.into_iter().any(|answer| {
        answer
            .as_ref()
            .is_err_and(|failure| failure.class == FailureClass::Forbidden)
    })
}

/// Secrets whose login or read fails under what is there now, and may work under what will be.
pub(super) fn wait_for_login(cell: &Cell, ids: impl Iterator<Item = SecretId>, sheet: &mut Sheet) {
    for id in ids {
        if let Some(desired) = cell.secrets.iter().find(|secret| secret.id == id) {
            let waits = format!("once {} is as declared", cell.role.name);
            sheet.waiting.push(waiting(
                desired,
                &Observed::Absent,
                target(cell, &id),
                &waits,
            ));
        }
    }
}

/// A failed login, for each Secret that needed it: turned down, it is for a person; without an answer, nobody knows.
pub(super) fn login_failed(
    cell: &Cell,
    ids: impl Iterator<Item = SecretId>,
    failure: &crate::observe::Failure,
    sheet: &mut Sheet,
) {
    for id in ids {
        if !failure.is_answer() {
            sheet.unread(target(cell, &id), failure);
            continue;
        }
        let place = cell
            .secrets
            .iter()
            .find(|secret| secret.id == id)
            .map(|secret| &secret.place);
        let hint = match failure.class {
            FailureClass::Forbidden => Some("see whether the role is bound to this service account, and whether Vault reaches the cluster's API server with its CA".to_owned()),
            _ => failure.hint.clone(),
        };
        sheet.blocked(
            target(cell, &id),
            format!("{} could not log in: {}", cell.cluster, failure.why),
            hint,
            failure.status,
            place,
        );
    }
}
