//! What holds for all requests of a process together, whichever server they go to.

use crate::fence::Fence;
use crate::names::{ClusterName, VaultName};
use crate::places::Places;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// A request that takes longer than this has no place among all any more, only one of its own server's.
const SLOW: Duration = Duration::from_secs(1);

/// Retries that may be made before any request was answered well, and the most that are saved up.
const SAVED_RETRIES: u64 = 50;
/// Each good answer earns this share of a retry: when most requests fail, most are not repeated.
const ANSWERS_FOR_A_RETRY: u64 = 10;

/// The discipline of a process: how much is asked at once and how often again, and what was asked so far. Clones are one
/// discipline; each counts for its own server, and writes within its own term.
#[derive(Debug, Clone)]
pub struct Conduct {
    shared: Arc<Shared>,
    tally: Arc<Tally>,
    fence: Fence,
}

#[derive(Debug)]
struct Shared {
    /// Others when it is another number: who has a place keeps it.
    places: Mutex<Places>,
    /// In tenths of a retry.
    saved: AtomicU64,
    /// By what a server is called.
    tallies: Mutex<BTreeMap<String, Arc<Tally>>>,
}

/// What one server was sent.
#[derive(Debug, Default)]
struct Tally([AtomicU64; 3]);

/// How many requests a server was sent so far, tries included.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Sent {
    pub reads: u64,
    pub logins: u64,
    pub writes: u64,
}

impl Sent {
    pub fn all(self) -> u64 {
        self.reads + self.logins + self.writes
    }
}

/// What a Vault is called where its requests are counted.
pub fn vault_called(name: &VaultName) -> String {
    format!("vault/{name}")
}

/// What a cluster is called there.
pub fn cluster_called(name: &ClusterName) -> String {
    format!("cluster/{name}")
}

/// What a request does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deed {
    Read,
    /// A token is asked for or given back.
    LogIn,
    Write,
}

impl Default for Conduct {
    /// As many at once as the servers' own limits let through: what a run of the command line needs.
    fn default() -> Self {
        Self::new(usize::MAX)
    }
}

impl Conduct {
    /// With so many requests at once. Nothing stops its writes.
    pub fn new(at_once: usize) -> Self {
        Self {
            shared: Arc::new(Shared {
                places: Mutex::new(Places::new(at_once, SLOW)),
                saved: AtomicU64::new(SAVED_RETRIES * ANSWERS_FOR_A_RETRY),
                tallies: Mutex::default(),
            }),
            tally: Arc::default(),
            fence: Fence::open(),
        }
    }

    /// The same for what is decided from now on: a write goes out only in the term in which it was decided, however long it
    /// has waited for its turn.
    #[must_use]
    pub fn in_this_term(&self, fence: &Fence) -> Self {
        Self {
            fence: fence.of_this_term(),
            ..self.clone()
        }
    }

    /// From now on with so many requests at once.
    pub(crate) fn set_at_once(&self, at_once: usize) {
        *self.places() = Places::new(at_once, SLOW);
    }

    /// The same, counting for the server of this name.
    #[must_use]
    pub fn towards(&self, server: &str) -> Self {
        let mut tallies = self.tallies();
        let tally = tallies.entry(server.to_owned()).or_default();
        Self {
            shared: Arc::clone(&self.shared),
            tally: Arc::clone(tally),
            fence: self.fence.clone(),
        }
    }

    fn places(&self) -> MutexGuard<'_, Places> {
        let places = self.shared.places.lock();
        places.unwrap_or_else(PoisonError::into_inner)
    }

    fn tallies(&self) -> MutexGuard<'_, BTreeMap<String, Arc<Tally>>> {
        let tallies = self.shared.tallies.lock();
        tallies.unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn fence(&self) -> &Fence {
        &self.fence
    }

    /// Does this when there is a place for it.
    pub(crate) async fn turn<T>(&self, work: impl Future<Output = T>) -> T {
        let places = self.places().clone();
        places.free().await.hold(work).await
    }

    /// Counts a request that is sent.
    pub fn count(&self, deed: Deed) {
        self.tally.0[deed as usize].fetch_add(1, Ordering::Relaxed);
    }

    /// What this server was sent.
    pub fn sent(&self) -> Sent {
        self.tally.sent()
    }

    /// What the server of this name was sent.
    pub fn sent_to(&self, server: &str) -> Sent {
        let tallies = self.tallies();
        tallies.get(server).map(|it| it.sent()).unwrap_or_default()
    }

    /// Others are not counted any more: they are not declared.
    pub fn keep_only(&self, servers: &BTreeSet<String>) {
        self.tallies().retain(|server, _| servers.contains(server));
    }

    /// What each server was sent.
    pub fn sent_to_all(&self) -> BTreeMap<String, Sent> {
        let tallies = self.tallies();
        let all = tallies.iter();
        all.map(|(name, tally)| (name.clone(), tally.sent()))
            .collect()
    }

    /// A request was answered well.
    pub(crate) fn answered(&self) {
        let most = SAVED_RETRIES * ANSWERS_FOR_A_RETRY;
        let earn = |saved: u64| (saved < most).then_some(saved + 1);
        let saved = &self.shared.saved;
        let _ = saved.fetch_update(Ordering::Relaxed, Ordering::Relaxed, earn);
    }

    /// Whether a request may be sent once more; then it is paid for.
    pub(crate) fn may_retry(&self) -> bool {
        let pay = |saved: u64| saved.checked_sub(ANSWERS_FOR_A_RETRY);
        let saved = &self.shared.saved;
        saved
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, pay)
            .is_ok()
    }
}

impl Tally {
    fn sent(&self) -> Sent {
        let of = |deed: Deed| self.0[deed as usize].load(Ordering::Relaxed);
        Sent {
            reads: of(Deed::Read),
            logins: of(Deed::LogIn),
            writes: of(Deed::Write),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retries_are_a_tenth_of_the_answers_once_the_savings_are_spent() {
        let conduct = Conduct::default();
        let spent = (0..1000).filter(|_| conduct.may_retry()).count();
        assert_eq!(spent, 50);
        (0..100).for_each(|_| conduct.answered());
        let earned = (0..1000).filter(|_| conduct.may_retry()).count();
        assert_eq!(earned, 10);
    }

    #[test]
    fn who_is_not_declared_any_more_is_counted_no_more() {
        let conduct = Conduct::default();
        let (one, other) = (
            conduct.towards("cluster/one"),
            conduct.towards("cluster/other"),
        );
        one.count(Deed::Read);
        other.count(Deed::Write);
        conduct.keep_only(&BTreeSet::from(["cluster/one".to_owned()]));
        // A pass that was under way goes on.
        other.count(Deed::Write);
        assert_eq!(conduct.sent_to("cluster/one").reads, 1);
        assert_eq!(conduct.sent_to("cluster/other"), Sent::default());
        assert_eq!(conduct.sent_to_all().len(), 1);
    }

    #[test]
    fn no_more_is_saved_than_the_most() {
        let conduct = Conduct::default();
        (0..100_000).for_each(|_| conduct.answered());
        assert_eq!((0..1000).filter(|_| conduct.may_retry()).count(), 50);
    }
}
