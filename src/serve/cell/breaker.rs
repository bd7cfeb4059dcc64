//! Whether a cluster is asked at all. Pure: time is handed in.

use crate::chance::Backoff;
use std::time::{Duration, Instant};

/// Passes in a row that did not reach the cluster, until it is let alone.
const FAILURES: u32 = 3;
/// How long it is let alone at first; doubled at every question that is not answered.
const FIRST: Duration = Duration::from_secs(15);

/// Closed: it is asked. Open: one question at a time is, whether it is back.
#[derive(Debug, Default)]
pub(super) struct Breaker {
    failures: u32,
    /// When the next question is due, while it is open.
    next: Option<Instant>,
}

impl Breaker {
    pub(super) fn is_open(&self) -> bool {
        self.next.is_some()
    }

    /// When to ask whether it is back.
    pub(super) fn next(&self) -> Option<Instant> {
        self.next
    }

    pub(super) fn reached(&mut self) {
        *self = Self::default();
    }

    /// It did not answer. `longest` is what it is let alone at most, `share` (0 to 1) a random one.
    pub(super) fn missed(&mut self, now: Instant, longest: Duration, share: f64) {
        self.failures = self.failures.saturating_add(1);
        if self.failures >= FAILURES {
            let backoff = Backoff {
                first: FIRST,
                longest,
            };
            let questions = self.failures - FAILURES + 1;
            self.next = Some(now + backoff.half_and(questions, share));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONGEST: Duration = Duration::from_secs(300);

    #[test]
    fn it_opens_after_three_in_a_row_and_closes_with_one_answer() {
        let now = Instant::now();
        let mut breaker = Breaker::default();
        breaker.missed(now, LONGEST, 1.0);
        breaker.missed(now, LONGEST, 1.0);
        assert!(!breaker.is_open());
        breaker.missed(now, LONGEST, 1.0);
        assert_eq!(breaker.next(), Some(now + Duration::from_secs(15)));
        breaker.reached();
        assert!(!breaker.is_open());
        breaker.missed(now, LONGEST, 1.0);
        assert!(!breaker.is_open());
    }

    #[test]
    fn it_is_asked_ever_more_rarely_and_never_more_rarely_than_the_longest() {
        let now = Instant::now();
        let mut breaker = Breaker::default();
        let waits: Vec<u64> = (0..40)
            .map(|_| {
                breaker.missed(now, LONGEST, 1.0);
                breaker.next().map_or(0, |next| (next - now).as_secs())
            })
            .collect();
        assert_eq!(waits[..8], [0, 0, 15, 30, 60, 120, 240, 300]);
        assert!(waits[8..].iter().all(|wait| *wait == 300));
        breaker.missed(now, LONGEST, 0.0);
        assert_eq!(breaker.next(), Some(now + LONGEST / 2));
    }
}
