//! keyfleet keeps Vault (or `OpenBao`) and a fleet of Kubernetes clusters equal to a git repository.
//!
//! ```text
//! git ─▶ declare ─▶ desire ─┐
//!                           ├─▶ plan ─▶ guard ─▶ apply ─▶ report
//! live ─▶ observe ──────────┘
//! ```

pub mod apply;
pub mod backends;
pub mod diagnostics;
pub mod names;
pub mod observe;
pub mod secret;
pub mod yaml;
