//! `kill -9` at every write: before it reaches the server, and after it was done and before the answer came.

use super::cut::{Cut, cold, finishes, start, undisturbed, wait_until, writes};
use super::support::Fault;

async fn killed_at_every_write(mode: &str, fault: &Fault, is_done: bool) {
    let all = undisturbed().await.writes;
    assert!(all >= 9, "{all} writes do not make a cluster");
    for number in 0..all {
        let scene = cold(&format!("{mode}{number}")).await;
        let cut = Cut::at(&scene, number, [fault, fault]);
        let mut child = start(&scene);
        wait_until("the write", || cut.is_reached(number)).await;
        if is_done {
            // Answered to the proxy, and not to keyfleet.
            wait_until("the write", || {
                writes(&scene)
                    .iter()
                    .filter(|write| write.status.is_some())
                    .count()
                    > number
            })
            .await;
        }
        child.kill().unwrap();
        child.wait().unwrap();
        finishes(&scene, &format!("{mode} at write {number} of {all}")).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_killed_before_any_of_its_writes_arrives_is_finished_by_the_next() {
    killed_at_every_write("before", &Fault::Hang, false).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_killed_after_any_of_its_writes_was_done_is_finished_by_the_next() {
    killed_at_every_write("after", &Fault::WithholdResponse, true).await;
}
