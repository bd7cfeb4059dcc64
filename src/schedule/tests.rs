//! Schedules against a clock that is read minute by minute, and the days that people ask about.

mod agenda;
mod brute_force;
mod cron;
mod expression;
mod window;

use super::{Cron, Zone};
use jiff::Timestamp;

fn cron(expression: &str, zone: &str) -> Cron {
    Cron::parse(expression, &Zone::parse(zone).unwrap()).unwrap()
}

fn time(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// The next moments, each by the clock of the schedule's zone.
fn next(schedule: &Cron, from: &str, count: usize) -> Vec<String> {
    let moments = std::iter::successors(Some(time(from)), |from| schedule.after(*from));
    moments
        .skip(1)
        .take(count)
        .map(|moment| {
            let local = moment.to_zoned(schedule.zone().rules().clone());
            local.strftime("%d %H:%M %:z").to_string()
        })
        .collect()
}
