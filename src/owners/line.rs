//! One line: a comment, the heading of a section, or a pattern with its owners.

use super::{Forge, Owner, Section};

/// The longest line that is used.
const LONGEST: usize = 2_000;

pub(super) enum Line {
    Nothing,
    /// GitLab's, with the owners of lines below it that name none.
    Heading {
        section: Section,
        owners: Vec<Owner>,
    },
    Entry {
        /// With the backslashes that the forge gives to its matcher.
        pattern: String,
        owners: Vec<Owner>,
        negative: bool,
        /// What stands where owners should, and is none.
        unknown: Vec<String>,
    },
}

/// What is wrong with a line, and what to do.
pub(super) type Wrong = (String, &'static str);

/// Whether this may be the heading of a section of GitLab.
pub(super) fn is_heading(text: &str) -> bool {
    let text = text.trim();
    let text = text.strip_prefix('^').unwrap_or(text);
    text.starts_with('[') && text.contains(']')
}

pub(super) fn parse(forge: Forge, text: &str) -> Result<Line, Wrong> {
    let text = text.trim();
    if text.is_empty() || text.starts_with('#') {
        return Ok(Line::Nothing);
    }
    if text.len() > LONGEST {
        let said = format!("this line is longer than {LONGEST} bytes, and is not used");
        return Err((said, "write it as several lines"));
    }
    if forge == Forge::GitLab && is_heading(text) {
        return heading(text);
    }
    let (pattern, rest) = first_word(forge, text);
    let (negative, pattern) = match pattern.strip_prefix('!') {
        Some(rest) if forge != Forge::GitHub => (true, rest.to_owned()),
        _ => (false, pattern),
    };
    if pattern.is_empty() {
        return Err((
            "this line names no path".to_owned(),
            "write a pattern, then its owners",
        ));
    }
    let (owners, unknown) = owners(forge, rest);
    Ok(Line::Entry {
        pattern,
        owners,
        negative,
        unknown,
    })
}

/// The pattern: to the first space that no backslash stands before. Gitea takes one backslash away from whatever follows it.
fn first_word(forge: Forge, text: &str) -> (String, &str) {
    let mut word = String::new();
    let mut letters = text.char_indices();
    while let Some((at, letter)) = letters.next() {
        match letter {
            '\\' => match letters.next() {
                Some((_, next)) if next.is_whitespace() || forge == Forge::Gitea => word.push(next),
                Some((_, next)) => word.extend(['\\', next]),
                None => word.push('\\'),
            },
            '#' if forge == Forge::Gitea => return (word, &text[at..]),
            _ if letter.is_whitespace() => return (word, &text[at..]),
            _ => word.push(letter),
        }
    }
    (word, "")
}

/// The owners, and what is none. A comment ends them, but for GitLab, which looks for owners in it as well and passes over
/// anything else.
fn owners(forge: Forge, text: &str) -> (Vec<Owner>, Vec<String>) {
    let (mut owners, mut unknown) = (Vec::new(), Vec::new());
    for word in text.split_whitespace() {
        if word.starts_with('#') && forge != Forge::GitLab {
            break;
        }
        match Owner::parse(word) {
            Some(owner) if owners.contains(&owner) => {}
            Some(owner) => owners.push(owner),
            None if forge == Forge::GitLab => {}
            None => unknown.push(word.to_owned()),
        }
    }
    (owners, unknown)
}

/// `[Name]`, `^[Name]`, `[Name][2]`, each with owners after it.
fn heading(text: &str) -> Result<Line, Wrong> {
    let wrong = || {
        (
            "this is no heading of a section".to_owned(),
            "write [Name], ^[Name] or [Name][2], and the owners after it",
        )
    };
    let optional = text.starts_with('^');
    let inner = text.trim_start_matches('^').strip_prefix('[');
    let (name, rest) = inner
        .and_then(|inner| inner.split_once(']'))
        .ok_or_else(wrong)?;
    if name.trim().is_empty() {
        return Err(wrong());
    }
    let (approvals, rest) = match rest.strip_prefix('[') {
        Some(inner) => {
            let (number, rest) = inner.split_once(']').ok_or_else(wrong)?;
            (number.parse().map_err(|_| wrong())?, rest)
        }
        None => (1, rest),
    };
    Ok(Line::Heading {
        section: Section {
            name: name.trim().to_owned(),
            optional,
            approvals,
        },
        owners: owners(Forge::GitLab, rest).0,
    })
}
