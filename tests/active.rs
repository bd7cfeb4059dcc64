//! One active process: on a real kube-apiserver by a Lease, on a real disk by a lock, with real processes that are
//! stopped (SIGSTOP), killed and asked to end (SIGTERM).
//!
//! A process here is this test program again, told to run the one ignored test `child`, which contends for a seat and,
//! while it is active, writes without pause through the fence. Who wrote what and when is read from the servers: the
//! versions of etcd put the writes of all processes and the changes of the Lease into one order.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
#![allow(
    clippy::print_stdout,
    reason = "figures for whoever runs it with --nocapture, and what a child tells its parent"
)]

#[path = "active/by_hand.rs"]
mod by_hand;
#[path = "active/child.rs"]
mod child;
#[path = "active/history.rs"]
mod history;
#[path = "active/lock.rs"]
mod lock;
#[path = "active/process.rs"]
mod process;
#[path = "active/seat.rs"]
mod seat;
#[path = "active/stopped.rs"]
mod stopped;
mod support;
#[path = "active/takeover.rs"]
mod takeover;
#[path = "active/trouble.rs"]
mod trouble;

use std::sync::Arc;
use std::time::Duration;
use support::{Cluster, ControlPlane};
use tokio::sync::OnceCell;

/// Every test keeps to a Lease of its own name, in the namespace `default`.
async fn cluster() -> Arc<Cluster> {
    static SERVERS: OnceCell<(ControlPlane, Arc<Cluster>)> = OnceCell::const_new();
    let start = async || {
        let plane = ControlPlane::start().await;
        let cluster = Arc::new(plane.cluster("active").await);
        (plane, cluster)
    };
    Arc::clone(&SERVERS.get_or_init(start).await.1)
}

/// How long a test waits for what must come.
const PATIENCE: Duration = Duration::from_secs(60);

/// How this program is told to be a child.
const CHILD: [&str; 4] = ["--exact", "child", "--ignored", "--nocapture"];

#[test]
#[ignore = "runs in a child process of the other tests, which set its environment"]
fn child() {
    child::run();
}
