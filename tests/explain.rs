//! People's questions about who can read what, and what they are answered.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

#[path = "explain/forms.rs"]
mod forms;
#[path = "policy_real/generate.rs"]
#[allow(dead_code, reason = "slips are for the parser's test")]
mod generate;
#[path = "explain/live.rs"]
mod live;
#[path = "explain/questions.rs"]
mod questions;
#[path = "explain/real.rs"]
mod real;
