use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use crate::git::source::Url;
use crate::git::{Error, Limits};

/// Conversations under way in this process, abandoned ones included.
static UNDER_WAY: AtomicUsize = AtomicUsize::new(0);
const AT_ONCE: usize = 64;

/// A transfer that is still moving stops itself at the deadline, and then cleans up better than we can.
const GRACE: Duration = Duration::from_millis(500);

/// Counts a conversation for as long as its thread lives.
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

/// Runs a conversation with a server on a thread of its own and waits for it no longer than its deadline, which it is told.
///
/// It stops by itself when data arrives after the deadline. A server that takes the connection and then says nothing gives it
/// no chance to: libgit2's only timeout is a setting of the whole process that cannot be changed safely beside
/// other threads. So the thread is abandoned. Its directory is gone at once; the thread itself ends with the connection,
/// at the latest when the system's TCP keepalive finds the other side dead. Until then it keeps a file descriptor, which is
/// why there is a number of them that is not exceeded.
pub(in crate::git) fn within<T: Send + 'static>(
    url: &Url,
    limits: &Limits,
    work: impl FnOnce(Instant) -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    let failed = |hint: &'static str, why: String| Error::Fetch {
        url: url.text.clone(),
        hint,
        source: why.into(),
    };
    let Some(slot) = Slot::take() else {
        let why = format!("{AT_ONCE} earlier conversations have not ended yet");
        return Err(failed(
            "see whether the git server answers; a restart forgets them",
            why,
        ));
    };
    // A limit of "no limit" must not overflow the clock.
    let patience = Duration::from_secs(limits.fetch_seconds.min(7 * 24 * 3600));
    let deadline = Instant::now() + patience;
    let (send, receive) = sync_channel(1);
    let work = move || {
        let _slot = slot;
        // Nobody listens any more once the deadline has passed.
        let _ = send.send(work(deadline));
    };
    let thread = thread::Builder::new().name("git".to_owned()).spawn(work);
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
                url: url.text.clone(),
                seconds: limits.fetch_seconds,
            }),
            RecvTimeoutError::Disconnected => {
                let why = "the conversation ended without a result".to_owned();
                Err(failed("this is a fault of keyfleet, please report it", why))
            }
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conversations_that_never_end_are_bounded() {
        let mut slots: Vec<_> = std::iter::from_fn(Slot::take).take(AT_ONCE + 1).collect();
        assert_eq!(slots.len(), AT_ONCE);
        slots.pop();
        assert!(Slot::take().is_some());
    }
}
