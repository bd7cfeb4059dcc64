//! Repositories on a server, over https or ssh: asks which references there are, fetches one commit into a temporary bare
//! repository, reads its tree there, and removes the repository.
//!
//! Promises: an end within the deadline, no redirect to another host (a new path on the same host is followed), no credential in an error, and no configuration but
//! its own: the bare repository gets a configuration of one file, so the user's and the system's `insteadOf`, `http.proxy`,
//! `http.sslVerify` and credential helpers do not apply. What remains: libgit2 opens those files while it makes the empty repository, so
//! one that is not valid is an error.
//!
//! Deliberately absent: retries (the next run is the retry) and a clone kept between runs.

mod credentials;
mod fetch;
mod known_hosts;
mod refs;

use std::sync::atomic::{AtomicUsize, Ordering};
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
    // A limit of "no limit" must not overflow the clock.
    let patience = Duration::from_secs(limits.fetch_seconds.min(7 * 24 * 3600));
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

/// Fetches under way in this process, abandoned ones included.
static UNDER_WAY: AtomicUsize = AtomicUsize::new(0);
const AT_ONCE: usize = 64;

/// A transfer that is still moving stops itself at the deadline, and then cleans up better than we can.
const GRACE: Duration = Duration::from_millis(500);

/// Counts a fetch for as long as its thread lives.
struct Slot;

impl Slot {
    fn take() -> Option<Self> {
        let more = |n: usize| (n < AT_ONCE).then_some(n + 1);
        UNDER_WAY
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, more)
            .ok()
            .map(|_| Self)
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        UNDER_WAY.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Runs the job on a thread of its own and waits for it no longer than the deadline.
///
/// The job itself stops when data arrives after the deadline. A server that takes the connection and then says nothing gives it
/// no chance to: libgit2's only timeout is a setting of the whole process that cannot be changed safely beside
/// other threads. So the thread is abandoned. Its directory is gone at once; the thread itself ends with the connection,
/// at the latest when the system's TCP keepalive finds the other side dead. Until then it keeps a file descriptor, which is
/// why there is a number of them that is not exceeded.
fn within(patience: Duration, job: Job) -> Result<Oid, Error> {
    let url = job.url.text.clone();
    let seconds = job.limits.fetch_seconds;
    let failed = |hint: &'static str, why: String| Error::Fetch {
        url: url.clone(),
        hint,
        source: why.into(),
    };
    let Some(slot) = Slot::take() else {
        let why = format!("{AT_ONCE} earlier fetches have not ended yet");
        return Err(failed(
            "see whether the git server answers; a restart forgets them",
            why,
        ));
    };
    let (send, receive) = sync_channel(1);
    let work = move || {
        let _slot = slot;
        send.send(fetch::run(&job))
    };
    let thread = thread::Builder::new()
        .name("git-fetch".to_owned())
        .spawn(work);
    thread.map_err(|error| {
        failed(
            "see whether this machine has threads left",
            error.to_string(),
        )
    })?;
    receive
        .recv_timeout(patience + GRACE)
        .unwrap_or_else(|error| match error {
            RecvTimeoutError::Timeout => Err(Error::Deadline {
                url: url.clone(),
                seconds,
            }),
            RecvTimeoutError::Disconnected => {
                let why = "the fetch ended without a result".to_owned();
                Err(failed("this is a fault of keyfleet, please report it", why))
            }
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fetches_that_never_end_are_bounded() {
        let mut slots: Vec<_> = std::iter::from_fn(Slot::take).take(AT_ONCE + 1).collect();
        assert_eq!(slots.len(), AT_ONCE);
        slots.pop();
        assert!(Slot::take().is_some());
    }
}
