use std::fmt;
use std::io;
use std::path::PathBuf;

use super::names;

/// Why a repository could not be read. Nothing of it is used then.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("failed to understand the repository address: {why}; {hint}")]
    Address { why: String, hint: &'static str },
    #[error("failed to set a limit from '{setting}': {why}")]
    Setting { setting: String, why: String },
    #[error("failed to read the directory {}", path.display())]
    Directory { path: PathBuf, source: io::Error },
    #[error("failed to open {} as a git repository; {hint}", path.display())]
    Repository {
        path: PathBuf,
        hint: String,
        source: Cause,
    },
    #[error(
        "failed to read '{reference}' from {}: it is not in a git repository; leave out --ref to read the directory as it is",
        path.display()
    )]
    NotARepository { path: PathBuf, reference: String },
    #[error("failed to find '{reference}' in {place}: {hint}")]
    UnknownReference {
        reference: String,
        place: String,
        hint: String,
    },
    #[error("failed to compare two revisions of {place}: {why}; {hint}")]
    NotCompared {
        place: String,
        why: String,
        hint: String,
    },
    #[error(
        "failed to read '{path}' from git's object database: {place} is a partial clone, which lacks what nobody has looked at there; fetch the rest with `git fetch --refetch --no-filter`, or clone it without a filter"
    )]
    PartialClone { path: String, place: String },
    #[error("failed to read {place}: it has no commits{hint}")]
    NoCommits { place: String, hint: String },
    #[error(
        "failed to find the directory '{directory}' in {place} at {revision}; name a directory that exists in that revision"
    )]
    NoDirectory {
        directory: String,
        place: String,
        revision: String,
    },
    #[error(
        "failed to read '{path}' from git's object database; the repository is damaged or incomplete, see `git fsck`"
    )]
    Object { path: String, source: Cause },
    #[error(
        "failed to read the repository: {what}, more than the limit `{limit}` = {value} allows; raise it with --git-limit {limit}=N, in the settings of the service with `limits`"
    )]
    Limit {
        limit: &'static str,
        value: u64,
        what: String,
    },
    #[error("failed to prepare a temporary directory {}", path.display())]
    Scratch { path: PathBuf, source: io::Error },
    #[error(
        "failed to keep the git cache in {}; give it a folder that keyfleet may write, with space left",
        path.display()
    )]
    Cache { path: PathBuf, source: io::Error },
    #[error("failed to find {commit} in the git cache {}; fetch first", folder.display())]
    NotCached { commit: String, folder: PathBuf },
    #[error(
        "failed to accept {commit}: {}",
        held.as_ref().map_or_else(|| "no commit is held".to_owned(), |held| format!("the commit that is held is {held}"))
    )]
    NotHeld {
        commit: String,
        held: Option<String>,
    },
    #[error("failed to write to the branch '{branch}' of {url}: {what}; {hint}")]
    Push {
        url: String,
        branch: String,
        what: String,
        hint: &'static str,
    },
    #[error("failed to use {what} {}", path.display())]
    AccessFile {
        what: &'static str,
        path: PathBuf,
        source: io::Error,
    },
    #[error("failed to log in to {url}: {what}; {hint}")]
    Refused {
        url: String,
        what: String,
        hint: String,
    },
    #[error("failed to trust the ssh host key of {url}: {what}; {hint}")]
    HostKey {
        url: String,
        what: String,
        hint: String,
    },
    #[error(
        "failed to trust the certificate of {url}: {what}; name the authority that has signed it in {}, where only the authorities of that file count",
        file.display()
    )]
    Certificate {
        url: String,
        what: String,
        file: PathBuf,
    },
    #[error(
        "failed to fetch {url}: the server redirects to another host, which keyfleet does not follow; use the new address"
    )]
    Redirected { url: String, source: Cause },
    #[error(
        "failed to fetch {url}: no end after {seconds} seconds; try again, or raise the limit with --git-limit fetch_seconds=N, in the settings of the service with `limits`"
    )]
    Deadline { url: String, seconds: u64 },
    #[error("failed to fetch {url}; {hint}")]
    Fetch {
        url: String,
        hint: &'static str,
        source: Cause,
    },
}

/// What git said, with anything that could upset a terminal made visible: part of it comes from the server.
#[derive(Debug)]
pub struct Cause(String);

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Cause {}

impl From<git2::Error> for Cause {
    fn from(error: git2::Error) -> Self {
        Self(names::printable(error.message()))
    }
}

impl From<String> for Cause {
    fn from(text: String) -> Self {
        Self(names::printable(&text))
    }
}
