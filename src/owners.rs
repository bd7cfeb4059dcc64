//! CODEOWNERS: whose review a forge asks for when a file changes.
//!
//! The forges share a file name and little else. Each is read as its own documentation has it: GitHub takes the last line
//! that matches; GitLab does so once for each section; Gitea and Forgejo read regular expressions, and every one that matches
//! counts. A line that the forge would not use is a warning, and is not used here.
//! Deliberately absent: whether an owner exists, and who belongs to a team. Only the forge knows.

mod line;
mod pattern;
mod read;
#[cfg(test)]
mod tests;

use crate::diagnostics::{Diagnostics, Place};
use pattern::Matcher;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

/// Whose reading of the file holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Forge {
    GitHub,
    GitLab,
    /// Gitea and Forgejo.
    Gitea,
}

impl Forge {
    /// Where it looks; the first file that is there counts.
    pub fn paths(self) -> &'static [&'static str] {
        match self {
            Self::GitHub => &[".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS"],
            Self::GitLab => &["CODEOWNERS", "docs/CODEOWNERS", ".gitlab/CODEOWNERS"],
            Self::Gitea => &[
                "CODEOWNERS",
                "docs/CODEOWNERS",
                ".forgejo/CODEOWNERS",
                ".gitea/CODEOWNERS",
            ],
        }
    }
}

/// Every path at which a forge looks.
pub const PATHS: [&str; 6] = [
    ".github/CODEOWNERS",
    "CODEOWNERS",
    "docs/CODEOWNERS",
    ".gitlab/CODEOWNERS",
    ".forgejo/CODEOWNERS",
    ".gitea/CODEOWNERS",
];

/// Whether a file of the repository says who owns what.
pub fn is_wanted(path: &str) -> bool {
    PATHS.contains(&path)
}

/// A user, a team or group, a role, or an address, as the file writes it: letters, digits and any of `@ / . _ + -`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Owner(Arc<str>);

impl Owner {
    fn parse(text: &str) -> Option<Self> {
        let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "@/._+-".contains(letter);
        let is_one = text.contains('@') && text.len() <= 256 && text.len() > 1;
        (is_one && text.chars().all(is_plain)).then(|| Self(Arc::from(text)))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Owner {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// Who owns a path, as one line says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Owned<'a> {
    pub place: &'a Place,
    /// Never empty.
    pub owners: &'a [Owner],
    /// GitLab asks each section by itself.
    pub section: Option<&'a Section>,
}

/// A section of GitLab.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Section {
    pub name: String,
    /// Whether a change may be merged without them.
    pub optional: bool,
    /// How many have to agree.
    pub approvals: u32,
}

/// Who owns what.
#[derive(Debug)]
pub struct Owners {
    forge: Forge,
    entries: Vec<Entry>,
    /// The first is what stands before any heading.
    sections: Vec<Option<Section>>,
    matcher: Matcher,
}

#[derive(Debug)]
struct Entry {
    place: Place,
    owners: Vec<Owner>,
    section: usize,
    /// What matches has no owner in the section, whatever else matches; for Gitea, what does *not* match is owned.
    negative: bool,
}

impl Owners {
    /// The file at which the forge would look first, of the files that `text_of` knows. Where it is not known which forge it
    /// is, the file's own folder tells; at the top and in docs/ it is read as GitHub does, or with sections as GitLab does.
    pub fn find<'a>(
        forge: Option<Forge>,
        text_of: impl Fn(&str) -> Option<&'a str>,
        problems: &mut Diagnostics,
    ) -> Option<Self> {
        let paths = forge.map_or(&PATHS[..], Forge::paths);
        let (path, text) = paths
            .iter()
            .find_map(|path| Some((*path, text_of(path)?)))?;
        let forge = forge.unwrap_or_else(|| match path.split_once('/') {
            Some((".github", _)) => Forge::GitHub,
            Some((".gitea" | ".forgejo", _)) => Forge::Gitea,
            Some((".gitlab", _)) => Forge::GitLab,
            _ if text.lines().any(line::is_heading) => Forge::GitLab,
            _ => Forge::GitHub,
        });
        Some(Self::parse(forge, path, text, problems))
    }

    /// Reads a file as this forge does.
    pub fn parse(forge: Forge, path: &str, text: &str, problems: &mut Diagnostics) -> Self {
        read::read(forge, path, text, problems)
    }

    /// Who owns this path: as one line says for GitHub, one of each section for GitLab, all that match for Gitea. A path that
    /// nobody owns has none.
    pub fn of(&self, path: &str) -> Vec<Owned<'_>> {
        let matching = self.matcher.matching(path);
        let deciding: Vec<&Entry> = match self.forge {
            Forge::Gitea => {
                let all = self.entries.iter().enumerate();
                let counts = |(index, entry): &(usize, &Entry)| {
                    matching.binary_search(index).is_ok() != entry.negative
                };
                all.filter(counts).map(|(_, entry)| entry).collect()
            }
            Forge::GitHub | Forge::GitLab => self.last_of_each_section(&matching),
        };
        let owned = deciding.into_iter();
        owned
            .filter(|entry| !entry.owners.is_empty())
            .map(|entry| Owned {
                place: &entry.place,
                owners: &entry.owners,
                section: self.sections[entry.section].as_ref(),
            })
            .collect()
    }

    /// The line of each section that decides: the last that matches, and none where one excludes the path.
    fn last_of_each_section(&self, matching: &[usize]) -> Vec<&Entry> {
        let mut last: BTreeMap<usize, Option<&Entry>> = BTreeMap::new();
        for entry in matching.iter().map(|index| &self.entries[*index]) {
            let decides = last.entry(entry.section).or_insert(Some(entry));
            // What is excluded stays so, whatever comes after it.
            *decides = decides.and_then(|_| (!entry.negative).then_some(entry));
        }
        last.into_values().flatten().collect()
    }
}
