//! What is new, known and resolved, since when, and by whom.

use crate::made::*;
use keyfleet::drift::{Class, Ledger, Report, Resolved, State, Told, ToldBy};
use keyfleet::plan::{Cause, Kind, Reason, Scope};
use std::collections::{BTreeMap, BTreeSet};

fn only(report: &Report) -> &Told {
    let [told] = &report.findings[..] else {
        panic!("one finding was expected: {report:#?}");
    };
    told
}

fn states(report: &Report) -> Vec<(State, String)> {
    let all = report.findings.iter();
    all.map(|told| (told.state, told.item.object.name.clone()))
        .collect()
}

#[test]
fn what_is_found_is_new_once_and_then_known_until_it_is_gone() {
    let (mut memory, north) = (Memory::new(), cluster("north"));
    let found = [edited(&north, "shop/app", "kubectl-edit", 3)];
    memory.look(&north, 5, &found);
    let report = memory.tell("daily", 6);
    let told = only(&report);
    assert_eq!((told.state, told.class), (State::New, Class::Drift));
    assert_eq!((told.since.at, told.since.told_by), (at(3), ToldBy::Server));
    assert_eq!(told.item.by(), Some("kubectl-edit"));
    memory.look(&north, 10, &found);
    assert_eq!(only(&memory.tell("daily", 11)).state, State::Known);
    memory.look(&north, 15, &[]);
    let report = memory.tell("daily", 16);
    let resolution = only(&report).resolved.clone().unwrap();
    assert_eq!(
        (resolution.how, resolution.at),
        (Resolved::ByItself, at(15))
    );
    memory.look(&north, 20, &[]);
    assert_eq!(memory.tell("daily", 21).findings, []);
}

/// In a service that applies, drift is put back within the pass that finds it.
#[test]
fn what_was_put_back_between_two_reports_is_told() {
    let (mut memory, north) = (Memory::new(), cluster("north"));
    memory.look(&north, 5, &[]);
    memory.tell("daily", 6);
    let put_back = [written(edited(&north, "shop/app", "kubectl-edit", 12), 14)];
    memory.look_and_write(&north, 13, &[], &put_back);
    let report = memory.tell("daily", 60);
    let told = only(&report);
    assert_eq!((told.state, told.since.at), (State::Resolved, at(12)));
    let resolution = told.resolved.clone().unwrap();
    assert_eq!((resolution.how, resolution.at), (Resolved::Written, at(14)));
}

#[test]
fn a_write_that_failed_puts_nothing_back() {
    let (mut memory, north) = (Memory::new(), cluster("north"));
    let found = edited(&north, "shop/app", "kubectl-edit", 12);
    let mut tried = written(found.clone(), 14);
    tried.failure = Some("refused".to_owned());
    memory.look_and_write(&north, 13, &[found], &[tried]);
    assert_eq!(only(&memory.tell("daily", 15)).state, State::New);
}

#[test]
fn what_is_edited_again_and_again_is_one_line_with_a_number() {
    let (mut memory, north) = (Memory::new(), cluster("north"));
    memory.look(&north, 0, &[]);
    for minute in 1..=20 {
        let put_back = [written(edited(&north, "shop/app", "helm", minute), minute)];
        memory.look_and_write(&north, minute, &[], &put_back);
    }
    let report = memory.tell("daily", 60);
    assert_eq!(
        (
            only(&report).times,
            only(&report).resolved.clone().unwrap().at
        ),
        (20, at(20))
    );
    // And where it stands once more, it is not resolved.
    let put_back = [written(edited(&north, "shop/app", "helm", 61), 61)];
    memory.look_and_write(&north, 61, &[], &put_back);
    memory.look(&north, 62, &[edited(&north, "shop/app", "helm", 62)]);
    let report = memory.tell("daily", 63);
    assert_eq!((only(&report).times, only(&report).state), (2, State::New));
}

#[test]
fn a_second_edit_of_what_still_stands_is_the_same_finding_edited_again() {
    let (mut memory, north) = (Memory::new(), cluster("north"));
    memory.look(&north, 5, &[edited(&north, "shop/app", "kubectl-edit", 3)]);
    memory.tell("daily", 6);
    memory.look(&north, 10, &[edited(&north, "shop/app", "helm", 8)]);
    let report = memory.tell("daily", 11);
    let told = only(&report);
    assert_eq!(told.state, State::Known);
    assert_eq!((told.since.at, told.edited_again), (at(3), Some(at(8))));
    assert_eq!(told.item.by(), Some("helm"));
    memory.look(&north, 15, &[edited(&north, "shop/app", "helm", 8)]);
    assert_eq!(only(&memory.tell("daily", 16)).edited_again, None);
}

#[test]
fn each_schedule_tells_what_is_news_to_it() {
    let (mut memory, north) = (Memory::new(), cluster("north"));
    let found = [edited(&north, "shop/app", "helm", 1)];
    memory.look(&north, 1, &[]);
    memory.tell("weekly", 1);
    memory.look(&north, 2, &found);
    assert_eq!(only(&memory.tell("daily", 3)).state, State::New);
    memory.look(&north, 4, &[]);
    assert_eq!(only(&memory.tell("daily", 5)).state, State::Resolved);
    let weekly = memory.tell("weekly", 6);
    assert_eq!(
        (weekly.since, only(&weekly).state),
        (Some(at(1)), State::Resolved)
    );
    // A preview tells nothing: the next report is the same.
    memory.look(&north, 7, &found);
    let preview = memory.ledger.report(about(Some("daily")), at(8));
    assert_eq!(states(&preview), states(&memory.tell("daily", 8)));
}

/// A report is on its way for a while, and passes go on.
#[test]
fn what_is_found_while_a_report_is_delivered_is_news_of_the_next() {
    let (mut memory, north) = (Memory::new(), cluster("north"));
    memory.look(&north, 1, &[]);
    let report = memory.ledger.report(about(Some("daily")), at(2));
    let mark = memory.ledger.mark(at(2));
    memory.look(&north, 3, &[edited(&north, "shop/app", "helm", 3)]);
    memory.ledger.told("daily", mark);
    assert_eq!(report.findings, []);
    assert_eq!(only(&memory.tell("daily", 4)).state, State::New);
}

#[test]
fn what_could_not_be_read_stands_and_is_said_to_be_unseen() {
    let (mut memory, north) = (Memory::new(), cluster("north"));
    memory.look(&north, 5, &[edited(&north, "shop/app", "helm", 3)]);
    memory.tell("daily", 6);
    memory.look(
        &north,
        10,
        &[unread(target(&north, Kind::Secret, "shop/app"))],
    );
    let report = memory.tell("daily", 11);
    let known = report.of(Class::Drift).next().unwrap();
    assert_eq!(
        (known.state, known.unseen, known.last_seen),
        (State::Known, true, at(5))
    );
    let (scope, missed) = report.missed().next().unwrap();
    assert_eq!((scope.looked_at, missed.since), (Some(at(5)), at(10)));
    assert!(report.is_partial());
}

#[test]
fn what_may_lie_behind_an_unread_object_is_not_resolved() {
    let north = cluster("north");
    let secret = edited(&north, "shop/app", "helm", 3);
    for (hides, what) in [
        (
            target(&north, Kind::Namespace, "kube-system"),
            "the cluster could not be told",
        ),
        (
            target(&vault(), Kind::Role, "north/north-role"),
            "the login",
        ),
        (target(&north, Kind::Secret, "*"), "the list"),
    ] {
        let mut memory = Memory::new();
        memory.look(&north, 5, std::slice::from_ref(&secret));
        memory.look(&north, 10, &[unread(hides)]);
        let report = memory.tell("daily", 11);
        assert!(report.resolved().next().is_none(), "{what}: {report:#?}");
    }
    // Another Secret that could not be read hides nothing of this one.
    let mut memory = Memory::new();
    memory.look(&north, 5, std::slice::from_ref(&secret));
    memory.look(
        &north,
        10,
        &[unread(target(&north, Kind::Secret, "shop/other"))],
    );
    assert_eq!(memory.tell("daily", 11).resolved().count(), 1);
}

#[test]
fn a_pass_that_came_to_nothing_changes_nothing() {
    let (mut memory, north) = (Memory::new(), cluster("north"));
    memory.look(&north, 5, &[edited(&north, "shop/app", "helm", 3)]);
    memory.tell("daily", 6);
    memory
        .ledger
        .not_looked_at(&north, "it did not answer", at(10));
    memory
        .ledger
        .not_looked_at(&north, "the breaker is open", at(15));
    let report = memory.tell("daily", 20);
    assert_eq!(
        (only(&report).state, only(&report).unseen),
        (State::Known, true)
    );
    let (_, missed) = report.missed().next().unwrap();
    assert_eq!(
        (missed.since, &*missed.why),
        (at(10), "the breaker is open")
    );
    // One that nobody ever saw is missed as well.
    memory
        .ledger
        .not_looked_at(&cluster("south"), "it did not answer", at(21));
    assert_eq!(memory.tell("daily", 22).missed().count(), 2);
}

/// A pass that ran out of time wrote what it wrote, and found what it found; of the rest nobody knows.
#[test]
fn a_pass_that_was_cut_short_resolves_what_it_wrote_and_nothing_else() {
    let (mut memory, north) = (Memory::new(), cluster("north"));
    let found = ["shop/a", "shop/b"].map(|name| edited(&north, name, "helm", 3));
    memory.look(&north, 5, &found);
    memory.tell("daily", 6);
    memory.unfinished = Some("it ran out of time");
    memory.look_and_write(&north, 10, &[], &[written(found[0].clone(), 10)]);
    let report = memory.tell("daily", 11);
    assert_eq!(
        states(&report),
        [
            (State::Known, "shop/b".to_owned()),
            (State::Resolved, "shop/a".to_owned())
        ]
    );
    assert_eq!(report.missed().next().unwrap().1.why, "it ran out of time");
}

/// What was made under other declarations, in a pass that did not see everything, is no hand's work when git goes back.
#[test]
fn a_way_there_and_back_in_git_blames_nobody() {
    let (mut memory, north) = (Memory::new(), cluster("north"));
    memory.look(&north, 5, &[]);
    memory.declared = "second";
    memory.look(
        &north,
        10,
        &[unread(target(&north, Kind::Secret, "shop/app"))],
    );
    memory.declared = "first";
    memory.look(&north, 15, &[role(Cause::Unrecorded)]);
    let report = memory.tell("daily", 16);
    assert_eq!(only(&report).class, Class::Unclear, "{report:#?}");
}

/// A config and a role have no room for a record, and what was deleted has none: whoever saw it before knows.
#[test]
fn what_was_as_declared_and_is_not_was_a_hand_where_git_did_not_move() {
    let (mut memory, north) = (Memory::new(), cluster("north"));
    memory.look(&north, 5, &[]);
    memory.look(
        &north,
        10,
        &[missing(&north, "shop/app"), role(Cause::Unrecorded)],
    );
    let report = memory.tell("daily", 11);
    for told in &report.findings {
        assert_eq!(told.class, Class::Drift, "{told:#?}");
        assert_eq!((told.since.at, told.since.after), (at(10), Some(at(5))));
    }
    // What is known to be a hand stays one, whatever git says later of what is beside it.
    memory.declared = "second";
    memory.look(
        &north,
        15,
        &[missing(&north, "shop/app"), role(Cause::Unrecorded)],
    );
    let report = memory.tell("daily", 16);
    assert!(
        report
            .findings
            .iter()
            .all(|told| told.class == Class::Drift),
        "{report:#?}"
    );
}

#[test]
fn where_git_moved_a_hand_is_not_blamed() {
    let (mut memory, north) = (Memory::new(), cluster("north"));
    memory.look(&north, 5, &[]);
    memory.declared = "second";
    // The mark of the mount remembers the first declarations of all: going back to them looks like drift to a plan.
    let looks_like_drift = Cause::Drift {
        by: None,
        since: None,
    };
    memory.look(
        &north,
        10,
        &[missing(&north, "shop/app"), role(looks_like_drift)],
    );
    let report = memory.tell("daily", 11);
    let classes: Vec<Class> = report.findings.iter().map(|told| told.class).collect();
    assert_eq!(classes, [Class::Unclear, Class::Pending], "{report:#?}");
}

#[test]
fn what_could_not_be_made_before_is_not_deleted_by_anyone() {
    let (mut memory, north) = (Memory::new(), cluster("north"));
    let mut waiting = missing(&north, "shop/app");
    waiting.standing = keyfleet::drift::Standing::Blocked {
        why: "kv/data/app is not there".to_owned(),
        hint: None,
        status: Some(404),
    };
    memory.look(&north, 5, &[waiting]);
    memory.look(&north, 10, &[missing(&north, "shop/app")]);
    let report = memory.tell("daily", 11);
    let missing = report.standing().next().unwrap();
    assert_eq!(missing.class, Class::Pending, "{report:#?}");
}

#[test]
fn what_git_asks_for_and_is_made_at_once_is_counted_only() {
    let (mut memory, north) = (Memory::new(), cluster("north"));
    memory.look(&north, 1, &[]);
    memory.tell("daily", 2);
    memory.declared = "second";
    let secret = |name: &str| target(&north, Kind::Secret, name);
    let rotated = Cause::Rotation {
        from: Some(3),
        to: Some(4),
    };
    let made = [
        written(missing(&north, "shop/app"), 3),
        written(keyfleet_finding(secret("shop/mail"), rotated), 3),
    ];
    memory.look_and_write(&north, 3, &[], &made);
    let report = memory.tell("daily", 4);
    assert_eq!(
        (
            report.findings.len(),
            report.applied.pending,
            report.applied.rotation
        ),
        (0, 1, 1)
    );
    assert_eq!(memory.tell("daily", 5).applied.pending, 0);
}

fn keyfleet_finding(target: keyfleet::plan::Target, cause: Cause) -> keyfleet::drift::Finding {
    finding(target, Reason::Differs, cause)
}

#[test]
fn what_only_a_full_look_sees_is_not_resolved_by_another() {
    let (mut memory, north) = (Memory::new(), cluster("north"));
    memory.full = true;
    memory.look(&north, 5, &[edited(&north, "shop/app", "keyfleet", 3)]);
    memory.full = false;
    memory.look(&north, 10, &[]);
    let report = memory.tell("daily", 11);
    assert_eq!(
        (only(&report).state, only(&report).unseen),
        (State::New, false)
    );
    memory.full = true;
    memory.look(&north, 15, &[]);
    assert_eq!(only(&memory.tell("daily", 16)).state, State::Resolved);
}

#[test]
fn a_scope_that_left_the_repository_has_a_last_word() {
    let (mut memory, north, south) = (Memory::new(), cluster("north"), cluster("south"));
    for scope in [&north, &south] {
        memory.look(scope, 5, &[edited(scope, "shop/app", "helm", 3)]);
    }
    memory.tell("daily", 6);
    let kept: BTreeSet<Scope> = BTreeSet::from([north.clone()]);
    memory.ledger.keep_only(&kept, "4bcd", at(7));
    let report = memory.tell("daily", 8);
    let gone = report.resolved().next().unwrap();
    assert_eq!(gone.resolved.clone().unwrap().how, Resolved::Undeclared);
    assert_eq!(report.scopes.len(), 1);
    assert_eq!(memory.tell("daily", 9).findings.len(), 1);
    assert!(
        !serde_json::to_string(&memory.ledger)
            .unwrap()
            .contains("south")
    );
}

#[test]
fn what_does_not_fit_is_counted() {
    let (mut memory, north) = (Memory::new(), cluster("north"));
    let many: Vec<_> = (0..1_300)
        .map(|number| edited(&north, &format!("shop/app-{number:04}"), "helm", 1))
        .collect();
    memory.look(&north, 1, &[]);
    memory.tell("daily", 1);
    memory.look(&north, 2, &many);
    let report = memory.tell("daily", 3);
    assert_eq!((report.findings.len(), report.left_out.open), (1_000, 300));
    let put_back: Vec<_> = many.into_iter().map(|found| written(found, 4)).collect();
    memory.look_and_write(&north, 4, &[], &put_back);
    let report = memory.tell("daily", 5);
    assert_eq!(report.left_out.open, 0);
    assert_eq!(report.findings.len() + report.left_out.resolved, 1_300);
    assert_eq!(memory.tell("daily", 6).left_out.resolved, 0);
}

#[test]
fn long_texts_and_many_fields_are_shortened_and_counted() {
    let (mut memory, north) = (Memory::new(), cluster("north"));
    let mut found = edited(&north, "shop/app", "helm", 1);
    found.fields = (0..40)
        .map(|number| field(&format!("{number}{}", "x".repeat(9_000)), None, None))
        .collect();
    memory.look(&north, 1, &[found]);
    let report = memory.tell("daily", 2);
    assert_eq!(
        (
            only(&report).item.fields.len(),
            only(&report).item.more_fields
        ),
        (12, 28)
    );
    assert!(serde_json::to_string(&memory.ledger).unwrap().len() < 20_000);
}

#[test]
fn a_ledger_that_begins_anew_says_so_in_the_first_report_only() {
    let mut memory = Memory::new();
    memory.ledger = Ledger::begin(at(0), Some("it was damaged".to_owned()));
    let first = memory.tell("daily", 1);
    assert_eq!(
        (first.since, first.anew.as_deref()),
        (None, Some("it was damaged"))
    );
    assert_eq!(memory.tell("daily", 2).anew, None);
}

/// Nothing is compared by time: a clock that is set back makes nothing new.
#[test]
fn a_clock_that_is_set_back_changes_no_state() {
    let (mut memory, north) = (Memory::new(), cluster("north"));
    let found = [edited(&north, "shop/app", "helm", 1)];
    memory.look(&north, 100, &found);
    memory.tell("daily", 101);
    memory.look(&north, 5, &found);
    assert_eq!(only(&memory.tell("daily", 6)).state, State::Known);
    memory.look(&north, 7, &[]);
    assert_eq!(only(&memory.tell("daily", 8)).state, State::Resolved);
}

/// A server's record may say anything.
#[test]
fn a_time_that_lies_ahead_or_is_none_is_not_believed() {
    for since in ["2999-01-01T00:00:00Z", "yesterday", ""] {
        let (mut memory, north) = (Memory::new(), cluster("north"));
        let cause = Cause::Drift {
            by: Some("x".to_owned()),
            since: Some(since.to_owned()),
        };
        let found = finding(
            target(&north, Kind::Secret, "shop/app"),
            Reason::Differs,
            cause,
        );
        memory.look(&north, 5, &[found]);
        let report = memory.tell("daily", 6);
        let told = only(&report);
        assert_eq!(
            (told.since.at, told.since.told_by),
            (at(5), ToldBy::FirstSeen),
            "{since}"
        );
    }
}

#[test]
fn a_schedule_is_owed_since_its_rule_is_known() {
    let rules = |rule: &str| BTreeMap::from([("daily".to_owned(), rule.to_owned())]);
    let mut ledger = Ledger::begin(at(0), None);
    assert_eq!(ledger.kept("daily"), None);
    ledger.keep_schedules(&rules("0 9 * * * UTC"), at(10));
    assert_eq!(
        ledger.kept("daily"),
        Some(at(10)),
        "it is promised from now on"
    );
    ledger.keep_schedules(&rules("0 9 * * * UTC"), at(20));
    assert_eq!(ledger.kept("daily"), Some(at(10)), "a restart is no excuse");
    let mark = ledger.mark(at(30));
    ledger.told("daily", mark);
    assert_eq!(ledger.kept("daily"), Some(at(30)));
    // Due by another rule: nobody was promised anything by it before.
    ledger.keep_schedules(&rules("0 * * * * UTC"), at(40));
    assert_eq!(ledger.kept("daily"), Some(at(40)));
    ledger.keep_schedules(&BTreeMap::new(), at(50));
    assert_eq!(ledger.kept("daily"), None);
    // As an earlier version kept it.
    ledger.keep_schedules(&rules("0 9 * * * UTC"), at(60));
    let mark = ledger.mark(at(70));
    ledger.told("daily", mark);
    let mut kept = serde_json::to_value(&ledger).unwrap();
    kept.as_object_mut().unwrap().remove("rules");
    let mut ledger: Ledger = serde_json::from_value(kept).unwrap();
    ledger.keep_schedules(&rules("0 9 * * * UTC"), at(80));
    assert_eq!(ledger.kept("daily"), Some(at(70)));
}
