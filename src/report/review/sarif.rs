//! SARIF 2.1.0: what is critical, at the lines that say so.
//!
//! A change of many clusters is one result, since one line says it. What is removed has no line any more: it is put at the file
//! that it stood in, or at `fleet.yaml` where that is gone too, and the message says where it stood.

mod results;

use super::{Reviewed, words};
use crate::mark::digest;
use crate::report::sarif::{SCHEMA, VERSION, message};
use crate::report::{count, machine};
use results::{Level, Outcome};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// GitHub shows no more of a run, and refuses five times as many.
const MOST_RESULTS: usize = 5_000;
/// How many that are not known are named.
const MOST_NOTIFICATIONS: usize = 100;

pub(super) fn sarif(reviewed: Reviewed<'_>) -> String {
    let mut outcomes = results::of(reviewed);
    // Stable: what is critical stays in its order.
    outcomes.sort_by_key(|outcome| outcome.level);
    let left_out = outcomes.len().saturating_sub(MOST_RESULTS);
    outcomes.truncate(MOST_RESULTS);
    let mut ids: BTreeMap<&str, usize> = BTreeMap::new();
    let mut rules = Vec::new();
    for outcome in &outcomes {
        ids.entry(outcome.rule.id).or_insert_with(|| {
            rules.push(rule(outcome));
            rules.len() - 1
        });
    }
    let mut known: BTreeMap<String, usize> = BTreeMap::new();
    let results: Vec<Value> = outcomes
        .iter()
        .map(|outcome| {
            result(
                outcome,
                ids[outcome.rule.id],
                &fingerprint(outcome, &mut known),
            )
        })
        .collect();
    let log = json!({
        "$schema": SCHEMA,
        "version": VERSION,
        "runs": [{
            "tool": {"driver": {"name": "keyfleet", "version": env!("CARGO_PKG_VERSION"), "rules": rules}},
            "automationDetails": {"id": "keyfleet-review/"},
            "invocations": [{
                "executionSuccessful": reviewed.review.unknown.is_empty(),
                "toolExecutionNotifications": notifications(reviewed, left_out),
            }],
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    });
    machine::json(&log)
}

fn rule(outcome: &Outcome) -> Value {
    let rule = &outcome.rule;
    let mut json = json!({
        "id": rule.id,
        "shortDescription": message(&rule.about),
        "defaultConfiguration": {"level": outcome.level.text()},
    });
    if outcome.level == Level::Error {
        json["properties"] = json!({"tags": ["security"]});
    }
    if let Some(help) = rule.help {
        json["help"] = message(help);
    }
    json
}

/// The same in a later run, wherever the line has moved to; two that say the same in one file are told apart by their order.
fn fingerprint(outcome: &Outcome, known: &mut BTreeMap<String, usize>) -> String {
    let print = digest(&format!("{}\n{}", outcome.rule.id, outcome.same_as));
    let number = known.entry(print.clone()).or_default();
    *number += 1;
    format!("{print}:{number}")
}

fn result(outcome: &Outcome, index: usize, fingerprint: &str) -> Value {
    let mut json = json!({
        "ruleId": outcome.rule.id,
        "ruleIndex": index,
        "level": outcome.level.text(),
        "message": message(&outcome.message),
        "locations": [{"physicalLocation": outcome.places[0]}],
        "partialFingerprints": {"keyfleetReview/v1": fingerprint},
    });
    let others = outcome.places.iter().enumerate().skip(1);
    let others: Vec<Value> = others
        .map(|(id, place)| json!({"id": id, "physicalLocation": place}))
        .collect();
    if !others.is_empty() {
        json["relatedLocations"] = Value::Array(others);
    }
    json
}

/// What nobody can say, and that not everything is here.
fn notifications(reviewed: Reviewed<'_>, left_out: usize) -> Vec<Value> {
    let unknown = reviewed.review.unknown.iter().take(MOST_NOTIFICATIONS);
    let unknown = unknown.map(|it| ("error", format!("{} is not known: {}", it.what, it.why)));
    let more = (left_out > 0).then(|| {
        let number = count(left_out, "more result");
        ("warning", format!("{number} left out: `-o json` has them"))
    });
    let unproven = words::unproven(reviewed.review).map(|text| ("note", text.to_owned()));
    let all = unknown.chain(more).chain(unproven);
    all.map(
        |(level, text)| json!({"level": level, "message": message(&crate::report::clean(&text))}),
    )
    .collect()
}
