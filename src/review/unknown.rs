//! What nobody can say, and what is wrong in the head that was not wrong in the base.

use crate::desire::Desired;
use crate::diagnostics::{Diagnostic, Diagnostics, Place, Severity};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// Something that cannot be said.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Unknown {
    /// `cluster prod-eu`, or several.
    pub what: String,
    pub why: String,
    pub clusters: BTreeSet<String>,
}

/// How many clusters are named before the rest is counted.
const NAMED: usize = 6;

impl Unknown {
    /// Of some clusters, for one reason.
    pub(super) fn of_clusters(clusters: BTreeSet<String>, why: &str) -> Self {
        let shown: Vec<&str> = clusters.iter().take(NAMED).map(String::as_str).collect();
        let plural = if clusters.len() == 1 { "" } else { "s" };
        let mut what = format!("cluster{plural} {}", shown.join(", "));
        if clusters.len() > NAMED {
            what.push_str(&format!(" and {} more", clusters.len() - NAMED));
        }
        Self {
            what,
            why: why.to_owned(),
            clusters,
        }
    }
}

/// What is wrong with the declarations, compared.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Problems {
    /// Errors and warnings that the base does not have.
    pub new: Vec<Problem>,
    /// How many the base has too.
    pub standing: usize,
    /// How many of the base's are gone.
    pub solved: usize,
}

/// One error or warning.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Problem {
    pub error: bool,
    pub place: Place,
    pub message: String,
    pub hint: Option<String>,
}

impl Problems {
    /// A problem is the same wherever in its file it stands by now.
    pub(super) fn between(base: &Diagnostics, head: &Diagnostics) -> Self {
        let mut standing: BTreeMap<_, usize> = BTreeMap::new();
        for problem in told(base) {
            *standing.entry(key(problem)).or_default() += 1;
        }
        let mut problems = Self {
            solved: standing.values().sum(),
            ..Self::default()
        };
        for problem in told(head) {
            match standing.get_mut(&key(problem)).filter(|left| **left > 0) {
                Some(left) => {
                    *left -= 1;
                    problems.standing += 1;
                    problems.solved -= 1;
                }
                None => problems.new.push(Problem::of(problem)),
            }
        }
        problems
    }

    pub fn errors(&self) -> impl Iterator<Item = &Problem> {
        self.new.iter().filter(|problem| problem.error)
    }
}

impl Problem {
    fn of(diagnostic: &Diagnostic) -> Self {
        Self {
            error: diagnostic.severity == Severity::Error,
            place: diagnostic.place.clone(),
            message: diagnostic.message.clone(),
            hint: diagnostic.hint.clone(),
        }
    }
}

/// A note asks nothing of anybody.
fn told(problems: &Diagnostics) -> impl Iterator<Item = &Diagnostic> {
    let sorted = problems.sorted().into_iter();
    sorted.filter(|problem| problem.severity != Severity::Note)
}

fn key(problem: &Diagnostic) -> (&str, &str) {
    (&problem.place.file, &problem.message)
}

/// Without the fleet, nothing holds.
pub(super) fn everything(base: &Desired, head: &Desired) -> Vec<Unknown> {
    let why = match (base.plannable, head.plannable) {
        (_, false) => "fleet.yaml has errors after this change, and everything follows from it",
        _ => "fleet.yaml had errors before this change: there is nothing to compare with",
    };
    vec![Unknown {
        what: "what this change means".to_owned(),
        why: why.to_owned(),
        clusters: BTreeSet::new(),
    }]
}
