//! What a pass costs, counted at the servers by a recording proxy: on the example repository, with two clusters.
//!
//! Writes, logins and values read are held exactly, and so are the requests of a pass with nothing to do. Run with
//! `--nocapture` to see the tables.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

#[path = "road_counts/cold.rs"]
mod cold;
#[path = "road_counts/edits.rs"]
mod edits;
#[path = "road_counts/fleet_stage.rs"]
mod fleet_stage;
#[path = "road_counts/nothing.rs"]
mod nothing;
#[path = "road_counts/one_cell.rs"]
mod one_cell;
#[path = "road_counts/rotation.rs"]
mod rotation;
#[path = "road_counts/tally.rs"]
mod tally;
