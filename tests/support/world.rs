use super::{Cluster, ControlPlane, Vault};
use std::collections::BTreeMap;
use std::sync::Arc;
use tokio::sync::{Mutex, OnceCell};

/// The servers that the tests of one binary share, started by the first that asks and ended with the process. A test
/// that shares a cluster or the Vault keeps to names of its own; one that cannot starts its own.
#[derive(Debug)]
pub struct World {
    pub vault: Vault,
    pub control_plane: ControlPlane,
    clusters: Mutex<BTreeMap<String, Arc<Cluster>>>,
}

pub async fn world() -> &'static World {
    static WORLD: OnceCell<World> = OnceCell::const_new();
    WORLD
        .get_or_init(|| async {
            let (vault, control_plane) = tokio::join!(Vault::start(), ControlPlane::start());
            World {
                vault,
                control_plane,
                clusters: Mutex::default(),
            }
        })
        .await
}

impl World {
    /// The shared cluster of this name; a fresh one comes from `control_plane.cluster(name)`.
    pub async fn cluster(&self, name: &str) -> Arc<Cluster> {
        let mut clusters = self.clusters.lock().await;
        if let Some(cluster) = clusters.get(name) {
            return Arc::clone(cluster);
        }
        let cluster = Arc::new(self.control_plane.cluster(name).await);
        clusters.insert(name.to_owned(), Arc::clone(&cluster));
        cluster
    }
}
