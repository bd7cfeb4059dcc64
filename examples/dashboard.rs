//! The dashboard over a made-up fleet, to look at: `cargo run --example dashboard [CLUSTERS [SECRETS]]`. It asks no server and
//! writes nothing.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    dead_code,
    unreachable_pub,
    reason = "an example"
)]

#[path = "../tests/dashboard/made_up.rs"]
mod made_up;

use keyfleet::serve::view::Reader;
use keyfleet::serve::web::{api, pages};
use std::sync::Arc;
use std::time::Duration;

#[tokio::main]
async fn main() {
    let numbers: Vec<usize> = std::env::args()
        .skip(1)
        .map(|text| text.parse().unwrap())
        .collect();
    let shape = made_up::Shape {
        clusters: numbers.first().copied().unwrap_or(120),
        secrets: numbers.get(1).copied().unwrap_or(40),
    };
    let board = Arc::new(made_up::board(shape));
    made_up::misdeclare(&board);
    let reader = Reader {
        board,
        overdue: tokio::sync::watch::channel(Duration::from_secs(3_600)).1,
        clock: made_up::now,
    };
    let service = pages::router(reader.clone()).nest("/api/v1", api::router(reader));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    println!("http://{}", listener.local_addr().unwrap());
    axum::serve(listener, service).await.unwrap();
}
