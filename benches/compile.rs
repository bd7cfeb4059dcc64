//! What it costs to compile a repository of 100,000 mappings, beside what git itself takes to give out the same files.
//!
//! `cargo bench --bench compile` prints a table for each of two fleets, everything measured in one run:
//!
//! - *git*: `git ls-tree -r` and `git cat-file --batch` of the same commit, as child processes; every byte is read and
//!   thrown away. Nothing that reads a repository does less; a ratio is against this.
//! - *cold*: nothing is known, from opening the repository to `Wanted`.
//! - *warm*: the same process compiled the commit before, and so many files differ, each in another cluster. Making the
//!   commit is not counted; opening the repository and finding the new commit is.
//! - *memory*: the most that a process of its own had resident, which compiled the repository and did nothing else.

#![allow(clippy::print_stdout, clippy::unwrap_used)]

#[path = "compile/fleets.rs"]
mod fleets;
#[path = "compile/memory.rs"]
mod memory;
#[path = "compile/repository.rs"]
mod repository;

use fleets::{Fleet, GROUPS};
use keyfleet::pipeline::{Compiler, Wanted};
use repository::Repository;
use std::path::Path;
use std::time::{Duration, Instant};

const RUNS: usize = 5;
const CHANGED: [usize; 4] = [0, 1, 10, 100];

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.as_slice() {
        [mode, repository, revisions] if mode == memory::CHILD => {
            memory::compile_and_say(Path::new(repository), revisions.parse().unwrap());
        }
        arguments if arguments.iter().any(|argument| argument == "--bench") => {
            measure("one declaration in a file", &fleets::WIDE);
            measure("ten declarations in a file", &fleets::MANY);
            println!(
                "\nMedians of {RUNS} runs. The ratio is to git's own time for the same files."
            );
        }
        // `cargo test --benches` only wants to know that it runs.
        _ => {}
    }
}

fn measure(what: &str, fleet: &Fleet) {
    let repository = Repository::create(fleet);
    println!(
        "\n{} clusters × {} Secrets × {} keys = {} mappings, in {} files, {what}",
        fleet.clusters,
        fleet.secrets(),
        fleet.keys,
        fleet.mappings(),
        repository.files,
    );
    let floor = median(|_| timed(|| repository.give_out()));
    let row = |name: &str, time: Duration| {
        let ratio = time.as_secs_f64() / floor.as_secs_f64();
        let time = time.as_secs_f64() * 1000.0;
        println!("  {name:<46} {time:>8.1} ms {ratio:>6.2}");
    };
    row("git ls-tree -r, git cat-file --batch", floor);
    let cold = median(|_| timed(|| revision(&mut Compiler::default(), &repository, fleet)));
    row("cold", cold);
    let mut compiler = Compiler::default();
    revision(&mut compiler, &repository, fleet);
    for changed in CHANGED {
        let warm = median(|run| {
            repository.edit(fleet, changed, run + 1 + changed);
            timed(|| revision(&mut compiler, &repository, fleet))
        });
        row(&format!("warm, {changed} files changed"), warm);
    }
    let warm = median(|run| {
        repository.edit_group(fleet, GROUPS[0], run + 1);
        timed(|| revision(&mut compiler, &repository, fleet))
    });
    let reached = fleet.clusters / GROUPS.len();
    row(
        &format!("warm, a group's file, on {reached} clusters"),
        warm,
    );
    for revisions in [1, 10] {
        let name = format!("memory, revisions one after another: {revisions}");
        let mebibytes = memory::of_a_process(repository.path(), revisions);
        println!("  {name:<46} {mebibytes:>8.1} MiB");
    }
}

/// From the repository to what it asks for, all of which must be there.
fn revision(compiler: &mut Compiler, repository: &Repository, fleet: &Fleet) {
    let wanted = compile(compiler, repository.path());
    let secrets = wanted.desired.cells.iter().flat_map(|cell| &cell.secrets);
    let mappings: usize = secrets.map(|secret| secret.assignments.len()).sum();
    assert_eq!(mappings, fleet.mappings());
    assert!(wanted.problems.is_empty());
}

fn compile(compiler: &mut Compiler, repository: &Path) -> Wanted {
    use keyfleet::git::{Access, Limits, Source};
    let runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = { runtime }.build().unwrap();
    let source = Source::File(repository.to_owned());
    let read = compiler.read(source, None, Limits::default(), Access::default());
    let read = runtime.block_on(read).unwrap();
    compiler.compile(read)
}

fn timed(work: impl FnOnce()) -> Duration {
    let start = Instant::now();
    work();
    start.elapsed()
}

fn median(run: impl FnMut(usize) -> Duration) -> Duration {
    let mut times: Vec<_> = (0..RUNS).map(run).collect();
    times.sort_unstable();
    times[RUNS / 2]
}
