//! A run that is asked to stop.

use super::cut::{Cut, cold, finishes, start, undisturbed, wait_until, writes};
use super::support::{Fault, Request};
use std::process::Command;
use std::time::{Duration, Instant};

#[tokio::test(flavor = "multi_thread")]
async fn a_run_asked_to_stop_ends_after_the_write_in_hand() {
    let scene = cold("stopped").await;
    let slow = Fault::Delay(Duration::from_secs(2));
    let cut = Cut::at(&scene, 2, [&slow, &slow]);
    let child = start(&scene);
    wait_until("the third write", || cut.is_reached(2)).await;
    terminate(child.id());
    let begin = Instant::now();
    let output = child.wait_with_output().unwrap();
    assert!(
        begin.elapsed() < Duration::from_secs(10),
        "{:?}",
        begin.elapsed()
    );
    assert_eq!(output.status.code(), Some(1));
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(
        told.contains("stopping after the write in hand; the next run goes on\n"),
        "{told}"
    );
    let done = writes(&scene);
    assert_eq!(done.len(), 3, "{done:?}");
    assert!(
        done.iter()
            .all(|write| write.status.is_some_and(|status| status < 300)),
        "the write in hand was cut"
    );
    finishes(&scene, undisturbed().await, "stopped").await;
}

/// Between two rounds it only looks, and nobody has to wait for that.
#[tokio::test(flavor = "multi_thread")]
async fn a_run_asked_to_stop_while_it_looks_ends_at_once() {
    let scene = cold("looking").await;
    let child = start(&scene);
    wait_until("the first write", || !writes(&scene).is_empty()).await;
    // The second look begins with this, and no write needs it.
    let is_look = |request: &Request| request.method == "GET" && request.path == "/v1/sys/auth";
    scene.vault_proxy.fault(is_look, Fault::Hang);
    let is_looking = || scene.vault_proxy.count(is_look) == 2;
    wait_until("the second look", is_looking).await;
    terminate(child.id());
    let begin = Instant::now();
    let output = child.wait_with_output().unwrap();
    assert!(
        begin.elapsed() < Duration::from_secs(10),
        "{:?}",
        begin.elapsed()
    );
    assert_eq!(output.status.code(), Some(1));
    finishes(&scene, undisturbed().await, "stopped while looking").await;
}

fn terminate(process: u32) {
    let sent = Command::new("kill")
        .args(["-TERM", &process.to_string()])
        .status()
        .unwrap();
    assert!(sent.success());
}
