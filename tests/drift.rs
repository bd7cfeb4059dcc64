//! Drift reports: what the ledger remembers, how a report reads in each of its forms, the command on real servers, and
//! where reports are sent.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

#[path = "drift/hostile.rs"]
mod hostile;
#[path = "drift/ledger.rs"]
mod ledger;
#[path = "drift/ledger_properties.rs"]
mod ledger_properties;
#[path = "drift/made.rs"]
mod made;
#[path = "drift/receiver.rs"]
mod receiver;
#[path = "drift/renderings.rs"]
mod renderings;
#[path = "drift/sinks.rs"]
mod sinks;
#[allow(dead_code, reason = "the drift of whole runs uses more of it")]
#[path = "road_drift/stage.rs"]
mod stage;
#[path = "drift/verb.rs"]
mod verb;
