//! A process that is stopped in the middle of its work and wakes late, again and again.

use super::cluster;
use super::history::{History, late_writes};
use super::process::{Process, Signal};
use super::seat::{TIMES, free_lease};
use super::support::Cluster;
use futures::future::join_all;
use std::time::{Duration, Instant};

/// Pairs of processes at the same time, each with a Lease of its own.
const PAIRS: usize = 4;
/// How long the stops of an ordinary run go on. `KEYFLEET_STOPS=1000` counts them instead.
const ORDINARY: Duration = Duration::from_secs(50);

struct Counted {
    stops: usize,
    writes: usize,
    /// Stored after the next term had begun, though nothing but the fence was in the way.
    late: Vec<String>,
    /// The same of writes that say which version they have seen.
    late_checked: Vec<String>,
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_wakes_late_writes_nothing_more() {
    let cluster = cluster().await;
    let wanted = std::env::var("KEYFLEET_STOPS").ok();
    let wanted: Option<usize> = wanted.map(|stops| stops.parse().unwrap());
    let begin = Instant::now();
    let is_done = |stops: usize| match wanted {
        Some(wanted) => stops >= wanted.div_ceil(PAIRS),
        None => begin.elapsed() > ORDINARY,
    };
    let pairs = (0..PAIRS).map(|pair| a_pair(&cluster, format!("stopped-{pair}"), is_done));
    let counted = join_all(pairs).await;

    let sum = |of: fn(&Counted) -> usize| counted.iter().map(of).sum::<usize>();
    let (stops, writes) = (sum(|pair| pair.stops), sum(|pair| pair.writes));
    let late: Vec<&String> = counted.iter().flat_map(|pair| &pair.late).collect();
    let late_checked: Vec<&String> = counted.iter().flat_map(|pair| &pair.late_checked).collect();
    println!(
        "{stops} stops of an active process, {writes} writes; stored after the next term had begun: {} of those that \
         only the fence stops, {} of those that the server checks; in {:?}",
        late.len(),
        late_checked.len(),
        begin.elapsed()
    );
    assert!(
        stops >= PAIRS && writes > stops * 10,
        "too few to say anything"
    );
    assert!(late_checked.is_empty(), "{late_checked:#?}");
    // A process can be stopped between its last look at the clock and the system call; without the fence, it is one
    // stop in fifteen, with it one in two thousand. See docs/decisions/0012-one-active-process.md.
    assert!(late.len() <= 1 + stops / 200, "{late:#?}");
}

async fn a_pair(cluster: &Cluster, name: String, is_done: impl Fn(usize) -> bool) -> Counted {
    free_lease(cluster, &name).await;
    let writes = History::of_writes(cluster, &name).await;
    let checked = History::of_writes(cluster, &format!("{name}-checked")).await;
    let terms = History::of_lease(cluster, &name).await;
    let mut active = Process::on_lease(cluster, &name, "one", TIMES);
    active.until("active").await;
    let mut standby = Process::on_lease(cluster, &name, "two", TIMES);
    standby.until("standing by").await;
    let mut stops = 0;
    while !is_done(stops) {
        // At another moment of its writing and of its lease each time.
        let moment = u64::try_from(stops * 37 % 400).unwrap();
        tokio::time::sleep(Duration::from_millis(100 + moment)).await;
        active.signal(Signal::Stop);
        let said = standby.until("active, term ").await;
        checked
            .until_term(said.trim_start_matches("active, term "))
            .await;
        active.signal(Signal::Continue);
        // It has run, and has seen that it is not active any more.
        active.until("standing by, ").await;
        std::mem::swap(&mut active, &mut standby);
        stops += 1;
    }
    tokio::time::sleep(Duration::from_millis(300)).await;
    Counted {
        stops,
        writes: writes.so_far().len() + checked.so_far().len(),
        late: late_writes(&writes, &terms),
        late_checked: late_writes(&checked, &terms),
    }
}
