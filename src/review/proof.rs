//! What the servers said of a change before it is merged, as data. Who asks is elsewhere.

use super::gather::{Owns, with_labels, with_name};
use crate::diagnostics::Place;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// For whom the answers are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Audience {
    /// For whoever holds the token that asks, and could ask Vault the same.
    Holder,
    /// For everyone who reads the pull request. What nobody could read by the base is not even asked: whoever opens a
    /// pull request can grant themselves any path, and would learn from the answer what is there.
    #[default]
    Everyone,
}

/// What was asked, and what came of it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Proof {
    pub audience: Audience,
    /// Refuted ones first.
    pub answers: Vec<Answer>,
    /// How many more questions there are, which were not asked.
    pub left_out: usize,
}

/// One question with its answer.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Answer {
    pub verdict: Verdict,
    pub question: Question,
    /// The clusters for which it was asked. Of several, `${cluster.name}` stands in the question for the name of each.
    pub clusters: BTreeSet<String>,
    pub place: Option<Place>,
}

/// What a change rests on and only a server knows.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(tag = "kind", rename_all = "camelCase")]
pub enum Question {
    /// Whether a path exists, with a live version and this property, and the role may read it after the change.
    Readable {
        vault: String,
        /// As a policy has it: `kv/data/shop/mail`.
        path: String,
        /// `None`: all of it.
        property: Option<String>,
        /// `mount/role`.
        role: String,
    },
    /// Whether the name of a new Secret is free, or its Secret is keyfleet's own.
    NameIsFree {
        /// `namespace/name`.
        secret: String,
    },
}

/// Refuted ones come first. Why is a sentence without its full stop; it may quote names of the repository and words of
/// a server.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(tag = "verdict", rename_all = "camelCase")]
pub enum Verdict {
    Refuted {
        why: String,
    },
    /// Nobody could say, or it is not for this audience.
    Open {
        why: String,
    },
    Proven {
        /// The newest version; `None` where there is none, where it is not told, and where it differs between the clusters.
        version: Option<u64>,
    },
}

impl Proof {
    pub fn refuted(&self) -> impl Iterator<Item = &Answer> {
        self.answers.iter().filter(|it| it.verdict.is_refuted())
    }
}

impl Verdict {
    pub fn is_refuted(&self) -> bool {
        matches!(self, Self::Refuted { .. })
    }

    pub(super) fn refuted(why: impl Into<String>) -> Self {
        Self::Refuted { why: why.into() }
    }

    pub(super) fn open(why: impl Into<String>) -> Self {
        Self::Open { why: why.into() }
    }
}

/// What is the same for several clusters, once, as changes are.
pub(super) fn gathered(answers: Vec<Answer>, owns: &Owns<'_>) -> Vec<Answer> {
    let only = |answer: &Answer| {
        let first = answer
            .clusters
            .first()
            .filter(|_| answer.clusters.len() == 1);
        first.and_then(|name| owns.get(name.as_str()))
    };
    let same = merged(answers, |answer| answer.question.clone());
    let named = merged(same, |answer| match only(answer) {
        Some(own) => answer.question.with(&|text| with_name(text, own)),
        None => answer.question.clone(),
    });
    let mut answers = merged(named, |answer| match only(answer) {
        Some(own) => answer.question.with(&|text| with_labels(text, own)),
        None => answer.question.clone(),
    });
    answers.sort();
    answers
}

/// The answers with the same verdict on what is one question so; one that nobody shares stays as it is.
fn merged(answers: Vec<Answer>, question: impl Fn(&Answer) -> Question) -> Vec<Answer> {
    let mut together: BTreeMap<(Question, Verdict), Vec<Answer>> = BTreeMap::new();
    for answer in answers {
        let key = (question(&answer), answer.verdict.without_version());
        together.entry(key).or_default().push(answer);
    }
    let one = |((question, verdict), mut several): ((Question, Verdict), Vec<Answer>)| {
        let first = several.remove(0);
        if several.is_empty() {
            return first;
        }
        let is_one = several.iter().all(|other| other.verdict == first.verdict);
        let mut one = Answer {
            question,
            verdict: if is_one { first.verdict } else { verdict },
            ..first
        };
        one.clusters
            .extend(several.into_iter().flat_map(|other| other.clusters));
        one
    };
    together.into_iter().map(one).collect()
}

impl Verdict {
    fn without_version(&self) -> Self {
        match self {
            Self::Proven { .. } => Self::Proven { version: None },
            other => other.clone(),
        }
    }
}

impl Question {
    /// The question with every name of the repository put through `replace`.
    fn with(&self, replace: &dyn Fn(&str) -> String) -> Self {
        match self {
            Self::Readable {
                vault,
                path,
                property,
                role,
            } => Self::Readable {
                vault: vault.clone(),
                path: replace(path),
                property: property.as_deref().map(replace),
                role: replace(role),
            },
            Self::NameIsFree { secret } => Self::NameIsFree {
                secret: replace(secret),
            },
        }
    }
}
