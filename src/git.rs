//! The git stage: from the address of a repository to the text of the files that matter.
//!
//! Takes a [`Source`] (a directory or a git URL) and a reference, gives a [`Checkout`]: one revision, its files as text, and
//! every file that could not be trusted with the reason why. A path is in `files` or under a path in `problems`, never
//! both, so a later stage can tell "not there" from "not readable".
//!
//! Promises: nothing from a repository is ever executed, followed or written to disk. Files come from git's object
//! database (or from the working tree, byte for byte), so there is no checkout, no filter, no hook, no submodule and no symlink
//! to follow. Everything is bounded by [`Limits`]; a remote is waited for no longer than its deadline.
//!
//! A command reads once, by [`checkout`], or two revisions beside each other, by [`compare()`]. A process that runs for
//! months keeps a [`Cache`], which transfers only what is new and holds a branch that was rewritten, and may write reports to
//! a [`Branch`]. How to get in is [`Access`], for all of them.
//!
//! Deliberately absent: writing to the repository of the declarations, verifying signatures, reading the environment
//! (the command line does that, see [`Access::from_lookup`]) and any idea of what the files mean. Two things the libraries below do
//! read from the environment by themselves: OpenSSL takes its certificate authorities from `SSL_CERT_FILE` and `SSL_CERT_DIR` (where [`Access`] names none), and
//! libgit2 the proxy of https URLs from `https_proxy` and `no_proxy`.

mod access;
mod branch;
mod cache;
mod compare;
mod directory;
mod error;
mod files;
mod limits;
mod local;
mod memory;
mod names;
mod pointer;
mod remote;
mod revision;
mod scratch;
mod source;
mod text;
mod tree;

pub use access::{Access, Token};
pub use branch::{Branch, Change, Person, Written};
pub use cache::{Cache, Fetched, Held, Outcome, Rewrite};
pub use compare::{ChangeKind, Comparison, FileChange, How, compare};
pub use error::{Cause, Error};
pub use files::{FileProblem, Problem};
pub use limits::Limits;
pub use memory::Memory;
pub use revision::Revision;
pub use source::{Source, Url};

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use files::Collector;

/// One revision of a repository, as text.
#[derive(Clone, PartialEq, Eq)]
pub struct Checkout {
    /// A short name for people: `acme` for `https://git.example/platform/acme.git`.
    pub name: String,
    /// Which revision was read.
    pub revision: Revision,
    /// The wanted files by path, with `/` between segments, relative to the source. A leading byte order mark is removed and
    /// CRLF is LF, which moves no line and no column.
    pub files: BTreeMap<String, Arc<str>>,
    /// What could not be read and why, by path. Nothing at or below such a path is in `files`.
    pub problems: Vec<FileProblem>,
}

impl fmt::Debug for Checkout {
    /// Names of files only: someone may have committed a secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Checkout")
            .field("name", &self.name)
            .field("revision", &self.revision)
            .field("files", &self.files.keys())
            .field("problems", &self.problems)
            .finish()
    }
}

/// Reads a repository. Blocks: it touches the disk and the network.
///
/// `wanted` says which paths matter; the content of others is not read. Symbolic links, submodules and unusable names are
/// reported whether wanted or not, because any of them can hide a whole directory.
///
/// Without a reference a directory is read as it stands, with what is not committed yet, and a URL at its default branch.
/// With one, both are read from git's object database.
pub fn checkout(
    source: &Source,
    reference: Option<&str>,
    limits: &Limits,
    wanted: &dyn Fn(&str) -> bool,
    access: &Access,
) -> Result<Checkout, Error> {
    let mut memory = Memory::default();
    checkout_again(source, reference, limits, wanted, access, &mut memory)
}

/// The same, with what an earlier reading left in `memory`: the answer is no other, but what has not changed is neither read
/// nor held twice.
pub fn checkout_again(
    source: &Source,
    reference: Option<&str>,
    limits: &Limits,
    wanted: &dyn Fn(&str) -> bool,
    access: &Access,
    memory: &mut Memory,
) -> Result<Checkout, Error> {
    let mut found = Collector::new(limits, wanted, memory);
    let revision = match source {
        Source::Directory(_) | Source::File(_) => local::read(source, reference, &mut found)?,
        Source::Remote(url) => remote::read(url, reference, limits, access, &mut found)?,
    };
    let (files, problems, read) = found.finish();
    *memory = read;
    Ok(Checkout {
        name: source.name(),
        revision,
        files,
        problems,
    })
}

/// Lets OpenSSL find the system's certificate authorities. Call it first in `main`, while there is one thread: where
/// `SSL_CERT_FILE` is not set, the library sets it.
pub fn prepare() {
    git2::opts::strict_hash_verification(true);
}
