//! What was found in a repository, under its limits: the one place where a file becomes text or a problem.
//!
//! Both readers (git's trees and the disk) hand their entries to a [`Collector`] and leave every judgement to it, so that
//! the same repository gives the same answer either way.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::Arc;

use git2::Oid;

use super::memory::{Known, Memory};
use super::{Error, Limits, names, text};

/// A path of the repository that could not be read as a file, and why.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct FileProblem {
    /// Relative to the source. Characters that a terminal would act on are escaped.
    pub path: String,
    pub what: Problem,
}

impl fmt::Display for FileProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path, self.what)
    }
}

/// Why a file is not used. Its text says what to do.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
pub enum Problem {
    #[error("is a symbolic link, which keyfleet does not follow; put the file itself here")]
    Symlink,
    #[error(
        "is a submodule or a repository of its own, which keyfleet does not enter; put the files themselves here"
    )]
    Submodule,
    #[error(
        "holds a Git LFS pointer, not the file; take it out of Git LFS (`git lfs untrack`) and commit the file itself"
    )]
    LfsPointer,
    #[error(
        "holds {bytes} bytes, more than the limit `file_bytes` = {limit} allows; split it, or raise the limit with --git-limit file_bytes=N, in the settings of the service with `limits`"
    )]
    TooBig { bytes: u64, limit: u64 },
    #[error("holds text that is not UTF-8 (line {line}); save it as UTF-8")]
    NotUtf8 { line: usize },
    #[error("holds UTF-16 text; save it as UTF-8")]
    Utf16,
    #[error("holds a NUL byte (line {line}), so it is not text; save it as UTF-8, or remove it")]
    Nul { line: usize },
    #[error(
        "has a name that keyfleet does not use (`..`, `.git`, a backslash, a control character, or not UTF-8); rename it"
    )]
    Name,
    #[error(
        "differs from '{other}' only in upper and lower case, and Vault sees no such difference; rename one of them"
    )]
    CaseCollision { other: String },
    #[error("is neither a file nor a directory; remove it")]
    Special,
    #[error(
        "is in the repository but not on disk, left out by a sparse checkout; widen it (`git sparse-checkout disable`)"
    )]
    NotCheckedOut,
    #[error("could not be read ({why}); make it readable")]
    Unreadable { why: String },
}

pub(super) struct Collector<'a> {
    limits: &'a Limits,
    wanted: &'a dyn Fn(&str) -> bool,
    /// What an earlier reading left, and what this one leaves.
    before: &'a Memory,
    kept: Memory,
    files: BTreeMap<String, Arc<str>>,
    problems: BTreeMap<String, Problem>,
    read: u64,
    passed: u64,
    bytes: u64,
}

impl<'a> Collector<'a> {
    pub(super) fn new(
        limits: &'a Limits,
        wanted: &'a dyn Fn(&str) -> bool,
        before: &'a Memory,
    ) -> Self {
        Self::going_on(limits, wanted, before, Memory::default())
    }

    /// The same beside another reading, which has kept this.
    pub(super) fn going_on(
        limits: &'a Limits,
        wanted: &'a dyn Fn(&str) -> bool,
        before: &'a Memory,
        kept: Memory,
    ) -> Self {
        let (files, problems) = (BTreeMap::new(), BTreeMap::new());
        Self {
            limits,
            wanted,
            before,
            kept,
            files,
            problems,
            read: 0,
            passed: 0,
            bytes: 0,
        }
    }

    pub(super) fn wants(&self, path: &str) -> bool {
        (self.wanted)(path)
    }

    /// The path of an entry below `parent` (empty for the root), or nothing where its name is a problem. Counts the entry.
    pub(super) fn enter(&mut self, parent: &str, name: &[u8]) -> Result<Option<String>, Error> {
        if names::usable(name).is_none() {
            self.problem(join(parent, &names::printable_bytes(name)), Problem::Name);
        }
        self.pass(parent, name)
    }

    /// The same without judging the name.
    pub(super) fn pass(&mut self, parent: &str, name: &[u8]) -> Result<Option<String>, Error> {
        self.passed += 1;
        let Some(path) = names::usable(name).map(|name| join(parent, name)) else {
            return Ok(None);
        };
        // A tree that names one small tree many times, level by level, holds more paths than anyone can walk.
        if self.passed > self.limits.files.saturating_mul(10) {
            let what = format!("there are more than ten times as many entries, up to '{path}'");
            return Err(over("files", self.limits.files, what));
        }
        let depth = 1 + path.matches('/').count() as u64;
        if depth > self.limits.depth {
            return Err(over(
                "depth",
                self.limits.depth,
                format!("'{path}' has {depth} segments"),
            ));
        }
        Ok(Some(path))
    }

    /// Whether a wanted file of this size may be read. One that is too big becomes a problem; one too many is the end.
    pub(super) fn admit(&mut self, path: &str, bytes: u64) -> Result<bool, Error> {
        self.read += 1;
        if self.read > self.limits.files {
            return Err(over(
                "files",
                self.limits.files,
                format!("'{path}' is file number {}", self.read),
            ));
        }
        if bytes > self.limits.file_bytes {
            let limit = self.limits.file_bytes;
            self.problem(path.to_owned(), Problem::TooBig { bytes, limit });
            return Ok(false);
        }
        self.bytes += bytes;
        if self.bytes > self.limits.total_bytes {
            let what = format!("'{path}' brings the files to {} bytes", self.bytes);
            return Err(over("total_bytes", self.limits.total_bytes, what));
        }
        Ok(true)
    }

    /// A file of this id that was read before.
    pub(super) fn known(&self, id: Oid) -> Option<Known> {
        self.kept.get(id).or_else(|| self.before.get(id)).cloned()
    }

    pub(super) fn file(&mut self, path: String, id: Oid, bytes: &[u8]) {
        match text::decode(bytes) {
            Ok(text) => self.text(
                path,
                id,
                Known {
                    size: bytes.len() as u64,
                    text: text.into(),
                },
            ),
            Err(problem) => self.problem(path, problem),
        }
    }

    pub(super) fn text(&mut self, path: String, id: Oid, known: Known) {
        self.files.insert(path, known.text.clone());
        self.kept.keep(id, known);
    }

    pub(super) fn problem(&mut self, path: String, what: Problem) {
        // The first reason found at a path is the one that stopped it.
        if let Entry::Vacant(place) = self.problems.entry(path) {
            place.insert(what);
        }
    }

    pub(super) fn limits(&self) -> &Limits {
        self.limits
    }

    /// Ends the collection: finds colliding paths, and drops every file at or below a problem.
    pub(super) fn finish(mut self) -> (BTreeMap<String, Arc<str>>, Vec<FileProblem>, Memory) {
        for (path, what) in collisions(self.files.keys().chain(self.problems.keys())) {
            self.problem(path, what);
        }
        let problems = &self.problems;
        if !problems.is_empty() {
            self.files
                .retain(|path, _| !prefixes(path).any(|prefix| problems.contains_key(prefix)));
        }
        let problems = self
            .problems
            .into_iter()
            .map(|(path, what)| FileProblem { path, what });
        (self.files, problems.collect(), self.kept)
    }
}

pub(super) fn join(parent: &str, name: &str) -> String {
    if parent.is_empty() {
        name.to_owned()
    } else {
        format!("{parent}/{name}")
    }
}

fn over(limit: &'static str, value: u64, what: String) -> Error {
    Error::Limit { limit, value, what }
}

/// Paths, or the directories on the way to them, that are one and the same to whoever ignores case.
fn collisions<'p>(paths: impl Iterator<Item = &'p String>) -> Vec<(String, Problem)> {
    let mut seen: HashMap<String, &str> = HashMap::new();
    let mut found = Vec::new();
    // The path before this one, as far as it was looked at. Neighbours share most of their directories.
    let mut before = "";
    for path in paths {
        let shared = shared_directories(before, path);
        if shared == before.len() && found.last().is_some_and(|(last, _)| last == before) {
            // Below a directory that collides: that is said.
            continue;
        }
        before = path;
        for prefix in prefixes(path).skip_while(|prefix| prefix.len() <= shared) {
            let first = *seen.entry(prefix.to_lowercase()).or_insert(prefix);
            if first != prefix {
                let collision = |other: &str| Problem::CaseCollision {
                    other: other.to_owned(),
                };
                found.push((first.to_owned(), collision(prefix)));
                found.push((prefix.to_owned(), collision(first)));
                before = prefix;
                break;
            }
        }
    }
    found
}

/// How much of `path` is a directory on the way to `before`, or `before` itself.
fn shared_directories(before: &str, path: &str) -> usize {
    let pairs = before.bytes().zip(path.bytes());
    let common = pairs.take_while(|(one, other)| one == other).count();
    let rest = &path.as_bytes()[common..];
    if common == before.len() && rest.first().is_none_or(|next| *next == b'/') {
        return common;
    }
    let shared = &before.as_bytes()[..common];
    shared.iter().rposition(|byte| *byte == b'/').unwrap_or(0)
}

/// `a`, `a/b` and `a/b/c` of `a/b/c`.
pub(super) fn prefixes(path: &str) -> impl Iterator<Item = &str> {
    path.match_indices('/')
        .map(|(at, _)| &path[..at])
        .chain([path])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn collect(paths: &[&str]) -> (Vec<String>, Vec<String>) {
        let limits = Limits::default();
        let memory = Memory::default();
        let mut found = Collector::new(&limits, &|_| true, &memory);
        for path in paths {
            found.file((*path).to_owned(), Oid::ZERO_SHA1, b"text");
        }
        let (files, problems, _) = found.finish();
        (
            files.into_keys().collect(),
            problems.into_iter().map(|p| p.path).collect(),
        )
    }

    #[test]
    fn directories_that_differ_in_case_take_their_files_with_them() {
        let (files, problems) = collect(&[
            "clusters/Prod/a.yaml",
            "clusters/prod/b.yaml",
            "clusters/x/c.yaml",
        ]);
        assert_eq!(files, ["clusters/x/c.yaml"]);
        assert_eq!(problems, ["clusters/Prod", "clusters/prod"]);
    }

    #[test]
    fn files_that_differ_in_case_are_both_named() {
        let (files, problems) = collect(&["a/B.yaml", "a/b.yaml", "a/c.yaml"]);
        assert_eq!(files, ["a/c.yaml"]);
        assert_eq!(problems, ["a/B.yaml", "a/b.yaml"]);
    }

    #[test]
    fn nothing_below_a_problem_is_a_file() {
        let limits = Limits::default();
        let memory = Memory::default();
        let mut found = Collector::new(&limits, &|_| true, &memory);
        found.file("a/b.yaml".to_owned(), Oid::ZERO_SHA1, b"text");
        found.file("ab.yaml".to_owned(), Oid::ZERO_SHA1, b"text");
        found.problem("a".to_owned(), Problem::Submodule);
        let (files, problems, _) = found.finish();
        assert_eq!(files.into_keys().collect::<Vec<_>>(), ["ab.yaml"]);
        assert_eq!(problems.len(), 1);
    }
}
