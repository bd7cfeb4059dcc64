//! How long to wait before a token is asked for again.

use crate::chance;
use std::time::{Duration, Instant};

const LEAST: Duration = Duration::from_millis(200);
const WAITS: chance::Backoff = chance::Backoff {
    first: Duration::from_secs(1),
    longest: Duration::from_secs(60),
};
/// After so long without a failure, the next one is the first.
const FORGOTTEN: Duration = Duration::from_secs(300);

/// Grows with each failure. A token that is refused soon after it was given counts as one: a login that succeeds proves
/// little when what it gives is not accepted.
#[derive(Default)]
pub(super) struct Backoff {
    failures: u32,
    last: Option<Instant>,
}

impl Backoff {
    /// One more failure: how long to wait now.
    pub(super) fn pause(&mut self, now: Instant) -> Duration {
        self.forget(now);
        self.last = Some(now);
        self.failures = self.failures.saturating_add(1);
        WAITS.any(self.failures).max(LEAST)
    }

    /// A token was refused. When that was long not so, another one is asked for at once.
    pub(super) fn pause_after_refusal(&mut self, now: Instant) -> Duration {
        self.forget(now);
        if self.failures > 0 {
            return self.pause(now);
        }
        (self.failures, self.last) = (1, Some(now));
        Duration::ZERO
    }

    fn forget(&mut self, now: Instant) {
        let is_old = |last| now.saturating_duration_since(last) > FORGOTTEN;
        if self.last.is_some_and(is_old) {
            self.reset();
        }
    }

    /// Something worked.
    pub(super) fn reset(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_refusal_is_answered_at_once_and_waits_grow_up_to_the_longest() {
        let (mut backoff, now) = (Backoff::default(), Instant::now());
        assert_eq!(backoff.pause_after_refusal(now), Duration::ZERO);
        let waits: Vec<_> = (0..40).map(|_| backoff.pause_after_refusal(now)).collect();
        assert!(waits[0] < WAITS.first * 2 && waits.iter().all(|wait| *wait <= WAITS.longest));
        // By chance alone, forty waits that are all short do not happen.
        assert!(waits.iter().any(|wait| *wait > WAITS.first * 8));
    }

    #[test]
    fn failures_are_forgotten_after_a_while_and_after_a_success() {
        let (mut backoff, now) = (Backoff::default(), Instant::now());
        for _ in 0..5 {
            backoff.pause(now);
        }
        let later = now + FORGOTTEN * 2;
        assert_eq!(backoff.pause_after_refusal(later), Duration::ZERO);
        backoff.pause(later);
        backoff.reset();
        assert_eq!(backoff.pause_after_refusal(later), Duration::ZERO);
    }
}
