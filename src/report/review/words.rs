//! What is said of a change, with our words and theirs kept apart.

mod change;
mod proof;
mod reason;
mod whole;

use crate::report::phrase::Phrase;
use crate::review::{Change, Critical};
use std::collections::BTreeSet;

pub(super) use proof::{Told, told, unproven};
pub(super) use reason::{Reason, plain, reason};
pub(super) use whole::{Section, reach, sections, sum, summary, title, verdict};

/// How a change looks before it is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sign {
    Comes,
    Goes,
    Changes,
}

impl Sign {
    /// As the field writes it.
    pub(super) fn text(self) -> &'static str {
        match self {
            Self::Comes => "+",
            Self::Goes => "-",
            Self::Changes => "~",
        }
    }
}

/// One change, ready to be shown.
pub(super) struct Item<'a> {
    pub(super) change: &'a Change,
    pub(super) sign: Sign,
    /// What it is: `secret`, `access`, `policy`.
    pub(super) kind: &'static str,
    pub(super) name: Phrase,
    /// What happens to it, in a few words.
    pub(super) says: Phrase,
    /// Each with its own sign: keys, fields, rules.
    pub(super) lines: Vec<(Sign, Phrase)>,
}

impl Item<'_> {
    /// Whom it reaches, by name as far as somebody reads that.
    pub(super) fn clusters(&self, most: usize) -> Phrase {
        names(&self.change.clusters, most)
    }

    /// The same, where their name is not the item's.
    pub(super) fn reach(&self, most: usize) -> Phrase {
        let clusters = self.clusters(most);
        if clusters == self.name {
            Phrase::default()
        } else {
            clusters
        }
    }

    pub(super) fn reasons(&self) -> &[Critical] {
        &self.change.critical
    }

    /// Where it is written; where the base had it, if the head has it nowhere.
    pub(super) fn place(&self) -> Option<String> {
        let (places, before) = (&self.change.places, &self.change.before);
        let place = places.first().or(before.first())?.line();
        Some(match places.len() {
            0 | 1 => place,
            more => format!("{place} and {} more", more - 1),
        })
    }
}

/// `prod-eu, prod-us and 10 more`.
pub(super) fn names(names: &BTreeSet<String>, most: usize) -> Phrase {
    let mut phrase = Phrase::default();
    for (index, name) in names.iter().take(most).enumerate() {
        if index > 0 {
            phrase = phrase.ours(", ");
        }
        phrase = phrase.theirs(name);
    }
    match names.len().saturating_sub(most) {
        0 => phrase,
        more => phrase.ours(format!(" and {more} more")),
    }
}

/// As a sentence begins.
pub(super) fn capitalised(text: &str) -> String {
    let mut characters = text.chars();
    let first = characters.next().map(|it| it.to_uppercase().to_string());
    first.unwrap_or_default() + characters.as_str()
}
