//! What a change of a repository means, and how that is told.
//!
//! `tests/review/fleet` is a repository; `tests/review/cases/NAME.patch` a change of it, with a word on what it is about, and
//! beside it what is said of it as text, Markdown and JSON. Run with `KEYFLEET_BLESS=1` to rewrite what is expected, and read
//! the difference as a reviewer would.

#![allow(clippy::unwrap_used)] // Clippy does not see that the helpers of a test are tests.

#[path = "review/fleet.rs"]
mod fleet;
#[path = "review/generated.rs"]
mod generated;
#[path = "review/golden.rs"]
mod golden;
#[path = "review/patched.rs"]
mod patched;
mod support;
