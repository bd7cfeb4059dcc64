//! What every task of the service has.

use super::board::{Board, Followed, Pass, Permission};
use super::full::FullPasses;
use super::memory::Memory;
use super::settings::Settings;
use super::web::{Counters, Watchdog};
use crate::backends::Conduct;
use crate::chance;
use crate::desire::{Operation, may_write};
use crate::fence::Fence;
use crate::places::Places;
use jiff::Timestamp;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// After a window has opened by the clock: timers are not exact.
const A_MOMENT: Duration = Duration::from_secs(1);

/// One from one reading of the settings to the next.
pub(super) struct Service {
    pub settings: Settings,
    pub board: Arc<Board>,
    /// What holds for all requests, and counts them. Nothing is sent with it: that is for a term of being active.
    pub conduct: Conduct,
    /// Whether this process may write now.
    pub fence: Fence,
    /// For passes over one cluster: what each has seen is in memory until it is over.
    pub places: Places,
    pub full_passes: Arc<FullPasses>,
    pub memory: Arc<Memory>,
    pub counters: Arc<Counters>,
    pub watchdog: Arc<Watchdog>,
    /// Every task that has something to finish.
    pub tasks: TaskTracker,
    /// Cancelled when the process, or this reading of its settings, is to end.
    pub stop: CancellationToken,
}

impl Service {
    /// Whether what the clusters of a Vault share may be written: only when all of them are in view.
    pub(super) fn permission_of_shared(&self, followed: &Followed) -> Permission {
        if self.settings.reconcile.clusters.is_empty() {
            return self.permission(&followed.desired.operation);
        }
        Permission::ReportOnly {
            why: "only some of the clusters are in view".to_owned(),
        }
    }

    /// Whether a scope may be written, by what the operator and the repository say.
    pub(super) fn permission(&self, operation: &Operation) -> Permission {
        if !self.settings.reconcile.apply {
            return Permission::ReportOnly {
                why: "the settings say `mode: report`".to_owned(),
            };
        }
        match may_write(operation, Timestamp::now()) {
            Ok(()) => Permission::Apply,
            Err(why) => Permission::ReportOnly {
                why: why.to_string(),
            },
        }
    }

    /// How long until the first of these may be written that may not be now: a window that is shorter than the interval is
    /// not slept through.
    pub(super) fn opens<'a>(
        &self,
        operations: impl Iterator<Item = &'a Operation>,
    ) -> Option<Duration> {
        let now = Timestamp::now();
        let closed = operations.filter_map(|operation| may_write(operation, now).err());
        let first = closed.filter_map(|why| why.until()).min();
        let wait = Duration::try_from(first?.duration_since(now)).unwrap_or_default();
        self.settings.reconcile.apply.then_some(wait + A_MOMENT)
    }

    /// Counts a pass that ended.
    pub(super) fn count(&self, pass: &Pass) {
        self.counters.pass(&pass.end, pass.took);
        let done = pass.written.iter().filter(|it| it.failure.is_none());
        done.for_each(|it| self.counters.write_done(it.finding.target.kind));
    }
}

/// Names a pass in logs and pages.
pub(super) fn run_id() -> String {
    format!("{:08x}", chance::number() >> 32)
}

/// A duration and up to a tenth more or less: what begins together does not stay together.
pub(super) fn about(duration: Duration) -> Duration {
    duration.mul_f64(0.9 + chance::share() / 5.0)
}
