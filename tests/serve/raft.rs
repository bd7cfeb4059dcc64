//! A Vault of three servers whose active one dies, steps down or is sealed in the middle of a run: nothing is lost, nothing is done
//! twice, and everything is as declared in the end.

use super::process::Service;
use super::support::raft::Raft;
use super::support::{Repository, kubeconfig, world};
use serde_json::json;
use std::time::Duration;

const SECRETS: usize = 40;
const OFTEN: &str = "reconcile: {interval: 5s}\n";

async fn seed(raft: &Raft) {
    let mount = json!({"type": "kv", "options": {"version": "2"}});
    let (status, body) = raft.api("POST", "sys/mounts/kv", Some(mount)).await;
    assert!(status < 300, "{body}");
    for number in 0..SECRETS {
        put(raft, number, "first").await;
    }
}

/// An engine that was just mounted, and a server that was just elected, ask for a moment.
async fn put(raft: &Raft, number: usize, value: &str) {
    let path = format!("kv/data/raft/app-{number}");
    for _ in 0..200 {
        let body = json!({"data": {"password": format!("{value}-{number}")}});
        let (status, _) = raft.api("POST", &path, Some(body)).await;
        if status == 200 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("{path} could not be written");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_active_server_dies_steps_down_and_is_sealed_mid_run() {
    let mut raft = Raft::start().await;
    seed(&raft).await;
    let cluster = world().await.cluster("raft").await;
    cluster.create_namespace("shop").await;
    let repository = Repository::new();
    repository.fleet(
        "raft",
        "vaults:\n  main:\n    kvMounts:\n      - path: kv\n        version: 2\n",
    );
    repository.cluster("raft", &cluster, "");
    for number in 0..SECRETS {
        let path = format!("kv/data/raft/app-{number}");
        let file = format!("clusters/raft/app-{number}.yaml");
        repository.kes(
            &file,
            &format!("app-{number}"),
            &[("password", &path, "password")],
        );
    }
    let file = kubeconfig(&[(&cluster, None)]);
    let mut keyfleet = repository.keyfleet(raft.address(), &file);
    keyfleet.vault_token.clone_from(&raft.root_token);
    let service = Service::start_for(&keyfleet, OFTEN);
    let has = async |value: &str| {
        let mut all = 0;
        for number in 0..SECRETS {
            let secret = cluster.secret("shop", &format!("app-{number}")).await;
            let found = secret.and_then(|data| data.get("password").cloned());
            all += usize::from(found == Some(format!("{value}-{number}").into_bytes()));
        }
        all
    };
    // In the middle of the first sync.
    service
        .until("a Secret", async || has("first").await > 0)
        .await;
    raft.kill_active().await;
    service
        .until("every Secret after a death", async || {
            has("first").await == SECRETS
        })
        .await;
    // In the middle of a rotation.
    for number in 0..SECRETS {
        put(&raft, number, "second").await;
    }
    service
        .until("a rotation", async || has("second").await > 0)
        .await;
    raft.step_down().await;
    service
        .until("every rotation", async || has("second").await == SECRETS)
        .await;
    // Two are left: sealed, none is active until it is opened again.
    let sealed = raft.seal_active().await;
    tokio::time::sleep(Duration::from_secs(7)).await;
    assert_eq!(
        has("second").await,
        SECRETS,
        "a sealed Vault takes nothing away"
    );
    raft.unseal(&sealed).await;
    put(&raft, 0, "third").await;
    service
        .until("the last rotation", async || has("third").await == 1)
        .await;
    drop(service);
    let plan = keyfleet.run(&["plan"]);
    assert_eq!(plan.code, 0, "{plan:?}");
}
