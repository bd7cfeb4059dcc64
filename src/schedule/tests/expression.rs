use super::{cron, next};
use crate::schedule::{Cron, Zone};

fn refused(expression: &str) -> String {
    Cron::parse(expression, &Zone::utc()).unwrap_err().wrong
}

#[test]
fn the_field_that_is_wrong_is_named_with_what_it_may_be() {
    for (expression, wrong) in [
        ("60 * * * *", "\"60\" is not a minute"),
        ("0 24 * * *", "\"24\" is not an hour"),
        ("0 0 0 * *", "\"0\" is not a day of the month"),
        ("0 0 * 13 *", "\"13\" is not a month"),
        ("0 0 * * 8", "\"8\" is not a day of the week"),
        ("0 0 * * MONDAY", "\"MONDAY\" is not a day of the week"),
        // What croner would take for something else.
        ("0 JAN * * *", "\"JAN\" is not an hour"),
        ("0,, 0 * * *", "\"0,,\" is not a minute"),
        ("0 0 * * MON,", "\"MON,\" is not a day of the week"),
        // What is not in every crontab.
        ("0 0 L * *", "\"L\" is not a day of the month"),
        ("0 0 ? * MON", "\"?\" is not a day of the month"),
        ("0 0 * * FRI#2", "\"FRI#2\" is not a day of the week"),
        ("0 0 13 * +FRI", "\"+FRI\" is not a day of the week"),
        ("H 2 * * *", "\"H\" is not a minute"),
        ("*/0 * * * *", "\"*/0\" is not a minute"),
        ("*/60 * * * *", "\"*/60\" is not a minute"),
        ("5/10 * * * *", "\"5/10\" is not a minute"),
        ("0 22-2 * * *", "\"22-2\" is not an hour"),
        ("1-5-7 * * * *", "\"1-5-7\" is not a minute"),
        ("-5 * * * *", "\"-5\" is not a minute"),
        ("007 * * * *", "\"007\" is not a minute"),
    ] {
        assert_eq!(refused(expression), wrong, "{expression}");
    }
}

#[test]
fn the_number_of_fields_is_counted() {
    assert_eq!(refused(""), "a schedule must not be empty");
    assert_eq!(refused("4h"), "\"4h\" has 1 field");
    assert_eq!(refused("0 0 * *"), "\"0 0 * *\" has 4 fields");
    assert_eq!(
        refused("0 30 2 * * *"),
        "\"0 30 2 * * *\" has 6 fields, and there are no seconds in a crontab"
    );
    assert_eq!(refused("@every 1h"), "\"@every 1h\" is not a schedule");
    assert_eq!(refused("@reboot"), "\"@reboot\" is not a schedule");
}

#[test]
fn a_day_that_never_comes_is_refused_and_a_rare_one_is_not() {
    for never in ["0 0 30 2 *", "0 0 31 4,6,9,11 *"] {
        assert_eq!(
            refused(never),
            format!("{never:?} never comes: no such month has such a day")
        );
    }
    let leap = cron("0 0 29 2 *", "UTC");
    assert_eq!(next(&leap, "2096-03-01T00:00:00Z", 1), ["29 00:00 +00:00"]);
    assert!(Cron::parse("0 0 30 2 MON", &Zone::utc()).is_ok());
}

#[test]
fn words_short_forms_and_both_sundays_mean_what_crontab_says() {
    for (left, right) in [
        ("0 0 * * 0", "0 0 * * 7"),
        ("0 0 * * sun", "0 0 * * 7"),
        ("0 0 * * FRI-SUN", "0 0 * * 5-7"),
        ("0 0 * * 5-7", "0 0 * * 0,5,6"),
        ("0 0 * jan-mar Mon", "0 0 * 1-3 1"),
        ("0  0\t* * *", "@daily"),
        ("@weekly", "0 0 * * 0"),
        ("@hourly", "0 * * * *"),
        ("@monthly", "0 0 1 * *"),
        ("@yearly", "@annually"),
        ("10-30/10 0 * * *", "10,20,30 0 * * *"),
    ] {
        let days = |text| next(&cron(text, "UTC"), "2026-01-01T12:00:00Z", 40);
        assert_eq!(days(left), days(right), "{left} | {right}");
    }
}

#[test]
fn a_day_matches_either_of_two_restrictions() {
    assert_eq!(
        next(&cron("0 0 13 * FRI", "UTC"), "2026-04-01T00:00:00Z", 4),
        [
            "03 00:00 +00:00",
            "10 00:00 +00:00",
            "13 00:00 +00:00",
            "17 00:00 +00:00"
        ]
    );
    // Every second day is no restriction to crontab: of these, the Mondays.
    assert_eq!(
        next(&cron("0 0 */2 * MON", "UTC"), "2026-04-01T00:00:00Z", 3),
        ["13 00:00 +00:00", "27 00:00 +00:00", "11 00:00 +00:00"]
    );
}

#[test]
fn a_zone_that_is_nearly_right_is_guessed() {
    let hint = |name| Zone::parse(name).unwrap_err().hint;
    assert_eq!(hint("Europe/Berln"), "did you mean `Europe/Berlin`?");
    assert_eq!(hint("Berlin"), "did you mean `Europe/Berlin`?");
    assert_eq!(hint("US/NewYork"), "did you mean `America/New_York`?");
    assert_eq!(
        hint("+02:00"),
        "write an IANA name, such as Europe/Berlin, or UTC"
    );
    assert_eq!(
        hint(""),
        "write an IANA name, such as Europe/Berlin, or UTC"
    );
    assert_eq!(
        Zone::parse("europe/berlin").unwrap().name(),
        "Europe/Berlin"
    );
    assert_eq!(Zone::parse("UTC").unwrap(), Zone::utc());
}
