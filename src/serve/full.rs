//! When the data of each cluster's Secrets is compared, whatever its metadata says: the dearest kind of pass.
//!
//! Kept from the start of the process to its end, so that a new reading of the settings compares nothing anew.

use crate::chance;
use crate::names::ClusterName;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// The last full pass of each cluster; who has had none is due.
#[derive(Default)]
pub(super) struct FullPasses {
    last: Mutex<BTreeMap<ClusterName, Last>>,
}

struct Last {
    began: Instant,
    /// After how much of the period the next is due.
    wait: f64,
}

impl FullPasses {
    fn last(&self) -> MutexGuard<'_, BTreeMap<ClusterName, Last>> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn is_due(&self, cluster: &ClusterName, period: Duration) -> bool {
        let all = self.last();
        let last = all.get(cluster);
        last.is_none_or(|last| last.began.elapsed() >= period.mul_f64(last.wait))
    }

    /// One is over that has compared everything. All clusters begin together, so the second comes after any part of a period:
    /// from then on each has a time of its own.
    pub(super) fn made(&self, cluster: &ClusterName, began: Instant) {
        let mut all = self.last();
        let wait = if all.contains_key(cluster) {
            1.0
        } else {
            chance::share()
        };
        all.insert(cluster.clone(), Last { began, wait });
    }

    /// Others are not declared any more.
    pub(super) fn keep_only(&self, declared: &BTreeSet<&ClusterName>) {
        self.last().retain(|name, _| declared.contains(name));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PERIOD: Duration = Duration::from_secs(24 * 3600);

    fn name(text: &str) -> ClusterName {
        ClusterName::parse(text).unwrap()
    }

    #[test]
    fn clusters_that_began_together_are_not_compared_together_again() {
        let (passes, now) = (FullPasses::default(), Instant::now());
        let names: Vec<_> = (0..60).map(|number| name(&format!("c{number}"))).collect();
        let due = |period| {
            let due = names.iter().filter(|it| passes.is_due(it, period));
            due.count()
        };
        assert_eq!(due(PERIOD), 60, "a process that begins has seen nothing");
        for name in &names {
            passes.made(name, now);
        }
        assert_eq!(due(PERIOD), 0);
        // A period of nothing is over for all; of these, each has had its second and waits for a whole one.
        assert_eq!(due(Duration::ZERO), 60);
        let waits = passes.last();
        let early = waits.values().filter(|last| last.wait < 0.5).count();
        assert!((10..50).contains(&early), "{early} of 60 in the first half");
        drop(waits);
        passes.made(&names[0], now);
        assert!((passes.last()[&names[0]].wait - 1.0).abs() < f64::EPSILON);
    }

    #[test]
    fn who_leaves_and_comes_back_has_been_compared_never() {
        let passes = FullPasses::default();
        passes.made(&name("a"), Instant::now());
        passes.keep_only(&BTreeSet::from([&name("b")]));
        assert!(passes.is_due(&name("a"), PERIOD));
        assert!(passes.last().is_empty());
    }
}
