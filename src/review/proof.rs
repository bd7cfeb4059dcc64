//! What the servers said of a change before it is merged, as data. Who asks is elsewhere.

use crate::diagnostics::Place;
use serde::Serialize;
use std::collections::BTreeSet;

/// What was asked, and what came of it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Proof {
    pub answers: Vec<Answer>,
}

/// One question with its answer.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Answer {
    pub verdict: Verdict,
    pub question: Question,
    /// The clusters for which it was asked.
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
        path: String,
        property: Option<String>,
        role: String,
    },
    /// Whether the name of a new Secret is free.
    NameIsFree { secret: String },
}

/// Refuted ones come first.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(tag = "verdict", rename_all = "camelCase")]
pub enum Verdict {
    Refuted {
        why: String,
    },
    /// Nobody could say.
    Open {
        why: String,
    },
    Proven {
        version: Option<u64>,
    },
}

impl Proof {
    pub fn refuted(&self) -> impl Iterator<Item = &Answer> {
        let answers = self.answers.iter();
        answers.filter(|it| matches!(it.verdict, Verdict::Refuted { .. }))
    }
}
