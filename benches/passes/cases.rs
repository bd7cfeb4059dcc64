//! What is measured.

use super::keyfleet::{Took, run};
use super::raw;
use super::table::Table;
use super::world::{RealVault, World};
use serde_json::json;
use std::time::Duration;

/// An odd number, for the middle one.
const TIMES: usize = 5;

/// The fleet on the sandbox: from nothing to everything, and each small change after that.
pub(crate) async fn sandbox(clusters: usize, secrets: usize, table: &mut Table) {
    let world = World::start(clusters, secrets);
    let of = format!("{clusters} × {secrets}");
    apply(&world, &format!("{of}, first sync"), table).await;
    nothing_to_do(&world, secrets, &of, table).await;
    rotate_what_all_share(&world).await;
    apply(&world, &format!("{of}, one rotation for all"), table).await;
    one_edit(&world);
    apply(&world, &format!("{of}, one edit"), table).await;
}

async fn apply(world: &World, case: &str, table: &mut Table) {
    drop(world.take_counts().await);
    let took = run(world, None, &["apply", "--yes"], 0);
    table.add(case, &world.take_counts().await, took, None, "");
}

async fn nothing_to_do(world: &World, secrets: usize, of: &str, table: &mut Table) {
    let requests = raw::reads(&world.clusters, secrets);
    let mut raw_times = Vec::new();
    let mut took = Vec::new();
    let mut asked = world.take_counts().await;
    // Side by side, so that a change of the machine's mood meets both.
    for _ in 0..TIMES {
        raw_times.push(raw::send(world, None, &requests).await);
        drop(world.take_counts().await);
        took.push(run(world, None, &["plan"], 0));
        asked = world.take_counts().await;
    }
    let case = format!("{of}, nothing to do");
    table.add(
        &case,
        &asked,
        middle(took),
        Some(middle_time(raw_times)),
        "≤ 1.15",
    );
}

/// The Vault side alone, on a real one; the clusters are the sandbox's.
pub(crate) async fn real_vault(clusters: usize, table: &mut Table) {
    let world = World::start(clusters, 0);
    let Some(vault) = RealVault::start(world.folder()).await else {
        println!(
            "no `bao` on PATH or in target/servers/bin: the cases of a real Vault are left out"
        );
        return;
    };
    let at = Some((vault.addr.as_str(), RealVault::TOKEN));
    drop(world.take_counts().await);
    let took = run(&world, at, &["apply", "--yes"], 0);
    let asked = world.take_counts().await;
    let mut raw_time = Duration::ZERO;
    if let Some(empty) = RealVault::start(world.folder()).await {
        let at = Some((empty.addr.as_str(), RealVault::TOKEN));
        for writes in raw::onboarding(&world.clusters) {
            raw_time += raw::send(&world, at, &writes).await;
        }
    }
    let case = format!("{clusters} clusters onboarded, real OpenBao");
    table.add(&case, &asked, took, Some(raw_time), "≤ 2");
    let requests = raw::least_reads_of_the_vault(&world.clusters);
    let (mut raw_times, mut took) = (Vec::new(), Vec::new());
    for _ in 0..TIMES {
        raw_times.push(raw::send(&world, at, &requests).await);
        drop(world.take_counts().await);
        took.push(run(&world, at, &["plan"], 0));
    }
    let asked = world.take_counts().await;
    let case = format!("{clusters} clusters, nothing to do, real OpenBao");
    table.add(
        &case,
        &asked,
        middle(took),
        Some(middle_time(raw_times)),
        "≤ 1.5",
    );
}

/// As large as one machine is meant to serve.
pub(crate) async fn large(clusters: usize, secrets: usize, table: &mut Table) {
    let world = World::start(clusters, secrets);
    let of = format!("{clusters} × {secrets}");
    apply(&world, &format!("{of}, first sync"), table).await;
    let requests = raw::reads(&world.clusters, secrets);
    let raw_time = raw::send(&world, None, &requests).await;
    drop(world.take_counts().await);
    let took = run(&world, None, &["plan"], 0);
    let asked = world.take_counts().await;
    let case = format!("{of}, nothing to do");
    table.add(&case, &asked, took, Some(raw_time), "≤ 60 s, ≤ 300 MiB");
}

async fn rotate_what_all_share(world: &World) {
    let (addr, token) = world.vault();
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let answer = client
        .post(format!("{addr}/v1/kv/data/shared/mail"))
        .header("X-Vault-Token", token)
        .body(json!({"data": {"noreply": "another"}}).to_string())
        .send()
        .await
        .unwrap();
    assert!(answer.status().is_success());
}

/// The ttl of one role.
fn one_edit(world: &World) {
    let name = &world.clusters[0].name;
    let file = world
        .repository
        .join(format!("clusters/{name}/cluster.yaml"));
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, format!("{text}  ttl: 2h\n")).unwrap();
}

fn middle(mut took: Vec<Took>) -> Took {
    took.sort_by_key(|took| took.time);
    took[took.len() / 2]
}

fn middle_time(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}
