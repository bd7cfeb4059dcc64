//! How often a server was asked, by what the asking means to it.

use std::collections::BTreeMap;
use std::sync::Mutex;

/// What a request means to a server.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    Read,
    Write,
    /// A login, a token handed out, renewed or given back, the review of a token.
    Login,
    /// A read that hands out values of secrets.
    Value,
}

/// Requests since the start, or since they were last taken.
pub type Counts = BTreeMap<Kind, u64>;

#[derive(Debug, Default)]
pub(super) struct Meter(Mutex<Counts>);

impl Meter {
    pub(super) fn count(&self, kind: Kind) {
        *self.counts().entry(kind).or_default() += 1;
    }

    /// The counts so far; they start again at nothing.
    pub(super) fn take(&self) -> Counts {
        std::mem::take(&mut *self.counts())
    }

    pub(super) fn so_far(&self) -> Counts {
        self.counts().clone()
    }

    fn counts(&self) -> std::sync::MutexGuard<'_, Counts> {
        // A count is whole after every step, whoever panicked in between.
        self.0
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}
