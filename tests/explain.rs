//! People's questions about who can read what, and what they are answered.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

#[path = "explain/forms.rs"]
mod forms;
#[path = "explain/questions.rs"]
mod questions;
