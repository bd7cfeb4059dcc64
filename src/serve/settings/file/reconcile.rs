//! How often everything is looked at, and whether anything is written.

use super::field;
use crate::diagnostics::{Diagnostic, Diagnostics};
use crate::serve::settings::{Reconcile, Requests};
use crate::yaml::{Fields, Node};
use std::time::Duration;

const SECOND: Duration = Duration::from_secs(1);
const DAY: Duration = Duration::from_secs(24 * 3600);
const MOST_REQUESTS: u64 = 1000;

pub(super) fn read(node: &Node, reconcile: &mut Reconcile, problems: &mut Diagnostics) {
    let Some(mut fields) = Fields::of(node, "reconcile", problems) else {
        return;
    };
    if let Some(mode) = fields.optional("mode") {
        let words = [("apply", true), ("report", false)];
        let apply = field::one_of(mode, "mode", &words, problems);
        reconcile.apply = apply.unwrap_or(reconcile.apply);
    }
    let mut duration = |key, range, now: &mut Duration| {
        *now = field::duration(&mut fields, key, range, problems).unwrap_or(*now);
    };
    duration("interval", 5 * SECOND..=DAY, &mut reconcile.interval);
    duration("full", 60 * SECOND..=30 * DAY, &mut reconcile.full);
    duration("deadline", SECOND..=3600 * SECOND, &mut reconcile.deadline);
    for node in fields.list("clusters", problems) {
        let name = node.text("a name of `clusters`", problems);
        reconcile.clusters.extend(name.map(str::to_owned));
    }
    if let Some(node) = fields.optional("requests") {
        requests(node, &mut reconcile.requests, problems);
    }
    fields.finish(problems);
}

fn requests(node: &Node, requests: &mut Requests, problems: &mut Diagnostics) {
    let Some(mut fields) = Fields::of(node, "requests", problems) else {
        return;
    };
    let mut number = |key, now: &mut usize| {
        let place = fields.place_of(key);
        match fields.number(key, problems) {
            Some(number @ 1..=MOST_REQUESTS) => *now = usize::try_from(number).unwrap_or(*now),
            Some(number) => {
                let wrong = format!("`{key}` cannot be {number}");
                let hint = format!("it is between 1 and {MOST_REQUESTS}");
                problems.push(Diagnostic::error(&place, wrong).hint(hint));
            }
            None => {}
        }
    };
    number("all", &mut requests.all);
    number("perVault", &mut requests.per_vault);
    number("perCluster", &mut requests.per_cluster);
    fields.finish(problems);
}
