//! keyfleet keeps Vault (or `OpenBao`) and a fleet of Kubernetes clusters equal to a git repository.
//!
//! ```text
//! git ─▶ declare ─▶ desire ─┐
//!                           ├─▶ plan ─▶ guard ─▶ apply ─▶ report
//! live ─▶ observe ──────────┘
//! ```
//!
//! The modules stand in reading order. `pipeline` is the whole story on one screen. `declare`, `desire`, `plan`, `guard`
//! and `report` import no client, clock, environment or disk; a test holds that.

pub mod pipeline;

pub mod apply;
pub mod declare;
pub mod desire;
pub mod drift;
pub mod git;
pub mod guard;
pub mod insight;
pub mod observe;
pub mod plan;
pub mod report;
pub mod review;

pub mod backends;
pub mod cli;
pub mod connect;
pub mod forge;
pub mod serve;

mod chance;
pub mod diagnostics;
pub mod fence;
pub mod mark;
pub mod names;
pub mod owners;
mod places;
pub mod policy;
pub mod property;
pub mod sandbox;
pub mod schedule;
pub mod secret;
pub mod spread;
mod web_address;
pub mod yaml;
