//! Repositories on a server, over https or ssh: asks which references there are, fetches one commit into a temporary bare
//! repository, reads its tree there, and removes the repository.
//!
//! Promises: an end within the deadline, no redirect to another host, no credential in an error, and no configuration but
//! its own: the bare repository gets a configuration of one file, so the user's and the system's `insteadOf`, `http.proxy`,
//! `http.sslVerify` and credential helpers do not apply. What remains: libgit2 opens those files while it makes the empty repository, so
//! one that is not valid is an error.
//!
//! Deliberately absent: retries (the next run is the retry) and a clone kept between runs.

mod credentials;
mod fetch;
mod known_hosts;
mod refs;

use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use git2::{Oid, Repository};

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
    let patience = Duration::from_secs(limits.fetch_seconds);
    let job = Job {
        url: url.clone(),
        reference: reference.map(str::to_owned),
        access: access.clone(),
        limits: *limits,
        directory: scratch.path().to_owned(),
        deadline: Instant::now() + patience,
    };
    let commit = within(patience, job)?;
    let damaged = |error| tree::damaged("", error);
    let repository = Repository::open_bare(scratch.path()).map_err(damaged)?;
    let tree = repository
        .find_commit(commit)
        .and_then(|commit| commit.tree())
        .map_err(damaged)?;
    tree::read(&repository, &tree, found)?;
    Ok(Revision {
        commit: Some(commit.to_string()),
        edited: false,
    })
}

/// Runs the job on a thread of its own and waits for it no longer than the deadline.
///
/// The job itself stops when data arrives after the deadline. A server that takes the connection and then says nothing gives it
/// no chance to: libgit2's only timeout is a setting of the whole process that cannot be changed safely beside
/// other threads. So the thread is abandoned; it ends when the connection does, and its directory is already gone.
fn within(patience: Duration, job: Job) -> Result<Oid, Error> {
    let url = job.url.text.clone();
    let seconds = job.limits.fetch_seconds;
    let failed = |why: String| Error::Fetch {
        url: url.clone(),
        hint: "this is a fault of keyfleet, please report it",
        source: why.into(),
    };
    let (send, receive) = sync_channel(1);
    thread::Builder::new()
        .name("git-fetch".to_owned())
        .spawn(move || send.send(fetch::run(&job)))
        .map_err(|error| failed(error.to_string()))?;
    match receive.recv_timeout(patience) {
        Ok(result) => result,
        Err(RecvTimeoutError::Timeout) => Err(Error::Deadline {
            url: url.clone(),
            seconds,
        }),
        Err(RecvTimeoutError::Disconnected) => {
            Err(failed("the fetch ended without a result".to_owned()))
        }
    }
}
