//! What was found when, over passes and restarts: the ledger, shared by the tasks, and its file.
//!
//! The file is written a while after something changed, and at the end. What is lost with a kill in between is found again by the
//! next pass: only the time at which it was first seen is a little later then.

use super::kept::Kept;
use super::ledger_file;
use super::web::Counters;
use crate::drift::{About, Finding, Ledger, Look, Mark, Report};
use crate::plan::Scope;
use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// How long a change may wait for its way to the disk.
const WRITTEN_WITHIN: Duration = Duration::from_secs(10);

pub(super) struct Memory {
    file: Kept,
    ledger: Mutex<Ledger>,
    is_changed: AtomicBool,
}

impl Memory {
    /// Of this data directory.
    pub(super) fn of(data: &Path, counters: Arc<Counters>) -> Self {
        Self {
            file: Kept::new(data, "ledger.json", counters),
            ledger: Mutex::new(Ledger::begin(Timestamp::now(), None)),
            is_changed: AtomicBool::new(false),
        }
    }

    /// What is on disk is what counts, since another process may have been active before; but not where this one could not
    /// write what it knows.
    pub(super) fn load(&self) {
        if !self.is_changed.load(Ordering::Relaxed) {
            *self.ledger() = ledger_file::load(self.file.path(), Timestamp::now());
        }
    }

    fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change<T>(&self, change: impl FnOnce(&mut Ledger) -> T) -> T {
        let changed = change(&mut self.ledger());
        self.is_changed.store(true, Ordering::Relaxed);
        changed
    }

    pub(super) fn observe(&self, look: &Look<'_>) {
        self.change(|ledger| ledger.observe(look));
    }

    /// Says of what a pass found who moved: a plan sees one moment, the ledger saw the one before.
    pub(super) fn tell_causes(&self, scope: &Scope, findings: &mut [Finding]) {
        let ledger = self.ledger();
        for finding in findings {
            if let Some(cause) = ledger.cause_of(scope, finding) {
                finding.caused_by(cause.clone());
            }
        }
    }

    pub(super) fn not_looked_at(&self, scope: &Scope, why: &str) {
        self.change(|ledger| ledger.not_looked_at(scope, why, Timestamp::now()));
    }

    /// These are the scopes of the newest revision.
    pub(super) fn keep_only(&self, scopes: &BTreeSet<Scope>, revision: &str) {
        self.change(|ledger| ledger.keep_only(scopes, revision, Timestamp::now()));
    }

    /// These are the schedules, each with the rule that says when it is due.
    pub(super) fn keep_schedules(&self, rules: &BTreeMap<String, String>) {
        self.change(|ledger| ledger.keep_schedules(rules, Timestamp::now()));
    }

    /// Up to when nothing is owed of this schedule.
    pub(super) fn kept(&self, schedule: &str) -> Option<Timestamp> {
        self.ledger().kept(schedule)
    }

    /// What is to be told, and up to where that goes.
    pub(super) fn report(&self, about: About, now: Timestamp) -> (Report, Mark) {
        let ledger = self.ledger();
        (ledger.report(about, now), ledger.mark(now))
    }

    pub(super) fn told(&self, schedule: &str, up_to: Mark) {
        self.change(|ledger| ledger.told(schedule, up_to));
    }

    /// Writes it while anything changes, until it is stopped, and once more then.
    pub(super) async fn keep(self: Arc<Self>, stop: CancellationToken) {
        loop {
            let is_over = tokio::select! {
                () = stop.cancelled() => true,
                () = tokio::time::sleep(WRITTEN_WITHIN) => false,
            };
            self.save().await;
            if is_over {
                return;
            }
        }
    }

    pub(super) async fn save(self: &Arc<Self>) {
        if !self.is_changed.swap(false, Ordering::Relaxed) {
            return;
        }
        let memory = Arc::clone(self);
        let saving = tokio::task::spawn_blocking(move || {
            let ledger = memory.ledger().clone();
            memory.file.write(serde_json::to_string(&ledger))
        });
        if !saving.await.unwrap_or(false) {
            self.is_changed.store(true, Ordering::Relaxed);
        }
    }
}
