//! Two revisions beside each other, in repositories of the real `git` program and on a real `git http-backend`.

#![allow(clippy::unwrap_used)] // Clippy does not see that the helpers of a test are tests.

#[path = "git_compare/again.rs"]
mod again;
#[path = "git_remote/command.rs"]
mod command;
#[path = "git_compare/like_git.rs"]
mod like_git;
#[path = "git_compare/lines.rs"]
mod lines;
#[path = "git_compare/many.rs"]
mod many;
#[path = "git_compare/merges.rs"]
mod merges;
#[path = "git_compare/names.rs"]
mod names;
#[path = "git_compare/place.rs"]
mod place;
#[path = "git_compare/problems.rs"]
mod problems;
#[path = "git_compare/remotes.rs"]
mod remotes;
#[allow(dead_code, reason = "the tests of a single fetch use the rest of it")]
#[path = "git_remote/server.rs"]
mod server;
#[path = "git_compare/standing.rs"]
mod standing;
