//! Names of files as git and the disk hold them: any bytes at all. Says which are usable, and prints the rest safely.

/// The name as text, if it can be one segment of a path that means the same everywhere.
pub(super) fn usable(name: &[u8]) -> Option<&str> {
    let name = std::str::from_utf8(name).ok()?;
    let reserved =
        name.is_empty() || name == "." || name == ".." || name.eq_ignore_ascii_case(".git");
    let unsafe_character = |c: char| matches!(c, '/' | '\\') || disturbing(c);
    (!reserved && !name.contains(unsafe_character)).then_some(name)
}

/// Any bytes as text that is safe to print: what a terminal would act on, or hide, is escaped.
pub(super) fn printable_bytes(name: &[u8]) -> String {
    printable(&String::from_utf8_lossy(name))
}

pub(super) fn printable(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if disturbing(c) {
            out.extend(c.escape_default());
        } else {
            out.push(c);
        }
    }
    out
}

/// Control characters, and those that change the direction of the text around them.
fn disturbing(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

/// Names close enough to `wrong` to be what was meant, best first.
pub(super) fn near<'a>(wrong: &str, names: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let lower = wrong.to_lowercase();
    let mut scored: Vec<_> = names
        .map(|name| {
            let other = name.to_lowercase();
            let contained = !lower.is_empty() && (other.contains(&lower) || lower.contains(&other));
            (
                distance(&lower, &other).saturating_sub(usize::from(contained) * other.len()),
                name,
            )
        })
        .filter(|(score, name)| *score <= 1 + name.len() / 4)
        .collect();
    scored.sort_unstable();
    scored.dedup();
    scored.into_iter().map(|(_, name)| name).take(3).collect()
}

/// How many characters to insert, remove or replace to get from one to the other.
fn distance(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.chars().collect();
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (i, a) in from.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, b) in to.iter().enumerate() {
            let replaced = diagonal + usize::from(a != *b);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[to.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_mean_something_else_to_a_file_system_are_not_usable() {
        for bad in [
            "",
            ".",
            "..",
            ".git",
            ".GIT",
            "a/b",
            "a\\b",
            "a\nb",
            "a\u{202e}b",
            "a\0",
        ] {
            assert_eq!(usable(bad.as_bytes()), None, "{bad:?}");
        }
        assert_eq!(usable(b"caf\xe9"), None);
        assert_eq!(usable("café .github".as_bytes()), Some("café .github"));
    }

    #[test]
    fn escape_sequences_are_shown_and_not_obeyed() {
        assert_eq!(printable_bytes(b"a\x1b[31mb"), "a\\u{1b}[31mb");
    }

    #[test]
    fn a_misspelt_name_finds_its_neighbours() {
        let names = ["main", "release/1.2", "maintenance", "wip"];
        assert_eq!(near("mian", names.into_iter()), ["main"]);
        assert_eq!(near("release/1.3", names.into_iter()), ["release/1.2"]);
        assert_eq!(near("zzz", names.into_iter()), Vec::<&str>::new());
    }
}
