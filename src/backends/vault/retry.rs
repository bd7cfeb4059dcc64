//! Whether a request is sent once more, and after what wait. The only layer that retries.

use super::Budget;
use super::answer::Answer;
use super::request::Intent;
use crate::chance::Backoff;
use std::time::Duration;

const UNASKED: Backoff = Backoff {
    first: Duration::from_millis(250),
    longest: Duration::from_secs(5),
};

/// How long to wait before the next try of a request that got this answer; `None` when it stands.
pub(super) fn after_answer(
    intent: Intent,
    answer: &Answer,
    attempt: u32,
    budget: &Budget,
) -> Option<Duration> {
    let again = match answer.status {
        // A limit refuses before anything is done, so even a write can be repeated.
        429 => true,
        502..=504 => intent == Intent::Repeatable,
        // For a moment after a KV v2 engine is mounted.
        400 => intent == Intent::Repeatable && answer.says("upgrading from non-versioned"),
        _ => false,
    };
    (again && attempt < budget.tries).then(|| wait(attempt, answer.retry_after, budget))
}

/// The same for a connection that broke before an answer came.
pub(super) fn after_loss(intent: Intent, attempt: u32, budget: &Budget) -> Option<Duration> {
    (intent == Intent::Repeatable && attempt < budget.tries).then(|| wait(attempt, None, budget))
}

/// What the server asks for is a floor below the wait of our own.
fn wait(attempt: u32, asked: Option<Duration>, budget: &Budget) -> Duration {
    asked.unwrap_or_default().min(budget.longest_wait) + UNASKED.any(attempt)
}

#[cfg(test)]
mod tests {
    use super::{Budget, wait};
    use std::time::Duration;

    #[test]
    fn a_wait_asked_for_is_kept_up_to_the_cap() {
        let budget = Budget::default();
        let slack = Duration::from_millis(250);
        for (asked, floor) in [(0, 0), (2, 2), (10, 10), (3600, 10)] {
            let floor = Duration::from_secs(floor);
            let waited = wait(1, Some(Duration::from_secs(asked)), &budget);
            assert!(waited >= floor && waited <= floor + slack, "{waited:?}");
        }
    }
}
