//! Everything that somebody can change by hand, changed by hand: each managed field of each kind, one by one. The plan
//! names the object and the field and nothing else, one write puts it back, and then nothing is left to do. What means
//! the same is not found.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

#[path = "road_drift/cluster_objects.rs"]
mod cluster_objects;
#[path = "road_drift/logins.rs"]
mod logins;
#[path = "road_drift/mounts.rs"]
mod mounts;
#[path = "road_drift/policies.rs"]
mod policies;
#[path = "road_drift/same.rs"]
mod same;
#[path = "road_drift/secrets.rs"]
mod secrets;
#[path = "road_drift/stage.rs"]
mod stage;
#[path = "road_drift/undeclared.rs"]
mod undeclared;
