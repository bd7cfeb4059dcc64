//! A Lease that somebody deletes or edits while processes contend for it.

use super::cluster;
use super::seat::{Replica, TIMES, free_lease, lease, patch, path};
use super::support::Cluster;
use keyfleet::fence::Fence;
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Looks all the time whether two may write at once.
struct NeverBoth {
    stop: Arc<AtomicBool>,
    looking: JoinHandle<u32>,
}

impl NeverBoth {
    fn watch(fences: [Fence; 2]) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let until = Arc::clone(&stop);
        let looking = std::thread::spawn(move || {
            let mut both = 0;
            while !until.load(Ordering::Relaxed) {
                both += u32::from(fences.iter().all(Fence::may_write));
                std::thread::sleep(Duration::from_millis(1));
            }
            both
        });
        Self { stop, looking }
    }

    fn held(self) {
        self.stop.store(true, Ordering::Relaxed);
        let both = self.looking.join().unwrap();
        assert_eq!(both, 0, "two could write at once, so often was it seen");
    }
}

async fn active_and_standby(cluster: &Cluster, name: &str) -> (Replica, Replica, NeverBoth) {
    free_lease(cluster, name).await;
    let mut active = Replica::start(cluster, name, "one");
    active.until_active().await;
    let mut standby = Replica::start(cluster, name, "two");
    standby.until_standby().await;
    let watch = NeverBoth::watch([active.fence.clone(), standby.fence.clone()]);
    (active, standby, watch)
}

/// Who is active learns of it by its next renewal, and nobody is active before a whole lease has passed since.
async fn begins_anew(mut active: Replica, mut standby: Replica, watch: NeverBoth) {
    let edited = Instant::now();
    active.until_standby().await;
    let noticed = edited.elapsed();
    assert!(noticed < TIMES.writing(), "{noticed:?}");
    let epoch = tokio::select! {
        epoch = active.until_active() => epoch,
        epoch = standby.until_active() => epoch,
    };
    let took = edited.elapsed();
    assert!(took >= TIMES.writing(), "the next term came after {took:?}");
    println!("noticed after {noticed:?}, term {epoch} began after {took:?}");
    watch.held();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_lease_is_made_anew_and_waited_for() {
    let cluster = cluster().await;
    let (active, standby, watch) = active_and_standby(&cluster, "deleted").await;
    let (status, _) = cluster.api("DELETE", &path("deleted"), "", None).await;
    assert_eq!(status, 200);
    begins_anew(active, standby, watch).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_holder_that_was_taken_out_by_hand_is_waited_for() {
    let cluster = cluster().await;
    let (active, standby, watch) = active_and_standby(&cluster, "cleared").await;
    let cleared = json!({"spec": {"holderIdentity": null, "renewTime": null}});
    patch(&cluster, "cleared", cleared).await;
    begins_anew(active, standby, watch).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_holder_that_was_put_in_by_hand_is_waited_for() {
    let cluster = cluster().await;
    let (active, mut standby, watch) = active_and_standby(&cluster, "strange").await;
    let strange = json!({"spec": {"holderIdentity": "somebody"}});
    patch(&cluster, "strange", strange).await;
    let named = standby.until(|standing| standing.role.to_string().contains("somebody"));
    named.await;
    begins_anew(active, standby, watch).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_in_the_lease_makes_nobody_active() {
    let cluster = cluster().await;
    let (active, standby, watch) = active_and_standby(&cluster, "named").await;
    let named = json!({"spec": {"holderIdentity": standby.me}});
    patch(&cluster, "named", named).await;
    begins_anew(active, standby, watch).await;
}

/// Times of another clock, a duration, a label: nothing that makes anybody move.
#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_concern_the_holder_changes_nothing() {
    let cluster = cluster().await;
    let (mut active, standby, watch) = active_and_standby(&cluster, "edited").await;
    let since = active.now().since;
    for edit in [
        json!({"metadata": {"labels": {"team": "platform"}}}),
        json!({"spec": {"renewTime": "1999-12-31T00:00:00.000000Z"}}),
        json!({"spec": {"renewTime": "2099-12-31T00:00:00.000000Z"}}),
        json!({"spec": {"leaseDurationSeconds": 86_400}}),
        json!({"spec": {"leaseDurationSeconds": 1}}),
    ] {
        patch(&cluster, "edited", edit.clone()).await;
        tokio::time::sleep(TIMES.renew * 2).await;
        assert_eq!(active.until_active().await, 1);
        assert_eq!(active.now().since, since, "after {edit}");
        assert!(!standby.fence.may_write());
    }
    let stored: Value = lease(&cluster, "edited").await;
    assert_eq!(stored["metadata"]["labels"]["team"], "platform");
    assert_eq!(
        stored["spec"]["leaseDurationSeconds"],
        TIMES.duration.as_secs()
    );
    watch.held();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lease_that_is_not_there_is_made_and_begins_after_one_duration() {
    let cluster = cluster().await;
    let begin = Instant::now();
    let mut first = Replica::start(&cluster, "new", "one");
    assert_eq!(first.until_standby().await, None);
    assert_eq!(first.until_active().await, 1);
    let took = begin.elapsed();
    assert!(took >= TIMES.duration, "{took:?}");
}
