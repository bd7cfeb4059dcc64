//! What becomes a result, under which rule, and at which line.

use super::super::words::{self, Item};
use super::super::{About, Reviewed};
use crate::diagnostics::Place;
use crate::report::sarif::{FLEET, place};
use crate::review::{Answer, Change, Critical, KeyChange, Meaning, Problem, Verdict};
use serde_json::Value;

/// How much is said in one message.
const MOST_LINES: usize = 10;
const LONGEST_NAME: usize = 200;
const LONGEST: usize = 2_000;
/// How many places one result has; a reader follows no more.
const MOST_PLACES: usize = 10;
/// How many clusters are named.
const NAMED: usize = 3;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Level {
    Error,
    Warning,
    Note,
}

impl Level {
    pub(super) fn text(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Note => "note",
        }
    }
}

pub(super) struct Rule {
    pub(super) id: &'static str,
    pub(super) about: String,
    pub(super) help: Option<&'static str>,
}

pub(super) struct Outcome {
    pub(super) level: Level,
    pub(super) rule: Rule,
    pub(super) message: String,
    /// The place that is annotated, and others that belong to it. Never empty.
    pub(super) places: Vec<Value>,
    /// What makes it the same result in a later run: not the line.
    pub(super) same_as: String,
}

pub(super) fn of(reviewed: Reviewed<'_>) -> Vec<Outcome> {
    let review = reviewed.review;
    let answers = review.proof.iter().flat_map(|proof| &proof.answers);
    let mut outcomes: Vec<Outcome> = review.problems.new.iter().map(problem).collect();
    outcomes.extend(answers.filter_map(answer));
    for section in words::sections(review) {
        if section.is_detail {
            continue;
        }
        for item in &section.items {
            outcomes.extend(changed(item, reviewed.about));
        }
    }
    outcomes
}

/// One for each reason, else one for the change.
fn changed(item: &Item<'_>, about: &About) -> Vec<Outcome> {
    let same_as = identity(item.change);
    let reasons = item.reasons().iter().map(|reason| {
        let why = words::plain(reason);
        let (places, stood) = places(item.change, Some(reason), about);
        Outcome {
            level: Level::Error,
            rule: Rule {
                id: reason.id(),
                about: in_general(reason),
                help: Some(reason.advice()),
            },
            message: message(item, Some(&why), stood.as_deref()),
            places,
            same_as: same_as.clone(),
        }
    });
    let mut outcomes: Vec<Outcome> = reasons.collect();
    if outcomes.is_empty() {
        let (places, stood) = places(item.change, None, about);
        outcomes.push(Outcome {
            level: Level::Note,
            rule: rule_of(item.kind),
            message: message(item, None, stood.as_deref()),
            places,
            same_as,
        });
    }
    outcomes
}

fn rule_of(kind: &str) -> Rule {
    let (id, about) = match kind {
        "cluster" => ("cluster-changed", "How a cluster is onboarded changes."),
        "secret" => (
            "secret-changed",
            "A Secret comes, goes, or is filled otherwise.",
        ),
        "access" => ("access-changed", "A role may do more or less than before."),
        "policy" => ("policy-changed", "A policy of the repository changes."),
        "vault" => ("vault-changed", "A Vault of the fleet changes."),
        "approval" => (
            "approval-changed",
            "A release of a held change comes or goes.",
        ),
        _ => ("fleet-changed", "What all clusters share changes."),
    };
    Rule {
        id,
        about: about.to_owned(),
        help: None,
    }
}

/// A reason without what it is about: a rule is the same in every run.
fn in_general(reason: &Critical) -> String {
    match reason {
        Critical::Reaches { .. } => "a grant reaches where a fleet's secrets are not".to_owned(),
        Critical::UnseenPolicy { .. } => "a policy is not in this repository".to_owned(),
        Critical::AudienceChanges { .. } => "tokens for another audience may log in".to_owned(),
        own => own.to_string(),
    }
}

/// The meaning as text, without where it is written.
fn identity(change: &Change) -> String {
    let mut meaning = change.meaning.clone();
    if let Meaning::Secret(secret) = &mut meaning {
        for key in &mut secret.keys {
            key.place = None;
        }
    }
    serde_json::to_string(&meaning).unwrap_or_default()
}

fn message(item: &Item<'_>, why: Option<&str>, stood: Option<&str>) -> String {
    let short =
        |phrase: &crate::report::phrase::Phrase| phrase.clone().shortened(LONGEST_NAME).plain();
    let mut text = format!("{} {} {}", item.kind, short(&item.name), short(&item.says));
    let reach = item.reach(NAMED);
    if !reach.is_empty() {
        text.push_str(&format!(", in {}", short(&reach)));
    }
    if let Some(stood) = stood {
        text.push_str(&format!(" (it stood at {stood})"));
    }
    if let Some(why) = why {
        text.push_str(&format!(": {why}"));
    }
    for (sign, line) in item.lines.iter().take(MOST_LINES) {
        text.push_str(&format!("\n{} {}", sign.text(), short(line)));
    }
    let more = item.lines.len().saturating_sub(MOST_LINES);
    if more > 0 {
        text.push_str(&format!("\nand {more} more"));
    }
    text.chars().take(LONGEST).collect()
}

/// Where it is annotated; and where it stood, if the head has no line of it.
fn places(
    change: &Change,
    reason: Option<&Critical>,
    about: &About,
) -> (Vec<Value>, Option<String>) {
    let head = changed_lines(change, reason);
    if !head.is_empty() {
        let shown = head.into_iter().take(MOST_PLACES);
        return (shown.map(|it| place(&it.file, it.line)).collect(), None);
    }
    let Some(stood) = change.before.first() else {
        return (vec![place(FLEET, 1)], None);
    };
    let file = if about.gone.contains(&*stood.file) {
        FLEET
    } else {
        &stood.file
    };
    (
        vec![place(file, 1)],
        Some(crate::report::clean(&stood.line())),
    )
}

/// The lines of the keys before that of the Secret: these are what was written.
fn changed_lines<'a>(change: &'a Change, reason: Option<&Critical>) -> Vec<&'a Place> {
    let is_meant = |key: &&KeyChange| match reason {
        Some(Critical::Redirected) => key.is_redirected(),
        _ => true,
    };
    let mut lines = Vec::new();
    if let Meaning::Secret(secret) = &change.meaning {
        let keys = secret.keys.iter().filter(is_meant);
        lines.extend(keys.filter_map(|key| key.place.as_ref()));
    }
    lines.extend(&change.places);
    lines
}

fn problem(problem: &Problem) -> Outcome {
    let (level, id, about) = if problem.error {
        (
            Level::Error,
            "declaration-error",
            "A declaration has an error.",
        )
    } else {
        (
            Level::Warning,
            "declaration-warning",
            "A declaration is doubtful.",
        )
    };
    let mut message = crate::report::clean(&problem.message);
    if let Some(hint) = &problem.hint {
        message.push_str(&format!(" → {}", crate::report::clean(hint)));
    }
    Outcome {
        level,
        rule: Rule {
            id,
            about: about.to_owned(),
            help: None,
        },
        message: message.chars().take(LONGEST).collect(),
        places: vec![place(&problem.place.file, problem.place.line)],
        same_as: format!("{}\n{}", problem.place.file, problem.message),
    }
}

fn answer(answer: &Answer) -> Option<Outcome> {
    let (level, id, about) = match answer.verdict {
        Verdict::Refuted { .. } => (
            Level::Error,
            "refuted",
            "A server refutes what the change rests on.",
        ),
        Verdict::Open { .. } => (
            Level::Note,
            "not-answered",
            "No server could say whether it holds.",
        ),
        Verdict::Proven { .. } => return None,
    };
    let told = words::told(answer);
    let clusters = words::names(&answer.clusters, NAMED);
    let message = format!(
        "{}: {}, in {}: {}",
        told.verdict,
        told.what.plain(),
        clusters.plain(),
        told.why.plain()
    );
    let written = answer.place.as_ref();
    let (file, line) = written.map_or((FLEET, 1), |it| (&*it.file, it.line));
    Some(Outcome {
        level,
        rule: Rule {
            id,
            about: about.to_owned(),
            help: None,
        },
        message: message.chars().take(LONGEST).collect(),
        places: vec![place(file, line)],
        same_as: serde_json::to_string(&answer.question).unwrap_or_default(),
    })
}
