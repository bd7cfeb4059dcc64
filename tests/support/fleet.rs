//! A copy of the example repository that points at real servers, with everything it refers to in place.

use super::{Cluster, Vault};
use serde_json::json;
use std::fs;
use std::path::{Path, PathBuf};

/// Where the example repository lies.
pub fn example() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/repo-layout")
}

/// Copies a folder of declarations.
pub fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// Writes a cluster's real address and authority into its folder of a repository.
pub fn point_at(repository: &Path, cluster: &Cluster) {
    let folder = repository.join("clusters").join(&cluster.name);
    let file = folder.join("cluster.yaml");
    let text = fs::read_to_string(&file).unwrap();
    let pointed: Vec<String> = text
        .lines()
        .map(|line| {
            if line.trim_start().starts_with("server: ") {
                format!("  server: {}", cluster.server())
            } else {
                line.to_owned()
            }
        })
        .collect();
    fs::write(&file, pointed.join("\n") + "\n").unwrap();
    fs::write(folder.join("ca.crt"), cluster.ca_pem()).unwrap();
}

/// What the example's declarations read; every value is a canary that no output may show.
pub async fn seed(vault: &Vault) {
    vault.cli_ok(&["secrets", "enable", "-path=kv", "-version=2", "kv"]);
    vault.cli_ok(&["secrets", "enable", "-path=legacy", "-version=1", "kv"]);
    for cluster in ["prod-eu", "staging"] {
        vault
            .kv_put(
                "kv",
                &format!("{cluster}/checkout"),
                &[("username", "canary-user"), ("password", "canary-password")],
            )
            .await;
        vault
            .kv_put(
                "kv",
                &format!("{cluster}/mail"),
                &[("relay", "canary-relay")],
            )
            .await;
    }
    vault
        .kv_put("kv", "shared/mail", &[("noreply", "canary-noreply")])
        .await;
    vault
        .kv_put("kv", "prod-eu/payments", &[("api.key", "canary-api-key")])
        .await;
    vault
        .kv_put(
            "kv",
            "prod-eu/payments-common",
            &[("endpoint", "canary-endpoint"), ("region", "canary-region")],
        )
        .await;
    let (status, _) = vault
        .api(
            "POST",
            "legacy/prod-eu/warehouse",
            Some(json!({"host": "canary-host", "port": 5432})),
        )
        .await;
    assert!(status < 300, "seeding legacy: {status}");
}
