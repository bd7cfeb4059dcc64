//! What one cluster of many costs a Vault when it is looked at by itself, as the service does for a retry and after a write.

use crate::support::{Proxy, Sandbox};
use crate::tally::Tally;
use keyfleet::connect::{Opener, Settings};
use keyfleet::desire::{Cell, Desired};
use keyfleet::git::{Access, Limits, Source};
use keyfleet::pipeline::{self, Alone, Look, Open as _, Options, Planned};
use keyfleet::secret::SecretBytes;
use serde_json::json;
use std::collections::BTreeMap;
use std::sync::Arc;

/// A sandbox with thirty clusters, and a proxy in front of its Vault.
struct Stage {
    sandbox: Sandbox,
    vault: Proxy,
}

impl Stage {
    fn start(flavour: &str) -> Self {
        let size = ["--clusters", "30", "--secrets", "3"];
        let mut sandbox = Sandbox::start(&[&size[..], &["--flavour", flavour]].concat());
        let vault = Proxy::in_front_of_vault(&sandbox.keyfleet.vault_addr);
        vault.url().clone_into(&mut sandbox.keyfleet.vault_addr);
        Self { sandbox, vault }
    }

    async fn desired(&self) -> Desired {
        let source = Source::parse(self.sandbox.keyfleet.repository.to_str().unwrap()).unwrap();
        let read = pipeline::read(source, None, Limits::default(), Access::default()).await;
        pipeline::compile(read.unwrap()).desired
    }

    fn opener(&self, desired: &Desired) -> Opener {
        let settings = Settings {
            vault_address: Some(self.sandbox.keyfleet.vault_addr.clone()),
            vault_namespace: None,
            vault_ca_file: None,
            vault_token: Some(SecretBytes::from(self.sandbox.keyfleet.vault_token.clone())),
            kubeconfig: Some(self.sandbox.keyfleet.kubeconfig.clone()),
            vaults: BTreeMap::new(),
        };
        Opener::new(settings, desired)
    }

    /// Somebody opens the policy of a cluster.
    async fn open_policy(&self, cell: &Cell) {
        let path = format!("sys/policies/acl/{}", cell.policy.name);
        let body = json!({"policy": "path \"kv/*\" { capabilities = [\"read\"] }"});
        self.sandbox.write(&path, body).await;
    }

    /// What the Vault was asked since the last time, with `*` for the cluster.
    fn asked(&self, cell: &Cell) -> BTreeMap<String, usize> {
        let requests = self.vault.requests();
        self.vault.clear();
        let mut kinds = BTreeMap::new();
        for (kind, number) in (Tally { requests }).kinds() {
            *kinds
                .entry(kind.replace(cell.cluster.as_str(), "*"))
                .or_default() += number;
        }
        kinds
    }
}

/// The Vault of the fleet, connected to, and one of its clusters.
struct OneCell {
    desired: Desired,
    opener: Opener,
    cell: Arc<Cell>,
}

impl OneCell {
    async fn of(stage: &Stage) -> Self {
        let desired = stage.desired().await;
        Self {
            opener: stage.opener(&desired),
            cell: Arc::clone(&desired.cells[7]),
            desired,
        }
    }

    async fn alone(&self) -> (Alone, Result<Look, keyfleet::observe::Failure>) {
        let vault = self.opener.vault(&self.desired.vaults[&self.cell.vault]);
        let cluster = self.opener.cluster(&self.cell, vault.as_ref()).await;
        let look = vault.clone().map(|open| Look::of_cell(&open, &self.cell));
        let (fleet, cell) = (&self.desired, &self.cell);
        let options = Options::default();
        let alone = Alone::cell(fleet, cell, vault, cluster, Arc::default(), options);
        (alone, look)
    }

    async fn plan(&self) -> (Alone, Planned) {
        let (alone, look) = self.alone().await;
        let planned = alone.plan(look).await;
        (alone, planned)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_cluster_of_thirty_reads_what_it_needs_of_its_vault_and_nothing_else() {
    // sys/auth, sys/mounts, its two policies, config, role, roles; and the versions of its four paths, by a list of its folder or one by one.
    for (flavour, look, writing) in [("openbao", 9, 1), ("hashicorp", 11, 3)] {
        let stage = Stage::start(flavour);
        let run = stage.sandbox.keyfleet.run(&["apply", "--yes"]);
        assert_eq!(run.code, 0, "{}\n{}", run.out, run.err);
        let one = OneCell::of(&stage).await;
        // What this Vault cannot do in bulk is found out once.
        one.plan().await;
        stage.vault.clear();

        let (_, planned) = one.plan().await;
        assert!(planned.is_in_sync() && !planned.has_unread());
        let retry = stage.asked(&one.cell);
        assert_eq!(retry.values().sum::<usize>(), look, "{flavour}: {retry:#?}");

        stage.open_policy(&one.cell).await;
        let (alone, planned) = one.plan().await;
        assert!(!planned.is_in_sync());
        stage.vault.clear();
        let told: keyfleet::apply::Progress = Arc::new(|_| {});
        let applied = alone.apply(planned, &told, &|| false).await;
        assert!(applied.is_done() && applied.left.unwrap().is_in_sync());
        let round = stage.asked(&one.cell);
        // A Vault that keeps no versions of policies is asked before and after one is written.
        let asked = round.values().sum::<usize>();
        assert_eq!(asked, look + writing, "{flavour}: {round:#?}");
    }
}
