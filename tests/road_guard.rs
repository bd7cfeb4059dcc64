//! What a person should look at first is held, and everything else goes its way in rounds: on real servers.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

#[path = "road_guard/deletes.rs"]
mod deletes;
#[path = "road_guard/held.rs"]
mod held;
#[path = "road_guard/permission.rs"]
mod permission;

use serde_json::Value;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use support::{Cluster, Keyfleet, Proxy, Repository, kubeconfig, world};
use tokio::sync::OnceCell;

/// The two clusters that the tests share, with a namespace for Secrets; each test is an installation of its own.
async fn clusters() -> [Arc<Cluster>; 2] {
    static READY: OnceCell<()> = OnceCell::const_new();
    let world = world().await;
    let clusters = [world.cluster("one").await, world.cluster("two").await];
    READY
        .get_or_init(|| async {
            world
                .vault
                .cli_ok(&["secrets", "enable", "-path=kv", "kv-v2"]);
            for cluster in &clusters {
                cluster.create_namespace("shop").await;
            }
        })
        .await;
    clusters
}

/// A fleet of one cluster on server `one`, applied, in sync.
async fn settled(name: &str, more: &str) -> (Repository, Keyfleet) {
    let [one, two] = clusters().await;
    let vault = &world().await.vault;
    vault
        .kv_put("kv", &format!("{name}/app"), &[("password", "canary-app")])
        .await;
    let repository = Repository::new();
    repository.fleet(name, "");
    repository.cluster(name, &one, more);
    let path = format!("kv/data/{name}/app");
    repository.kes(
        &format!("clusters/{name}/app.yaml"),
        &format!("{name}-app"),
        &[("password", &path, "password")],
    );
    let config = kubeconfig(&[(&one, None), (&two, None)]);
    let keyfleet = repository.keyfleet(vault.addr(), &config);
    let applied = keyfleet.run(&["apply", "--yes"]);
    assert_eq!(applied.code, 0, "{applied:?}");
    (repository, keyfleet)
}

/// The held change of this kind, and its id.
fn held_change<'a>(plan: &'a Value, kind: &str) -> (&'a Value, &'a str) {
    let found = plan["held"]
        .as_array()
        .and_then(|held| held.iter().find(|change| change["kind"] == kind));
    let change = found.unwrap_or_else(|| panic!("no {kind} is held: {plan:#}"));
    (change, change["id"].as_str().expect("a change has an id"))
}

fn names(list: &Value) -> BTreeSet<&str> {
    list.as_array()
        .into_iter()
        .flatten()
        .filter_map(|change| change["name"].as_str())
        .collect()
}

#[tokio::test]
async fn one_apply_takes_an_unknown_cluster_to_its_last_secret_and_the_next_writes_nothing() {
    let [one, _] = clusters().await;
    let vault = &world().await.vault;
    vault
        .kv_put(
            "kv",
            "fresh/app",
            &[("user", "canary-user"), ("password", "canary-app")],
        )
        .await;
    let proxy = Proxy::in_front_of_vault(vault.addr());
    let cluster_proxy = Proxy::in_front_of_cluster(&one);
    let repository = Repository::new();
    repository.fleet(
        "fresh",
        "vaults:\n  main:\n    kvMounts:\n      - path: fresh-kv\n",
    );
    repository.cluster("fresh", &one, "");
    repository.kes(
        "clusters/fresh/app.yaml",
        "fresh-app",
        &[
            ("user", "kv/data/fresh/app", "user"),
            ("password", "kv/data/fresh/app", "password"),
        ],
    );
    let keyfleet = repository.keyfleet(proxy.url(), &kubeconfig(&[(&one, Some(&cluster_proxy))]));

    let plan = keyfleet.run(&["plan"]);
    assert_eq!(plan.code, 2, "{plan:?}");
    assert!(
        plan.out.contains("value read once fresh can log in"),
        "{}",
        plan.out
    );
    assert!(
        proxy.writes().is_empty() && cluster_proxy.writes().is_empty(),
        "plan only reads"
    );
    let applied = keyfleet.run(&["apply", "--yes"]);
    assert_eq!(applied.code, 0, "{applied:?}");
    let secret = one
        .secret("shop", "fresh-app")
        .await
        .expect("its Secret is there");
    assert_eq!(secret["password"], b"canary-app");
    assert_eq!(keyfleet.run(&["plan"]).code, 0);

    proxy.clear();
    cluster_proxy.clear();
    assert_eq!(keyfleet.run(&["apply", "--yes"]).code, 0);
    let writes = [proxy.writes(), cluster_proxy.writes()];
    assert!(writes.iter().all(Vec::is_empty), "{writes:?}");
}

#[tokio::test]
async fn what_appears_between_plan_and_apply_is_not_done_and_is_said() {
    let [_, two] = clusters().await;
    let vault = &world().await.vault;
    let (repository, mut keyfleet) = settled("calm", "").await;
    vault
        .kv_put("kv", "late/app", &[("password", "canary-late")])
        .await;
    repository.cluster("late", &two, "");
    repository.kes(
        "clusters/late/app.yaml",
        "late-app",
        &[("password", "kv/data/late/app", "password")],
    );
    // The other cluster has something to do as well, so it is looked at again after the writes.
    vault
        .kv_put("kv", "calm/more", &[("password", "canary-more")])
        .await;
    repository.kes(
        "clusters/calm/more.yaml",
        "calm-more",
        &[("password", "kv/data/calm/more", "password")],
    );
    let proxy = Proxy::in_front_of_vault(vault.addr());
    // Somebody changes its role at the moment of the first write, when the plan was shown.
    let done = AtomicBool::new(false);
    let meddle = move |request: &support::Request| {
        if request.purpose == support::Purpose::Write && !done.swap(true, Ordering::SeqCst) {
            vault.cli_ok(&["write", "auth/calm/role/calm-role", "ttl=9h"]);
        }
        false
    };
    proxy.fault(meddle, support::Fault::Hang);
    keyfleet.vault_addr = proxy.url().to_owned();

    let run = keyfleet.run(&["apply", "--yes", "-o", "json"]);
    let applied: Value = serde_json::from_str(&run.out).expect("JSON");
    assert!(
        two.secret("shop", "late-app").await.is_some(),
        "what was shown is done: {applied:#}"
    );
    assert_eq!(
        names(&applied["unannounced"]),
        BTreeSet::from(["calm/calm-role"])
    );
    let (_, role) = vault.api("GET", "auth/calm/role/calm-role", None).await;
    assert_eq!(
        role["data"]["token_ttl"],
        9 * 3600,
        "it was not shown, so it is not done"
    );

    let plan = keyfleet.plan_json();
    assert_eq!(
        names(&plan["changes"]),
        BTreeSet::from(["calm/calm-role"]),
        "the next plan shows it"
    );
}

#[tokio::test]
async fn one_cluster_is_planned_by_itself_and_the_others_are_not_taken_for_abandoned() {
    let [_, two] = clusters().await;
    let (repository, keyfleet) = settled("near", "").await;
    repository.cluster("far", &two, "");
    let applied = keyfleet.run(&["apply", "--yes", "--cluster", "far"]);
    assert_eq!(applied.code, 0, "{applied:?}");
    assert_eq!(keyfleet.run(&["plan"]).code, 0);

    for narrowed in [["plan", "--cluster", "near"], ["plan", "--cluster", "far"]] {
        let plan = keyfleet.run(&narrowed);
        assert_eq!(plan.code, 0, "{plan:?}");
    }
    repository.remove("clusters/far");
    let narrowed = keyfleet.run(&["plan", "--cluster", "near"]);
    assert_eq!(narrowed.code, 0, "only `near` is looked at: {narrowed:?}");
    let unknown = keyfleet.run(&["plan", "--cluster", "nera"]);
    assert_eq!(unknown.code, 1);
    assert!(
        unknown.err.contains("did you mean `near`"),
        "{}",
        unknown.err
    );
    let whole = keyfleet.plan_json();
    assert_eq!(held_change(&whole, "AuthMount").0["name"], "far");
}

#[tokio::test]
async fn plan_ends_with_0_in_sync_2_with_changes_and_1_when_it_cannot_tell() {
    let (repository, mut keyfleet) = settled("exits", "").await;
    assert_eq!(keyfleet.run(&["plan"]).code, 0);
    let [one, _] = clusters().await;
    repository.cluster("exits", &one, "ttl: 1h\n");
    assert_eq!(keyfleet.run(&["plan"]).code, 2);
    repository.write("clusters/exits/broken.yaml", "kind: [");
    let broken = keyfleet.run(&["plan"]);
    assert_eq!(broken.code, 1);
    assert!(
        broken.err.contains("clusters/exits/broken.yaml"),
        "{}",
        broken.err
    );
    assert!(
        broken.out.contains("24h → 1h"),
        "what is known is shown: {}",
        broken.out
    );
    repository.remove("clusters/exits/broken.yaml");
    keyfleet.vault_token = "wrong".to_owned();
    assert_eq!(keyfleet.run(&["plan"]).code, 1);
}
