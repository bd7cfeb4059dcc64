//! The service over a fleet, as it is run: what it asks while nothing changes, how fast a push is everywhere, and what clusters
//! that hang or fail cost the others.
//!
//! `cargo bench --bench service` takes some eight minutes on two cores; `-- idle`, `-- push`, `-- isolation` run one of the three,
//! and `-- hour` lets passes run back to back for an hour. The sandbox is a process of its own and counts what it is asked.
//! Counts do not depend on the machine; times are compared with times of the same run.
#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a bench prints, and one that fails has nothing to say"
)]

#[path = "service/idle.rs"]
mod idle;
#[path = "service/isolation.rs"]
mod isolation;
#[path = "passes/keyfleet.rs"]
#[expect(dead_code, reason = "other benches use the rest of it")]
mod keyfleet;
#[path = "service/log.rs"]
mod log;
#[path = "service/push.rs"]
mod push;
#[path = "service/served.rs"]
mod served;
#[path = "passes/world.rs"]
#[expect(dead_code, reason = "other benches use the rest of it")]
mod world;

fn main() {
    // Cargo says `--bench`; what else is said is ours.
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let said = |word: &str| arguments.iter().any(|argument| argument == word);
    let _ = rustls::crypto::ring::default_provider().install_default();
    let all = !["idle", "push", "isolation"].into_iter().any(said);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        if all || said("idle") {
            idle::run(said("hour")).await;
        }
        if all || said("push") {
            push::run().await;
        }
        if all || said("isolation") {
            isolation::run().await;
        }
    });
}

/// The value below which this share of the sorted values lies.
fn quantile(sorted: &[f64], share: f64) -> f64 {
    let last = sorted.len().saturating_sub(1);
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a place in a short list"
    )]
    let place = (last as f64 * share).round() as usize;
    sorted[place]
}
