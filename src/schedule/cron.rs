//! A crontab's schedule in a time zone.

use super::{ScheduleError, Zone, expression};
use jiff::civil::DateTime;
use jiff::tz::AmbiguousOffset;
use jiff::{SignedDuration, Timestamp};
use std::fmt;
use std::sync::Arc;

/// When something is due: five fields of a crontab, in a time zone.
///
/// On the days when clocks are changed:
/// - A schedule that names hours is due once for each time that it names. What the clock skips is due at the moment when
///   it has skipped it; what the clock shows twice is due the first time.
/// - A schedule of every hour (`*` as the hour) goes by the time that passes: it is due whenever the clock shows its minute,
///   also the second time, and what the clock skips is not due. `*/15 * * * *` is due every 15 minutes on every day.
///
/// Times that the clock skips together, as `*/15 2 * * *` has four, are due together, once.
#[derive(Clone)]
pub struct Cron {
    expression: Arc<str>,
    times: Arc<croner::Cron>,
    zone: Zone,
    is_of_every_hour: bool,
}

/// Moments that went by while nobody looked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Missed {
    pub latest: Timestamp,
    /// How many there were; [`MOST_COUNTED`] stands for that many or more.
    pub count: usize,
}

pub const MOST_COUNTED: usize = 100;

impl Cron {
    pub fn parse(expression: &str, zone: &Zone) -> Result<Self, ScheduleError> {
        let times = expression::parse(expression)?;
        let is_of_every_hour = (0..24).all(|hour| times.pattern.hour_match(hour).unwrap_or(false));
        Ok(Self {
            expression: expression
                .split_whitespace()
                .collect::<Vec<_>>()
                .join(" ")
                .into(),
            times: Arc::new(times),
            zone: zone.clone(),
            is_of_every_hour,
        })
    }

    pub fn expression(&self) -> &str {
        &self.expression
    }

    pub fn zone(&self) -> &Zone {
        &self.zone
    }

    /// The first moment after this one; `None` only where the calendar ends.
    pub fn after(&self, moment: Timestamp) -> Option<Timestamp> {
        if self.is_of_every_hour {
            self.shown_after(moment)
        } else {
            self.reached_after(moment)
        }
    }

    /// What was due after `last` and up to `now`: to be caught up with once, however many there were.
    pub fn missed(&self, last: Timestamp, now: Timestamp) -> Option<Missed> {
        let due = |from| self.after(from).filter(|due| *due <= now);
        let first = due(last)?;
        let count = std::iter::successors(Some(first), |from| due(*from))
            .take(MOST_COUNTED)
            .count();
        let latest = self.latest(last, now)?;
        Some(Missed { latest, count })
    }

    /// The last moment after `last` and up to `now`.
    pub(super) fn latest(&self, last: Timestamp, now: Timestamp) -> Option<Timestamp> {
        let due = |from| self.after(from).filter(|due| *due <= now);
        // From near the end, since there may be years between.
        let minute = SignedDuration::from_mins(1);
        let back = std::iter::successors(Some(minute), |back| back.checked_mul(2));
        let near = back
            .map_while(|back| now.checked_sub(back).ok())
            .take_while(|from| *from > last)
            .find_map(due);
        std::iter::successors(near.or_else(|| due(last)), |from| due(*from)).last()
    }

    /// When the clock first shows a time of this schedule, or first a later one.
    fn reached_after(&self, moment: Timestamp) -> Option<Timestamp> {
        let mut local = self.zone.rules().to_datetime(moment);
        loop {
            local = expression::next(&self.times, local, false)?;
            // In an hour that the clock shows again, its times were due the first time.
            let reached = self.reached(local)?;
            if reached > moment {
                return Some(reached);
            }
        }
    }

    fn reached(&self, local: DateTime) -> Option<Timestamp> {
        let rules = self.zone.rules();
        match rules.to_ambiguous_timestamp(local).offset() {
            AmbiguousOffset::Unambiguous { offset } => offset.to_timestamp(local).ok(),
            AmbiguousOffset::Fold { before, .. } => before.to_timestamp(local).ok(),
            AmbiguousOffset::Gap { after, .. } => {
                // By the clock as it will be, a skipped time lies before the skip.
                let before = after.to_timestamp(local).ok()?;
                let changes = rules.following(before);
                let mut skips = changes.filter(|change| change.offset() == after);
                skips.next().map(|change| change.timestamp())
            }
        }
    }

    /// When the clock next shows a time of this schedule.
    fn shown_after(&self, moment: Timestamp) -> Option<Timestamp> {
        let rules = self.zone.rules();
        let mut from = moment;
        let mut inclusive = false;
        loop {
            let offset = rules.to_offset(from);
            let change = rules
                .following(from)
                .next()
                .map(|change| change.timestamp());
            let local = expression::next(&self.times, offset.to_datetime(from), inclusive)?;
            let shown = offset.to_timestamp(local).ok()?;
            match change {
                Some(change) if shown >= change => (from, inclusive) = (change, true),
                Some(_) | None => return Some(shown),
            }
        }
    }
}

impl PartialEq for Cron {
    fn eq(&self, other: &Self) -> bool {
        (&self.expression, &self.zone) == (&other.expression, &other.zone)
    }
}

impl Eq for Cron {}

impl fmt::Debug for Cron {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Cron({self})")
    }
}

impl fmt::Display for Cron {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {}", self.expression, self.zone)
    }
}
