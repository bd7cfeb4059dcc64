//! Two processes for one fleet, on a real Lease: one writes, the other takes over, and one that was paused writes nothing more.

use super::process::Service;
use super::scene::Scene;
use std::time::{Duration, Instant};

fn settings(scene: &Scene) -> String {
    let context = &scene.north.name;
    format!(
        "reconcile: {{interval: 5s}}\nactive: {{lease: {{namespace: apps-{}, name: keyfleet, context: {context}}}}}\n",
        scene.tag
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_replica_takes_over_and_one_that_wakes_late_writes_nothing() {
    let scene = Scene::applied("serve-lease").await;
    let settings = settings(&scene);
    let first = Service::start(&scene, &settings);
    first.until_said("this process is active").await;
    let second = Service::start(&scene, &settings);
    second.until_said("standing by").await;
    // In the middle of its life, not of a write: what a machine does that sleeps.
    first.signal("STOP");
    let begin = Instant::now();
    second.until_said("this process is active").await;
    println!(
        "taken over {:.1} s after the first was paused",
        begin.elapsed().as_secs_f64()
    );
    assert!(begin.elapsed() < Duration::from_secs(30));
    scene.put(&scene.south, "app", "rotated").await;
    let app = async || scene.secret(&scene.south, "app").await;
    second
        .until("rotation", async || {
            app().await.as_deref() == Some("rotated")
        })
        .await;
    let before = first.log().matches(" written ").count();
    scene.put(&scene.south, "app", "rotated-again").await;
    first.signal("CONT");
    first.until_said("standing by").await;
    second
        .until("second rotation", async || {
            app().await.as_deref() == Some("rotated-again")
        })
        .await;
    tokio::time::sleep(Duration::from_secs(6)).await;
    assert_eq!(
        first.log().matches(" written ").count(),
        before,
        "{}",
        first.log()
    );
    // The one that is active now dies.
    drop(second);
    scene.put(&scene.south, "app", "rotated-thrice").await;
    let begin = Instant::now();
    first
        .until("third rotation", async || {
            app().await.as_deref() == Some("rotated-thrice")
        })
        .await;
    println!(
        "kept equal {:.1} s after the second was killed",
        begin.elapsed().as_secs_f64()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_ends_in_order_makes_way_at_once() {
    let scene = Scene::applied("serve-way").await;
    let settings = settings(&scene);
    let mut first = Service::start(&scene, &settings);
    first.until_said("this process is active").await;
    let second = Service::start(&scene, &settings);
    second.until_said("standing by").await;
    first.signal("TERM");
    assert_eq!(first.ended().await.code(), Some(0));
    let begin = Instant::now();
    second.until_said("this process is active").await;
    println!(
        "taken over {:.1} s after the first had ended",
        begin.elapsed().as_secs_f64()
    );
    assert!(
        begin.elapsed() < Duration::from_secs(6),
        "{:?}",
        begin.elapsed()
    );
}
