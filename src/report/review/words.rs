//! What is said of a change, with our words and theirs kept apart.

mod change;
mod whole;

use crate::report::phrase::Phrase;
use crate::review::{Change, Critical};
use std::collections::BTreeSet;

pub(super) use whole::{Section, sections, summary, title};

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

    pub(super) fn reasons(&self) -> &[Critical] {
        &self.change.critical
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
