//! How keyfleet gets in: contexts, credentials kept in Vault, several Vaults, namespaces; and where it refuses to go.

mod support;

#[path = "road_connections/clusters.rs"]
mod clusters;
#[path = "road_connections/vaults.rs"]
mod vaults;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use support::{Cluster, Repository, Vault, world};
use tokio::sync::OnceCell;

/// The cluster that the tests share, with a namespace for Secrets.
async fn shared() -> Arc<Cluster> {
    static READY: OnceCell<()> = OnceCell::const_new();
    let world = world().await;
    let cluster = world.cluster("one").await;
    READY
        .get_or_init(|| async {
            world
                .vault
                .cli_ok(&["secrets", "enable", "-path=kv", "kv-v2"]);
            cluster.create_namespace("shop").await;
        })
        .await;
    cluster
}

/// A Secret `NAME-app` of the cluster that reads `kv/data/NAME/app`.
async fn declare_app(repository: &Repository, vault: &Vault, name: &str) {
    vault
        .kv_put("kv", &format!("{name}/app"), &[("password", "canary-app")])
        .await;
    let path = format!("kv/data/{name}/app");
    repository.kes(
        &format!("clusters/{name}/app.yaml"),
        &format!("{name}-app"),
        &[("password", &path, "password")],
    );
}

async fn has_app(cluster: &Cluster, name: &str) -> bool {
    cluster
        .secret("shop", &format!("{name}-app"))
        .await
        .is_some()
}

/// For runs that must not need one.
fn no_kubeconfig() -> PathBuf {
    Path::new("/nonexistent/kubeconfig").to_owned()
}
