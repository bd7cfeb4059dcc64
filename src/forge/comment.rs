//! The text of a comment: how it is known again, and how it is made to fit.

use super::{Comment, Kind, cut};
use crate::observe::{Failure, FailureClass};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// Nothing that ends an HTML comment.
const NAME: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'/');
const LONGEST_NAME: usize = 200;
/// Of a name of which every byte is encoded, with what stands around it.
const LONGEST_MARKER: usize = 3 * LONGEST_NAME + 100;

/// What a comment takes, in bytes; where the forge counts characters, this is less.
fn limit(kind: Kind) -> usize {
    match kind {
        Kind::GitHub => 65_536,
        Kind::GitLab => 1_000_000,
        // It has no limit of its own. A page with more than this is no pleasure, though.
        Kind::Gitea => 256 << 10,
    }
}

/// The same without the marker.
pub(super) fn room(kind: Kind) -> usize {
    limit(kind) - LONGEST_MARKER
}

/// The first line of a comment of ours, which nobody sees.
#[derive(Debug)]
pub(super) struct Marker(String);

impl Marker {
    pub(super) fn new(name: &str) -> Result<Self, Failure> {
        if name.is_empty() || name.len() > LONGEST_NAME {
            let why = format!("its name is empty or longer than {LONGEST_NAME} bytes");
            let doing = "comment on a pull request";
            return Err(Failure::new(FailureClass::Setup, doing, why));
        }
        let name = utf8_percent_encode(name, NAME);
        Ok(Self(format!("<!-- keyfleet review of {name} -->")))
    }

    pub(super) fn is_on(&self, body: &str) -> bool {
        let first = body.lines().next().unwrap_or_default();
        first.trim_end() == self.0
    }
}

/// A comment as it is posted.
#[derive(Debug)]
pub(super) struct Text(String);

impl Text {
    pub(super) fn new(kind: Kind, marker: &Marker, comment: &Comment<'_>) -> Self {
        let mut plain: String = comment
            .markdown
            .chars()
            .filter(|&character| matches!(character, '\n' | '\t') || !character.is_control())
            .collect();
        if kind == Kind::GitLab {
            plain = without_quick_actions(&plain);
        }
        let body = cut::fit(&plain, room(kind), comment.whole);
        let text = format!("{}\n{body}", marker.0);
        Self(text.trim_end().to_owned())
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    /// Forges change the ends of lines, and drop space at the end.
    pub(super) fn is_said_by(&self, body: &str) -> bool {
        body.replace("\r\n", "\n").trim_end() == self.0
    }
}

/// A line of a comment that begins with `/merge` merges, with the rights of whoever comments. GitLab looks at the very
/// beginning of a line only, and a space there changes nothing for a reader.
fn without_quick_actions(text: &str) -> String {
    let lines = text.split_inclusive('\n').map(|line| {
        let space = if line.starts_with('/') { " " } else { "" };
        format!("{space}{line}")
    });
    lines.collect()
}

/// One line of at most so many characters.
pub(super) fn one_line(text: &str, longest: usize) -> String {
    let plain = text.chars().map(|character| {
        if character.is_control() {
            ' '
        } else {
            character
        }
    });
    let plain: String = plain.collect();
    let plain = plain.trim();
    if plain.chars().count() <= longest {
        return plain.to_owned();
    }
    let kept: String = plain.chars().take(longest - 1).collect();
    format!("{}…", kept.trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(kind: Kind, markdown: &str) -> String {
        let comment = Comment {
            name: "acme/fleet",
            markdown,
            whole: None,
        };
        let marker = Marker::new(comment.name).unwrap();
        Text::new(kind, &marker, &comment).0
    }

    #[test]
    fn a_name_cannot_end_the_marker() {
        let marker = Marker::new("a --> <b>\n/merge").unwrap();
        assert_eq!(
            marker.0,
            "<!-- keyfleet review of a%20--%3E%20%3Cb%3E%0A/merge -->"
        );
        assert!(Marker::new("").is_err());
        let longest = Marker::new(&"ü".repeat(100)).unwrap();
        assert!(longest.0.len() < LONGEST_MARKER);
        assert!(Marker::new(&"a".repeat(201)).is_err());
    }

    #[test]
    fn a_marker_is_the_whole_first_line() {
        let marker = Marker::new("a").unwrap();
        assert!(marker.is_on("<!-- keyfleet review of a -->\r\nrest"));
        for other in [
            "<!-- keyfleet review of ab -->\n",
            "> <!-- keyfleet review of a -->\n",
            "text\n<!-- keyfleet review of a -->\n",
            "<!-- keyfleet review of a --> text",
            "",
        ] {
            assert!(!marker.is_on(other), "{other}");
        }
    }

    #[test]
    fn nothing_in_a_comment_is_a_quick_action_of_gitlab() {
        let sly = "/merge\n\r/approve\n```\n/close\n```\n a /label\n\u{b}/shrug\n\0/due today";
        let posted = text(Kind::GitLab, sly);
        let commands: Vec<&str> = posted
            .lines()
            .filter(|line| line.starts_with('/'))
            .collect();
        assert_eq!(commands, Vec::<&str>::new(), "{posted}");
        assert!(posted.contains("\n /merge\n /approve\n"), "{posted}");
        // The others know none.
        assert!(text(Kind::GitHub, sly).contains("\n/merge\n"));
    }

    #[test]
    fn what_is_posted_fits_where_it_goes() {
        for kind in [Kind::GitHub, Kind::GitLab, Kind::Gitea] {
            for line in ["a line\n", "/x\n", "<details>\n", "```\n", "ü"] {
                let long = line.repeat(2 * limit(kind) / line.len());
                let posted = text(kind, &long);
                assert!(posted.len() <= limit(kind), "{kind:?} {line:?}");
                assert!(
                    posted.contains("not fit into a comment"),
                    "{kind:?} {line:?}"
                );
            }
            let fits = "a".repeat(room(kind));
            assert!(text(kind, &fits).ends_with(&fits));
        }
    }

    #[test]
    fn a_description_is_one_line() {
        assert_eq!(one_line(" a\nb\u{1b}[31m ", 140), "a b [31m");
        let long = one_line(&"ü".repeat(141), 140);
        assert_eq!(long.chars().count(), 140);
        assert!(long.ends_with("ü…"));
    }
}
