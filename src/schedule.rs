//! When something is due, and when nothing may be written: crontab schedules in a time zone, and sync windows.
//!
//! Promises: the same schedule gives the same moments on every machine, since the rules of all time zones are part of the
//! program; on the days when clocks are changed nothing is left out and nothing runs twice (see [`Cron`]).
//!
//! Deliberately absent: a clock. Every question hands the time in.

mod agenda;
mod cron;
mod expression;
mod window;
mod zone;

#[cfg(test)]
mod tests;

pub use agenda::{Agenda, Owed};
pub use cron::{Cron, MOST_COUNTED, Missed};
pub use window::{Closed, Gate, Permission, Window, Windows};
pub use zone::Zone;

/// What is wrong with a schedule or a zone, and what would be right.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{wrong}: {hint}")]
pub struct ScheduleError {
    pub wrong: String,
    pub hint: String,
}
