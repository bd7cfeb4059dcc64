//! What is owed of a schedule, as time goes by and also where it does not.

use super::{Cron, Missed};
use jiff::{SignedDuration, Timestamp};

/// What is done later than this is late: it is said when it was due.
const ON_TIME: SignedDuration = SignedDuration::from_secs(90);
/// Clocks are corrected by seconds all the time. One that was set back by more than this was wrong before.
const CORRECTED: SignedDuration = SignedDuration::from_mins(5);

/// One schedule, and up to when everything that was due is done.
///
/// Everything that is due is owed exactly once, however many times came together while nobody asked: because nothing ran, because
/// the machine slept, or because the last time took longer than the time to the next one.
#[derive(Debug, Clone)]
pub struct Agenda {
    cron: Cron,
    done: Timestamp,
}

/// What is to be done now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Owed {
    pub due: Missed,
    /// It should have been done a while ago.
    pub is_late: bool,
}

impl Agenda {
    /// `done`: up to when nothing is owed any more.
    pub fn new(cron: Cron, done: Timestamp) -> Self {
        Self { cron, done }
    }

    /// When it is due next; that may be past.
    pub fn next(&self) -> Option<Timestamp> {
        self.cron.after(self.done)
    }

    pub fn owed(&self, now: Timestamp) -> Option<Owed> {
        let due = self.cron.missed(self.done, now)?;
        let is_late = due.count > 1 || now.duration_since(due.latest) > ON_TIME;
        Some(Owed { due, is_late })
    }

    /// It was done, at this moment: what was due up to then is.
    pub fn done(&mut self, owed: &Owed, at: Timestamp) {
        self.done = owed.due.latest.max(at);
    }

    /// Whether the clock was wrong, and went back to a time before what is done: what is due is due from now on. Small corrections
    /// make nothing due twice.
    pub fn was_set_back(&mut self, now: Timestamp) -> bool {
        let is_back = self.done.duration_since(now) > CORRECTED;
        if is_back {
            self.done = now;
        }
        is_back
    }
}
