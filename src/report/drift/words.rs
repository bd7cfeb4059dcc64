//! What is said of a finding and of a report as a whole, with our words and theirs kept apart to the end.

mod finding;
mod whole;

use crate::report::style::clean;
use jiff::Timestamp;

pub(super) use finding::{fields, object, scope, state, story};
pub(super) use whole::{
    Section, Unseen, circumstances, name, sections, summary, title, unlooked, unseen,
};

/// What stands before what to do about it.
const HINT: &str = "→ ";

/// Who is heard in a part of a sentence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Voice {
    Ours,
    /// A name of a repository or a server.
    Name,
    /// Our words with such names in them, that nobody can take apart any more.
    Mixed,
}

/// A part of a sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Piece {
    pub(super) text: String,
    voice: Voice,
}

impl Piece {
    pub(super) fn is_ours(&self) -> bool {
        self.voice == Voice::Ours
    }

    pub(super) fn is_name(&self) -> bool {
        self.voice == Voice::Name
    }
}

/// A sentence, or less.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Phrase(pub(super) Vec<Piece>);

impl Phrase {
    pub(super) fn ours(mut self, text: impl Into<String>) -> Self {
        self.push(text.into(), Voice::Ours);
        self
    }

    /// Nothing that moves a cursor or turns a line around gets in.
    pub(super) fn theirs(mut self, text: &str) -> Self {
        self.push(clean(text), Voice::Name);
        self
    }

    pub(super) fn mixed(mut self, text: &str) -> Self {
        self.push(clean(text), Voice::Mixed);
        self
    }

    fn push(&mut self, text: String, voice: Voice) {
        if !text.is_empty() {
            self.0.push(Piece { text, voice });
        }
    }

    pub(super) fn then(mut self, other: Self) -> Self {
        self.0.extend(other.0);
        self
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether it says what to do.
    pub(super) fn is_hint(&self) -> bool {
        self.0.first().is_some_and(|piece| piece.text == HINT)
    }

    /// As one text, with what is theirs shown like this.
    pub(super) fn show(
        &self,
        ours: impl Fn(&str) -> String,
        theirs: impl Fn(&str) -> String,
    ) -> String {
        let shown = self.0.iter().map(|piece| {
            if piece.is_ours() {
                ours(&piece.text)
            } else {
                theirs(&piece.text)
            }
        });
        shown.collect()
    }

    /// Where the reader takes nothing for markup.
    pub(super) fn plain(&self) -> String {
        self.show(str::to_owned, str::to_owned)
    }
}

/// A moment, to the minute and in one zone: reports are read next to each other.
pub(super) fn moment(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M UTC").to_string()
}
