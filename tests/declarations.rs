//! What the declarations of a repository mean, and what is said about wrong ones.
//!
//! `tests/cases/NAME/repo` is a repository, `tests/cases/NAME/validate.txt` everything that `keyfleet validate` says about it.
//! Run with `KEYFLEET_BLESS=1` to rewrite what is expected, and read the difference as a user would.

#![allow(clippy::unwrap_used)] // Clippy does not see that the helpers of a test are tests.

#[path = "declarations/again.rs"]
mod again;
#[path = "declarations/cases.rs"]
mod cases;
#[path = "declarations/example.rs"]
mod example;
#[path = "declarations/incomplete.rs"]
mod incomplete;
#[path = "declarations/operation.rs"]
mod operation;
#[path = "declarations/properties.rs"]
mod properties;
#[path = "declarations/repository.rs"]
mod repository;
