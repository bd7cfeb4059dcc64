//! Clusters that hang or fail: what they cost the others.

use super::quantile;
use super::served::Served;
use super::world::World;
use std::collections::BTreeSet;
use std::time::Duration;

const CLUSTERS: usize = 100;
const SECRETS: usize = 10;
const BROKEN: usize = 10;
/// Passes back to back for this long, once with all well and once with twenty broken.
const MEASURED: Duration = Duration::from_secs(90);
/// Until the first failures are over and the breakers are open.
const SETTLES: Duration = Duration::from_secs(100);

pub(crate) async fn run() {
    let world = World::start(CLUSTERS, SECRETS);
    let served = Served::start(&world, "isolation", "{interval: 5s, full: 720h}").await;
    tokio::time::sleep(Duration::from_secs(15)).await;
    let names: Vec<&str> = world.clusters.iter().map(|it| it.name.as_str()).collect();
    let (hung, failing) = (&names[..BROKEN], &names[BROKEN..2 * BROKEN]);
    let healthy: BTreeSet<&str> = names[2 * BROKEN..].iter().copied().collect();
    let well = measure(&served, &healthy, MEASURED).await;
    for name in hung {
        world.break_cluster(name, r#"{"mishap": "hang"}"#).await;
    }
    for name in failing {
        let fault = r#"{"mishap": {"status": {"status": 500}}}"#;
        world.break_cluster(name, fault).await;
    }
    let at_first = measure(&served, &healthy, SETTLES).await;
    let later = measure(&served, &healthy, MEASURED).await;
    println!(
        "\n## {BROKEN} of {CLUSTERS} clusters hang and {BROKEN} fail: passes over the {} others\n",
        healthy.len()
    );
    println!("| while | passes | p50 | p99 | p99 to all well |\n| --- | --- | --- | --- | --- |");
    let base = quantile(&well, 0.99);
    for (what, times) in [
        ("all are well", &well),
        ("they have just broken", &at_first),
        ("they stay broken", &later),
    ] {
        let p99 = quantile(times, 0.99);
        println!(
            "| {what} | {} | {:.0} ms | {p99:.0} ms | {:.2} |",
            times.len(),
            quantile(times, 0.5),
            p99 / base
        );
    }
}

/// The times of passes over these clusters that end in this time, sorted.
async fn measure(served: &Served, clusters: &BTreeSet<&str>, how_long: Duration) -> Vec<f64> {
    let before = served.log().passes().len();
    tokio::time::sleep(how_long).await;
    let passes = served.log().passes();
    let mut times: Vec<f64> = passes[before..]
        .iter()
        .filter(|pass| clusters.contains(pass.cluster.as_str()))
        .map(|pass| pass.milliseconds)
        .collect();
    times.sort_by(f64::total_cmp);
    times
}
