//! The service: follows a git repository and keeps Vault and the clusters equal to it, for months, with nobody watching.
//!
//! It decides nothing of its own: every pass is `pipeline`'s, on one scope at a time. What is here is when a pass runs, for how
//! long, whether it may write, and who is told. Each cluster is a cell with a task of its own; one that hangs, fails or
//! panics keeps no other waiting. State on disk is a cache: a service that lost it looks at everything again.

pub mod active;
pub mod board;
mod cell;
mod fleet;
mod follow;
mod full;
mod kept;
pub mod ledger_file;
pub mod log;
mod mailbox;
mod memory;
mod origin;
mod pass;
mod reports;
pub mod reviews;
mod run;
pub mod secrets;
mod service;
pub mod settings;
pub mod sinks;
mod supervise;
mod vault;
pub mod view;
pub mod web;
mod whole_file;

pub use board::Board;
pub use run::{Reread, Signals, run};
pub use settings::{Reading, Settings};
