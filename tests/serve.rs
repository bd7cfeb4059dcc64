//! The service as it is run: a process that follows a repository, on real servers that are killed, hang and change under it.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

#[path = "serve/canaries.rs"]
mod canaries;
#[path = "serve/cells.rs"]
mod cells;
#[allow(dead_code, reason = "the tests of git itself use the rest of it")]
#[path = "git_remote/command.rs"]
mod command;
#[path = "serve/disk.rs"]
mod disk;
#[path = "serve/git.rs"]
mod git;
#[path = "serve/life.rs"]
mod life;
#[path = "serve/logins.rs"]
mod logins;
#[path = "serve/process.rs"]
mod process;
#[path = "serve/raft.rs"]
mod raft;
#[path = "serve/replicas.rs"]
mod replicas;
#[path = "serve/reports.rs"]
mod reports;
#[allow(dead_code, reason = "the tests of git itself use the rest of it")]
#[path = "git_cache/road.rs"]
mod road;
#[path = "road_bad_days/scene.rs"]
mod scene;
#[allow(dead_code, reason = "the tests of git itself use the rest of it")]
#[path = "git_remote/server.rs"]
mod server;
#[allow(dead_code, reason = "the tests of git itself use the rest of it")]
#[path = "git_remote/sshd.rs"]
mod sshd;
#[path = "serve/swapped.rs"]
mod swapped;
#[path = "serve/waits.rs"]
mod waits;
