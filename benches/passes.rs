//! Whole passes over fleets of many clusters, beside a raw client that sends the same requests: one table.
//!
//! `cargo bench --bench passes` runs all of it, some ten minutes on two cores; `-- small` leaves the largest fleet out. The
//! sandbox runs as a process of its own and counts what it is asked. A ratio compares two things of the same run on the
//! same machine; the times themselves say little about another one.
#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a bench prints, and one that fails has nothing to say"
)]

#[path = "passes/cases.rs"]
mod cases;
#[path = "passes/keyfleet.rs"]
mod keyfleet;
#[path = "passes/raw.rs"]
mod raw;
#[path = "passes/table.rs"]
mod table;
#[path = "passes/world.rs"]
#[expect(dead_code, reason = "other benches use the rest of it")]
mod world;

use table::Table;

fn main() {
    // Cargo says `--bench`; what else is said is ours.
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let said = |word: &str| arguments.iter().any(|argument| argument == word);
    let _ = rustls::crypto::ring::default_provider().install_default();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let mut table = Table::default();
    runtime.block_on(async {
        cases::sandbox(200, 50, &mut table).await;
        cases::real_vault(200, &mut table).await;
        if !said("small") {
            cases::large(1_000, 100, &mut table).await;
        }
    });
    println!("{table}");
}
