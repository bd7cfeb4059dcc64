//! Sequences of requests that nobody thought of, put to both sides: 1,000 in an ordinary run, as many as
//! `KEYFLEET_SEQUENCES` says otherwise.

use super::pair::{Ask, Pair};
use proptest::strategy::Strategy;
use proptest::test_runner::{Config, TestCaseError, TestRunner};
use std::sync::atomic::{AtomicU32, Ordering};

const ORDINARY: u32 = 1_000;

/// How many sequences are wanted.
pub(crate) fn wanted() -> u32 {
    let said = std::env::var("KEYFLEET_SEQUENCES").ok();
    said.map_or(ORDINARY, |text| {
        text.parse().expect("KEYFLEET_SEQUENCES is a number")
    })
}

/// Runs `pair` over sequences of `strategy`; what a sequence does is in a place of its own, `{scope}`.
pub(crate) fn agree<S>(runtime: &tokio::runtime::Runtime, pair: &Pair, strategy: S)
where
    S: Strategy<Value = Vec<Ask>>,
{
    let config = Config {
        cases: wanted(),
        // A sequence is short; a long search for the shortest one holds up the one who waits.
        max_shrink_iters: 200,
        failure_persistence: None,
        ..Config::default()
    };
    let scopes = AtomicU32::new(0);
    let result = TestRunner::new(config).run(&strategy, |asks| {
        let scope = format!("s{}", scopes.fetch_add(1, Ordering::Relaxed));
        let compared = runtime.block_on(pair.compare_all(&scope, &asks));
        compared.map_err(TestCaseError::fail)
    });
    if let Err(failure) = result {
        panic!("{failure}");
    }
}
