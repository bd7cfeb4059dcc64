//! What one cluster of many costs a Vault when it is looked at by itself, as the service does for a retry and after a write.

use crate::support::{Keyfleet, Proxy};
use crate::tally::Tally;
use keyfleet::connect::{Opener, Settings};
use keyfleet::desire::{Cell, Desired};
use keyfleet::git::{Access, Limits, Source};
use keyfleet::pipeline::{self, Alone, Look, Open as _, Options, Planned};
use keyfleet::secret::SecretBytes;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

/// `keyfleet sandbox` with thirty clusters, and a proxy in front of its Vault.
struct Stage {
    sandbox: Child,
    keyfleet: Keyfleet,
    vault: Proxy,
    _folder: tempfile::TempDir,
}

impl Drop for Stage {
    fn drop(&mut self) {
        let _ = self.sandbox.kill();
        let _ = self.sandbox.wait();
    }
}

impl Stage {
    fn start(flavour: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut sandbox = Command::new(env!("CARGO_BIN_EXE_keyfleet"))
            .args(["sandbox", "--output", "json", "--clusters", "30"])
            .args(["--secrets", "3", "--flavour", flavour, "--folder"])
            .arg(folder.path().join("world"))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let output = sandbox.stdout.take().unwrap();
        BufReader::new(output).read_line(&mut line).unwrap();
        let places: Value = serde_json::from_str(&line).unwrap();
        let variable = |name: &str| places["environment"][name].as_str().unwrap().to_owned();
        let vault = Proxy::in_front_of_vault(&variable("VAULT_ADDR"));
        Self {
            sandbox,
            keyfleet: Keyfleet {
                repository: PathBuf::from(places["repository"].as_str().unwrap()),
                vault_addr: vault.url().to_owned(),
                vault_token: variable("VAULT_TOKEN"),
                kubeconfig: PathBuf::from(variable("KUBECONFIG")),
            },
            vault,
            _folder: folder,
        }
    }

    async fn desired(&self) -> Desired {
        let source = Source::parse(self.keyfleet.repository.to_str().unwrap()).unwrap();
        let read = pipeline::read(source, None, Limits::default(), Access::default()).await;
        pipeline::compile(read.unwrap()).desired
    }

    fn opener(&self, desired: &Desired) -> Opener {
        let settings = Settings {
            vault_address: Some(self.keyfleet.vault_addr.clone()),
            vault_namespace: None,
            vault_ca_file: None,
            vault_token: Some(SecretBytes::from(self.keyfleet.vault_token.clone())),
            kubeconfig: Some(self.keyfleet.kubeconfig.clone()),
            vaults: BTreeMap::new(),
        };
        Opener::new(settings, desired)
    }

    /// Somebody opens the policy of a cluster.
    async fn open_policy(&self, cell: &Cell) {
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let name = &cell.policy.name;
        let url = format!("{}/v1/sys/policies/acl/{name}", self.keyfleet.vault_addr);
        let asked = client
            .post(url)
            .header("X-Vault-Token", &self.keyfleet.vault_token);
        let body = json!({"policy": "path \"kv/*\" { capabilities = [\"read\"] }"});
        let answer = asked.body(body.to_string()).send().await.unwrap();
        assert!(answer.status().is_success());
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
        let run = stage.keyfleet.run(&["apply", "--yes"]);
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
