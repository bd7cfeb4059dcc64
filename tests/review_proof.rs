//! Proof before merge: what a change rests on is asked once, of the servers of the base, with reads only; and no answer tells
//! more than its audience may know.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

#[path = "review_proof/asked.rs"]
mod asked;
#[path = "review_proof/real.rs"]
mod real;
#[path = "review_proof/revisions.rs"]
mod revisions;
#[path = "review_proof/told.rs"]
mod told;
#[path = "review_proof/verb.rs"]
mod verb;
