//! Randomness for waits, so that what failed together does not come back together.

use std::hash::{BuildHasher as _, RandomState};

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
