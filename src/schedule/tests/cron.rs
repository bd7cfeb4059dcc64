use super::{cron, next, time};
use crate::schedule::{MOST_COUNTED, Missed};

#[test]
fn a_time_that_the_clock_skips_is_due_when_it_has_skipped_it() {
    let half_past_two = cron("30 2 * * *", "Europe/Berlin");
    assert_eq!(
        next(&half_past_two, "2026-03-27T12:00:00Z", 3),
        ["28 02:30 +01:00", "29 03:00 +02:00", "30 02:30 +02:00"]
    );
    // Four times that are skipped together, and the one at the end of the skip.
    assert_eq!(
        next(
            &cron("*/15 2,3 * * *", "Europe/Berlin"),
            "2026-03-28T12:00:00Z",
            3
        ),
        ["29 03:00 +02:00", "29 03:15 +02:00", "29 03:30 +02:00"]
    );
    // By half an hour, and at midnight.
    assert_eq!(
        next(
            &cron("15 2 * * *", "Australia/Lord_Howe"),
            "2026-10-02T20:00:00Z",
            3
        ),
        ["04 02:30 +11:00", "05 02:15 +11:00", "06 02:15 +11:00"]
    );
    assert_eq!(
        next(
            &cron("@daily", "America/Sao_Paulo"),
            "2017-10-14T12:00:00Z",
            2
        ),
        ["15 01:00 -02:00", "16 00:00 -02:00"]
    );
    // A whole day that was no day there.
    assert_eq!(
        next(
            &cron("0 6 * * *", "Pacific/Apia"),
            "2011-12-29T17:00:00Z",
            2
        ),
        ["31 00:00 +14:00", "31 06:00 +14:00"]
    );
}

#[test]
fn a_time_that_the_clock_shows_twice_is_due_the_first_time() {
    assert_eq!(
        next(
            &cron("30 2 * * *", "Europe/Berlin"),
            "2026-10-24T12:00:00Z",
            2
        ),
        ["25 02:30 +02:00", "26 02:30 +01:00"]
    );
    assert_eq!(
        next(
            &cron("45 1 * * *", "Australia/Lord_Howe"),
            "2026-04-04T12:00:00Z",
            2
        ),
        ["05 01:45 +11:00", "06 01:45 +10:30"]
    );
    // Asked within the hour that comes again.
    assert_eq!(
        next(
            &cron("30 2 * * *", "Europe/Berlin"),
            "2026-10-25T01:10:00Z",
            1
        ),
        ["26 02:30 +01:00"]
    );
}

#[test]
fn a_schedule_of_every_hour_goes_by_the_time_that_passes() {
    let quarters = cron("*/15 * * * *", "Europe/Berlin");
    for start in ["2026-10-24T22:00:00Z", "2026-03-28T22:00:00Z"] {
        let mut moment = time(start);
        for _ in 0..40 {
            let next = quarters.after(moment).unwrap();
            assert_eq!(next.duration_since(moment).as_mins(), 15, "{moment}");
            moment = next;
        }
    }
    assert_eq!(
        next(
            &cron("30 * * * *", "Europe/Berlin"),
            "2026-10-24T23:40:00Z",
            3
        ),
        ["25 02:30 +02:00", "25 02:30 +01:00", "25 03:30 +01:00"]
    );
    assert_eq!(
        next(
            &cron("30 * * * *", "Europe/Berlin"),
            "2026-03-29T00:00:00Z",
            2
        ),
        ["29 01:30 +01:00", "29 03:30 +02:00"]
    );
    // Every second hour names its hours.
    assert_eq!(
        next(
            &cron("0 */2 * * *", "Europe/Berlin"),
            "2026-10-24T22:30:00Z",
            2
        ),
        ["25 02:00 +02:00", "25 04:00 +01:00"]
    );
}

#[test]
fn what_was_missed_is_counted_and_the_latest_is_known() {
    let nightly = cron("0 6 * * *", "Europe/Berlin");
    let (last, now) = (time("2026-10-20T04:00:00Z"), time("2026-10-27T04:59:59Z"));
    assert_eq!(
        nightly.missed(last, now),
        Some(Missed {
            latest: time("2026-10-26T05:00:00Z"),
            count: 6
        })
    );
    assert_eq!(nightly.missed(last, time("2026-10-21T03:59:59Z")), None);
    assert_eq!(nightly.missed(now, last), None, "a clock that was put back");
    // The moment itself counts, once.
    let due = time("2026-10-21T04:00:00Z");
    assert_eq!(
        nightly.missed(last, due),
        Some(Missed {
            latest: due,
            count: 1
        })
    );
    assert_eq!(nightly.missed(due, due), None);
}

#[test]
fn years_without_a_look_are_caught_up_with_at_once() {
    let every_minute = cron("* * * * *", "Europe/Berlin");
    let now = time("2026-11-01T00:00:30Z");
    let missed = every_minute
        .missed(time("1990-01-01T00:00:00Z"), now)
        .unwrap();
    assert_eq!(missed.latest, time("2026-11-01T00:00:00Z"));
    assert_eq!(missed.count, MOST_COUNTED);
}
