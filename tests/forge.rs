//! Posting a review, held to what the APIs of the forges answer, hand-written from their public documentation: who may be
//! edited, what is asked how often, what each refusal says, and that the token goes nowhere else.

#![expect(
    clippy::unwrap_used,
    reason = "the helpers of a test fail as the test does"
)]

#[path = "forge/comments.rs"]
mod comments;
#[path = "forge/faults.rs"]
mod faults;
#[path = "forge/jobs.rs"]
mod jobs;
#[path = "forge/refusals.rs"]
mod refusals;
#[path = "forge/server.rs"]
mod server;
#[path = "forge/shapes.rs"]
mod shapes;
#[path = "forge/statuses.rs"]
mod statuses;
mod support;
#[path = "forge/templates.rs"]
mod templates;
#[path = "forge/tls.rs"]
mod tls;
