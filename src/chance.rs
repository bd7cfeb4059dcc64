//! Randomness for waits, so that what failed together does not come back together.

use std::hash::{BuildHasher as _, RandomState};
use std::time::Duration;

/// Any number. The standard library seeds its hashers at random, which is random enough to spread waits and to tell runs
/// apart; it is no secret.
pub(crate) fn number() -> u64 {
    RandomState::new().hash_one(0)
}

/// A number in `0.0..1.0`.
pub(crate) fn share() -> f64 {
    let high = u32::try_from(number() >> 32).unwrap_or(u32::MAX);
    f64::from(high) / (f64::from(u32::MAX) + 1.0)
}

/// Waits after failures in a row: doubled with each, up to the longest.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Backoff {
    pub(crate) first: Duration,
    pub(crate) longest: Duration,
}

impl Backoff {
    /// The most that is waited after so many failures.
    pub(crate) fn most(self, failures: u32) -> Duration {
        let doubled = self
            .first
            .saturating_mul(1 << failures.saturating_sub(1).min(16));
        doubled.min(self.longest)
    }

    /// Any part of that, for a request: who failed together is spread as wide as can be.
    pub(crate) fn any(self, failures: u32) -> Duration {
        self.most(failures).mul_f64(share())
    }

    /// At least half of that, for what costs many requests.
    pub(crate) fn half(self, failures: u32) -> Duration {
        self.half_and(failures, share())
    }

    /// Half of that, and a share of the other half.
    pub(crate) fn half_and(self, failures: u32, share: f64) -> Duration {
        self.most(failures).mul_f64(0.5 + share / 2.0)
    }
}

/// How long somebody else's server is asked to take something.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// For one request.
    pub request: Duration,
    /// For all of them together, with the waits between.
    pub all: Duration,
    pub attempts: u32,
    /// The ceiling of the first wait; each further one is twice as high.
    pub first_wait: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            request: Duration::from_secs(20),
            all: Duration::from_secs(120),
            attempts: 4,
            first_wait: Duration::from_secs(1),
        }
    }
}

impl Patience {
    pub(crate) fn wait(self, attempt: u32) -> Duration {
        let first = self.first_wait;
        let longest = first * 32;
        Backoff { first, longest }.any(attempt)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_differ_and_grow_no_further_than_the_longest() {
        let backoff = Backoff {
            first: Duration::from_secs(1),
            longest: Duration::from_secs(10),
        };
        let most = [0, 1, 2, 3, 4, 5, u32::MAX].map(|failures| backoff.most(failures).as_secs());
        assert_eq!(most, [1, 1, 2, 4, 8, 10, 10]);
        let any: Vec<_> = (0..50).map(|_| backoff.any(3)).collect();
        assert!(any.iter().all(|wait| *wait < Duration::from_secs(4)));
        assert!(any.iter().collect::<std::collections::BTreeSet<_>>().len() > 25);
        let half: Vec<_> = (0..50).map(|_| backoff.half(3)).collect();
        let least = Duration::from_secs(2);
        assert!(half.iter().all(|wait| *wait >= least && *wait < least * 2));
    }
}
