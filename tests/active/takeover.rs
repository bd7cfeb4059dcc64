//! Who becomes active, and when, while nobody interferes.

use super::cluster;
use super::process::{Process, Signal};
use super::seat::{Replica, TIMES, free_lease, lease};
use keyfleet::serve::active::Times;
use std::time::{Duration, Instant};

#[tokio::test(flavor = "multi_thread")]
async fn of_two_one_is_active_and_the_other_says_who() {
    let cluster = cluster().await;
    free_lease(&cluster, "two").await;
    let mut first = Replica::start(&cluster, "two", "one");
    assert_eq!(first.until_active().await, 1);
    let mut second = Replica::start(&cluster, "two", "two");
    assert_eq!(second.until_standby().await, Some(first.me.clone()));
    assert!(first.fence.may_write() && !second.fence.may_write());

    // Far longer than a lease lasts: it is renewed, and not taken.
    let since = first.now().since;
    tokio::time::sleep(TIMES.duration * 3).await;
    assert_eq!(first.now().since, since);
    assert!(first.fence.may_write() && !second.fence.may_write());
    let stored = lease(&cluster, "two").await;
    assert_eq!(stored["spec"]["holderIdentity"], first.me.as_str());
    assert_eq!(stored["spec"]["leaseTransitions"], 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_gives_up_makes_way_at_once() {
    let cluster = cluster().await;
    free_lease(&cluster, "way").await;
    let mut first = Replica::start(&cluster, "way", "one");
    first.until_active().await;
    let mut second = Replica::start(&cluster, "way", "two");
    second.until_standby().await;

    let begin = Instant::now();
    let fence = first.fence.clone();
    first.contender.give_up().await.unwrap();
    assert!(!fence.may_write());
    assert_eq!(second.until_active().await, 2);
    let took = begin.elapsed();
    println!("handed over in {took:?}");
    assert!(took < TIMES.duration, "it waited for the lease: {took:?}");
    let annotations = &lease(&cluster, "way").await["metadata"]["annotations"];
    assert!(annotations["keyfleet.dev/given-up-by"].is_null());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dropped_handle_gives_up_too_and_a_process_on_standby_takes_nothing_along() {
    let cluster = cluster().await;
    free_lease(&cluster, "dropped").await;
    let mut first = Replica::start(&cluster, "dropped", "one");
    first.until_active().await;
    let mut idle = Replica::start(&cluster, "dropped", "idle");
    idle.until_standby().await;
    idle.contender.give_up().await.unwrap();
    assert!(first.fence.may_write());
    assert_eq!(
        lease(&cluster, "dropped").await["spec"]["holderIdentity"],
        first.me.as_str()
    );

    let fence = first.fence.clone();
    drop(first);
    fence.over().await;
    let mut second = Replica::start(&cluster, "dropped", "two");
    assert_eq!(second.until_active().await, 2);
}

/// One for each shard of cells, later: one connection, and each its own fence.
#[tokio::test(flavor = "multi_thread")]
async fn two_seats_are_two_fences() {
    let cluster = cluster().await;
    for name in ["shard-0", "shard-1"] {
        free_lease(&cluster, name).await;
    }
    let mut first = Replica::start(&cluster, "shard-0", "one");
    let mut second = Replica::start(&cluster, "shard-1", "one");
    first.until_active().await;
    second.until_active().await;
    first.contender.give_up().await.unwrap();
    assert!(!first.fence.may_write() && second.fence.may_write());
}

/// With the times that keyfleet has by default: this is what an operator sees.
#[tokio::test(flavor = "multi_thread")]
async fn a_killed_process_is_followed_within_seconds_and_a_stopped_one_at_once() {
    let cluster = cluster().await;
    free_lease(&cluster, "killed").await;
    let times = Times::default();
    let mut first = Process::on_lease(&cluster, "killed", "one", times);
    first.until("active").await;
    let mut second = Process::on_lease(&cluster, "killed", "two", times);
    second.until("standing by").await;

    let begin = Instant::now();
    first.kill();
    second.until("active").await;
    let took = begin.elapsed();
    println!("kill -9 to the next active process: {took:?}");
    let most = times.duration + times.retry + times.request;
    assert!(took < most, "{took:?}, at most {most:?}");
    assert!(took > times.writing(), "too early: {took:?}");

    let mut third = Process::on_lease(&cluster, "killed", "three", times);
    third.until("standing by").await;
    let begin = Instant::now();
    second.signal(Signal::Term);
    third.until("active").await;
    let took = begin.elapsed();
    println!("SIGTERM to the next active process: {took:?}");
    assert!(took < Duration::from_secs(3), "{took:?}");
    second.ended().await;
}
