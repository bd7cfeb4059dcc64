//! `kill -9` at every write: before it reaches the server, and after it was done and before the answer came.

use super::cut::{
    Cut, Undisturbed, changed, cold, finishes, start, undisturbed, undisturbed_change, wait_until,
    writes,
};
use super::scene::Scene;
use super::support::Fault;

/// Starts a run, kills it at the write of this number, and lets the next run finish.
async fn killed_at(scene: &Scene, number: usize, mode: &Mode, undisturbed: &Undisturbed) {
    let what = format!("{} write {number} of {}", mode.word, undisturbed.writes);
    let cut = Cut::at(scene, number, [&mode.fault, &mode.fault]);
    let mut child = start(scene);
    wait_until(&what, || cut.is_reached(number)).await;
    if mode.is_done {
        // Answered to the proxy, and not to keyfleet.
        let answered = || {
            writes(scene)
                .iter()
                .filter(|write| write.status.is_some())
                .count()
        };
        wait_until(&what, || answered() > number).await;
    }
    child.kill().unwrap();
    child.wait().unwrap();
    finishes(scene, undisturbed, &what).await;
}

struct Mode {
    word: &'static str,
    fault: Fault,
    is_done: bool,
}

const BEFORE: Mode = Mode {
    word: "before",
    fault: Fault::Hang,
    is_done: false,
};

const AFTER: Mode = Mode {
    word: "after",
    fault: Fault::WithholdResponse,
    is_done: true,
};

async fn killed_while_onboarding(mode: Mode) {
    let undisturbed = undisturbed().await;
    assert!(
        undisturbed.writes >= 9,
        "{} writes do not make a cluster",
        undisturbed.writes
    );
    for number in 0..undisturbed.writes {
        let scene = cold(&format!("{}{number}", mode.word)).await;
        killed_at(&scene, number, &mode, undisturbed).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_killed_before_any_of_its_writes_arrives_is_finished_by_the_next() {
    killed_while_onboarding(BEFORE).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_killed_after_any_of_its_writes_was_done_is_finished_by_the_next() {
    killed_while_onboarding(AFTER).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_and_deletes_that_are_killed_are_finished_by_the_next_run() {
    let undisturbed = undisturbed_change().await;
    assert!(
        undisturbed.writes >= 4,
        "{} writes do not make that change",
        undisturbed.writes
    );
    for mode in [BEFORE, AFTER] {
        for number in 0..undisturbed.writes {
            let scene = changed(&format!("change{}{number}", mode.word)).await;
            killed_at(&scene, number, &mode, undisturbed).await;
        }
    }
}
