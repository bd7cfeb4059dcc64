//! What it costs to say what a change means, beside what git itself takes to show the same change.
//!
//! `cargo bench --bench review` prints a table: 200 clusters × 50 Secrets, so 10,000 declarations, of which so many changed, each in
//! a file and a cluster of its own; and one file of a group, which reaches half of the fleet. Everything is measured in one run:
//!
//! - *git diff*: `git diff` between the same two commits, as a child process, read and thrown away.
//! - *review*: from opening the repository to the finished Markdown, in a process that knows nothing of it yet. The files are
//!   in the cache of the machine, as they are for git.

#![allow(clippy::print_stdout, clippy::unwrap_used)]

// Each table uses its own part of these.
#[allow(dead_code)]
#[path = "compile/fleets.rs"]
mod fleets;
#[allow(dead_code)]
#[path = "compile/repository.rs"]
mod repository;

use fleets::GROUPS;
use keyfleet::git::{Access, Limits, Source};
use keyfleet::pipeline;
use keyfleet::report::review::{About, Reviewed, Room, markdown};
use repository::Repository;
use std::process::Command;
use std::time::{Duration, Instant};

const RUNS: usize = 5;
const CHANGED: [usize; 3] = [1, 100, 200];

fn main() {
    // `cargo test --benches` only wants to know that it runs.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    let fleet = &fleets::WIDE;
    let repository = Repository::create(fleet);
    println!(
        "{} clusters × {} Secrets × {} keys, in {} files\n",
        fleet.clusters,
        fleet.secrets(),
        fleet.keys,
        repository.files
    );
    for changed in CHANGED {
        repository.edit(fleet, changed, changed);
        measure(&format!("{changed} files changed"), &repository, changed);
    }
    repository.edit_group(fleet, GROUPS[0], 1);
    let reached = fleet.clusters / GROUPS.len();
    measure(
        &format!("a group's file, on {reached} clusters"),
        &repository,
        1,
    );
    println!("\nMedians of {RUNS} runs. The ratio is to git's own time for the same change.");
}

fn measure(what: &str, repository: &Repository, changed: usize) {
    let floor = median(|| diff(repository));
    let review = median(|| review(repository, changed));
    println!(
        "  {what:<36} git diff {:>7.1} ms   review {:>7.1} ms   ratio {:>6.1}",
        floor.as_secs_f64() * 1000.0,
        review.as_secs_f64() * 1000.0,
        review.as_secs_f64() / floor.as_secs_f64()
    );
}

fn diff(repository: &Repository) {
    let git = Command::new("git")
        .arg("-C")
        .arg(repository.path())
        .args(["diff", "main~1", "main"])
        .output()
        .unwrap();
    assert!(git.status.success() && !git.stdout.is_empty());
}

fn review(repository: &Repository, changed: usize) {
    let runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = { runtime }.build().unwrap();
    let source = Source::File(repository.path().to_owned());
    let names = (Some("main~1".to_owned()), Some("main".to_owned()));
    let read = pipeline::read_both(source, names, Limits::default(), Access::default());
    let compared = runtime.block_on(read).unwrap();
    assert_eq!(compared.changes.len(), changed);
    let reviewed = pipeline::review(compared.base, compared.head);
    assert!(!reviewed.review.changes.is_empty());
    let shown = Reviewed {
        about: &About::default(),
        review: &reviewed.review,
    };
    assert!(!markdown(shown, &Room::COMMENT).is_empty());
}

fn median(run: impl Fn()) -> Duration {
    let mut times: Vec<_> = (0..RUNS)
        .map(|_| {
            let start = Instant::now();
            run();
            start.elapsed()
        })
        .collect();
    times.sort_unstable();
    times[RUNS / 2]
}
