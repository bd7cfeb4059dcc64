use super::super::LogFormat;
use super::super::tests::{Kept, logged};
use super::{Cause, Concern, Finding, PassEnd, Scope, Standing, Written};
use super::{Failure, Pass, pass_ended, step};
use crate::drift::Difference;
use crate::names::{ClusterName, VaultName};
use crate::observe::FailureClass;
use crate::plan::{Action, Kind, Reason, Target};
use crate::serve::board::Trigger;
use serde_json::Value;
use std::time::Duration;

fn pass(end: PassEnd, written: Vec<Written>, findings: Vec<Finding>) -> Pass {
    Pass {
        run: "r-17".to_owned(),
        revision: "3f2a9c1".to_owned(),
        began: jiff::Timestamp::UNIX_EPOCH,
        took: Duration::from_millis(1500),
        why: Trigger::Period,
        end,
        written,
        findings,
        notes: Vec::new(),
        looked_at: 10,
        seen: None,
    }
}

fn finding(name: &str, standing: Standing) -> Finding {
    Finding {
        target: Target {
            scope: Scope::Vault(VaultName::parse("main").unwrap()),
            kind: Kind::Policy,
            name: name.to_owned(),
        },
        standing,
        fields: Vec::new(),
        place: None,
    }
}

fn unread(why: &str) -> Finding {
    let failure = Failure::new(FailureClass::Forbidden, "read policy", why);
    finding("one", Standing::Unread(failure))
}

fn difference() -> Difference {
    Difference {
        action: Action::Update,
        reason: Reason::Differs,
        cause: Cause::Drift {
            by: Some("kubectl-edit".to_owned()),
            since: Some("2026-11-28T09:00:00Z".to_owned()),
        },
        summary: "canary-of-a-summary".to_owned(),
    }
}

fn to_change() -> Finding {
    finding("one", Standing::ToChange(difference()))
}

fn held(name: &str, id: &str) -> Finding {
    let standing = Standing::Held {
        difference: difference(),
        why: vec![Concern::NotOurs, Concern::EmptiesScope],
        id: id.to_owned(),
    };
    finding(name, standing)
}

fn blocked() -> Finding {
    let standing = Standing::Blocked {
        why: "the path is not granted".to_owned(),
        hint: Some("grant it".to_owned()),
        status: Some(403),
    };
    finding("one", standing)
}

fn written(failure: Option<&str>) -> Written {
    Written {
        finding: to_change(),
        failure: failure.map(str::to_owned),
        at: jiff::Timestamp::UNIX_EPOCH,
    }
}

/// What is logged, line by line.
fn lines(say: impl FnOnce()) -> Vec<Value> {
    let kept = Kept::default();
    drop(logged(LogFormat::Json, kept.clone(), say));
    let text = kept.text();
    let lines = text.lines();
    lines
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// The level and the message of each line that a pass leaves after the one before it.
fn said(before: &Pass, pass: &Pass) -> Vec<String> {
    let all = lines(|| pass_ended(Some(before), pass));
    let short = |line: &Value| {
        let text = |name: &str| line[name].as_str().unwrap().to_owned();
        format!("{} {}", text("level"), text("message"))
    };
    all.iter().map(short).collect()
}

/// What the second of two passes says after the first one.
type Step = (Pass, Pass, &'static [&'static str]);

fn hold(steps: Vec<Step>) {
    for (before, now, expected) in steps {
        let all = said(&before, &now);
        assert_eq!(all, expected, "{:?} {:?}", before.findings, now.findings);
    }
}

fn ended(end: PassEnd) -> Pass {
    pass(end, vec![], vec![])
}

fn well() -> Pass {
    ended(PassEnd::Done)
}

fn found(finding: Finding) -> Pass {
    pass(PassEnd::Done, vec![], vec![finding])
}

fn wrote(steps: Vec<Written>) -> Pass {
    pass(PassEnd::Done, steps, vec![])
}

const FAILED: &[&str] = &["WARN the pass failed"];
const AGAIN: &[&str] = &["INFO all is well again"];
const NOTHING: &[&str] = &[];

#[test]
fn a_pass_is_a_line_when_something_happened_and_not_when_it_goes_on() {
    let failed_write = || vec![written(None), written(Some("no"))];
    hold(vec![
        (well(), well(), NOTHING),
        (well(), wrote(vec![written(None)]), &["INFO the pass wrote"]),
        (well(), wrote(failed_write()), FAILED),
        (well(), found(unread("why")), FAILED),
        (found(unread("why")), found(unread("why")), NOTHING),
        (found(unread("why")), found(unread("another")), FAILED),
        (found(unread("why")), well(), AGAIN),
        (found(unread("why")), wrote(vec![written(None)]), AGAIN),
        (well(), ended(PassEnd::Deadline), FAILED),
        (ended(PassEnd::Deadline), ended(PassEnd::Deadline), NOTHING),
        (ended(PassEnd::Deadline), ended(PassEnd::Panicked), FAILED),
        (ended(PassEnd::Deadline), ended(PassEnd::Skipped), NOTHING),
        (ended(PassEnd::Skipped), ended(PassEnd::Skipped), NOTHING),
        (ended(PassEnd::Skipped), well(), AGAIN),
        (well(), ended(PassEnd::Stopped), NOTHING),
    ]);
}

#[test]
fn an_outage_of_a_vault_is_said_by_the_vault_and_not_by_each_of_its_clusters() {
    let failed = |why: &str, scope: Scope| {
        let failure = Failure::new(FailureClass::Unreachable, "read sys/auth", why);
        let mut finding = finding("one", Standing::Unread(failure));
        finding.target.scope = scope;
        finding
    };
    let vault = || Scope::Vault(VaultName::parse("main").unwrap());
    let cluster = || Scope::Cluster(ClusterName::parse("prod-eu").unwrap());
    let of_vault = || found(failed("refused", vault()));
    let of = |why: &str| {
        let findings = vec![failed("refused", vault()), failed(why, cluster())];
        pass(PassEnd::Done, vec![], findings)
    };
    hold(vec![
        (well(), of_vault(), FAILED),
        (of_vault(), well(), AGAIN),
        (well(), of("refused"), NOTHING),
        (of("refused"), well(), NOTHING),
        (
            of("refused"),
            wrote(vec![written(None)]),
            &["INFO the pass wrote"],
        ),
        // The cluster itself is away as well.
        (well(), of("another"), FAILED),
        (of("refused"), of("another"), FAILED),
    ]);
}

#[test]
fn what_is_left_is_a_line_when_it_is_another_number() {
    let left = &["INFO not as declared, and not to be written now"];
    let declared = &["INFO all is as declared again"];
    hold(vec![
        (well(), found(to_change()), left),
        (found(to_change()), found(to_change()), NOTHING),
        (found(to_change()), well(), declared),
    ]);
}

#[test]
fn what_is_stuck_is_a_line_when_it_begins_and_when_it_ends() {
    let held = |id| found(held("one", id));
    hold(vec![
        (well(), found(blocked()), &["WARN no write can help"]),
        (found(blocked()), found(blocked()), NOTHING),
        (
            found(blocked()),
            well(),
            &["INFO it is not blocked any more"],
        ),
        (well(), held("a"), &["WARN a change is held"]),
        (held("a"), held("a"), NOTHING),
        (held("a"), held("b"), &["WARN a change is held"]),
        (held("a"), well(), &["INFO a change is not held any more"]),
        // Nobody looked whether it is.
        (held("a"), ended(PassEnd::Deadline), FAILED),
        (held("a"), found(unread("x")), FAILED),
    ]);
}

#[test]
fn a_line_says_what_why_and_how_it_is_released() {
    let pass = pass(PassEnd::Done, vec![], vec![held("one", "4711")]);
    let all = lines(|| pass_ended(None, &pass));
    let [held] = &all[..] else { panic!("{all:#?}") };
    for (name, value) in [
        ("id", "4711"),
        ("target", "policy one (vault main)"),
        ("cause", "drift"),
        ("action", "update"),
    ] {
        assert_eq!(held[name], value, "{held:#}");
    }
    let why = held["why"].as_str().unwrap();
    assert!(
        why.starts_with("keyfleet does not own it; nothing is declared"),
        "{why}"
    );
    let all = lines(|| {
        step(&written(None));
        step(&written(Some("it is forbidden")));
    });
    let [done, failed] = &all[..] else {
        panic!("{all:#?}")
    };
    for (name, value) in [
        ("message", "written"),
        ("cause", "drift"),
        ("by", "kubectl-edit"),
        ("since", "2026-11-28T09:00:00Z"),
    ] {
        assert_eq!(done[name], value, "{done:#}");
    }
    assert_eq!(
        (&failed["level"], &failed["why"]),
        (&"WARN".into(), &"it is forbidden".into())
    );
}

#[test]
fn a_thousand_held_changes_are_a_few_lines() {
    let many = (0..1000)
        .map(|number| held(&number.to_string(), "a"))
        .collect();
    let all = lines(|| pass_ended(None, &pass(PassEnd::Done, vec![], many)));
    assert_eq!(all.len(), super::NAMED + 1);
    assert_eq!(all[super::NAMED]["more"], 1000 - super::NAMED);
}
