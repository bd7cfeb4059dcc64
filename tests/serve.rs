//! The service as it is run: a process that follows a repository, on real servers that are killed, hang and change under it.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

#[path = "serve/cells.rs"]
mod cells;
#[path = "serve/life.rs"]
mod life;
#[path = "serve/process.rs"]
mod process;
#[path = "serve/raft.rs"]
mod raft;
#[path = "serve/replicas.rs"]
mod replicas;
#[path = "serve/reports.rs"]
mod reports;
#[path = "road_bad_days/scene.rs"]
mod scene;
