//! A plan and a status as versioned JSON. Never a value, never a digest of one.

use super::status::Status;
use crate::apply::StepResult;
use crate::desire::WhyNot;
use crate::diagnostics::{Place, Severity};
use crate::guard::Held;
use crate::pipeline::{Applied, Planned, ScopePlan, Wanted};
use crate::plan::{Action, Change, Reason, Release, Scope, Target};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// The name and version of the plan's shape; a change that a reader must know about is a new version.
pub const PLAN_SCHEMA: &str = "keyfleet.dev/plan/v1";
pub const APPLY_SCHEMA: &str = "keyfleet.dev/apply/v1";
pub const STATUS_SCHEMA: &str = "keyfleet.dev/status/v1";

pub fn plan(wanted: &Wanted, planned: &Planned) -> Value {
    let sheets = || planned.sheets();
    json!({
        "schema": PLAN_SCHEMA,
        "repository": wanted.name,
        "revision": wanted.revision,
        "installation": wanted.desired.installation.as_str(),
        "inSync": wanted.is_plannable() && planned.is_in_sync() && !planned.has_unread() && !wanted.problems.has_errors(),
        "lookedAt": sheets().map(|sheet| sheet.looked_at).sum::<usize>(),
        "changes": planned.scopes.iter().flat_map(|scope| scope.guarded.approved.changes()).map(change).collect::<Vec<_>>(),
        "leftAlone": planned.scopes.iter().filter_map(left_alone).collect::<Vec<_>>(),
        "held": planned.held().map(held).collect::<Vec<_>>(),
        "waiting": sheets().flat_map(|sheet| &sheet.waiting).map(|waiting| with(target(&waiting.target), json!({
            "summary": waiting.summary, "why": waiting.why, "place": waiting.place.as_ref().map(place),
        }))).collect::<Vec<_>>(),
        "blocked": sheets().flat_map(|sheet| &sheet.blocked).map(|blocked| with(target(&blocked.target), json!({
            "why": blocked.why, "hint": blocked.hint, "status": blocked.status, "place": blocked.place.as_ref().map(place),
        }))).collect::<Vec<_>>(),
        "unknown": sheets().flat_map(|sheet| &sheet.unread).map(|unread| with(target(&unread.target), json!({
            "failure": unread.failure.to_string(), "status": unread.failure.status, "hint": unread.failure.hint,
        }))).collect::<Vec<_>>(),
        "findings": sheets().flat_map(|sheet| &sheet.findings).map(|finding| with(scope(&finding.scope), json!({
            "severity": if finding.warning { "warning" } else { "note" },
            "text": finding.text, "hint": finding.hint, "place": finding.place.as_ref().map(place),
        }))).collect::<Vec<_>>(),
        "diagnostics": diagnostics(wanted),
    })
}

/// A plan with the approvals that it was made with, for applying it later.
pub fn plan_file(wanted: &Wanted, planned: &Planned, approvals: &BTreeSet<String>) -> Value {
    with(plan(wanted, planned), json!({ "approvals": approvals }))
}

fn diagnostics(wanted: &Wanted) -> Vec<Value> {
    let severity = |severity| match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "note",
    };
    let all = wanted.problems.sorted();
    all.iter().map(|problem| json!({"severity": severity(problem.severity), "message": problem.message, "hint": problem.hint, "place": place(&problem.place)})).collect()
}

fn place(place: &Place) -> Value {
    json!({"file": place.file.as_ref(), "line": place.line, "column": place.column})
}

fn with(mut base: Value, more: Value) -> Value {
    if let (Value::Object(base), Value::Object(more)) = (&mut base, more) {
        base.extend(more);
    }
    base
}

fn scope(scope: &Scope) -> Value {
    match scope {
        Scope::Vault(name) => json!({"vault": name.as_str()}),
        Scope::Cluster(name) => json!({"cluster": name.as_str()}),
    }
}

fn target(target: &Target) -> Value {
    with(
        scope(&target.scope),
        json!({"kind": target.kind, "name": target.name}),
    )
}

fn change(change: &Change) -> Value {
    // No `..`: a new field of a change has to say whether it is told. `write` never is.
    let Change {
        target: object,
        action,
        fields,
        summary,
        reason,
        cause,
        concerns: _,
        place: at,
        write: _,
    } = change;
    with(
        target(object),
        json!({
            "id": change.id(),
            "action": match action { Action::Create => "create", Action::Update => "update", Action::Delete => "delete" },
            "reason": match reason { Reason::Missing => "missing", Reason::Differs => "differs", Reason::NoLongerDeclared => "noLongerDeclared" },
            "cause": cause,
            "summary": summary,
            "fields": fields,
            "place": at.as_ref().map(place),
        }),
    )
}

fn left_alone(plan: &ScopePlan) -> Option<Value> {
    let why = plan.forbidden.as_ref()?;
    let kind = match why {
        WhyNot::Suspended(_) => "suspended",
        WhyNot::ReportOnly { .. } => "reportOnly",
        WhyNot::Windows { .. } => "windows",
    };
    let until = why.until().map(|until| until.to_string());
    let told = json!({"kind": kind, "why": why.to_string(), "until": until, "place": why.place().map(place)});
    Some(with(scope(&plan.scope), told))
}

fn held(held: &Held) -> Value {
    let release = |release| match release {
        Release::Approve => "approve",
        Release::Adopt => "adopt",
        Release::FixSource => "fixSource",
        Release::ByHand => "byHand",
    };
    let why: Vec<Value> = held
        .why
        .iter()
        .map(|why| json!({"text": why.to_string(), "release": release(why.release())}))
        .collect();
    with(change(&held.change), json!({"why": why}))
}

pub fn status(status: &Status) -> Value {
    json!({
        "schema": STATUS_SCHEMA,
        "vaults": status.vaults.iter().map(|vault| match &vault.health {
            Ok(health) => json!({"name": vault.name, "initialized": health.initialized, "sealed": health.sealed, "standby": health.standby, "version": health.version, "highAvailability": health.high_availability}),
            Err(failure) => json!({"name": vault.name, "error": failure.to_string()}),
        }).collect::<Vec<_>>(),
        "clusters": status.clusters.iter().map(|cluster| json!({
            "name": cluster.name,
            "identity": cluster.identity.as_ref().ok(),
            "login": match &cluster.login { Ok(()) => json!("SUCCESS"), Err(failure) => json!({"error": failure.to_string(), "status": failure.status}) },
            "secrets": cluster.secrets.iter().map(|secret| json!({
                "name": secret.name, "status": secret.state.word(), "code": secret.state.code(),
                "why": secret.state.why(), "lastSync": secret.last_sync,
            })).collect::<Vec<_>>(),
        })).collect::<Vec<_>>(),
    })
}

/// What an apply did, and what it left.
pub fn applied(wanted: &Wanted, applied: &Applied) -> Value {
    let result = |result: &StepResult| match result {
        StepResult::Done => json!({"result": "done"}),
        StepResult::Failed(failure) => {
            json!({"result": "failed", "failure": failure.to_string(), "status": failure.status, "hint": failure.hint})
        }
        StepResult::Skipped { because } => {
            json!({"result": "skipped", "because": because.to_string()})
        }
    };
    json!({
        "schema": APPLY_SCHEMA,
        "repository": wanted.name,
        "revision": wanted.revision,
        "rounds": applied.rounds,
        "outcomes": applied.outcomes.iter().map(|outcome| with(change(&outcome.change), result(&outcome.result))).collect::<Vec<_>>(),
        "unannounced": applied.unannounced.iter().map(change).collect::<Vec<_>>(),
        "left": applied.left.as_ref().map(|left| plan(wanted, left)),
    })
}
