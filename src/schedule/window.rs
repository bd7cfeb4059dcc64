//! Sync windows: when something may be written, and when not.

use super::Cron;
use jiff::{SignedDuration, Timestamp};
use std::fmt;

/// What a window says of the time within it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Permission {
    Allow,
    Deny,
}

/// A span of time that begins whenever its schedule is due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Window {
    pub kind: Permission,
    pub schedule: Cron,
    /// As time passes, also on the days when clocks are changed.
    pub duration: SignedDuration,
}

/// The windows that hold for something: some lists of them, which all have to be open.
///
/// A list is closed within any of its deny windows. With an allow window in it, it is open within an allow window only.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Windows {
    lists: Vec<Vec<Window>>,
}

/// Whether something may be written at some time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Gate {
    Open,
    Closed {
        /// When it opens next; `None` where that is not in sight.
        until: Option<Timestamp>,
        why: Closed,
    },
}

/// Why nothing may be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Closed {
    /// A deny window is open; the schedule is its own.
    Denied { schedule: Cron },
    /// No allow window is open.
    NotAllowed,
}

/// How many ends and beginnings of windows are gone through in search of an opening.
const MOST_STEPS: usize = 1000;

impl Window {
    /// When it ends, if it is open now.
    fn ends(&self, now: Timestamp) -> Option<Timestamp> {
        let since = now.checked_sub(self.duration).ok()?;
        let start = self.schedule.latest(since, now)?;
        start.checked_add(self.duration).ok()
    }
}

impl Windows {
    pub fn of(windows: Vec<Window>) -> Self {
        let lists = if windows.is_empty() {
            Vec::new()
        } else {
            vec![windows]
        };
        Self { lists }
    }

    /// These and others: open where both are.
    #[must_use]
    pub fn and(mut self, other: &Self) -> Self {
        self.lists.extend_from_slice(&other.lists);
        self
    }

    pub fn is_empty(&self) -> bool {
        self.lists.is_empty()
    }

    pub fn at(&self, now: Timestamp) -> Gate {
        match self.closed(now) {
            None => Gate::Open,
            Some((why, next)) => Gate::Closed {
                until: self.opening(next),
                why,
            },
        }
    }

    /// The first time from here on when all is open.
    fn opening(&self, from: Option<Timestamp>) -> Option<Timestamp> {
        let mut candidate = from?;
        for _ in 0..MOST_STEPS {
            match self.closed(candidate) {
                None => return Some(candidate),
                Some((_, next)) => candidate = next?,
            }
        }
        None
    }

    /// Why it is closed, and before when it cannot open. Deny wins, also in what is said.
    fn closed(&self, now: Timestamp) -> Option<(Closed, Option<Timestamp>)> {
        let denied = self.lists.iter().flatten().find_map(|window| {
            let ends = window
                .ends(now)
                .filter(|_| window.kind == Permission::Deny)?;
            let schedule = window.schedule.clone();
            Some((Closed::Denied { schedule }, Some(ends)))
        });
        denied.or_else(|| {
            let mut lists = self.lists.iter();
            lists.find_map(|list| not_allowed(list, now))
        })
    }
}

fn not_allowed(list: &[Window], now: Timestamp) -> Option<(Closed, Option<Timestamp>)> {
    let allowing = list
        .iter()
        .filter(|window| window.kind == Permission::Allow);
    let is_outside = allowing.clone().next().is_some()
        && allowing.clone().all(|window| window.ends(now).is_none());
    is_outside.then(|| {
        let next = allowing.filter_map(|window| window.schedule.after(now));
        (Closed::NotAllowed, next.min())
    })
}

/// As a file writes them: `deny 0 9 * * * (UTC) for 2h`; what several lists say is joined by `; and`.
impl fmt::Display for Windows {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, list) in self.lists.iter().enumerate() {
            if index > 0 {
                formatter.write_str("; and ")?;
            }
            for (index, window) in list.iter().enumerate() {
                let comma = if index > 0 { ", " } else { "" };
                write!(formatter, "{comma}{window}")?;
            }
        }
        Ok(())
    }
}

impl fmt::Display for Window {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self.kind {
            Permission::Allow => "allow",
            Permission::Deny => "deny",
        };
        let (expression, zone) = (self.schedule.expression(), self.schedule.zone());
        let duration = self.duration;
        write!(formatter, "{kind} {expression} ({zone}) for {duration:#}")
    }
}

impl fmt::Display for Closed {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Denied { schedule } => write!(
                formatter,
                "the deny window `{}` ({}) is open",
                schedule.expression(),
                schedule.zone()
            ),
            Self::NotAllowed => formatter.write_str("no allow window is open"),
        }
    }
}
