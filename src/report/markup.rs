//! The one way of a text into a page: no text from a repository, a server or an address becomes markup, turns the line around,
//! or hides itself.

use askama::filters::Escaper;
use std::fmt::{self, Write};

/// Named in `askama.toml`, so that every `{{ … }}` of every page goes through it.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Inert;

impl Escaper for Inert {
    fn write_escaped_str<W: Write>(&self, mut dest: W, text: &str) -> fmt::Result {
        let mut rest = text;
        while let Some((index, character, with)) = first_active(rest) {
            dest.write_str(&rest[..index])?;
            dest.write_str(with)?;
            rest = &rest[index + character.len_utf8()..];
        }
        dest.write_str(rest)
    }
}

fn first_active(text: &str) -> Option<(usize, char, &'static str)> {
    let mut characters = text.char_indices();
    characters.find_map(|(index, character)| Some((index, character, instead(character)?)))
}

/// What stands in its place, where it may not stand itself.
fn instead(character: char) -> Option<&'static str> {
    match character {
        '<' => Some("&lt;"),
        '>' => Some("&gt;"),
        '&' => Some("&amp;"),
        '"' => Some("&#34;"),
        '\'' => Some("&#39;"),
        '\n' | '\t' => None,
        character if is_unseen(character) => Some("\u{fffd}"),
        _ => None,
    }
}

/// Whether it is invisible, moves a cursor, or turns what follows around.
pub(super) fn is_unseen(character: char) -> bool {
    let is_hidden = matches!(
        character,
        '\u{ad}'
            | '\u{61c}'
            | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{2069}'
            | '\u{feff}'
            | '\u{e0000}'..='\u{e007f}'
    );
    is_hidden || character.is_control()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inert(text: &str) -> String {
        let mut written = String::new();
        Inert.write_escaped_str(&mut written, text).unwrap();
        written
    }

    #[test]
    fn markup_becomes_text() {
        assert_eq!(
            inert("<a href='x' title=\"y\">&amp;</a>"),
            "&lt;a href=&#39;x&#39; title=&#34;y&#34;&gt;&amp;amp;&lt;/a&gt;"
        );
    }

    #[test]
    fn what_cannot_be_seen_is_made_visible() {
        assert_eq!(
            inert("a\u{202e}b\u{0}c\u{200b}d\u{feff}e\u{1b}[31m\nf"),
            "a\u{fffd}b\u{fffd}c\u{fffd}d\u{fffd}e\u{fffd}[31m\nf"
        );
        assert_eq!(inert("prüfung – 秘密 ✓"), "prüfung – 秘密 ✓");
    }
}
