//! An oracle that knows nothing of transitions: it looks at the clock on the wall each minute.

use crate::schedule::{Cron, MOST_COUNTED, Zone};
use jiff::civil::{DateTime, date};
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use std::collections::BTreeSet;
use std::sync::LazyLock;

/// A zone, and what its clock shows in every minute of a year.
pub(super) struct Wall {
    pub(super) zone: Zone,
    pub(super) minutes: Vec<Minute>,
    /// Where the clock does not go on by one minute, with the times that it skips there.
    jumps: Vec<(usize, Vec<Shown>)>,
}

pub(super) struct Minute {
    pub(super) at: Timestamp,
    shown: Shown,
    /// Whether the clock never showed this before.
    is_first: bool,
}

/// What a clock with a calendar shows.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
struct Shown {
    local: DateTime,
    /// Minute, hour, day, month, day of the week.
    parts: [u8; 5],
}

impl Shown {
    fn at(local: DateTime) -> Self {
        let weekday = local.weekday().to_sunday_zero_offset();
        let parts = [
            local.minute(),
            local.hour(),
            local.day(),
            local.month(),
            weekday,
        ];
        Self {
            local,
            parts: parts.map(|part| u8::try_from(part).unwrap()),
        }
    }

    fn next(self) -> Self {
        Self::at(self.local + SignedDuration::from_mins(1))
    }
}

/// Years in which clocks were changed: by an hour, by half an hour, at midnight, around Ramadan, by a
/// quarter of an hour, and by a whole day.
pub(super) static WALLS: LazyLock<Vec<Wall>> = LazyLock::new(|| {
    [
        ("Europe/Berlin", 2026),
        ("America/New_York", 2027),
        ("Australia/Lord_Howe", 2028),
        ("America/Sao_Paulo", 2017),
        ("Africa/Casablanca", 2026),
        ("Asia/Kathmandu", 1986),
        ("Pacific/Apia", 2011),
    ]
    .into_iter()
    .map(|(zone, year)| Wall::of(zone, year))
    .collect()
});

impl Wall {
    fn of(zone: &str, year: i16) -> Self {
        let zone = Zone::parse(zone).unwrap();
        // From the year before: Kathmandu changed its clock at its start.
        let start = date(year - 1, 12, 20).at(0, 0, 0, 0);
        let start = zone.rules().to_timestamp(start).unwrap();
        let mut wall = Self {
            zone,
            minutes: Vec::new(),
            jumps: Vec::new(),
        };
        let mut expected = Shown::at(wall.zone.rules().to_datetime(start));
        let mut reached = None;
        for minute in 0..380 * 24 * 60 {
            let at = start + SignedDuration::from_mins(minute);
            let shown = Shown::at(wall.zone.rules().to_datetime(at));
            if shown != expected {
                let skipped = std::iter::successors(Some(expected), |time| Some(time.next()));
                let skipped = skipped.take_while(|time| *time < shown);
                wall.jumps.push((wall.minutes.len(), skipped.collect()));
            }
            let is_first = Some(shown) > reached;
            if is_first {
                reached = Some(shown);
            }
            wall.minutes.push(Minute {
                at,
                shown,
                is_first,
            });
            expected = shown.next();
        }
        wall
    }

    /// Every moment at which the fields are due.
    pub(super) fn due(&self, fields: &Fields) -> Vec<Timestamp> {
        let is_of_every_hour = fields.sets[1].len() == 24;
        let masks = fields.masks();
        let is_due = |time: &Shown| fields.match_time(&masks, *time);
        let minutes = self.minutes.iter();
        let seen = minutes.filter(|minute| is_of_every_hour || minute.is_first);
        let seen = seen.filter(|minute| is_due(&minute.shown));
        let mut due: BTreeSet<Timestamp> = seen.map(|minute| minute.at).collect();
        if !is_of_every_hour {
            let jumps = self.jumps.iter();
            let skipped = jumps.filter(|(_, skipped)| skipped.iter().any(is_due));
            due.extend(skipped.map(|(index, _)| self.minutes[*index].at));
        }
        due.into_iter().collect()
    }
}

/// Five fields, as text and as what they mean.
#[derive(Debug, Clone)]
pub(super) struct Fields {
    sets: [BTreeSet<i8>; 5],
    pub(super) texts: [String; 5],
}

impl Fields {
    fn masks(&self) -> [u64; 5] {
        let mask = |set: &BTreeSet<i8>| set.iter().fold(0, |mask, value| mask | 1 << value);
        self.sets.each_ref().map(mask)
    }

    fn match_time(&self, masks: &[u64; 5], shown: Shown) -> bool {
        let [minute, hour, day, month, weekday] =
            std::array::from_fn(|field| masks[field] >> shown.parts[field] & 1 == 1);
        let is_star = |field: usize| self.texts[field].starts_with('*');
        let on_day = if is_star(2) || is_star(4) {
            day && weekday
        } else {
            day || weekday
        };
        minute && hour && month && on_day
    }
}

fn field(least: i8, most: i8) -> impl Strategy<Value = (BTreeSet<i8>, String)> {
    let all = move || (least..=most).collect::<BTreeSet<_>>();
    prop_oneof![
        3 => Just((all(), "*".to_owned())),
        1 => (1..(most - least + 1).min(12)).prop_map(move |step| {
            let stepped = (least..=most).step_by(usize::try_from(step).unwrap());
            (stepped.collect(), format!("*/{step}"))
        }),
        1 => (least..=most, least..=most).prop_map(|(one, other)| {
            let (from, to) = (one.min(other), one.max(other));
            ((from..=to).collect(), format!("{from}-{to}"))
        }),
        3 => prop::collection::btree_set(least..=most, 1..4).prop_map(|set| {
            let texts: Vec<_> = set.iter().map(ToString::to_string).collect();
            (set, texts.join(","))
        }),
    ]
}

/// Often in the hours in which clocks are changed.
fn hours() -> impl Strategy<Value = (BTreeSet<i8>, String)> {
    let near = prop::collection::btree_set(0_i8..4, 1..3).prop_map(|set| {
        let texts: Vec<_> = set.iter().map(ToString::to_string).collect();
        (set, texts.join(","))
    });
    prop_oneof![field(0, 23), near]
}

pub(super) fn fields() -> impl Strategy<Value = Fields> {
    let all = (
        field(0, 59),
        hours(),
        field(1, 31),
        field(1, 12),
        field(0, 6),
    );
    all.prop_map(|(minute, hour, day, month, weekday)| {
        let (minutes, minute) = minute;
        let (hours, hour) = hour;
        let (days, day) = day;
        let (months, month) = month;
        let (weekdays, weekday) = weekday;
        Fields {
            sets: [minutes, hours, days, months, weekdays],
            texts: [minute, hour, day, month, weekday],
        }
    })
}

fn after(due: &[Timestamp], moment: Timestamp) -> Option<Timestamp> {
    due.get(due.partition_point(|due| *due <= moment)).copied()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn a_schedule_is_due_when_a_clock_that_is_watched_says_so(
        fields in fields(), at in prop::collection::vec(any::<prop::sample::Index>(), 12), seconds in 0_i64..60,
    ) {
        for wall in WALLS.iter() {
            let Ok(cron) = Cron::parse(&fields.texts.join(" "), &wall.zone) else {
                let never = wall.due(&fields).is_empty();
                prop_assert!(never, "{fields:?} was refused");
                continue;
            };
            let due = wall.due(&fields);
            // Around every change of the clock, and anywhere.
            let around = wall.jumps.iter().flat_map(|(jump, _)| (jump - 130..jump + 130).step_by(7));
            let anywhere = at.iter().map(|at| at.index(wall.minutes.len()));
            for index in around.chain(anywhere) {
                let moment = wall.minutes[index].at + SignedDuration::from_secs(seconds);
                let found = cron.after(moment);
                match after(&due, moment) {
                    Some(expected) => prop_assert_eq!(found, Some(expected), "{} after {}", cron, moment),
                    None => prop_assert!(found > wall.minutes.last().map(|last| last.at), "{} after {}", cron, moment),
                }
            }
        }
    }

    #[test]
    fn what_was_missed_is_what_lies_between(
        fields in fields(), spans in prop::collection::vec(any::<[prop::sample::Index; 2]>(), 4),
    ) {
        for wall in WALLS.iter() {
            let Ok(cron) = Cron::parse(&fields.texts.join(" "), &wall.zone) else { continue };
            let due = wall.due(&fields);
            for span in &spans {
                let [one, other] = span.map(|at| wall.minutes[at.index(wall.minutes.len())].at);
                let (last, now) = (one.min(other), one.max(other));
                let between: Vec<_> = due.iter().filter(|due| last < **due && **due <= now).collect();
                let missed = cron.missed(last, now);
                prop_assert_eq!(missed.map(|missed| missed.latest), between.last().map(|last| **last));
                prop_assert_eq!(missed.map_or(0, |missed| missed.count), between.len().min(MOST_COUNTED));
            }
        }
    }
}
