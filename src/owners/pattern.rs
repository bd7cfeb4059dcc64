//! From the pattern of a line to what matches it.
//!
//! The wildcards of GitHub (those of gitignore) and of GitLab (Ruby's `fnmatch`) are spelled out as globs of the crate
//! `globset`; what differs between the two is written here, and only that. The crate `ignore` would read a whole gitignore
//! file, but such a file means more: there `docs/*` takes a folder with all below it, and `!` and `[ ]` mean something.
//! Gitea's are regular expressions. Both crates match in linear time, whatever the pattern.

use super::Forge;
use super::line::Wrong;
use globset::{Glob, GlobBuilder, GlobSet, GlobSetBuilder};
use regex::{Regex, RegexBuilder};

/// The largest that one regular expression may become, in bytes.
const LARGEST_REGEX: usize = 1 << 20;

pub(super) enum Pattern {
    /// Any of these.
    Globs(Vec<Glob>),
    Regex(Box<Regex>),
}

impl Pattern {
    pub(super) fn parse(forge: Forge, text: &str) -> Result<Self, Wrong> {
        let globs = match forge {
            Forge::Gitea => return regex(text),
            Forge::GitHub => of_github(text)?,
            Forge::GitLab => of_gitlab(text),
        };
        let globs: Result<Vec<Glob>, Wrong> = globs.iter().map(|text| glob(text)).collect();
        globs.map(Self::Globs)
    }
}

fn glob(text: &str) -> Result<Glob, Wrong> {
    let glob = GlobBuilder::new(text)
        .literal_separator(true)
        .backslash_escape(true)
        .build();
    glob.map_err(|error| {
        (
            format!("this pattern is not used: {}", error.kind()),
            "a path with `*`, `?` and `**`, such as /docs/**/*.md",
        )
    })
}

fn regex(text: &str) -> Result<Pattern, Wrong> {
    let regex = RegexBuilder::new(&format!("^{text}$"))
        .size_limit(LARGEST_REGEX)
        .build();
    match regex {
        Ok(regex) => Ok(Pattern::Regex(Box::new(regex))),
        Err(_) => Err((
            "this pattern is no regular expression, and is not used".to_owned(),
            "Gitea and Forgejo read regular expressions, with each backslash written twice: docs/.*\\\\.md",
        )),
    }
}

/// A pattern with a slash in it is for the path from the top, any other for a name anywhere. It matches a file, and a folder
/// with all below it; but one that ends in `/*` only what lies directly there.
fn of_github(text: &str) -> Result<Vec<String>, Wrong> {
    if text.starts_with('!') || text.starts_with("\\#") || text.contains('[') {
        return Err((
            "GitHub does not use this line: it knows no `!`, no `[ ]` and no `\\#`".to_owned(),
            "name the paths; a line without owners takes them away again",
        ));
    }
    let text = literal_braces(text);
    let (text, folder) = match text.strip_suffix('/') {
        Some(text) => (text, true),
        None => (text.as_str(), false),
    };
    let from_top = text.contains('/') || folder && text.is_empty();
    let text = text.strip_prefix('/').unwrap_or(text);
    let base = match (from_top, text) {
        (true, "") => return Ok(vec!["**".to_owned()]),
        (true, _) => text.to_owned(),
        (false, _) => format!("**/{text}"),
    };
    let last = text.rsplit('/').next().unwrap_or_default();
    Ok(match (folder, last) {
        (true, _) => vec![format!("{base}/**")],
        (false, "*" | "**") => vec![base],
        (false, _) => vec![format!("{base}/**"), base],
    })
}

/// Without a slash at its start, a pattern is for that path below any folder. One that ends in a slash is for all below it; any
/// other for a file. `**` is a wildcard for folders only with a slash after it.
fn of_gitlab(text: &str) -> Vec<String> {
    let text = literal_braces(text);
    let mut glob = match text.strip_prefix('/') {
        Some(text) => text.to_owned(),
        None if text == "*" => return vec!["**".to_owned()],
        None => format!("**/{text}"),
    };
    if glob.is_empty() || glob.ends_with('/') {
        glob.push_str("**/*");
    } else if glob.ends_with("/**") || glob == "**" {
        glob.pop();
    }
    vec![glob]
}

/// Neither forge knows `{a,b}`, which is a choice to globset.
fn literal_braces(text: &str) -> String {
    text.replace('{', "\\{").replace('}', "\\}")
}

/// All patterns of a file.
#[derive(Debug)]
pub(super) struct Matcher {
    globs: GlobSet,
    /// Which pattern each glob is of.
    of: Vec<usize>,
    regexes: Vec<(usize, Regex)>,
}

impl Matcher {
    /// `None` when they are too large together.
    pub(super) fn of(patterns: &[Pattern]) -> Option<Self> {
        let mut builder = GlobSetBuilder::new();
        let (mut of, mut regexes) = (Vec::new(), Vec::new());
        for (index, pattern) in patterns.iter().enumerate() {
            match pattern {
                Pattern::Globs(globs) => {
                    for glob in globs {
                        builder.add(glob.clone());
                        of.push(index);
                    }
                }
                Pattern::Regex(regex) => regexes.push((index, Regex::clone(regex))),
            }
        }
        Some(Self {
            globs: builder.build().ok()?,
            of,
            regexes,
        })
    }

    pub(super) fn none() -> Self {
        Self {
            globs: GlobSet::empty(),
            of: Vec::new(),
            regexes: Vec::new(),
        }
    }

    /// Which patterns match, in their order.
    pub(super) fn matching(&self, path: &str) -> Vec<usize> {
        let globs = self.globs.matches(path);
        let globs = globs.into_iter().map(|glob| self.of[glob]);
        let regexes = self.regexes.iter();
        let regexes = regexes.filter(|(_, regex)| regex.is_match(path));
        let mut matching: Vec<_> = globs.chain(regexes.map(|(index, _)| *index)).collect();
        matching.sort_unstable();
        matching.dedup();
        matching
    }
}
