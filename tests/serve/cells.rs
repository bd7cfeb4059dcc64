//! What goes wrong in one place stays there.

use super::process::Service;
use super::scene::Scene;
use super::support::{Fault, Request};
use serde_json::{Value, json};
use std::time::Duration;

const OFTEN: &str = "reconcile: {interval: 5s, deadline: 4s}\n";

fn any(_: &Request) -> bool {
    true
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_that_hangs_is_let_alone_and_found_again() {
    let scene = Scene::applied("serve-hangs").await;
    let service = Service::start(&scene, OFTEN);
    service.until_said("following").await;
    is_seen(&scene, &service).await;
    scene.north.proxy.fault(any, Fault::Hang);
    service.until_said("it is let alone").await;
    stands_as_it_was_seen(&scene, &service, 1).await;
    // The other one is kept equal meanwhile.
    scene.put(&scene.south, "app", "rotated").await;
    service
        .until("rotation in the other", async || {
            scene.secret(&scene.south, "app").await.as_deref() == Some("rotated")
        })
        .await;
    scene.put(&scene.north, "app", "rotated").await;
    scene.north.proxy.clear();
    tokio::time::sleep(Duration::from_secs(20)).await;
    let asked = scene.north.proxy.requests();
    assert!(asked.len() <= 8, "one question at a time: {asked:?}");
    scene.north.proxy.clear_faults();
    service.until_secret(&scene, "app", "rotated").await;
    service
        .until_said("it answers, and is looked at again")
        .await;
    let said = |text: &str| {
        let log = service.log();
        let lines = log.lines().filter(|line| line.contains(text));
        let lines: Vec<_> = lines.map(str::to_owned).collect();
        assert_eq!(lines.len(), 1, "said once: {log}");
        assert!(lines[0].contains(&scene.north.name), "{lines:?}");
        lines[0].clone()
    };
    assert!(said("it is let alone").contains("why="));
    said("it answers, and is looked at again");
    for fault in [Fault::DropRequest, Fault::answer(500, "{}")] {
        is_seen(&scene, &service).await;
        scene.north.proxy.fault(any, fault);
        stands_as_it_was_seen(&scene, &service, 1).await;
        scene.north.proxy.clear_faults();
    }
}

async fn is_seen(scene: &Scene, service: &Service) {
    service
        .until("look at north", async || {
            north(scene, service).await["state"] == "in-sync"
        })
        .await;
}

async fn north(scene: &Scene, service: &Service) -> Value {
    let path = format!("/api/v1/clusters/{}", scene.north.name);
    let (_, text) = service.get(service.ports.web, &path).await;
    serde_json::from_str(&text).unwrap()
}

/// However it fails, it fails in the same words: how it was before, and one row that says why nobody sees it now.
async fn stands_as_it_was_seen(scene: &Scene, service: &Service, secrets: usize) {
    service
        .until("failure", async || {
            north(scene, service).await["state"] == "failing"
        })
        .await;
    let said = north(scene, service).await;
    let all_seen = json!({"total": secrets, "inSync": secrets});
    assert_eq!(said["secrets"], all_seen, "{said:#}");
    let found = said["found"].as_array().unwrap();
    let topics: Vec<_> = found.iter().map(|found| &found["topic"]).collect();
    assert_eq!(topics, ["not-known"], "{said:#}");
    let path = format!("/api/v1/clusters/{}/secrets", scene.north.name);
    let (_, text) = service.get(service.ports.web, &path).await;
    let listed: Value = serde_json::from_str(&text).unwrap();
    let app = &listed["secrets"][0];
    assert_eq!(app["status"], "SUCCESS");
    assert!(app["unseenSince"].is_string(), "{listed:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_vault_that_is_away_changes_nothing_and_is_found_again() {
    let scene = Scene::applied("serve-vault").await;
    let before = scene.snapshot().await;
    let service = Service::start(&scene, OFTEN);
    service.until_said("following").await;
    scene.vault_proxy.fault(any, Fault::DropRequest);
    tokio::time::sleep(Duration::from_secs(12)).await;
    assert_eq!(scene.snapshot().await, before);
    let asked = scene.vault_proxy.count(any);
    assert!(asked < 400, "{asked} requests to a Vault that is away");
    scene.put(&scene.north, "app", "rotated").await;
    scene.vault_proxy.clear_faults();
    service.until_secret(&scene, "app", "rotated").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revision_that_cannot_be_understood_leaves_the_last_one_in_force() {
    let scene = Scene::applied("serve-broken").await;
    let service = Service::start(&scene, OFTEN);
    service.until_said("following").await;
    let fleet = std::fs::read_to_string(scene.path("fleet.yaml")).unwrap();
    scene.write("fleet.yaml", "apiVersion: nonsense\n");
    service.until_said("this revision is not followed").await;
    service.until_rotated(&scene).await;
    scene.write("fleet.yaml", &fleet);
    scene.declare(&scene.north, "new");
    service.until_secret(&scene, "new", "value-of-new").await;
    // The folder is no git repository: its revision is called the same as before.
    service.until_said("why=revision").await;
    assert!(!service.log().contains("why=report"));
    an_error_in_one_cluster_makes_nobody_think_that_it_is_gone(&scene, &service).await;
}

async fn an_error_in_one_cluster_makes_nobody_think_that_it_is_gone(
    scene: &Scene,
    service: &Service,
) {
    let north = scene.north.name.as_str();
    let cluster = async |name: &str| -> Value {
        let path = format!("/api/v1/clusters/{name}");
        let (_, text) = service.get(service.ports.web, &path).await;
        serde_json::from_str(&text).unwrap()
    };
    service
        .until("success", async || {
            !cluster(north).await["lastSuccess"].is_null()
        })
        .await;
    let file = format!("clusters/{north}/cluster.yaml");
    let good = std::fs::read_to_string(scene.path(&file)).unwrap();
    scene.write(&file, &good.replace("  server:", "  sever:"));
    scene.write("clusters/never/cluster.yaml", "kind: Cluster\n");
    for name in [north, "never"] {
        let is_said = async || cluster(name).await["misdeclared"]["place"]["line"].is_u64();
        service.until("word of the error", is_said).await;
    }
    let said = cluster(north).await;
    assert_eq!(said["state"], "blocked", "{said:#}");
    assert_eq!(said["secrets"], json!({"total": 2, "inSync": 2}));
    let (_, metrics) = service.get(service.ports.probes, "/metrics").await;
    for name in [north, "never"] {
        let series = "keyfleet_cluster_last_success_timestamp_seconds";
        assert!(metrics.contains(&format!("{series}{{cluster=\"{name}\"}}")));
        let page = format!("/clusters/{name}");
        assert_eq!(service.get(service.ports.web, &page).await.0, 200);
    }
    scene.put(&scene.north, "app", "again").await;
    scene.write(&file, &good);
    service.until_secret(scene, "app", "again").await;
    assert!(cluster(north).await["misdeclared"].is_null());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_held_stays_until_it_is_released_in_git() {
    let scene = Scene::applied("serve-approved").await;
    let service = Service::start(&scene, OFTEN);
    service.until_said("following").await;
    let north = scene.north.name.clone();
    std::fs::remove_dir_all(scene.path(&format!("clusters/{north}"))).unwrap();
    let path = format!("auth/{north}/config");
    let is_there = async || scene.north.vault.api("GET", &path, None).await.0 == 200;
    tokio::time::sleep(Duration::from_secs(8)).await;
    assert!(is_there().await, "a lost folder deletes no mount");
    let plan = scene.plan_json();
    let held = plan["held"].as_array().unwrap();
    let mount = held.iter().find(|held| held["kind"] == "AuthMount");
    let id = mount.unwrap()["id"].as_str().unwrap();
    scene.write(
        "approvals/north.yaml",
        &format!(
            "apiVersion: keyfleet.dev/v1alpha1\nkind: Approval\nmetadata:\n  name: north\nspec:\n  changes: [{id}]\n  \
             reason: it is gone\n"
        ),
    );
    service
        .until("mount that is gone", async || !is_there().await)
        .await;
}
