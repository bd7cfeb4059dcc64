//! Places for work that is done so much at once and no more, and that what hangs does not keep.

use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// So many of them. Clones are the same.
#[derive(Debug, Clone)]
pub(crate) struct Places {
    free: Arc<Semaphore>,
    /// What takes longer than this goes on without a place: ten servers that hang would else take the places of ninety
    /// that do not.
    slow: Duration,
}

/// One of them.
#[derive(Debug)]
pub(crate) struct Place {
    /// Nothing where the places are gone, which does not happen.
    taken: Option<OwnedSemaphorePermit>,
    slow: Duration,
}

impl Places {
    pub(crate) fn new(number: usize, slow: Duration) -> Self {
        let number = number.clamp(1, Semaphore::MAX_PERMITS);
        Self {
            free: Arc::new(Semaphore::new(number)),
            slow,
        }
    }

    /// Waits for a free one; who came first gets it first.
    pub(crate) async fn free(&self) -> Place {
        Place {
            taken: Arc::clone(&self.free).acquire_owned().await.ok(),
            slow: self.slow,
        }
    }
}

impl Place {
    /// Does this in it.
    pub(crate) async fn hold<T>(self, work: impl Future<Output = T>) -> T {
        let mut work = std::pin::pin!(work);
        tokio::select! {
            biased;
            done = &mut work => return done,
            () = tokio::time::sleep(self.slow) => {}
        }
        drop(self.taken);
        work.await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::pending;
    use tokio::time::{Instant, timeout};

    #[tokio::test(start_paused = true)]
    async fn what_hangs_keeps_no_place() {
        let slow = Duration::from_secs(1);
        let places = Places::new(2, slow);
        for _ in 0..2 {
            let place = places.free().await;
            tokio::spawn(place.hold(pending::<()>()));
        }
        tokio::task::yield_now().await;
        let begin = Instant::now();
        let third = async { places.free().await.hold(async { 7 }).await };
        assert_eq!(timeout(slow * 5, third).await, Ok(7));
        assert_eq!(begin.elapsed(), slow);
    }

    #[tokio::test(start_paused = true)]
    async fn no_more_is_done_at_once_than_there_are_places() {
        let places = Places::new(2, Duration::from_secs(9));
        let begin = Instant::now();
        let work = || async {
            let place = places.free().await;
            place.hold(tokio::time::sleep(Duration::from_secs(1))).await;
        };
        futures::future::join_all((0..6).map(|_| work())).await;
        assert_eq!(begin.elapsed(), Duration::from_secs(3));
    }
}
