//! A run that is cut short anywhere is finished by the next: killed at every single write of a cluster's onboarding,
//! refused at every one, or asked to stop.
//!
//! Every case works under names of its own, and must end like the run that nobody disturbed.
#![allow(
    clippy::unwrap_used,
    reason = "helpers of tests are no `#[test]`s themselves"
)]

mod support;

#[path = "road_kill/cut.rs"]
mod cut;
#[path = "road_kill/killed.rs"]
mod killed;
#[path = "road_kill/refused.rs"]
mod refused;
#[path = "road_bad_days/scene.rs"]
mod scene;
#[path = "road_kill/stopped.rs"]
mod stopped;
