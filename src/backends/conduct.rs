//! What holds for all requests of a process together, whichever server they go to.

use crate::fence::Fence;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::Semaphore;

/// A request that takes longer than this has no place among all any more, only one of its own server's: ten servers that
/// hang would else take the places of ninety that do not.
const SLOW: Duration = Duration::from_secs(1);

/// Retries that may be made before any request was answered well, and the most that are saved up.
const SAVED_RETRIES: u64 = 50;
/// Each good answer earns this share of a retry: when most requests fail, most are not repeated.
const ANSWERS_FOR_A_RETRY: u64 = 10;

/// The discipline of a process: how much is asked at once and how often again, whether it may write, and what was asked so
/// far.
#[derive(Debug)]
pub struct Conduct {
    places: Semaphore,
    /// In tenths of a retry.
    saved: AtomicU64,
    tally: [[AtomicU64; 3]; 2],
    fence: Fence,
}

/// Whom a request is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Server {
    Vault,
    Cluster,
}

/// What a request does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deed {
    Read,
    /// A token is asked for or given back.
    LogIn,
    Write,
}

impl Server {
    pub const ALL: [Self; 2] = [Self::Vault, Self::Cluster];
}

impl Deed {
    pub const ALL: [Self; 3] = [Self::Read, Self::LogIn, Self::Write];
}

impl Default for Conduct {
    /// As many at once as the servers' own limits let through: what a run of the command line needs.
    fn default() -> Self {
        Self::at_once(Semaphore::MAX_PERMITS)
    }
}

impl Conduct {
    pub fn at_once(requests: usize) -> Self {
        Self {
            places: Semaphore::new(requests.clamp(1, Semaphore::MAX_PERMITS)),
            saved: AtomicU64::new(SAVED_RETRIES * ANSWERS_FOR_A_RETRY),
            tally: Default::default(),
            fence: Fence::open(),
        }
    }

    /// The same with writes that go out only while this fence lets them.
    #[must_use]
    pub fn behind(self, fence: Fence) -> Self {
        Self { fence, ..self }
    }

    pub(crate) fn fence(&self) -> &Fence {
        &self.fence
    }

    /// Does this when there is a place for it.
    pub(crate) async fn turn<T>(&self, work: impl Future<Output = T>) -> T {
        let place = self.places.acquire().await;
        let mut work = std::pin::pin!(work);
        tokio::select! {
            biased;
            done = &mut work => return done,
            () = tokio::time::sleep(SLOW) => {}
        }
        drop(place);
        work.await
    }

    /// Counts a request that is sent.
    pub(crate) fn count(&self, server: Server, deed: Deed) {
        self.tally[server as usize][deed as usize].fetch_add(1, Ordering::Relaxed);
    }

    /// How many were sent so far, tries included.
    pub fn sent(&self, server: Server, deed: Deed) -> u64 {
        self.tally[server as usize][deed as usize].load(Ordering::Relaxed)
    }

    /// A request was answered well.
    pub(crate) fn answered(&self) {
        let most = SAVED_RETRIES * ANSWERS_FOR_A_RETRY;
        let earn = |saved: u64| (saved < most).then_some(saved + 1);
        let _ = self
            .saved
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, earn);
    }

    /// Whether a request may be sent once more; then it is paid for.
    pub(crate) fn may_retry(&self) -> bool {
        let pay = |saved: u64| saved.checked_sub(ANSWERS_FOR_A_RETRY);
        self.saved
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, pay)
            .is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::pending;
    use std::time::Duration;
    use tokio::time::{Instant, timeout};

    #[test]
    fn retries_are_a_tenth_of_the_answers_once_the_savings_are_spent() {
        let conduct = Conduct::default();
        let spent = (0..1000).filter(|_| conduct.may_retry()).count();
        assert_eq!(spent, 50);
        (0..100).for_each(|_| conduct.answered());
        let earned = (0..1000).filter(|_| conduct.may_retry()).count();
        assert_eq!(earned, 10);
    }

    #[test]
    fn no_more_is_saved_than_the_most() {
        let conduct = Conduct::default();
        (0..100_000).for_each(|_| conduct.answered());
        assert_eq!((0..1000).filter(|_| conduct.may_retry()).count(), 50);
    }

    #[tokio::test(start_paused = true)]
    async fn what_hangs_keeps_no_place_of_all() {
        let conduct = std::sync::Arc::new(Conduct::at_once(2));
        for _ in 0..2 {
            let conduct = conduct.clone();
            tokio::spawn(async move { conduct.turn(pending::<()>()).await });
        }
        tokio::task::yield_now().await;
        let begin = Instant::now();
        let third = timeout(Duration::from_secs(5), conduct.turn(async {})).await;
        assert!(third.is_ok());
        assert_eq!(begin.elapsed(), SLOW);
    }
}
