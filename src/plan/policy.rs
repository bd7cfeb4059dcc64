//! Policies, compared by what they grant and never by their text.

use super::change::{
    Action, Cause, Change, Concern, FieldChange, Kind, Reason, Scope, Target, Write,
};
use super::mount::concerns;
use super::sheet::Sheet;
use crate::apply::PolicyPrecondition;
use crate::desire::Origin;
use crate::diagnostics::Place;
use crate::mark::{Mark, Owner, digest};
use crate::names::PolicyName;
use crate::observe::live::{LivePolicy, Observed};
use crate::policy::{
    Capability, Policy, dangerous_patterns, difference, grants_beyond, render, widens,
};

/// How many paths a summary names before it only counts them.
const NAMED_PATHS: usize = 3;

/// A policy as it should be, whoever asked for it.
pub(super) struct DesiredPolicy<'a> {
    pub(super) scope: Scope,
    pub(super) name: &'a PolicyName,
    pub(super) text: &'a str,
    pub(super) meaning: &'a Policy,
    pub(super) mark: Mark,
    pub(super) adopt: bool,
    pub(super) origin: Origin,
    /// Whether another object of the same cell says that it was ours.
    pub(super) known: bool,
    /// What the declarations use, for a policy that follows from them or should; `None` for a hand-written one.
    pub(super) needed: Option<Vec<(String, Capability)>>,
    /// Whether a declaration is missing that may have used more.
    pub(super) incomplete: bool,
    pub(super) place: &'a Place,
}

/// What a role can count on once this plan is applied.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Standing {
    /// It grants this now and will.
    Stands(Policy),
    /// It will be written.
    WillBe { now: Option<Policy>, then: Policy },
    /// It cannot be told.
    Unknown,
}

/// The text that is written: the mark, then the policy.
fn marked(mark: &Mark, meaning: &Policy, text: &str) -> String {
    let mark = mark.clone().fact("digest", canonical(meaning));
    format!("# {mark}\n{text}")
}

fn canonical(meaning: &Policy) -> String {
    digest(&render(meaning.rules(), None))
}

pub(super) fn plan(
    desired: &DesiredPolicy<'_>,
    live: &Observed<LivePolicy>,
    sheet: &mut Sheet,
) -> Standing {
    let target = Target {
        scope: desired.scope.clone(),
        kind: Kind::Policy,
        name: desired.name.to_string(),
    };
    sheet.looked_at += 1;
    match live {
        Observed::Unknown(failure) => {
            sheet.unread(target, failure);
            Standing::Unknown
        }
        Observed::Absent => {
            sheet.change(create(desired, target));
            Standing::WillBe {
                now: None,
                then: desired.meaning.clone(),
            }
        }
        Observed::Present(live) => compare(desired, live, target, sheet),
    }
}

fn create(desired: &DesiredPolicy<'_>, target: Target) -> Change {
    let dangers = dangerous_patterns(desired.meaning);
    let widens = match &desired.needed {
        Some(_) => dangers
            .iter()
            .map(|(path, _)| path.to_string())
            .collect::<Vec<_>>(),
        None => Vec::new(),
    };
    let concerns = if widens.is_empty() {
        Vec::new()
    } else {
        vec![Concern::Widens(widens)]
    };
    change(
        desired,
        target,
        Action::Create,
        Vec::new(),
        Cause::Pending,
        concerns,
        PolicyPrecondition::Absent,
    )
}

fn compare(
    desired: &DesiredPolicy<'_>,
    live: &LivePolicy,
    target: Target,
    sheet: &mut Sheet,
) -> Standing {
    let mark = Mark::read(&live.text);
    let owner = match Owner::of(mark.as_ref(), &desired.mark.installation) {
        Owner::Unmarked if desired.known => Owner::Us,
        other => other,
    };
    let Some(now) = meaning(desired, live) else {
        sheet.change(replace_unreadable(desired, live, &owner, target));
        return Standing::Unknown;
    };
    // Taking over is not narrowing: what applications do with it beside the declarations, nobody here knows.
    if owner == Owner::Unmarked && desired.origin == Origin::Default {
        left_alone(desired, &now, sheet);
        return Standing::Stands(now);
    }
    let differences = difference(&now, desired.meaning);
    let adopts = owner == Owner::Unmarked && desired.adopt;
    let marks = adopts || owner == Owner::Us && mark.is_none();
    if differences.is_empty() && !marks {
        return Standing::Stands(now);
    }
    let mut fields: Vec<FieldChange> = differences.iter().map(path_change).collect();
    if marks {
        fields.push(FieldChange {
            field: "mark".to_owned(),
            before: None,
            after: Some("keyfleet's".to_owned()),
        });
    }
    let held = held(desired, &owner, &now, !differences.is_empty());
    let cause = cause(
        &owner,
        mark.as_ref(),
        &now,
        live,
        adopts && differences.is_empty(),
    );
    let is_held = !held.is_empty();
    sheet.change(change(
        desired,
        target,
        Action::Update,
        fields,
        cause,
        held,
        unchanged(live),
    ));
    if is_held {
        Standing::Stands(now)
    } else {
        Standing::WillBe {
            now: Some(now),
            then: desired.meaning.clone(),
        }
    }
}

/// What is there grants. The meaning of a text that keyfleet would write itself is known, and most of them are such.
fn meaning(desired: &DesiredPolicy<'_>, live: &LivePolicy) -> Option<Policy> {
    let marked = live.text.strip_prefix("# ");
    let below_mark = marked.and_then(|marked| marked.split_once('\n'));
    match below_mark {
        Some((_, text)) if text == desired.text => Some(desired.meaning.clone()),
        _ => Policy::parse(&live.text).ok(),
    }
}

/// A text that the server holds and that cannot be read grants something unknown: it differs from anything.
fn replace_unreadable(
    desired: &DesiredPolicy<'_>,
    live: &LivePolicy,
    owner: &Owner,
    target: Target,
) -> Change {
    let fields = vec![FieldChange {
        field: "text".to_owned(),
        before: Some("not readable".to_owned()),
        after: Some("as declared".to_owned()),
    }];
    change(
        desired,
        target,
        Action::Update,
        fields,
        Cause::Unrecorded,
        concerns(owner, desired.adopt),
        unchanged(live),
    )
}

/// What stands against changing what is granted now.
fn held(desired: &DesiredPolicy<'_>, owner: &Owner, now: &Policy, differs: bool) -> Vec<Concern> {
    let mut held = concerns(owner, desired.adopt);
    held.extend(widening(desired, now));
    if desired.incomplete && !widens(desired.meaning, now).is_empty() {
        held.push(Concern::IncompleteSource);
    }
    let empties = desired.needed.as_ref().is_some_and(Vec::is_empty)
        && desired.origin.is_derived()
        && differs;
    if empties && *owner == Owner::Us {
        held.push(Concern::EmptiesScope);
    }
    held
}

/// A policy that someone else made, for a cluster whose file says nothing of access.
fn left_alone(desired: &DesiredPolicy<'_>, now: &Policy, sheet: &mut Sheet) {
    let beyond = desired
        .needed
        .as_ref()
        .map(|needed| grants_beyond(now, needed))
        .unwrap_or_default();
    if beyond.is_empty() {
        return;
    }
    let text = format!(
        "policy {}, made by hand, grants more than the declarations use: {}",
        desired.name,
        list(beyond.iter().map(ToString::to_string))
    );
    sheet.note(
        &desired.scope,
        text,
        "write `access: derived` and `adopt: true` to narrow it to what is used",
        Some(desired.place),
    );
}

fn unchanged(live: &LivePolicy) -> PolicyPrecondition {
    PolicyPrecondition::Unchanged {
        text: live.text.clone(),
        version: live.version,
    }
}

/// What would be granted that was not, and that no declaration needs.
fn widening(desired: &DesiredPolicy<'_>, now: &Policy) -> Option<Concern> {
    let needed = desired.needed.as_ref()?;
    let beyond: Vec<String> = grants_beyond(desired.meaning, needed)
        .iter()
        .map(ToString::to_string)
        .collect();
    let wider: Vec<String> = widens(now, desired.meaning)
        .iter()
        .filter(|wider| beyond.contains(&wider.path.to_string()))
        .map(ToString::to_string)
        .collect();
    (!wider.is_empty()).then_some(Concern::Widens(wider))
}

fn cause(
    owner: &Owner,
    mark: Option<&Mark>,
    now: &Policy,
    live: &LivePolicy,
    only_adopts: bool,
) -> Cause {
    if only_adopts {
        return Cause::Adopt;
    }
    match (owner, mark.and_then(|mark| mark.facts.get("digest"))) {
        (Owner::Us, Some(written)) if *written == canonical(now) => Cause::Pending,
        (Owner::Us, _) => Cause::Drift {
            by: None,
            since: live.modified.clone(),
        },
        (Owner::Unmarked | Owner::Other(_), _) => Cause::Unrecorded,
    }
}

fn path_change(difference: &crate::policy::PathDifference) -> FieldChange {
    FieldChange {
        field: difference.path.to_string(),
        before: difference
            .before
            .as_ref()
            .map(std::string::ToString::to_string),
        after: difference
            .after
            .as_ref()
            .map(std::string::ToString::to_string),
    }
}

fn change(
    desired: &DesiredPolicy<'_>,
    target: Target,
    action: Action,
    fields: Vec<FieldChange>,
    cause: Cause,
    concerns: Vec<Concern>,
    precondition: PolicyPrecondition,
) -> Change {
    let reason = if action == Action::Create {
        Reason::Missing
    } else {
        Reason::Differs
    };
    let summary = if action == Action::Create {
        summary(desired.meaning)
    } else {
        String::new()
    };
    let text = marked(&desired.mark, desired.meaning, desired.text);
    let write = Write::Policy {
        name: desired.name.clone(),
        text,
        precondition,
    };
    Change {
        target,
        action,
        fields,
        summary,
        reason,
        cause,
        concerns,
        place: Some(desired.place.clone()),
        write,
    }
}

/// `read on kv/data/a, kv/data/b`, or how many paths when there are more.
fn summary(policy: &Policy) -> String {
    let paths: Vec<String> = policy
        .rules()
        .map(|rule| rule.pattern.to_string())
        .collect();
    let words: std::collections::BTreeSet<String> = policy
        .rules()
        .map(std::string::ToString::to_string)
        .collect();
    if paths.is_empty() {
        return "grants nothing".to_owned();
    }
    let words = if words.len() == 1 {
        words.into_iter().next().unwrap_or_default()
    } else {
        "various".to_owned()
    };
    if paths.len() > NAMED_PATHS {
        format!("{words} on {} paths", paths.len())
    } else {
        format!("{words} on {}", paths.join(", "))
    }
}

/// A few names, then a count.
pub(super) fn list(names: impl ExactSizeIterator<Item = String>) -> String {
    let more = names.len().saturating_sub(NAMED_PATHS);
    let mut text = names.take(NAMED_PATHS).collect::<Vec<_>>().join(", ");
    if more > 0 {
        text.push_str(&format!(" and {more} more"));
    }
    text
}
