//! When a token is renewed or replaced. Only computes: times and chance are handed in.

use crate::backends::vault::Lease;
use std::time::{Duration, Instant};

/// A token is renewed or replaced after this share of its life, and up to so much later at random: keepers that began
/// together do not come together, and two more tries fit in before the end.
const EARLIEST: f64 = 0.5;
const SPREAD: f64 = 0.15;

/// Vault counts in whole seconds, so what it grants may look shorter by one.
const ROUNDING: Duration = Duration::from_secs(1);

/// Whatever Vault grants, its tokens are not asked for more often.
const SHORTEST: Duration = Duration::from_millis(500);

/// What is known of a token's life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Lifetime {
    /// When it was last heard of.
    pub(super) since: Instant,
    pub(super) lease: Lease,
    /// The last renewal gave less than the one before: the end, its max TTL, is near and does not move.
    pub(super) is_capped: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Next {
    Nothing,
    Renew(Instant),
    /// By another login.
    Replace(Instant),
}

impl Lifetime {
    pub(super) fn new(since: Instant, lease: Lease) -> Self {
        Self {
            since,
            lease,
            is_capped: false,
        }
    }

    pub(super) fn renewed(&self, since: Instant, lease: Lease) -> Self {
        let is_less = match (lease.lives, self.lease.granted) {
            // So short that rounding hides the difference.
            (Some(now), Some(before)) if now < ROUNDING * 2 => now < before,
            (Some(now), Some(before)) => now + ROUNDING < before,
            _ => false,
        };
        Self {
            since,
            lease,
            is_capped: is_less,
        }
    }

    /// It said no: it is as it was, and can only run out.
    pub(super) fn not_renewable(&self) -> Self {
        Self {
            lease: Lease {
                renewable: false,
                ..self.lease
            },
            ..*self
        }
    }

    /// `None`: never.
    pub(super) fn ends(&self) -> Option<Instant> {
        self.lease.lives.map(|lives| self.since + lives)
    }

    /// Whether it cannot be made to live on.
    pub(super) fn only_runs_out(&self) -> bool {
        self.lease.lives.is_some() && (self.is_capped || !self.lease.renewable)
    }

    /// `chance` is in `0.0..1.0`.
    pub(super) fn next(&self, can_log_in: bool, chance: f64) -> Next {
        let Some(lives) = self.lease.lives else {
            return Next::Nothing;
        };
        let share = EARLIEST + SPREAD * chance;
        if self.only_runs_out() && can_log_in {
            return Next::Replace(self.since + lives.mul_f64(share).max(SHORTEST));
        }
        if !self.lease.renewable {
            return Next::Nothing;
        }
        // A role may have been given a shorter TTL, which looks like a cap at first; the next renewal tells.
        let whole = match self.lease.granted {
            Some(granted) if !self.is_capped => granted.max(lives),
            _ => lives,
        };
        if self.is_capped && lives < ROUNDING * 4 {
            return Next::Nothing;
        }
        let age = whole.saturating_sub(lives);
        let wait = whole.mul_f64(share).saturating_sub(age);
        Next::Renew(self.since + wait.max(SHORTEST))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lease(lives: u64, granted: u64, renewable: bool) -> Lease {
        let ending = |seconds| (seconds != 0).then(|| Duration::from_secs(seconds));
        Lease {
            lives: ending(lives),
            granted: ending(granted),
            renewable,
        }
    }

    fn seconds(now: Instant, at: Next) -> (u64, &'static str) {
        match at {
            Next::Nothing => (0, "nothing"),
            Next::Renew(at) => ((at - now).as_secs(), "renew"),
            Next::Replace(at) => ((at - now).as_secs(), "replace"),
        }
    }

    #[test]
    fn what_is_done_next_and_when() {
        let now = Instant::now();
        for (lives, granted, renewable, can_log_in, wanted) in [
            // A root token.
            (0, 0, false, false, (0, "nothing")),
            (1000, 1000, true, false, (500, "renew")),
            (1000, 1000, true, true, (500, "renew")),
            // Found in the middle of its life, and near its end.
            (900, 1000, true, false, (400, "renew")),
            (10, 1000, true, false, (0, "renew")),
            // A token role may make more of it than it was made with.
            (1000, 100, true, false, (500, "renew")),
            (1000, 1000, false, false, (0, "nothing")),
            (1000, 1000, false, true, (500, "replace")),
        ] {
            let life = Lifetime::new(now, lease(lives, granted, renewable));
            assert_eq!(seconds(now, life.next(can_log_in, 0.0)), wanted, "{life:?}");
        }
        let life = Lifetime::new(now, lease(1000, 1000, true));
        assert_eq!(seconds(now, life.next(false, 0.999)), (649, "renew"));
    }

    #[test]
    fn a_renewal_that_gives_less_shows_the_end() {
        let now = Instant::now();
        let life = Lifetime::new(now, lease(100, 100, true));
        let same = life.renewed(now, lease(99, 99, true));
        assert!(!same.only_runs_out(), "a second less is rounding");
        let capped = life.renewed(now, lease(40, 40, true));
        assert!(capped.only_runs_out());
        assert_eq!(seconds(now, capped.next(true, 0.0)), (20, "replace"));
        assert_eq!(seconds(now, capped.next(false, 0.0)), (20, "renew"));
        let shortest = life.renewed(now, lease(1, 1, true));
        let over = shortest.renewed(
            now,
            Lease {
                lives: Some(Duration::ZERO),
                ..lease(1, 0, true)
            },
        );
        let soon = now + SHORTEST;
        assert_eq!(over.next(true, 0.0), Next::Replace(soon), "no tight loop");
        let last = capped.renewed(now, lease(3, 3, true));
        assert_eq!(last.next(false, 0.0), Next::Nothing, "no end of renewals");
        // What looked like the end was a shorter TTL of the role.
        let again = capped.renewed(now, lease(40, 40, true));
        assert!(!again.only_runs_out());
    }
}
