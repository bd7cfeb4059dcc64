//! Sequences of requests that nobody thought of, put to both sides: the same 1,000 in every ordinary run, so that one
//! that fails fails for what was changed; as many new ones as `KEYFLEET_SEQUENCES` says otherwise.

use super::pair::{Ask, Pair};
use proptest::strategy::Strategy;
use proptest::test_runner::{Config, RngSeed, TestCaseError, TestRunner};
use std::sync::atomic::{AtomicU32, Ordering};

const ORDINARY: u32 = 1_000;

/// How many sequences are wanted, and which.
fn wanted() -> (u32, RngSeed) {
    match std::env::var("KEYFLEET_SEQUENCES") {
        Err(_) => (ORDINARY, RngSeed::Fixed(0)),
        Ok(text) => {
            let number = text.parse().expect("KEYFLEET_SEQUENCES is a number");
            (number, RngSeed::Random)
        }
    }
}

/// Runs `pair` over sequences of `strategy`; what a sequence does is in a place of its own, `{scope}`.
pub(crate) fn agree<S>(runtime: &tokio::runtime::Runtime, pair: &Pair, strategy: S)
where
    S: Strategy<Value = Vec<Ask>>,
{
    search(&strategy, |scope, asks| {
        runtime.block_on(pair.compare_all(scope, &asks))
    });
}

/// Looks for a value of `strategy` of which `compare` says a difference; it is told a name that no other value has.
pub(crate) fn search<S: Strategy>(
    strategy: &S,
    compare: impl Fn(&str, S::Value) -> Result<(), String>,
) {
    let (cases, rng_seed) = wanted();
    let config = Config {
        cases,
        rng_seed,
        // A sequence is short; a long search for the shortest one holds up the one who waits.
        max_shrink_iters: 200,
        failure_persistence: None,
        ..Config::default()
    };
    let scopes = AtomicU32::new(0);
    let result = TestRunner::new(config).run(strategy, |value| {
        let scope = format!("s{}", scopes.fetch_add(1, Ordering::Relaxed));
        compare(&scope, value).map_err(TestCaseError::fail)
    });
    if let Err(failure) = result {
        panic!("{failure}");
    }
}
