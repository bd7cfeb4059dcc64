//! Repositories on a server, over https or ssh: asks which references there are, fetches one commit into a temporary bare
//! repository, reads its tree there, and removes the repository. What it is made of serves [`super::Cache`] and
//! [`super::Branch`] as well.
//!
//! Promises: an end within the deadline, no redirect to another host (a new path on the same host is followed), no credential in an error, and no configuration but
//! its own: the bare repository gets a configuration of one file, so the user's and the system's `insteadOf`, `http.proxy`,
//! `http.sslVerify` and credential helpers do not apply. What remains: libgit2 opens those files while it makes the empty repository, so
//! one that is not valid is an error.
//!
//! Deliberately absent: retries (the next run is the retry), and settings of libgit2 for the whole process: a certificate
//! authority is checked for each connection.

mod authority;
pub(super) mod bounded;
mod credentials;
pub(super) mod fetch;
mod known_hosts;
pub(super) mod refs;
pub(super) mod session;

use git2::Repository;

use super::files::Collector;
use super::scratch::Scratch;
use super::source::Url;
use super::{Access, Error, Limits, Revision, tree};
use fetch::Job;

pub(super) fn read(
    url: &Url,
    reference: Option<&str>,
    limits: &Limits,
    access: &Access,
    found: &mut Collector<'_>,
) -> Result<Revision, Error> {
    let scratch = Scratch::new()?;
    let job = Job {
        url: url.clone(),
        reference: reference.map(str::to_owned),
        access: access.clone(),
        limits: *limits,
        directory: scratch.path().to_owned(),
    };
    let commit = bounded::within(url, limits, move |deadline| fetch::run(&job, deadline))?;
    let damaged = |error| tree::damaged("", error);
    let repository = Repository::open_bare(scratch.path()).map_err(damaged)?;
    tree::read_commit(&repository, commit, found)
}
