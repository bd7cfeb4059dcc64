//! From a push to its last write: a commit, a webhook, and every cluster changed.

use super::quantile;
use super::served::{Served, WEBHOOK_SECRET};
use super::world::World;
use ring::hmac;
use std::process::Command;
use std::time::{Duration, Instant};

const CLUSTERS: usize = 200;
const SECRETS: usize = 50;
const PUSHES: usize = 20;

pub(crate) async fn run() {
    let world = World::start(CLUSTERS, SECRETS);
    let served = Served::start(&world, "push", "{interval: 1h}").await;
    // The first sync.
    until_quiet(&world).await;
    let mut of_all = Vec::new();
    let mut of_one = Vec::new();
    for number in 0..PUSHES {
        of_all.push(
            push(
                &world,
                &served,
                "groups/all/mail.yaml",
                number,
                CLUSTERS as u64,
            )
            .await,
        );
        let file = format!("clusters/{}/secrets.yaml", world.clusters[number].name);
        of_one.push(push(&world, &served, &file, number, 1).await);
    }
    println!(
        "\n## From a push to its last write, {CLUSTERS} clusters × {SECRETS} secrets, {PUSHES} pushes of each\n"
    );
    println!("| what was pushed | p50 | p99 |\n| --- | --- | --- |");
    for (what, times) in [
        ("one Secret of one cluster", &mut of_one),
        ("one Secret of every cluster", &mut of_all),
    ] {
        times.sort_by(f64::total_cmp);
        println!(
            "| {what} | {:.2} s | {:.2} s |",
            quantile(times, 0.5),
            quantile(times, 0.99)
        );
    }
}

/// Another name for the first key of a file, committed and told of. Seconds until so many writes are done.
async fn push(world: &World, served: &Served, file: &str, number: usize, writes: u64) -> f64 {
    let path = world.repository.join(file);
    let text = std::fs::read_to_string(&path).unwrap();
    let key = |line: &&str| line.starts_with("      name: ");
    let line = text.lines().find(key).unwrap();
    let (base, _) = line.split_once('.').unwrap_or((line, ""));
    std::fs::write(&path, text.replacen(line, &format!("{base}.{number}"), 1)).unwrap();
    git(
        world,
        &[
            "commit",
            "--quiet",
            "-a",
            "-m",
            "bench: another name of a key",
        ],
    );
    let commit = git(world, &["rev-parse", "HEAD"]);
    drop(world.take_counts().await);
    let begin = Instant::now();
    tell(served, &commit).await;
    let mut done = 0;
    while done < writes {
        assert!(
            begin.elapsed() < Duration::from_secs(60),
            "{done} of {writes}\n{}",
            served.log().last(20)
        );
        tokio::time::sleep(Duration::from_millis(10)).await;
        done += world
            .take_counts()
            .await
            .clusters
            .get("write")
            .copied()
            .unwrap_or(0);
    }
    let took = begin.elapsed().as_secs_f64();
    until_quiet(world).await;
    took
}

/// Says that there is something new, as a forge does: with the commit, since the same words again are taken for a copy.
async fn tell(served: &Served, commit: &str) {
    let body = format!(r#"{{"ref": "refs/heads/main", "after": "{commit}"}}"#);
    let key = hmac::Key::new(hmac::HMAC_SHA256, WEBHOOK_SECRET.as_bytes());
    let signature: String = hmac::sign(&key, body.as_bytes())
        .as_ref()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let answer = client
        .post(format!("{}/webhooks/github", served.webhooks))
        .header("X-GitHub-Event", "push")
        .header("X-GitHub-Delivery", format!("{:?}", Instant::now()))
        .header("X-Hub-Signature-256", format!("sha256={signature}"))
        .body(body)
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), 202);
}

/// Until nothing is asked for two seconds.
async fn until_quiet(world: &World) {
    let mut quiet = 0;
    while quiet < 4 {
        tokio::time::sleep(Duration::from_millis(500)).await;
        let asked = world.take_counts().await;
        let is_quiet = asked.vault.is_empty() && asked.clusters.is_empty();
        quiet = if is_quiet { quiet + 1 } else { 0 };
    }
}

fn git(world: &World, arguments: &[&str]) -> String {
    let output = Command::new("git")
        .args([
            "-c",
            "user.name=Bench",
            "-c",
            "user.email=bench@example.com",
        ])
        .args(arguments)
        .current_dir(&world.repository)
        .output()
        .unwrap();
    assert!(output.status.success(), "git {arguments:?}");
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}
