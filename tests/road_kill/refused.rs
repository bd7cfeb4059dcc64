//! A server refuses a write: it is told, what stands on it is left, and the next run finishes.

use super::cut::{Cut, cold, finishes, undisturbed};
use super::scene::Scene;
use super::support::Fault;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// What stands on what, of that which is made in one round.
const STAND_ON: [(&str, &[&str]); 4] = [
    ("AuthMount", &["AuthConfig", "Role"]),
    ("AuthConfig", &["Role"]),
    ("Policy", &["Role"]),
    ("Namespace", &["ServiceAccount"]),
];

fn in_vault(status: u16) -> Fault {
    Fault::answer(status, r#"{"errors":["refused for this test"]}"#)
        .with_header("Content-Type", "application/json")
}

fn in_cluster(status: u16) -> Fault {
    let body = json!({"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": status, "reason": "Refused", "message": "refused for this test"});
    Fault::answer(status, &body.to_string()).with_header("Content-Type", "application/json")
}

/// Every change that stands on a failed one was not tried in the same round.
fn dependents_are_skipped(outcomes: &[Value]) {
    let failed = outcomes
        .iter()
        .position(|outcome| outcome["result"] == "failed")
        .expect("one failed");
    let kind = outcomes[failed]["kind"].as_str().unwrap();
    let stands_on = STAND_ON.iter().find(|(name, _)| *name == kind);
    for dependent in stands_on
        .map(|(_, dependents)| *dependents)
        .unwrap_or_default()
    {
        let later = outcomes[failed..]
            .iter()
            .find(|outcome| outcome["kind"] == *dependent)
            .expect("it was planned");
        assert_eq!(
            later["result"], "skipped",
            "{dependent} after {kind}: {outcomes:?}"
        );
    }
}

/// Applies, and gives the code with whether the write that failed was made in a later round.
fn apply_with_one_failure(scene: &Scene, cut: &Cut, number: usize, what: &str) -> (i32, bool) {
    let run = scene.run(&["apply", "--yes", "-o", "json"]);
    assert!(cut.is_reached(number), "{what}");
    let report: Value =
        serde_json::from_str(&run.out).unwrap_or_else(|_| panic!("{what}: {run:?}"));
    let outcomes = report["outcomes"].as_array().unwrap();
    let target = |outcome: &Value| format!("{} {}", outcome["kind"], outcome["name"]);
    let failed: BTreeSet<_> = outcomes
        .iter()
        .filter(|outcome| outcome["result"] == "failed")
        .map(target)
        .collect();
    assert_eq!(failed.len(), 1, "{what}: {run:?}");
    dependents_are_skipped(outcomes);
    let is_made =
        |outcome: &Value| outcome["result"] == "done" && failed.contains(&target(outcome));
    (run.code, outcomes.iter().any(is_made))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_refused_at_any_of_its_writes_is_finished_by_the_next() {
    let all = undisturbed().await.writes;
    for number in 0..all {
        let status = [403, 409, 500, 502][number % 4];
        let what = format!("{status} at write {number} of {all}");
        let scene = cold(&format!("refused{number}")).await;
        let cut = Cut::for_good(&scene, number, [&in_vault(status), &in_cluster(status)]);
        let result = apply_with_one_failure(&scene, &cut, number, &what);
        assert_eq!(result, (1, false), "{what}");
        finishes(&scene, undisturbed().await, &what).await;
    }
}

/// The server did it, so a later round finds nothing to make up for; what failed is told all the same.
#[tokio::test(flavor = "multi_thread")]
async fn a_run_whose_writes_lose_their_answers_is_finished_by_the_next() {
    let all = undisturbed().await.writes;
    for number in (0..all).step_by(2) {
        let what = format!("no answer to write {number} of {all}");
        let scene = cold(&format!("lost{number}")).await;
        let cut = Cut::at(&scene, number, [&Fault::DropResponse, &Fault::DropResponse]);
        let result = apply_with_one_failure(&scene, &cut, number, &what);
        assert_eq!(result, (1, false), "{what}");
        finishes(&scene, undisturbed().await, &what).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_that_hangs_is_given_up_and_made_by_a_later_round() {
    let scene = cold("hangs").await;
    let cut = Cut::at(&scene, 1, [&Fault::Hang, &Fault::Hang]);
    let result = apply_with_one_failure(&scene, &cut, 1, "a write that hangs");
    assert_eq!(result, (0, true));
    finishes(&scene, undisturbed().await, "a write that hangs").await;
}
