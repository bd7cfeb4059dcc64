//! Bad days, on real servers: one cluster, or what it needs of Vault, fails in one way; the other is planned and
//! applied as if nothing were. Each failure is told once, at its place, with what to do. Nothing is deleted.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

#[path = "road_bad_days/clusters.rs"]
mod clusters;
#[path = "road_bad_days/declarations.rs"]
mod declarations;
#[path = "road_bad_days/scene.rs"]
mod scene;
#[path = "road_bad_days/vaults.rs"]
mod vaults;

use scene::{Scene, Snapshot, blocked, unknown};
use std::io::ErrorKind;
use std::net::TcpListener;

/// What every bad day must come to. A further Secret is declared for both clusters; only `south` gets it.
async fn hits_north_only(scene: &Scene, unknown_in_plan: &[&str], blocked_in_plan: &[&str]) {
    let before = scene.snapshot().await;
    for member in scene.members() {
        scene.declare(member, "new");
    }
    let plan = scene.plan_json();
    assert_eq!(
        (
            unknown(scene, &plan).join("\n"),
            blocked(scene, &plan).join("\n")
        ),
        (unknown_in_plan.join("\n"), blocked_in_plan.join("\n"))
    );
    assert_eq!(plan["inSync"], false);
    let run = scene.apply();
    assert_eq!(run.code, 1, "{run:?}");
    let south = scene.secret(&scene.south, "new").await;
    assert_eq!(south.as_deref(), Some("value-of-new"), "{run:?}");
    assert_eq!(scene.secret(&scene.north, "new").await, None);
    nothing_deleted(&before, &scene.snapshot().await);
    // What is left is the broken side alone.
    let plan = scene.plan_json();
    let left: Vec<_> = ["changes", "held", "waiting", "blocked", "unknown"]
        .iter()
        .flat_map(|list| plan[list].as_array().into_iter().flatten())
        .filter(|entry| entry["cluster"] == scene.south.name.as_str() || entry["vault"] == "second")
        .collect();
    assert!(left.is_empty(), "{left:?}");
}

fn nothing_deleted(before: &Snapshot, after: &Snapshot) {
    for (name, object) in before {
        let now = after
            .get(name)
            .unwrap_or_else(|| panic!("{name} was deleted"));
        for field in ["uid", "accessor", "data"] {
            assert_eq!(object[field], now[field], "{field} of {name}");
        }
    }
}

/// A server elsewhere that must never be asked anything.
struct Elsewhere(TcpListener);

impl Elsewhere {
    fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        Self(listener)
    }

    fn address(&self) -> String {
        self.0.local_addr().unwrap().to_string()
    }

    fn assert_not_asked(&self) {
        let error = self
            .0
            .accept()
            .expect_err("somebody connected to the other server");
        assert_eq!(error.kind(), ErrorKind::WouldBlock);
    }
}
