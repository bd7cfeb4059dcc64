//! What several answers hold: places, findings, passes.

use crate::diagnostics::Place;
use crate::drift::Standing;
use crate::drift::Written;
use crate::plan::{Action, Reason, Release, Scope};
use crate::serve::board::{Pass, PassEnd, Passes, Permission, Trigger};
use crate::serve::view::{Found, Look, State, Tally, releases};
use serde_json::{Map, Value, json};

pub(super) fn place(place: &Place) -> Value {
    json!({"file": place.file.as_ref(), "line": place.line, "column": place.column})
}

/// How many of each topic; what there is none of is left out.
pub(super) fn tally(tally: &Tally) -> Value {
    let each = tally.iter();
    let numbers: Map<String, Value> = each
        .map(|(topic, number)| (topic.slug().to_owned(), number.into()))
        .collect();
    numbers.into()
}

/// How many of each state; what there is none of is left out.
pub(super) fn states(states: impl Iterator<Item = State>) -> Value {
    let mut numbers = [0_usize; State::ALL.len()];
    states.for_each(|state| numbers[state as usize] += 1);
    let each = State::ALL.into_iter().zip(numbers);
    let some: Map<String, Value> = each
        .filter(|(_, number)| *number > 0)
        .map(|(state, number)| (state.slug().to_owned(), number.into()))
        .collect();
    some.into()
}

pub(super) fn scope(scope: &Scope) -> Value {
    match scope {
        Scope::Vault(name) => json!({"vault": name.as_str()}),
        Scope::Cluster(name) => json!({"cluster": name.as_str()}),
    }
}

/// A finding; what does not hold of it is `null`.
pub(super) fn finding(found: Found<'_>, look: &Look) -> Value {
    let finding = found.finding;
    let (held, id) = match &finding.standing {
        Standing::Held { id, .. } => (Some(releases(found, look)), Some(id)),
        _ => (None, None),
    };
    let difference = found.difference();
    let held = held.map(|releases| {
        let each = releases.into_iter().map(
            |release| json!({
                "why": release.why, "how": release.how, "command": release.command,
                "approval": release.approval.as_ref().map(|it| json!({"path": it.path, "text": it.text})),
            }),
        );
        json!({
            "id": id,
            "concerns": each.collect::<Vec<_>>(),
            "release": how_it_is_released(found),
        })
    });
    json!({
        "scope": scope(&finding.target.scope),
        "kind": finding.target.kind,
        "name": finding.target.name,
        "alike": found.alike,
        "topic": found.topic().slug(),
        "action": difference.map(|difference| action(difference.action)),
        "reason": difference.map(|difference| reason(difference.reason)),
        "cause": finding.cause(),
        "since": found.since(),
        "unseenSince": found.unseen,
        "what": found.what(),
        "hint": found.hint(),
        "status": found.status(),
        "fields": finding.fields,
        "place": finding.place.as_ref().map(place),
        "held": held,
    })
}

/// Every way that is needed, each once.
fn how_it_is_released(found: Found<'_>) -> Vec<&'static str> {
    let Standing::Held { why, .. } = &found.finding.standing else {
        return Vec::new();
    };
    let mut ways: Vec<Release> = why.iter().map(crate::plan::Concern::release).collect();
    ways.sort();
    ways.dedup();
    let word = |way| match way {
        Release::Approve => "approve",
        Release::Adopt => "adopt",
        Release::FixSource => "fixSource",
        Release::ByHand => "byHand",
    };
    ways.into_iter().map(word).collect()
}

fn action(action: Action) -> &'static str {
    match action {
        Action::Create => "create",
        Action::Update => "update",
        Action::Delete => "delete",
    }
}

fn reason(reason: Reason) -> &'static str {
    match reason {
        Reason::Missing => "missing",
        Reason::Differs => "differs",
        Reason::NoLongerDeclared => "noLongerDeclared",
    }
}

/// The passes of a scope, without what the last one found.
pub(super) fn passes(passes: &Passes) -> Value {
    json!({
        "mode": match &passes.permission {
            Permission::Apply => json!({"apply": true}),
            Permission::ReportOnly { why } => json!({"apply": false, "why": why}),
        },
        "lastSuccess": passes.last_success,
        "running": passes.running,
        "lastPass": passes.last.as_deref().map(pass),
    })
}

fn pass(pass: &Pass) -> Value {
    json!({
        "run": pass.run,
        "revision": pass.revision,
        "began": pass.began,
        "seconds": pass.took.as_secs_f64(),
        "why": match pass.why {
            Trigger::Start => "start",
            Trigger::Revision => "revision",
            Trigger::Period => "period",
            Trigger::Retry => "retry",
            Trigger::Report => "report",
        },
        "end": match pass.end {
            PassEnd::Done => "done",
            PassEnd::Deadline => "deadline",
            PassEnd::Panicked => "panicked",
            PassEnd::Skipped => "skipped",
            PassEnd::Stopped => "stopped",
        },
        "lookedAt": pass.looked_at,
        "written": pass.written.iter().map(written).collect::<Vec<_>>(),
        "notes": pass.notes.iter().map(|note| json!({
            "severity": if note.warning { "warning" } else { "note" },
            "text": note.text,
            "hint": note.hint,
            "place": note.place.as_ref().map(place),
        })).collect::<Vec<_>>(),
    })
}

fn written(written: &Written) -> Value {
    let target = &written.finding.target;
    json!({
        "scope": scope(&target.scope),
        "kind": target.kind,
        "name": target.name,
        "at": written.at,
        "failure": written.failure,
    })
}
