//! Two revisions beside each other: what is there now, and what would be there once somebody's branch is merged.
//!
//! Takes the names of a base and of a head, gives a [`Comparison`]: both as a [`Checkout`], and which files changed. The
//! head is what *merging* gives, as forges show it in `refs/pull/N/merge`, so that a change which the base has got meanwhile
//! is no change of the head. Where merging has conflicts in files that matter, the head is compared with where it left the
//! base, and [`How`] says so.
//!
//! Promises: nothing is written, neither to the repository nor beside it (a remote is fetched into a temporary one): a merge
//! happens in memory, of the wanted files only, and a conflict in other files is none. An unchanged file is one and the
//! same text on both sides. Everything is bounded by [`Limits`], also a head that was made to be compared for a long time.
//!
//! Deliberately absent: recursive merges (of several commits where two histories met, git's best one counts), merge drivers
//! and attributes of the repository, and what a change means.

mod aside;
mod changes;
mod fork;
mod merge;
mod others;
mod reading;
mod remote;

use std::fmt;
use std::ops::RangeInclusive;
use std::path::PathBuf;

use git2::Oid;

use super::local::{self, Located};
use super::revision::short;
use super::scratch::Scratch;
use super::{Access, Checkout, Error, Limits, Memory, Source};
use reading::Reading;

/// What is there before and after, as checkouts or as what somebody makes of them.
#[derive(Debug)]
pub struct Comparison<R = Checkout> {
    /// How the base is called: as it was asked for, or what was chosen.
    pub base_name: String,
    /// How the head is called.
    pub head_name: String,
    /// The head's own commit, in full; of a working tree, the one that it is based on.
    pub head_commit: String,
    pub base: R,
    /// Its revision is the head's own, also where the files are what merging it gives.
    pub head: R,
    pub how: How,
    /// The wanted files that changed, by path. What only ends its lines otherwise has not changed.
    pub changes: Vec<FileChange>,
    /// How many other files changed. A file that was renamed counts twice.
    pub others: usize,
}

/// What is compared with what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum How {
    /// The head holds all that the base has: it is itself what merging gives.
    Ahead,
    /// The base holds all that the head has: merging changes nothing.
    Contained,
    /// The base, with what it gives once the head is merged.
    Merged,
    /// Merging has conflicts at these paths, so: this commit, where the head left the base, with the head.
    Conflicts { fork: String, paths: Vec<String> },
    /// The commit where what is checked out left the base, with the working tree as it stands.
    WorkingTree { fork: String },
}

/// One wanted file that changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileChange {
    /// Where it is in the head; of a removed file, where it was.
    pub path: String,
    pub kind: ChangeKind,
    /// Which lines of the head's text are new or other, from 1, in order. Where lines are only gone it is the one before
    /// them. Empty where there is no text.
    pub lines: Vec<RangeInclusive<usize>>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ChangeKind {
    Added,
    Removed,
    Modified,
    /// Moved from this path with the same text, or a similar one.
    Renamed {
        from: String,
    },
}

impl<R> Comparison<R> {
    /// The same with something else made of both sides.
    pub fn map<S>(self, make: impl Fn(R) -> S) -> Comparison<S> {
        Comparison {
            base_name: self.base_name,
            head_name: self.head_name,
            head_commit: self.head_commit,
            base: make(self.base),
            head: make(self.head),
            how: self.how,
            changes: self.changes,
            others: self.others,
        }
    }

    /// What was compared with what, in a sentence for people.
    pub fn explained(&self) -> String {
        let (base, head) = (&self.base_name, &self.head_name);
        match &self.how {
            How::Ahead => format!("{base} with {head}, which holds all of it"),
            How::Contained => format!("{head} is part of {base} already: merging changes nothing"),
            How::Merged => format!("{base} with what merging {head} into it gives"),
            How::Conflicts { fork, paths } => format!(
                "{head} with {}, where it left {base}, because merging has conflicts in {}",
                short(fork),
                Few(paths)
            ),
            How::WorkingTree { fork } => format!(
                "the working tree with {}, where it left {base}",
                short(fork)
            ),
        }
    }
}

/// The first of many.
struct Few<'f>(&'f [String]);

impl fmt::Display for Few<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = self.0.len().min(5);
        f.write_str(&self.0[..shown].join(", "))?;
        match self.0.len() - shown {
            0 => Ok(()),
            more => write!(f, " and {more} more"),
        }
    }
}

/// The commits that are compared, in the repository that has them.
struct Pair {
    located: Located,
    place: String,
    base_name: String,
    head_name: String,
    base: Oid,
    head: Oid,
    /// Where the head left the base: their newest common commit.
    fork: Oid,
    /// The directory that is read as it stands in place of the head.
    standing: Option<PathBuf>,
}

/// Compares two revisions of a repository. Blocks: it touches the disk and the network.
///
/// Without a base it is compared with the branch that is usually merged into: the default branch of a URL; for a directory, the
/// first of what the error names that says that there is none. Without a head a directory is read as it stands; a URL has to
/// be told one. `wanted` says which paths matter, as for [`super::checkout`].
pub fn compare(
    source: &Source,
    (base, head): (Option<&str>, Option<&str>),
    limits: &Limits,
    wanted: &dyn Fn(&str) -> bool,
    access: &Access,
    memory: &mut Memory,
) -> Result<Comparison, Error> {
    let scratch;
    let pair = match source {
        Source::Remote(url) => {
            scratch = Scratch::new()?;
            remote::fetch(url, (base, head), limits, access, &scratch)?
        }
        here => fork::find(here, base, head)?,
    };
    let reading = Reading {
        located: &pair.located,
        limits,
        wanted,
    };
    let compared = reading.compare(&pair, &source.name(), memory);
    compared.map_err(|error| local::explained(&pair.located.repository, &pair.place, error))
}
