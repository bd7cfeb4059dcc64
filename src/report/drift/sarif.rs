//! SARIF 2.1.0, for code scanning: each finding at the line that declares its object.

use super::words::{self, Phrase};
use crate::drift::{Class, Report, Severity, State, Told, What};
use crate::report::sarif::{FLEET, SCHEMA, VERSION, place};
use crate::report::{machine, sarif};
use serde_json::{Value, json};

/// A kind of finding, by its id and in a sentence.
const RULES: [(&str, &str); 11] = [
    (
        "changed-by-hand",
        "An object was changed by hand, past git.",
    ),
    (
        "deleted-by-hand",
        "An object was deleted by hand, past git.",
    ),
    (
        "changed",
        "An object differs from git; whether git or a hand changed it is not recorded.",
    ),
    ("missing", "A declared object is missing."),
    ("pending", "Git asks for a change that is not made yet."),
    (
        "no-longer-declared",
        "An object is there that git does not declare any more.",
    ),
    ("rotation", "Vault holds a newer value than the Secret."),
    ("waiting", "A change waits for another one."),
    (
        "blocked",
        "An object is not as declared, and no write can help.",
    ),
    ("unread", "An object could not be read."),
    ("note", "Something to know that keyfleet leaves alone."),
];

pub(super) fn sarif(report: &Report) -> String {
    let results: Vec<Value> = report.standing().map(|told| result(report, told)).collect();
    let rules: Vec<Value> = RULES
        .iter()
        .map(|(id, text)| json!({"id": id, "shortDescription": {"text": text}}))
        .collect();
    let log = json!({
        "$schema": SCHEMA,
        "version": VERSION,
        "runs": [{
            "tool": {"driver": {"name": "keyfleet", "version": env!("CARGO_PKG_VERSION"), "rules": rules}},
            "automationDetails": {"id": format!("keyfleet-drift/{}", report.about.schedule.as_deref().unwrap_or_default())},
            "invocations": [{
                "executionSuccessful": !report.is_partial(),
                "endTimeUtc": report.made.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
                "toolExecutionNotifications": notifications(report),
            }],
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    });
    machine::json(&log)
}

fn notifications(report: &Report) -> Vec<Value> {
    let unseen = words::unseen(report).into_iter();
    let each = unseen.map(|one| format!("{}: {}", one.what.plain(), one.why.plain()));
    let all = words::unlooked(report).into_iter().chain(each);
    all.map(|text| json!({"level": "error", "message": sarif::message(&text)}))
        .collect()
}

fn rule(told: &Told) -> &'static str {
    match (told.class, told.item.what) {
        (Class::Drift, What::Missing) => "deleted-by-hand",
        (Class::Drift, _) => "changed-by-hand",
        (Class::Unclear, _) => "changed",
        (Class::Rotation, _) => "rotation",
        (Class::Blocked, _) => "blocked",
        (Class::Unread, _) => "unread",
        (Class::Note, _) => "note",
        (Class::Pending, What::Missing) => "missing",
        (Class::Pending, What::Undeclared) => "no-longer-declared",
        (Class::Pending, What::Waiting) => "waiting",
        (Class::Pending, _) => "pending",
    }
}

fn result(report: &Report, told: &Told) -> Value {
    let id = rule(told);
    let index = RULES.iter().position(|(rule, _)| *rule == id);
    let declared = told.item.place.as_ref();
    let (file, line) = declared.map_or((FLEET, 1), |it| (&*it.file, it.line));
    let object = words::object(&told.item.object).plain();
    let scope = words::scope(&told.item.object.place).plain();
    let mut result = json!({
        "ruleId": id,
        "ruleIndex": index,
        "level": match told.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Note => "note",
        },
        "message": sarif::message(&message(report, told)),
        "locations": [{
            "physicalLocation": place(file, line),
            "logicalLocations": [{"name": object, "fullyQualifiedName": format!("{scope} {object}"), "kind": "resource"}],
        }],
        "partialFingerprints": {"keyfleetFinding/v1": told.key},
    });
    if report.since.is_some() {
        let is_new = told.state == State::New;
        result["baselineState"] = json!(if is_new { "new" } else { "unchanged" });
    }
    result
}

fn message(report: &Report, told: &Told) -> String {
    let object = words::object(&told.item.object);
    let mut text = match told.item.object.kind {
        Some(_) => format!(
            "{} in {}",
            object.plain(),
            words::scope(&told.item.object.place).plain()
        ),
        None => object.plain(),
    };
    let story = words::story(report, told).plain();
    if !story.is_empty() {
        text.push_str(&format!(": {story}"));
    }
    let fields: Vec<String> = words::fields(&told.item)
        .iter()
        .map(Phrase::plain)
        .collect();
    if !fields.is_empty() {
        text.push_str(&format!(". {}", fields.join("; ")));
    }
    text
}
