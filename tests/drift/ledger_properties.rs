//! What holds for any history of looks.

use crate::made::{Memory, at, cluster, edited, target, unread, written};
use keyfleet::drift::{Ledger, Report, State};
use keyfleet::plan::Kind;
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

const SCOPES: [&str; 3] = ["north", "south", "west"];
const NAMES: [&str; 3] = ["shop/a", "shop/b", "shop/c"];

/// What a look at one scope comes to.
#[derive(Debug, Clone)]
struct Seen {
    edited: BTreeSet<usize>,
    unread: BTreeSet<usize>,
    put_back: BTreeSet<usize>,
}

fn seen() -> impl Strategy<Value = Seen> {
    let some = || proptest::collection::btree_set(0..NAMES.len(), 0..=NAMES.len());
    (some(), some(), some()).prop_map(|(edited, unread, put_back)| Seen {
        unread: unread.difference(&edited).copied().collect(),
        put_back: put_back.difference(&edited).copied().collect(),
        edited,
    })
}

/// Rounds in which every scope is looked at once; after some of them a report is told.
fn history() -> impl Strategy<Value = Vec<(BTreeMap<&'static str, Seen>, bool)>> {
    let round = proptest::array::uniform3(seen())
        .prop_map(|looks| SCOPES.into_iter().zip(looks).collect::<BTreeMap<_, _>>());
    proptest::collection::vec((round, any::<bool>()), 1..8)
}

fn look(memory: &mut Memory, scope: &str, minute: i64, seen: &Seen) {
    let scope = cluster(scope);
    let edit = |index: &usize| edited(&scope, NAMES[*index], "helm", 0);
    let mut found: Vec<_> = seen.edited.iter().map(edit).collect();
    let secret = |index: &usize| unread(target(&scope, Kind::Secret, NAMES[*index]));
    found.extend(seen.unread.iter().map(secret));
    let put_back: Vec<_> = seen
        .put_back
        .iter()
        .map(|index| written(edit(index), minute))
        .collect();
    memory.look_and_write(&scope, minute, &found, &put_back);
}

/// Every report of this history, with the scopes of each round looked at in this order.
fn told(history: &[(BTreeMap<&'static str, Seen>, bool)], order: [usize; 3]) -> Vec<Report> {
    let mut memory = Memory::new();
    let mut reports = Vec::new();
    for (minute, (round, tells)) in (0_i64..).zip(history) {
        for index in order {
            look(&mut memory, SCOPES[index], minute, &round[SCOPES[index]]);
        }
        if *tells {
            reports.push(memory.tell("daily", minute));
        }
        // A process that ends and begins again remembers the same.
        let kept = serde_json::to_string(&memory.ledger).unwrap();
        memory.ledger = serde_json::from_str::<Ledger>(&kept).unwrap();
    }
    reports
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn the_order_of_scopes_makes_no_difference(history in history()) {
        let forwards = told(&history, [0, 1, 2]);
        prop_assert_eq!(&forwards, &told(&history, [2, 0, 1]));
        prop_assert_eq!(&forwards, &told(&history, [1, 2, 0]));
    }

    #[test]
    fn known_stays_known_and_nothing_unread_is_resolved(history in history()) {
        let mut memory = Memory::new();
        let mut stands: BTreeSet<String> = BTreeSet::new();
        for (minute, (round, _)) in (0_i64..).zip(&history) {
            for (scope, seen) in round {
                look(&mut memory, scope, minute, seen);
            }
            let report = memory.tell("daily", minute);
            for told in &report.findings {
                let Some(index) = NAMES.iter().position(|name| *name == told.item.object.name) else { continue };
                let scope = SCOPES.iter().find(|scope| told.scope.to_string().ends_with(*scope)).unwrap();
                let seen = &round[scope];
                let is_edit = told.item.by().is_some();
                let was_put_back = seen.put_back.contains(&index);
                match told.state {
                    State::New => prop_assert!(!stands.contains(&told.key) || was_put_back || !is_edit),
                    State::Known => prop_assert!(stands.contains(&told.key) || !is_edit),
                    State::Resolved => prop_assert!(was_put_back || !seen.unread.contains(&index), "{told:#?}"),
                }
            }
            // What was edited is there, whatever else happened.
            for (scope, seen) in round {
                for index in &seen.edited {
                    let is_it = |told: &&keyfleet::drift::Told| told.item.object.name == NAMES[*index]
                        && told.scope.to_string().ends_with(scope) && told.item.by().is_some();
                    prop_assert!(report.standing().any(|told| is_it(&told)));
                }
            }
            stands = report.standing().map(|told| told.key.clone()).collect();
        }
    }

    #[test]
    fn a_report_is_read_as_it_was_written_and_goes_on_as_a_ledger(history in history()) {
        for report in told(&history, [0, 1, 2]) {
            let text = serde_json::to_string(&report).unwrap();
            let read: Report = serde_json::from_str(&text).unwrap();
            prop_assert_eq!(&read, &report);
            let again = Ledger::from_report(&read).report(keyfleet::drift::About::default(), at(99));
            let keys = |report: &Report| report.standing().map(|told| told.key.clone()).collect::<BTreeSet<_>>();
            prop_assert_eq!(keys(&again), keys(&report));
            prop_assert!(again.standing().all(|told| told.state == State::Known));
        }
    }
}
