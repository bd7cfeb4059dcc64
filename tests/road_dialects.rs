//! What people write in either dialect, on real servers: every resulting Secret is compared byte for byte.

mod support;

#[path = "road_dialects/eso.rs"]
mod eso;
#[path = "road_dialects/kes.rs"]
mod kes;

use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;
use support::{Cluster, Keyfleet, Repository, kubeconfig, world};
use tokio::sync::OnceCell;

const UMLAUTS: &str = "pässwörd € 密碼 🔑\nsecond line\t\"quoted\" <&>";

/// Every byte there is, as base64 with a line break, as `base64` prints it.
const EVERY_BYTE: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISIjJCUmJygpKissLS4vMDEyMzQ1Njc4\nOTo7PD0+P0BBQkNERUZHSElKS0xNTk9QUVJTVFVWV1hZWltcXV5fYGFiY2RlZmdoaWprbG1ub3Bx\ncnN0dXZ3eHl6e3x9fn+AgYKDhIWGh4iJiouMjY6PkJGSk5SVlpeYmZqbnJ2en6ChoqOkpaanqKmq\nq6ytrq+wsbKztLW2t7i5uru8vb6/wMHCw8TFxsfIycrLzM3Oz9DR0tPU1dbX2Nna29zd3t/g4eLj\n5OXm5+jp6uvs7e7v8PHy8/T19vf4+fr7/P3+/w==\n";

/// The cluster that both dialects share, and what Vault holds for them.
async fn ready() -> Arc<Cluster> {
    static READY: OnceCell<()> = OnceCell::const_new();
    let world = world().await;
    let cluster = world.cluster("one").await;
    READY
        .get_or_init(|| async {
            let vault = &world.vault;
            vault.cli_ok(&["secrets", "enable", "-path=kv", "-version=2", "kv"]);
            vault.cli_ok(&["secrets", "enable", "-path=team/kv", "-version=2", "kv"]);
            vault.cli_ok(&["secrets", "enable", "-path=legacy", "-version=1", "kv"]);
            cluster.create_namespace("shop").await;
            put("kv/data/shop/app", json!({"data": {
                "user": "shop", "password": UMLAUTS, "binary": EVERY_BYTE, "empty": "", "port": 5432, "on": true,
                "api.key": "exact", "api": {"key": "nested", "hosts": ["a", {"name": "b"}]},
            }})).await;
            put("kv/data/shop/common", json!({"data": {"user": "common", "region": "eu"}})).await;
            put("kv/data/shop/odd", json!({"data": {"a key/with signs": "odd", "plain": "x"}})).await;
            put("team/kv/data/deep/er", json!({"data": {"token": "team"}})).await;
            put("legacy/shop/app", json!({"host": "legacy", "port": 1})).await;
            put("kv/data/shop/gone", json!({"data": {"user": "gone"}})).await;
            vault.cli_ok(&["kv", "delete", "-mount=kv", "shop/gone"]);
        })
        .await;
    cluster
}

async fn put(path: &str, body: Value) {
    let (status, answer) = world().await.vault.api("POST", path, Some(body)).await;
    assert!(status < 300, "writing {path}: {status} {answer}");
}

/// A fleet of that one cluster, which declares this.
async fn declared(name: &str, more: &str, manifests: &str) -> (Repository, Keyfleet, Arc<Cluster>) {
    let cluster = ready().await;
    let repository = Repository::new();
    repository.fleet(
        name,
        "vaults:\n  main:\n    kvMounts:\n      - path: team/kv\n    adopt: true\n",
    );
    repository.cluster(name, &cluster, more);
    repository.write(&format!("clusters/{name}/secrets.yaml"), manifests);
    let keyfleet =
        repository.keyfleet(world().await.vault.addr(), &kubeconfig(&[(&cluster, None)]));
    (repository, keyfleet, cluster)
}

async fn assert_holds(cluster: &Cluster, name: &str, keys: &[(&str, &[u8])]) {
    let wanted: BTreeMap<String, Vec<u8>> = keys
        .iter()
        .map(|(key, value)| ((*key).to_owned(), value.to_vec()))
        .collect();
    let found = cluster.secret("shop", name).await;
    assert_eq!(found.as_ref(), Some(&wanted), "shop/{name}");
}

/// What `status` says of each Secret.
fn states(keyfleet: &Keyfleet) -> BTreeMap<String, String> {
    let run = keyfleet.run(&["status", "-o", "json"]);
    let status: Value = serde_json::from_str(&run.out).expect("the status is JSON");
    let secrets = status["clusters"][0]["secrets"]
        .as_array()
        .expect("secrets")
        .iter();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    secrets
        .map(|secret| (text(&secret["name"]), text(&secret["status"])))
        .collect()
}

fn every_byte() -> Vec<u8> {
    (0..=255).collect()
}
