//! What a page costs of a fleet of 1,000 clusters × 100 Secrets, beside the same page of a small fleet.
//!
//! `cargo bench --bench pages` prints a table: the time from request to the whole answer, without a socket, as the median of many;
//! the bytes of the answer; the ratio of the time to that of the small fleet, in the same run on the same machine; and by how much
//! the most memory that was resident grew while the pages of the large fleet were made. A page that copied the fleet would
//! show there: the board itself is a hundred times larger than what a page may cost.
#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a bench prints, and one that fails has nothing to say"
)]
#![allow(
    dead_code,
    unreachable_pub,
    reason = "the board is made by the tests' own module"
)]

#[path = "../tests/dashboard/made_up.rs"]
mod made_up;

use axum::Router;
use axum::body::Body;
use http::Request;
use http_body_util::BodyExt;
use keyfleet::serve::view::Reader;
use keyfleet::serve::web::{api, pages};
use made_up::Shape;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tower::ServiceExt;

const SMALL: Shape = Shape {
    clusters: 10,
    secrets: 100,
};
const LARGE: Shape = Shape {
    clusters: 1_000,
    secrets: 100,
};
const RUNS: usize = 201;

/// Each is there in both fleets.
const PATHS: [&str; 9] = [
    "/",
    "/?q=prod+region%3Deu&sort=name",
    "/?sort=secrets",
    "/clusters/dev-us-005",
    "/clusters/dev-us-005/secrets/billing/app-001",
    "/findings",
    "/held",
    "/api/v1/fleet",
    "/api/v1/clusters",
];

#[tokio::main(flavor = "current_thread")]
async fn main() {
    if !std::env::args().any(|argument| argument == "--bench") {
        // `cargo test --benches` only wants to know that it runs.
        return;
    }
    let small = service(SMALL);
    let before = resident("VmRSS:");
    let large = service(LARGE);
    let board = resident("VmRSS:") - before;
    println!(
        "{} clusters × {} Secrets, on a board of {board} MiB; the ratio is to {} clusters",
        LARGE.clusters, LARGE.secrets, SMALL.clusters
    );
    println!(
        "{:<48} {:>10} {:>10} {:>7}",
        "", "median ms", "KiB", "ratio"
    );
    let peak = resident("VmHWM:");
    for path in PATHS {
        let (few, _) = measure(&small, path).await;
        let (many, bytes) = measure(&large, path).await;
        let ratio = many.as_secs_f64() / few.as_secs_f64();
        let (time, size) = (many.as_secs_f64() * 1000.0, bytes / 1024);
        println!("{path:<48} {time:>10.2} {size:>10} {ratio:>7.2}");
    }
    let grown = resident("VmHWM:") - peak;
    println!(
        "\nAt its most, memory grew by {grown} MiB over {} answers.",
        2 * RUNS * PATHS.len()
    );
}

fn service(shape: Shape) -> Router {
    let reader = Reader {
        board: Arc::new(made_up::board(shape)),
        overdue: tokio::sync::watch::channel(Duration::from_secs(3_600)).1,
        clock: made_up::now,
    };
    pages::router(reader.clone()).nest("/api/v1", api::router(reader))
}

/// The median time of an answer, and its size.
async fn measure(service: &Router, path: &str) -> (Duration, usize) {
    let mut times = Vec::with_capacity(RUNS);
    let mut bytes = 0;
    for _ in 0..RUNS {
        let request = Request::get(path).body(Body::empty()).unwrap();
        let begin = Instant::now();
        let answer = service.clone().oneshot(request).await.unwrap();
        assert!(answer.status().is_success(), "{path}");
        bytes = answer.into_body().collect().await.unwrap().to_bytes().len();
        times.push(begin.elapsed());
    }
    times.sort();
    (times[RUNS / 2], bytes)
}

/// MiB, of this process.
fn resident(what: &str) -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(what));
    let kibibytes = line.and_then(|line| line.split_whitespace().next()?.parse::<usize>().ok());
    kibibytes.unwrap_or(0) / 1024
}
