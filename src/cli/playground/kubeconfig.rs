use super::address::Addresses;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

/// One file with a context for each cluster, named after it; the first is the current one.
pub(super) fn write(addresses: &Addresses, folder: &Path) -> anyhow::Result<PathBuf> {
    let mut config = json!({
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": addresses.clusters.first().map(|cluster| &cluster.name),
        "clusters": [], "users": [], "contexts": [],
    });
    let mut add = |list: &str, entry: Value| {
        if let Some(list) = config[list].as_array_mut() {
            list.push(entry);
        }
    };
    for cluster in &addresses.clusters {
        let name = &cluster.name;
        add(
            "clusters",
            json!({"name": name, "cluster": {
                "server": cluster.server,
                "certificate-authority-data": STANDARD.encode(&cluster.ca_pem),
            }}),
        );
        add(
            "users",
            json!({"name": name, "user": {"token": cluster.token}}),
        );
        add(
            "contexts",
            json!({"name": name, "context": {"cluster": name, "user": name, "namespace": "shop"}}),
        );
    }
    // JSON is YAML too.
    let file = folder.join("kubeconfig");
    super::folder::write_private(&file, &format!("{config:#}\n"))?;
    Ok(file)
}
