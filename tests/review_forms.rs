//! The forms of a review: what each says, that each stays harmless whatever the names are, and how large each gets.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "review_forms/forms.rs"]
mod forms;
#[path = "review_forms/hostile.rs"]
mod hostile;
#[path = "review_forms/machines.rs"]
mod machines;
#[path = "review_forms/made.rs"]
mod made;
#[path = "review_forms/read.rs"]
mod read;
#[path = "review_forms/room.rs"]
mod room;
#[path = "review_forms/verb.rs"]
mod verb;
