//! What a process that runs for months does with git: the cache of a branch, and the branch that reports are pushed to.
//! Against a real `git http-backend` behind TLS and a real sshd, on a road that can be cut.

#![allow(clippy::unwrap_used)] // Clippy does not see that the helpers of a test are tests.

#[path = "git_cache/branch.rs"]
mod branch;
#[path = "git_cache/certificates.rs"]
mod certificates;
#[path = "git_remote/command.rs"]
mod command;
#[path = "git_cache/damage.rs"]
mod damage;
#[path = "git_cache/faults.rs"]
mod faults;
#[path = "git_cache/follow.rs"]
mod follow;
#[path = "git_cache/here.rs"]
mod here;
#[path = "git_cache/months.rs"]
mod months;
#[path = "git_cache/place.rs"]
mod place;
#[path = "git_cache/rewrite.rs"]
mod rewrite;
#[path = "git_cache/road.rs"]
mod road;
#[allow(dead_code, reason = "the tests of a single fetch use the rest of it")]
#[path = "git_remote/server.rs"]
mod server;
#[path = "git_cache/sink.rs"]
mod sink;
#[path = "git_cache/ssh.rs"]
mod ssh;
#[path = "git_remote/sshd.rs"]
mod sshd;
