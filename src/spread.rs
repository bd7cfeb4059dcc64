//! Independent pieces of work, done in turn or side by side. A stage that only computes knows no threads: whoever calls it
//! says how, and the result is the same.

/// How pieces of work are done.
pub trait Spread {
    /// The results, in the order of the items.
    fn map<I: Sync, T: Send>(&self, items: &[I], work: impl Fn(&I) -> T + Sync) -> Vec<T>;
}

/// One after the other.
#[derive(Debug, Clone, Copy)]
pub struct InTurn;

impl Spread for InTurn {
    fn map<I: Sync, T: Send>(&self, items: &[I], work: impl Fn(&I) -> T + Sync) -> Vec<T> {
        items.iter().map(work).collect()
    }
}
