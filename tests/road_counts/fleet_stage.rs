//! The example fleet on a Vault and two clusters, each behind a proxy; applied once, shared by all tests here.

use crate::support::{Keyfleet, Proxy, Run, Vault, fleet, kubeconfig, world};
use crate::tally::{Counts, Tally};
use std::fs;
use std::path::PathBuf;
use tempfile::TempDir;
use tokio::sync::{Mutex, MutexGuard, OnceCell};

pub(crate) struct FleetStage {
    pub(crate) vault: &'static Vault,
    pub(crate) keyfleet: Keyfleet,
    /// What the first apply took.
    pub(crate) cold: Counts,
    vault_proxy: Proxy,
    cluster_proxies: [Proxy; 2],
    _folder: TempDir,
}

pub(crate) async fn stage() -> MutexGuard<'static, FleetStage> {
    static STAGE: OnceCell<Mutex<FleetStage>> = OnceCell::const_new();
    STAGE
        .get_or_init(async || Mutex::new(FleetStage::set_up().await))
        .await
        .lock()
        .await
}

impl FleetStage {
    async fn set_up() -> Self {
        let world = world().await;
        let (first, second) = (
            world.cluster("prod-eu").await,
            world.cluster("staging").await,
        );
        fleet::seed(&world.vault).await;
        let folder = tempfile::tempdir().expect("a temporary folder");
        let repository = folder.path().join("fleet");
        fleet::copy(&fleet::example(), &repository);
        for cluster in [&first, &second] {
            cluster.create_namespace("shop").await;
            fleet::point_at(&repository, cluster);
        }
        let vault_proxy = Proxy::in_front_of_vault(world.vault.addr());
        let cluster_proxies = [&first, &second].map(|cluster| Proxy::in_front_of_cluster(cluster));
        let [to_first, to_second] = &cluster_proxies;
        let keyfleet = Keyfleet {
            repository,
            vault_addr: vault_proxy.url().to_owned(),
            vault_token: world.vault.token().to_owned(),
            kubeconfig: kubeconfig(&[(&first, Some(to_first)), (&second, Some(to_second))]),
        };
        let mut stage = Self {
            vault: &world.vault,
            keyfleet,
            cold: Counts::default(),
            vault_proxy,
            cluster_proxies,
            _folder: folder,
        };
        let (run, cold) = stage.run(&["apply", "--yes"]);
        assert_eq!(run.code, 0, "{}\n{}", run.out, run.err);
        stage.cold = cold;
        stage
    }

    /// Runs keyfleet, and counts.
    pub(crate) fn run(&self, arguments: &[&str]) -> (Run, Counts) {
        let [first, second] = &self.cluster_proxies;
        let proxies = [&self.vault_proxy, first, second];
        proxies.iter().for_each(|proxy| proxy.clear());
        let run = self.keyfleet.run(arguments);
        let [vault, prod_eu, staging] = proxies.map(|proxy| Tally {
            requests: proxy.requests(),
        });
        let counts = Counts {
            vault,
            prod_eu,
            staging,
        };
        (run, counts)
    }

    /// Applies, and everything goes well.
    pub(crate) fn apply(&self) -> Counts {
        let (run, counts) = self.run(&["apply", "--yes"]);
        assert_eq!(run.code, 0, "{}\n{}", run.out, run.err);
        counts
    }

    /// Plans, and there is nothing to do.
    pub(crate) fn plan_of_nothing(&self) -> Counts {
        let (run, counts) = self.run(&["plan"]);
        assert_eq!(run.code, 0, "{}\n{}", run.out, run.err);
        counts
    }

    /// Changes a file of the repository until this is dropped.
    pub(crate) fn edit_file(&self, file: &str, change: impl Fn(&str) -> String) -> Edited {
        let path = self.keyfleet.repository.join(file);
        let before = fs::read_to_string(&path).unwrap();
        let after = change(&before);
        assert_ne!(before, after, "this changes nothing of {file}");
        fs::write(&path, after).unwrap();
        Edited { path, before }
    }

    /// Without the Secret from KV v1, which has no versions and so is read in every pass.
    pub(crate) fn without_kv_v1(&self) -> Edited {
        self.edit_file("clusters/prod-eu/checkout.yaml", |text| {
            text.split("---").next().unwrap().to_owned()
        })
    }
}

/// A file that goes back to what it was.
pub(crate) struct Edited {
    path: PathBuf,
    before: String,
}

impl Drop for Edited {
    fn drop(&mut self) {
        fs::write(&self.path, &self.before).unwrap();
    }
}
