//! A task that ends by a fault of keyfleet is begun again, with what it knows.

use super::web::Counters;
use crate::chance::Backoff;
use futures::FutureExt as _;
use std::panic::AssertUnwindSafe;
use std::time::Duration;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

const BACKOFF: Backoff = Backoff {
    first: Duration::from_secs(1),
    longest: Duration::from_secs(30),
};
/// Who has lived for so long since its last fault is begun again soon.
const WELL: Duration = Duration::from_secs(600);

/// What lives until it is stopped.
pub(super) trait Task: Send {
    /// Begins, or begins again after a fault, with whatever that left.
    fn live(&mut self) -> impl Future<Output = ()> + Send;
}

/// Lets it live until it ends by itself, or is stopped after a fault.
pub(super) async fn supervise(
    task: &mut impl Task,
    called: &str,
    counters: &Counters,
    stop: &CancellationToken,
) {
    let mut faults = 0;
    loop {
        let began = Instant::now();
        // What was half changed is its own and is looked at anew; nothing shared is changed in steps.
        let lived = AssertUnwindSafe(task.live()).catch_unwind().await;
        if lived.is_ok() {
            return;
        }
        faults = if began.elapsed() > WELL {
            1
        } else {
            faults + 1
        };
        let wait = BACKOFF.half(faults);
        counters.fault();
        // What a panic says may hold anything. It is on stderr already, without values, since these cannot be printed.
        tracing::error!(
            task = called,
            again_in = ?wait,
            "a task ended by a fault of keyfleet, please report it; it is begun again"
        );
        tokio::select! {
            biased;
            () = stop.cancelled() => return,
            () = tokio::time::sleep(wait) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Faulty {
        lives: Vec<Instant>,
        faults: usize,
    }

    impl Task for Faulty {
        async fn live(&mut self) {
            self.lives.push(Instant::now());
            tokio::task::yield_now().await;
            assert!(self.lives.len() > self.faults, "a fault");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_task_is_begun_again_after_each_fault_and_later_and_later() {
        let mut task = Faulty {
            lives: Vec::new(),
            faults: 8,
        };
        let (counters, stop) = (Counters::default(), CancellationToken::new());
        supervise(&mut task, "of a test", &counters, &stop).await;
        let pauses: Vec<_> = task.lives.windows(2).map(|two| two[1] - two[0]).collect();
        assert_eq!(pauses.len(), 8);
        let most = |faults| BACKOFF.most(faults) + Duration::from_millis(2);
        for (pause, faults) in pauses.iter().zip(1..) {
            assert!(
                *pause <= most(faults) && *pause >= most(faults) / 3,
                "{pauses:?}"
            );
        }
    }

    #[tokio::test(start_paused = true)]
    async fn who_is_stopped_is_not_begun_again() {
        let mut task = Faulty {
            lives: Vec::new(),
            faults: 8,
        };
        let (counters, stop) = (Counters::default(), CancellationToken::new());
        stop.cancel();
        supervise(&mut task, "of a test", &counters, &stop).await;
        assert_eq!(task.lives.len(), 1);
    }
}
