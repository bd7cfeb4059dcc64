//! The five fields of a crontab, checked one by one, so that a message names the one that is wrong.
//!
//! What a field means is croner's to say; what croner knows beyond a crontab (seconds, `L`, `W`, `#`, `?`) is refused here, and
//! so is what it would read as something else (`JAN` for an hour, an empty place in a list).

use super::ScheduleError;
use croner::Cron;
use croner::parser::{CronParser, Seconds, Year};
use jiff::civil::{DateTime, date};

struct Field {
    name: &'static str,
    values: &'static str,
    /// How many values there are: a step of that many makes one, and is not what was meant.
    number: u8,
    words: &'static [&'static str],
}

const NO_WORDS: &[&str] = &[];
const MONTHS: &[&str] = &[
    "JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC",
];
const DAYS: &[&str] = &["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];

const FIELDS: [Field; 5] = [
    Field {
        name: "a minute",
        values: "0 to 59",
        number: 60,
        words: NO_WORDS,
    },
    Field {
        name: "an hour",
        values: "0 to 23",
        number: 24,
        words: NO_WORDS,
    },
    Field {
        name: "a day of the month",
        values: "1 to 31",
        number: 31,
        words: NO_WORDS,
    },
    Field {
        name: "a month",
        values: "1 to 12, or JAN to DEC",
        number: 12,
        words: MONTHS,
    },
    Field {
        name: "a day of the week",
        values: "0 to 7 (0 and 7 are Sunday), or SUN to SAT",
        number: 7,
        words: DAYS,
    },
];

const NICKNAMES: [&str; 6] = [
    "@yearly",
    "@annually",
    "@monthly",
    "@weekly",
    "@daily",
    "@hourly",
];

const FIVE_FIELDS: &str = "write five fields, minute, hour, day of the month, month and day of the week: `0 6 * * MON-FRI` is 6:00 on working days";

/// Reads a crontab's expression.
pub(super) fn parse(text: &str) -> Result<Cron, ScheduleError> {
    if text.trim_start().starts_with('@') {
        if !NICKNAMES.contains(&text.trim()) {
            let known = NICKNAMES.join(", ");
            return Err(error(
                format!("{text:?} is not a schedule"),
                format!("the short forms are {known}"),
            ));
        }
    } else {
        check_fields(text)?;
    }
    let cron = crontab(text).ok_or_else(|| {
        error(
            format!("{text:?} is not a schedule"),
            FIVE_FIELDS.to_owned(),
        )
    })?;
    if next(&cron, date(2000, 1, 1).at(0, 0, 0, 0), true).is_none() {
        return Err(error(
            format!("{text:?} never comes: no such month has such a day"),
            "name a day that the month has".to_owned(),
        ));
    }
    Ok(cron)
}

/// The next local time that matches, whatever the zone makes of it.
pub(super) fn next(cron: &Cron, after: DateTime, inclusive: bool) -> Option<DateTime> {
    cron.find_next_occurrence(&after, inclusive).ok()
}

fn check_fields(text: &str) -> Result<(), ScheduleError> {
    let parts: Vec<&str> = text.split_whitespace().collect();
    if parts.len() != FIELDS.len() {
        let wrong = match parts.len() {
            0 => "a schedule must not be empty".to_owned(),
            1 => format!("{text:?} has 1 field"),
            6 => format!("{text:?} has 6 fields, and there are no seconds in a crontab"),
            number => format!("{text:?} has {number} fields"),
        };
        return Err(error(wrong, FIVE_FIELDS.to_owned()));
    }
    for (position, (field, part)) in FIELDS.iter().zip(parts).enumerate() {
        if !field.accepts(part, position) {
            let Field { name, values, .. } = field;
            return Err(error(
                format!("{part:?} is not {name}"),
                format!(
                    "write {values}: `*`, one value, a range `1-5`, with a step `*/2` or `1-5/2`, or a list of these `1,3-5`"
                ),
            ));
        }
    }
    Ok(())
}

impl Field {
    fn accepts(&self, part: &str, position: usize) -> bool {
        let mut alone = ["*"; 5];
        alone[position] = part;
        part.split(',').all(|item| self.is_item(item)) && crontab(&alone.join(" ")).is_some()
    }

    /// `*`, a value or a range, with or without a step. Whether the numbers are in bounds, croner says.
    fn is_item(&self, item: &str) -> bool {
        let (range, step) = match item.split_once('/') {
            Some((range, step)) => (range, Some(step)),
            None => (item, None),
        };
        let is_value = |value: &str| {
            is_number(value)
                || self
                    .words
                    .iter()
                    .any(|word| word.eq_ignore_ascii_case(value))
        };
        let is_range = range == "*" || range.split('-').all(is_value);
        let is_step = |step: &str| step.parse().is_ok_and(|step: u8| step < self.number);
        is_range && step.is_none_or(|step| is_number(step) && is_step(step))
    }
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.len() <= 2 && text.chars().all(|letter| letter.is_ascii_digit())
}

fn crontab(text: &str) -> Option<Cron> {
    let begins_with_star = |position: usize| {
        let field = text.split_whitespace().nth(position);
        field.is_some_and(|field| field.starts_with('*'))
    };
    let parser = CronParser::builder()
        .seconds(Seconds::Disallowed)
        .year(Year::Disallowed)
        // Of two restricted days either is enough, and `*/2` is no restriction to crontab: then it is both.
        .dom_and_dow(begins_with_star(2) || begins_with_star(4))
        .build();
    parser.parse(text).ok()
}

fn error(wrong: String, hint: String) -> ScheduleError {
    ScheduleError { wrong, hint }
}
