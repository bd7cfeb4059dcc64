//! What the declarations of a playground refer to: KV mounts, made-up values, and the namespace of the Secrets.

use super::address::Addresses;
use super::fleet::{Shape, application};
use super::hands::Hands;
use futures::StreamExt;
use serde_json::{Value, json};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use uuid::Uuid;

/// Requests at a time; more would only wait for each other.
const AT_ONCE: usize = 16;
/// A KV v2 mount of a real server says for a moment that it is being made.
const PATIENCE: u32 = 100;

/// `progress` is told how much of how much is done.
pub(super) async fn everything(
    shape: &Shape,
    addresses: &Addresses,
    progress: &(dyn Fn(u64, u64) + Sync),
) -> anyhow::Result<()> {
    let vault = Hands::on_vault(addresses)?;
    for (path, version) in [("kv", "2"), ("legacy", "1")] {
        let mount = json!({"type": "kv", "options": {"version": version}});
        vault.post(&format!("/sys/mounts/{path}"), &mount).await?;
    }
    let values = values(shape, addresses);
    let all = u64::try_from(values.len() + addresses.clusters.len()).unwrap_or(u64::MAX);
    let done = AtomicU64::new(0);
    let tell = || progress(done.fetch_add(1, Ordering::Relaxed) + 1, all);
    let mut writes = futures::stream::iter(values)
        .map(|(path, body)| put(&vault, path, body))
        .buffer_unordered(AT_ONCE);
    while let Some(written) = writes.next().await {
        written?;
        tell();
    }
    let mut namespaces = futures::stream::iter(&addresses.clusters)
        .map(|cluster| async move {
            let namespace =
                json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}});
            let hands = Hands::on_cluster(cluster)?;
            hands.post("/api/v1/namespaces", &namespace).await
        })
        .buffer_unordered(AT_ONCE);
    while let Some(made) = namespaces.next().await {
        made?;
        tell();
    }
    Ok(())
}

async fn put(vault: &Hands, path: String, body: Value) -> anyhow::Result<()> {
    let mut tries = 0;
    loop {
        match vault.post(&path, &body).await {
            Ok(_) => return Ok(()),
            Err(error) if tries >= PATIENCE => return Err(error),
            Err(_) => tries += 1,
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Path and body of every write.
fn values(shape: &Shape, addresses: &Addresses) -> Vec<(String, Value)> {
    let mut values = vec![kv("shared/mail", &json!({"noreply": made_up()}))];
    for cluster in &addresses.clusters {
        let name = &cluster.name;
        values.push(kv(&format!("{name}/mail"), &json!({"relay": made_up()})));
        if let Some(secrets) = shape.secrets {
            let paths = (1..secrets.max(1)).map(|number| format!("{name}/{}", application(number)));
            values.extend(paths.map(|path| kv(&path, &credentials())));
        } else {
            values.push(kv(&format!("{name}/checkout"), &credentials()));
        }
    }
    if shape.secrets.is_none() {
        values.push(kv("prod-eu/payments", &json!({"api.key": made_up()})));
        let common = json!({"endpoint": "https://pay.example", "region": "eu-west-1"});
        values.push(kv("prod-eu/payments-common", &common));
        let warehouse = json!({"host": "warehouse.example", "port": 5432});
        values.push(("/legacy/prod-eu/warehouse".to_owned(), warehouse));
    }
    values
}

fn kv(path: &str, data: &Value) -> (String, Value) {
    (format!("/kv/data/{path}"), json!({ "data": data }))
}

fn credentials() -> Value {
    json!({"username": "shop", "password": made_up()})
}

/// Known at sight, so that one that shows where it must not is found.
pub(in crate::cli) fn made_up() -> String {
    format!("made-up-{}", Uuid::new_v4().simple())
}
