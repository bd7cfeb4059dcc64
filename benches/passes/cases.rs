//! What is measured.

use super::keyfleet::{Servers, Took, run};
use super::raw;
use super::table::Table;
use super::world::{Asked, RealVault, World};
use serde_json::json;
use std::time::Duration;

/// An odd number, for the middle one.
const TIMES: usize = 5;

/// The fleet on the sandbox: from nothing to everything, and each small change after that.
pub(crate) async fn sandbox(clusters: usize, secrets: usize, table: &mut Table) {
    let world = World::start(clusters, secrets);
    let of = format!("{clusters} × {secrets}");
    apply(&world, &format!("{of}, first sync"), table).await;
    compile(&world, &format!("{of}, compiled alone"), table);
    nothing_to_do(&world, secrets, &of, table).await;
    rotate_what_all_share(&world).await;
    apply(&world, &format!("{of}, one rotation for all"), table).await;
    one_edit(&world);
    apply(&world, &format!("{of}, one edit"), table).await;
}

async fn apply(world: &World, case: &str, table: &mut Table) {
    drop(world.take_counts().await);
    let took = run(world, Servers::All, &["apply", "--yes"]);
    table.add(case, &world.take_counts().await, took, None, "");
}

/// What every run does before it asks a server, its own start included.
fn compile(world: &World, case: &str, table: &mut Table) {
    let took = (0..TIMES).map(|_| run(world, Servers::All, &["validate"]));
    table.add(case, &Asked::default(), middle(took.collect()), None, "");
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
        took.push(run(world, Servers::All, &["plan"]));
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

/// The Vault side alone, on a real one, which counts nothing: how often it is asked is what the sandbox counted above.
pub(crate) async fn real_vault(clusters: usize, table: &mut Table) {
    let world = World::start(clusters, 0);
    let (mut raw_times, mut took) = (Vec::new(), Vec::new());
    for _ in 0..TIMES {
        let (Some(one), Some(other)) = (
            RealVault::start(world.folder()).await,
            RealVault::start(world.folder()).await,
        ) else {
            println!(
                "no `bao` on PATH or in target/servers/bin: the cases of a real Vault are left out"
            );
            return;
        };
        took.push(run(&world, one.alone(), &["apply", "--yes"]));
        let mut raw_time = Duration::ZERO;
        for writes in raw::onboarding(&world.clusters) {
            raw_time += raw::send(&world, Some((&other.addr, RealVault::TOKEN)), &writes).await;
        }
        raw_times.push(raw_time);
    }
    let case = format!("{clusters} clusters onboarded, real OpenBao");
    let raw_time = Some(middle_time(raw_times));
    table.add(&case, &Asked::default(), middle(took), raw_time, "≤ 2");
    nothing_to_do_in_vault(&world, table).await;
}

async fn nothing_to_do_in_vault(world: &World, table: &mut Table) {
    let Some(vault) = RealVault::start(world.folder()).await else {
        return;
    };
    run(world, vault.alone(), &["apply", "--yes"]);
    let requests = raw::least_reads_of_the_vault(&world.clusters);
    let (mut raw_times, mut took) = (Vec::new(), Vec::new());
    for _ in 0..TIMES {
        let at = Some((vault.addr.as_str(), RealVault::TOKEN));
        raw_times.push(raw::send(world, at, &requests).await);
        took.push(run(world, vault.alone(), &["plan"]));
    }
    let case = format!(
        "{} clusters, nothing to do, real OpenBao",
        world.clusters.len()
    );
    let raw_time = Some(middle_time(raw_times));
    table.add(&case, &Asked::default(), middle(took), raw_time, "≤ 1.5");
}

/// As large as one machine is meant to serve.
pub(crate) async fn large(clusters: usize, secrets: usize, table: &mut Table) {
    let world = World::start(clusters, secrets);
    let of = format!("{clusters} × {secrets}");
    apply(&world, &format!("{of}, first sync"), table).await;
    compile(&world, &format!("{of}, compiled alone"), table);
    let requests = raw::reads(&world.clusters, secrets);
    let raw_time = raw::send(&world, None, &requests).await;
    drop(world.take_counts().await);
    let took = run(&world, Servers::All, &["plan"]);
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
