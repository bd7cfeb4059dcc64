//! Nothing changes: what that takes.

use super::served::Served;
use super::world::{Asked, Counts, World};
use std::time::{Duration, Instant};

const CLUSTERS: usize = 200;
const SECRETS: usize = 50;

/// The default of `reconcile.interval`.
const PASSES_PER_HOUR: u64 = 12;
/// The shortest that the settings take: passes back to back.
const BACK_TO_BACK: &str = "{interval: 5s, full: 720h}";

pub(crate) async fn run(for_an_hour: bool) {
    let world = World::start(CLUSTERS, SECRETS);
    let served = Served::start(&world, "idle", BACK_TO_BACK).await;
    passes(&served, 2).await;
    let (before, used) = (passes_of_all(&served), served.processor());
    drop(world.take_counts().await);
    let (begin, first_memory) = (Instant::now(), served.memory());
    let how_long = Duration::from_secs(if for_an_hour { 3600 } else { 60 });
    let mut most = first_memory;
    while begin.elapsed() < how_long {
        tokio::time::sleep(Duration::from_secs(1)).await;
        most = most.max(served.memory());
    }
    let (asked, used) = (world.take_counts().await, served.processor() - used);
    let passes = passes_of_all(&served) - before;
    println!(
        "\n## Nothing changes, {CLUSTERS} clusters × {SECRETS} secrets, {passes} passes in {} s\n",
        how_long.as_secs()
    );
    println!("| what | each pass | each hour, every 5 minutes |\n| --- | --- | --- |");
    told("requests to Vault", &asked, |asked| &asked.vault, passes, 1);
    told(
        "requests to a cluster",
        &asked,
        |asked| &asked.clusters,
        passes,
        CLUSTERS,
    );
    #[expect(clippy::cast_precision_loss, reason = "small numbers")]
    let each = used / passes as f64;
    #[expect(clippy::cast_precision_loss, reason = "small numbers")]
    let hour = each * PASSES_PER_HOUR as f64;
    println!("| seconds of a processor | {each:.2} | {hour:.1} |");
    println!(
        "| memory, MiB | {first_memory} at first, {} at last, {most} at most | |",
        served.memory()
    );
}

fn told(what: &str, asked: &Asked, of: fn(&Asked) -> &Counts, passes: u64, of_each: usize) {
    let sum: u64 = of(asked).values().sum();
    let each = sum / passes.max(1) / u64::try_from(of_each).unwrap();
    let kinds: Vec<String> = of(asked)
        .iter()
        .map(|(kind, number)| format!("{kind} {number}"))
        .collect();
    println!(
        "| {what} | {each} | {} | <!-- {} -->",
        each * PASSES_PER_HOUR,
        kinds.join(", ")
    );
}

/// How many passes the slowest cluster has had.
fn passes_of_all(served: &Served) -> u64 {
    let counts = served.log().count();
    u64::try_from(counts.values().min().copied().unwrap_or(0)).unwrap()
}

async fn passes(served: &Served, number: u64) {
    let begin = Instant::now();
    loop {
        let counts = served.log().count();
        if counts.len() == CLUSTERS && passes_of_all(served) >= number {
            return;
        }
        assert!(
            begin.elapsed() < Duration::from_secs(300),
            "{} clusters, {} passes",
            counts.len(),
            passes_of_all(served)
        );
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}
