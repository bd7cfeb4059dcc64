//! A process that is killed, started, slow and asleep over a year: what is owed is done exactly once.

use super::brute_force::{Fields, WALLS, Wall, fields};
use super::time;
use crate::schedule::{Agenda, Cron, MOST_COUNTED, Zone};
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;

/// What happens next.
#[derive(Debug, Clone, Copy)]
enum Event {
    /// It runs for so many minutes; each report takes so many seconds.
    Runs { minutes: i64, slow: i64 },
    /// Nothing runs: killed, or the machine sleeps. Only in the first case is the agenda made anew, from what is on disk.
    Gone { minutes: i64, killed: bool },
}

fn events() -> impl Strategy<Value = Vec<Event>> {
    // From seconds around a due time to months.
    let minutes = prop_oneof![0_i64..90, 60_i64..3_000, 1_000_i64..60_000];
    let slow = prop_oneof![4 => Just(0_i64), 1 => 1_i64..20_000];
    let one = prop_oneof![
        (minutes.clone(), slow).prop_map(|(minutes, slow)| Event::Runs { minutes, slow }),
        (minutes, any::<bool>()).prop_map(|(minutes, killed)| Event::Gone { minutes, killed }),
    ];
    prop::collection::vec(one, 1..60)
}

/// Enough of one life: every minute of a year would be half a million.
const MOST_REPORTS: usize = 300;

/// A report, as it was made.
struct Made {
    /// Up to when everything was done before.
    after: Timestamp,
    at: Timestamp,
    latest: Timestamp,
    count: usize,
    is_late: bool,
}

fn lived(cron: &Cron, wall: &Wall, events: &[Event]) -> (Vec<Made>, Timestamp) {
    let mut now = wall.minutes[0].at;
    let end = wall.minutes[wall.minutes.len() - 1].at;
    // What the ledger keeps.
    let mut kept = now;
    let mut agenda = Agenda::new(cron.clone(), kept);
    let (mut all, mut awake_until) = (Vec::new(), now);
    for event in events {
        match *event {
            Event::Gone { minutes, killed } => {
                now += SignedDuration::from_mins(minutes);
                if killed {
                    agenda = Agenda::new(cron.clone(), kept);
                }
            }
            Event::Runs { minutes, slow } => {
                let until = (now + SignedDuration::from_mins(minutes)).min(end);
                while let Some(next) = agenda.next().filter(|next| *next <= until) {
                    if all.len() == MOST_REPORTS {
                        return (all, kept);
                    }
                    now = now.max(next);
                    let owed = agenda.owed(now).unwrap();
                    all.push(Made {
                        after: kept,
                        at: now,
                        latest: owed.due.latest,
                        count: owed.due.count,
                        is_late: owed.is_late,
                    });
                    agenda.done(&owed, now);
                    kept = now;
                    now += SignedDuration::from_secs(slow);
                }
                now = now.max(until);
                awake_until = awake_until.max(until);
            }
        }
        if now >= end {
            break;
        }
    }
    (all, kept.max(awake_until))
}

/// Everything that was due up to when it last ran is told by one report and no other, which says how many and which was the last.
fn holds(fields: &Fields, wall: &Wall, events: &[Event]) -> Result<(), TestCaseError> {
    let Ok(cron) = Cron::parse(&fields.texts.join(" "), &wall.zone) else {
        return Ok(());
    };
    let due = wall.due(fields);
    let (all, up_to) = lived(&cron, wall, events);
    let number = |moment: Timestamp| due.partition_point(|due| *due <= moment);
    let mut told = 0;
    for made in &all {
        let of_it = &due[number(made.after)..number(made.at)];
        prop_assert_eq!(
            of_it.len().min(MOST_COUNTED),
            made.count,
            "{} at {}",
            &cron,
            made.at
        );
        prop_assert_eq!(of_it.last(), Some(&made.latest), "{} at {}", &cron, made.at);
        let late_by = made.at.duration_since(made.latest);
        let is_late = of_it.len() > 1 || late_by > SignedDuration::from_secs(90);
        prop_assert_eq!(made.is_late, is_late, "{} at {}", &cron, made.at);
        told += of_it.len();
    }
    let owed = number(up_to) - number(wall.minutes[0].at);
    prop_assert_eq!(told, owed, "{} up to {}", &cron, up_to);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn whatever_runs_when_each_time_is_told_by_exactly_one_report(
        fields in fields(), events in events(),
    ) {
        for wall in WALLS.iter() {
            holds(&fields, wall, &events)?;
        }
    }
}

fn daily(done: &str) -> Agenda {
    let zone = Zone::parse("Europe/Berlin").unwrap();
    Agenda::new(Cron::parse("0 9 * * *", &zone).unwrap(), time(done))
}

#[test]
fn a_clock_that_is_corrected_makes_nothing_due_twice() {
    let mut agenda = daily("2026-03-01T00:00:00Z");
    let owed = agenda.owed(time("2026-03-01T08:00:01Z")).unwrap();
    assert!(!owed.is_late);
    agenda.done(&owed, time("2026-03-01T08:00:01Z"));
    let corrected = time("2026-03-01T07:59:58Z");
    assert!(!agenda.was_set_back(corrected));
    assert_eq!(agenda.owed(corrected), None);
    assert_eq!(agenda.owed(time("2026-03-01T08:00:00Z")), None);
    assert_eq!(agenda.next(), Some(time("2026-03-02T08:00:00Z")));
    // Corrected between when it was asked and when it was done.
    let owed = agenda.owed(time("2026-03-02T08:00:00Z")).unwrap();
    agenda.done(&owed, time("2026-03-02T07:59:59Z"));
    assert_eq!(agenda.owed(time("2026-03-02T08:00:00Z")), None);
}

#[test]
fn a_clock_that_was_years_ahead_ends_no_schedule() {
    let mut agenda = daily("2026-03-01T12:00:00Z");
    let ahead = time("2040-01-01T00:00:00Z");
    let owed = agenda.owed(ahead).unwrap();
    assert!(owed.is_late && owed.due.count == MOST_COUNTED);
    agenda.done(&owed, ahead);
    let right = time("2026-03-01T12:01:00Z");
    assert!(agenda.was_set_back(right) && !agenda.was_set_back(right));
    assert_eq!(agenda.owed(right), None);
    assert_eq!(agenda.next(), Some(time("2026-03-02T08:00:00Z")));
}
