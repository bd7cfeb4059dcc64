use super::{cron, time};
use crate::schedule::{Closed, Gate, Permission, Window, Windows};
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;

fn window(kind: Permission, schedule: &str, hours: i64) -> Window {
    Window {
        kind,
        schedule: cron(schedule, "Europe/Berlin"),
        duration: SignedDuration::from_hours(hours),
    }
}

fn allow(schedule: &str, hours: i64) -> Window {
    window(Permission::Allow, schedule, hours)
}

fn deny(schedule: &str, hours: i64) -> Window {
    window(Permission::Deny, schedule, hours)
}

fn opens(windows: &Windows, now: &str) -> Option<Timestamp> {
    match windows.at(time(now)) {
        Gate::Open => Some(time(now)),
        Gate::Closed { until, .. } => until,
    }
}

#[test]
fn without_windows_it_is_always_open() {
    assert_eq!(
        Windows::default().at(time("2026-01-01T00:00:00Z")),
        Gate::Open
    );
    assert!(Windows::of(Vec::new()).is_empty());
}

#[test]
fn an_allow_window_closes_the_rest_of_the_day_and_its_end_is_outside() {
    let windows = Windows::of(vec![allow("0 22 * * *", 4)]);
    assert_eq!(windows.at(time("2026-11-01T21:00:00Z")), Gate::Open);
    assert_eq!(windows.at(time("2026-11-02T00:59:59Z")), Gate::Open);
    assert_eq!(
        windows.at(time("2026-11-02T01:00:00Z")),
        Gate::Closed {
            until: Some(time("2026-11-02T21:00:00Z")),
            why: Closed::NotAllowed
        }
    );
}

#[test]
fn deny_wins_and_says_when_it_ends() {
    let windows = Windows::of(vec![allow("0 0 * * *", 24), deny("0 8 * * MON-FRI", 10)]);
    assert_eq!(
        windows.at(time("2026-11-02T09:00:00Z")),
        Gate::Closed {
            until: Some(time("2026-11-02T17:00:00Z")),
            why: Closed::Denied {
                schedule: cron("0 8 * * MON-FRI", "Europe/Berlin")
            }
        }
    );
    assert_eq!(windows.at(time("2026-11-01T09:00:00Z")), Gate::Open);
}

#[test]
fn one_deny_window_after_another_is_one_that_is_long() {
    let windows = Windows::of(vec![deny("0 8 * * *", 4), deny("0 12,13 * * *", 2)]);
    assert_eq!(
        opens(&windows, "2026-11-02T07:30:00Z"),
        Some(time("2026-11-02T14:00:00Z"))
    );
}

#[test]
fn two_lists_are_open_where_both_are() {
    let nights = Windows::of(vec![allow("0 22 * * *", 8)]);
    let both = nights
        .clone()
        .and(&Windows::of(vec![allow("0 4 * * *", 8)]));
    assert_eq!(nights.at(time("2026-11-02T00:00:00Z")), Gate::Open);
    assert_eq!(
        opens(&both, "2026-11-02T00:00:00Z"),
        Some(time("2026-11-02T03:00:00Z"))
    );
    assert_eq!(both.at(time("2026-11-02T03:00:00Z")), Gate::Open);
    // In one list they would allow each other's hours.
    let one = Windows::of(vec![allow("0 22 * * *", 8), allow("0 4 * * *", 8)]);
    assert_eq!(one.at(time("2026-11-02T00:00:00Z")), Gate::Open);
}

#[test]
fn what_never_opens_says_no_time() {
    for windows in [
        vec![deny("0 * * * *", 2)],
        vec![allow("0 8 * * *", 1), deny("0 7 * * *", 3)],
    ] {
        let gate = Windows::of(windows).at(time("2026-11-02T07:30:00Z"));
        assert!(matches!(gate, Gate::Closed { until: None, .. }), "{gate:?}");
    }
}

#[test]
fn a_window_lasts_as_time_passes_when_clocks_are_changed() {
    let windows = Windows::of(vec![allow("0 1 * * *", 3)]);
    // 01:00 +02:00 and three hours: the clock shows 03:00 then.
    assert_eq!(windows.at(time("2026-10-25T01:59:59Z")), Gate::Open);
    assert_ne!(windows.at(time("2026-10-25T02:00:00Z")), Gate::Open);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// As the rule is told: by every start of every window, and minute by minute until it opens.
    #[test]
    fn the_gate_is_what_the_starts_of_all_windows_make_it(
        kinds in prop::collection::vec((any::<bool>(), 0_usize..24, 1_i64..30), 0..4), offset in 0_i64..20_000,
    ) {
        let windows: Vec<Window> = kinds
            .iter()
            .map(|(allows, hour, hours)| {
                let kind = if *allows { Permission::Allow } else { Permission::Deny };
                window(kind, &format!("30 {hour} * * *"), *hours)
            })
            .collect();
        let is_in = |window: &Window, at: Timestamp| {
            let from = at - SignedDuration::from_hours(60);
            let starts = std::iter::successors(window.schedule.after(from), |start| window.schedule.after(*start));
            starts.take_while(|start| *start <= at).any(|start| at < start + window.duration)
        };
        let is_open = |at: Timestamp| {
            let of = |kind| windows.iter().filter(move |window| window.kind == kind);
            !of(Permission::Deny).any(|window| is_in(window, at))
                && (of(Permission::Allow).next().is_none() || of(Permission::Allow).any(|window| is_in(window, at)))
        };
        // A month with the end of summer time in it.
        let now = time("2026-10-15T00:00:00Z") + SignedDuration::from_mins(offset);
        let minutes = std::iter::successors(Some(now), |at| Some(*at + SignedDuration::from_mins(1)));
        let opening = minutes.take(3 * 24 * 60).find(|at| is_open(*at));
        match Windows::of(windows.clone()).at(now) {
            Gate::Open => prop_assert_eq!(opening, Some(now)),
            Gate::Closed { until, .. } => {
                prop_assert_ne!(opening, Some(now));
                let near = until.filter(|until| *until < now + SignedDuration::from_hours(3 * 24));
                prop_assert_eq!(near, opening);
            }
        }
    }
}
