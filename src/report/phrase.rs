//! A sentence with our words and theirs kept apart to the end: each form of a report shows a name of a repository or a server
//! so that it can only be read.

use super::style::clean;

/// What stands before what to do about it.
pub(crate) const HINT: &str = "→ ";

/// Who is heard in a part of a sentence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Voice {
    Ours,
    /// A name of a repository or a server.
    Name,
    /// Our words with such names in them, that nobody can take apart any more.
    Mixed,
}

/// A part of a sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Piece {
    pub(crate) text: String,
    voice: Voice,
}

impl Piece {
    pub(crate) fn is_ours(&self) -> bool {
        self.voice == Voice::Ours
    }

    pub(crate) fn is_name(&self) -> bool {
        self.voice == Voice::Name
    }
}

/// A sentence, or less.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Phrase(pub(crate) Vec<Piece>);

impl Phrase {
    pub(crate) fn ours(mut self, text: impl Into<String>) -> Self {
        self.push(text.into(), Voice::Ours);
        self
    }

    /// Nothing that moves a cursor or turns a line around gets in.
    pub(crate) fn theirs(mut self, text: &str) -> Self {
        self.push(clean(text), Voice::Name);
        self
    }

    pub(crate) fn mixed(mut self, text: &str) -> Self {
        self.push(clean(text), Voice::Mixed);
        self
    }

    fn push(&mut self, text: String, voice: Voice) {
        if !text.is_empty() {
            self.0.push(Piece { text, voice });
        }
    }

    pub(crate) fn then(mut self, other: Self) -> Self {
        self.0.extend(other.0);
        self
    }

    /// With no part longer than so many characters.
    pub(crate) fn shortened(mut self, longest: usize) -> Self {
        for piece in &mut self.0 {
            if let Some((end, _)) = piece.text.char_indices().nth(longest) {
                piece.text.truncate(end);
                piece.text.push('…');
            }
        }
        self
    }

    /// For templates.
    pub(crate) fn pieces(&self) -> &[Piece] {
        &self.0
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether it says what to do.
    pub(crate) fn is_hint(&self) -> bool {
        self.0.first().is_some_and(|piece| piece.text == HINT)
    }

    /// As one text, with what is theirs shown like this.
    pub(crate) fn show(
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
    pub(crate) fn plain(&self) -> String {
        self.show(str::to_owned, str::to_owned)
    }
}
