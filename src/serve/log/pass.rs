//! What is logged of passes: each event once. What goes on from pass to pass is not said again, only that it is over.

use crate::drift::{Finding, Standing, Written};
use crate::observe::Failure;
use crate::plan::{Action, Cause, Concern, Scope, Target};
use crate::serve::board::{Pass, PassEnd};
use crate::serve::view::cause_word;
use std::collections::BTreeMap;
use tracing::Span;

/// So many findings of one kind are named for a pass; all of them are on the dashboard.
const NAMED: usize = 10;

/// The span of a pass: whatever is logged within it names its run, its revision and its scope.
pub fn pass_span(scope: &str, run: &str, revision: &str) -> Span {
    tracing::info_span!(target: "keyfleet::serve", "pass", scope, run, revision)
}

/// One write, as it ended.
pub fn step(written: &Written) {
    let Written {
        finding, failure, ..
    } = written;
    let target = finding.target.to_string();
    let (action, why) = match &finding.standing {
        Standing::ToChange(change) => (action(change.action), Some(&change.cause)),
        _ => ("write", None),
    };
    let (cause, by, since) = match why {
        Some(cause @ Cause::Drift { by, since }) => {
            (Some(cause_word(cause)), by.as_deref(), since.as_deref())
        }
        cause => (cause.map(cause_word), None, None),
    };
    match failure {
        None => {
            tracing::info!(target: "keyfleet::serve", action, target, cause, by, since, "written");
        }
        Some(why) => {
            tracing::warn!(target: "keyfleet::serve", action, target, cause, why, "not written");
        }
    }
}

fn action(action: Action) -> &'static str {
    match action {
        Action::Create => "create",
        Action::Update => "update",
        Action::Delete => "delete",
    }
}

/// A pass that ended, after this one. Call it within the span of the pass.
pub fn pass_ended(before: Option<&Pass>, pass: &Pass) {
    if pass.end == PassEnd::Skipped {
        // The pass after which it was let alone said why.
        return;
    }
    sum(before, pass);
    if pass.end == PassEnd::Done {
        tell_stuck(before, pass);
    }
}

/// Why a pass was not all that it should be.
#[derive(PartialEq)]
struct Trouble {
    end: &'static str,
    failed_writes: usize,
    /// The first: of what hangs together, each says the same.
    failure: Option<String>,
    hint: Option<String>,
    /// Its Vault does not answer, which that one's own pass says once: a thousand clusters need not say it too.
    is_of_vault: bool,
}

impl Trouble {
    fn of(pass: &Pass) -> Option<Self> {
        let is_whole = matches!(pass.end, PassEnd::Done | PassEnd::Stopped);
        let failed_writes = failed_writes(pass);
        let first = unread(pass).next();
        (!is_whole || failed_writes > 0 || first.is_some()).then(|| Self {
            end: pass.end.word(),
            failed_writes,
            failure: first.map(ToString::to_string),
            hint: first.and_then(|failure| failure.hint.clone()),
            is_of_vault: is_whole && failed_writes == 0 && is_of_vault(pass),
        })
    }
}

/// Whether this is a cluster's pass, and all that ails it is one outage of its Vault.
fn is_of_vault(pass: &Pass) -> bool {
    let of_vault = |finding: &Finding| matches!(finding.target.scope, Scope::Vault(_));
    let outage = pass
        .findings
        .iter()
        .find_map(|finding| match &finding.standing {
            Standing::Unread(failure) if of_vault(finding) && failure.is_outage() => Some(failure),
            _ => None,
        });
    let is_it = |finding: &Finding| match &finding.standing {
        Standing::Unread(failure) => Some(failure) == outage,
        _ => true,
    };
    let of_cluster = pass.findings.iter().any(|it| !of_vault(it));
    outage.is_some() && of_cluster && pass.findings.iter().all(is_it)
}

fn failed_writes(pass: &Pass) -> usize {
    let written = pass.written.iter();
    written.filter(|one| one.failure.is_some()).count()
}

fn unread(pass: &Pass) -> impl Iterator<Item = &Failure> {
    let standings = pass.findings.iter().map(|finding| &finding.standing);
    standings.filter_map(|standing| match standing {
        Standing::Unread(failure) => Some(failure),
        _ => None,
    })
}

fn count(pass: &Pass, is_wanted: fn(&Standing) -> bool) -> usize {
    let standings = pass.findings.iter().map(|finding| &finding.standing);
    standings.filter(|standing| is_wanted(standing)).count()
}

/// What is not as declared, and was not written: it may not be now.
fn left(pass: &Pass) -> usize {
    count(pass, |it| matches!(it, Standing::ToChange(_)))
}

fn sum(before: Option<&Pass>, pass: &Pass) {
    let (trouble, trouble_before) = (Trouble::of(pass), before.and_then(Trouble::of));
    let left_before = before.map_or(0, left);
    let (end, why) = (pass.end.word(), pass.why.word());
    let seconds = (pass.took.as_secs_f64() * 1000.0).round() / 1000.0;
    let failed_writes = failed_writes(pass);
    let written = pass.written.len() - failed_writes;
    let left = left(pass);
    let held = count(pass, |it| matches!(it, Standing::Held { .. }));
    let unread = unread(pass).count();
    if let Some(Trouble { failure, hint, .. }) = &trouble {
        if trouble == trouble_before && written == 0 {
            tracing::debug!(target: "keyfleet::serve", end, why, seconds, unread, "the pass failed like the one before");
        } else if trouble.as_ref().is_some_and(|it| it.is_of_vault) {
            tracing::debug!(target: "keyfleet::serve", end, why, seconds, unread, failure, "its Vault does not answer");
        } else {
            tracing::warn!(target: "keyfleet::serve", end, why, seconds, written, failed_writes, left, held, unread, failure, hint, "the pass failed");
        }
    } else if trouble_before.is_some_and(|it| !it.is_of_vault) {
        tracing::info!(target: "keyfleet::serve", end, why, seconds, written, left, held, "all is well again");
    } else if written > 0 {
        tracing::info!(target: "keyfleet::serve", end, why, seconds, written, left, held, "the pass wrote");
    } else if left == left_before || pass.end != PassEnd::Done {
        tracing::debug!(target: "keyfleet::serve", end, why, seconds, left, held, "the pass wrote nothing");
    } else if left == 0 {
        tracing::info!(target: "keyfleet::serve", end, why, seconds, held, "all is as declared again");
    } else {
        tracing::info!(target: "keyfleet::serve", end, why, seconds, left, held, "not as declared, and not to be written now");
    }
}

/// What no pass gets any further with by itself: by what it is about, and by the change that it is.
type Stuck<'p> = BTreeMap<(&'p Target, &'p str), &'p Finding>;

fn stuck(pass: &Pass) -> Stuck<'_> {
    let all = pass.findings.iter().filter_map(|finding| {
        let id = match &finding.standing {
            Standing::Held { id, .. } => id.as_str(),
            Standing::Blocked { .. } => "",
            _ => return None,
        };
        Some(((&finding.target, id), finding))
    });
    all.collect()
}

fn tell_stuck(before: Option<&Pass>, pass: &Pass) {
    let (was, is) = (before.map(stuck).unwrap_or_default(), stuck(pass));
    let new = is.iter().filter(|(key, _)| !was.contains_key(*key));
    named(new.map(|(_, finding)| *finding), tell_new);
    // One that could not be looked at, or waits as another change now, says so itself.
    let is_open = |target: &Target| {
        let mut findings = pass.findings.iter();
        findings.any(|it| it.target == *target && !matches!(it.standing, Standing::ToChange(_)))
    };
    let gone = was.iter().filter(|(key, _)| !is.contains_key(*key));
    let gone = gone.filter(|((target, _), _)| !is_open(target));
    named(gone.map(|(_, finding)| *finding), |it| tell_gone(pass, it));
}

fn tell_new(finding: &Finding) {
    let target = finding.target.to_string();
    match &finding.standing {
        Standing::Held {
            difference,
            why,
            id,
        } => {
            let (action, cause) = (action(difference.action), cause_word(&difference.cause));
            let why: Vec<String> = why.iter().map(Concern::to_string).collect();
            let why = why.join("; ");
            tracing::warn!(target: "keyfleet::serve", action, target, cause, why, id, "a change is held");
        }
        Standing::Blocked { why, hint, .. } => {
            let hint = hint.as_deref();
            tracing::warn!(target: "keyfleet::serve", target, why, hint, "no write can help");
        }
        _ => {}
    }
}

fn tell_gone(pass: &Pass, finding: &Finding) {
    let target = finding.target.to_string();
    if let Standing::Held { id, .. } = &finding.standing {
        let of_it = |it: &Written| it.failure.is_none() && it.finding.target == finding.target;
        let written = pass.written.iter().any(of_it);
        tracing::info!(target: "keyfleet::serve", target, id, written, "a change is not held any more");
    } else {
        tracing::info!(target: "keyfleet::serve", target, "it is not blocked any more");
    }
}

fn named<'p>(findings: impl Iterator<Item = &'p Finding>, say: impl Fn(&Finding)) {
    let all: Vec<&Finding> = findings.collect();
    all.iter().take(NAMED).for_each(|finding| say(finding));
    let more = all.len().saturating_sub(NAMED);
    if more > 0 {
        tracing::warn!(target: "keyfleet::serve", more, "there are more of this kind: the dashboard has all of them");
    }
}

#[cfg(test)]
mod tests;
