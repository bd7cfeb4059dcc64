//! What is not waited for until the next look: a window that opens, something shared that failed, a Vault that hangs.

use super::process::Service;
use super::scene::Scene;
use super::support::proxy::on;
use super::support::{Fault, Request};
use jiff::Timestamp;
use std::time::{Duration, Instant};

const RARELY: &str = "reconcile: {interval: 1h}\n";

fn any(_: &Request) -> bool {
    true
}

impl Service {
    async fn vault_is_up(&self) -> Option<bool> {
        let (_, metrics) = self.get(self.ports.probes, "/metrics").await;
        let up =
            |value: &str| metrics.contains(&format!("keyfleet_vault_up{{vault=\"main\"}} {value}"));
        match (up("0"), up("1")) {
            (true, _) => Some(false),
            (_, true) => Some(true),
            _ => None,
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_window_that_is_shorter_than_the_interval_is_not_slept_through() {
    let scene = Scene::declared("serve-window").await;
    // Soon, and late enough to see that nothing is written before.
    let now = u64::try_from(Timestamp::now().as_second()).unwrap();
    let opens = (now + 20).next_multiple_of(60);
    let minute = opens / 60 % 60;
    let window = format!("{{kind: allow, schedule: \"{minute} * * * *\", duration: 2m}}");
    scene.write_cluster(&scene.north, &format!("  syncWindows: [{window}]\n"));
    let service = Service::start(&scene, RARELY);
    let is_there = async || scene.secret(&scene.north, "app").await.is_some();
    service
        .until("Secret in the other", async || {
            scene.secret(&scene.south, "app").await.is_some()
        })
        .await;
    let now = u64::try_from(Timestamp::now().as_second()).unwrap();
    assert!(now >= opens || !is_there().await);
    tokio::time::sleep(Duration::from_secs(opens.saturating_sub(now))).await;
    service.until("Secret in the window", is_there).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_clusters_share_is_made_soon_after_it_failed() {
    let scene = Scene::applied("serve-shared").await;
    let service = Service::start(&scene, RARELY);
    service.until_said("following").await;
    let path = "sys/policies/acl/serve-shared-all";
    let broken = Fault::answer(500, r#"{"errors":["storage"]}"#);
    scene.vault_proxy.fault_times(1, on("POST", path), broken);
    let rule = format!(
        "path \"{}/data/all\" {{\n  capabilities = [\"read\"]\n}}\n",
        scene.mount()
    );
    scene.write("policies/serve-shared-all.hcl", &rule);
    service
        .until("policy", async || {
            scene.north.vault.api("GET", path, None).await.0 == 200
        })
        .await;
    assert_eq!(scene.vault_proxy.count(on("POST", path)), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_vault_that_hangs_is_told_while_the_look_at_it_waits() {
    let scene = Scene::applied("serve-hung-look").await;
    scene.vault_proxy.fault(any, Fault::Hang);
    let begin = Instant::now();
    let service = Service::start(&scene, RARELY);
    service.until_said("following").await;
    service
        .until("word of it", async || {
            service.vault_is_up().await == Some(false)
        })
        .await;
    // A request to a Vault may take 30 s.
    assert!(begin.elapsed() < Duration::from_secs(20));
    service.until_said("the Vault does not answer").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_vault_that_hangs_between_two_looks_is_told() {
    let scene = Scene::applied("serve-hung").await;
    let service = Service::start(&scene, RARELY);
    service.until_said("following").await;
    let is_up = |up| {
        let service = &service;
        async move || service.vault_is_up().await == Some(up)
    };
    service.until("well Vault", is_up(true)).await;
    scene.vault_proxy.fault(any, Fault::Hang);
    service.until("word of it", is_up(false)).await;
    scene.vault_proxy.clear_faults();
    service.until("well Vault", is_up(true)).await;
    service.until_said("the Vault is well again").await;
}
