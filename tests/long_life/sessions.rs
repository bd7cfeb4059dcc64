//! The tokens with which values are read as a cluster, when a process holds them for long.

use super::support::{Cluster, Proxy, Repository, Vault, kubeconfig, proxy::on, world};
use super::{Bounds, Opener, Settings, compile, settings};
use keyfleet::desire::{Cell, Desired, SecretId};
use keyfleet::observe::Failure;
use keyfleet::observe::freshness::Why;
use keyfleet::observe::values::{Sessions, see_values};
use keyfleet::pipeline::{Alone, Look, Open as _, OpenCluster, OpenVault, Options};
use keyfleet::secret::SecretBytes;
use serde_json::json;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

/// A cluster with two Secrets, which Vault knows, and a process that holds its tokens.
struct Scene {
    name: &'static str,
    vault: Vault,
    proxy: Proxy,
    cluster: Arc<Cluster>,
    repository: Repository,
    config: PathBuf,
    sessions: Sessions,
}

impl Scene {
    async fn onboarded(name: &'static str) -> Self {
        super::log::capture();
        let vault = Vault::start().await;
        vault.cli_ok(&["secrets", "enable", "-path=kv", "kv-v2"]);
        let cluster = world().await.cluster("sessions").await;
        let spaces = cluster.get("/api/v1/namespaces/shop").await.0;
        if spaces == 404 {
            // Another test of this binary may do so at the same time, and is welcome.
            let space = json!({ "metadata": { "name": "shop" } });
            let path = "/api/v1/namespaces";
            cluster
                .api("POST", path, "application/json", Some(space))
                .await;
        }
        let repository = Repository::new();
        repository.fleet(name, "");
        repository.cluster(name, &cluster, "");
        for secret in ["app", "mail"] {
            let path = format!("{name}/{secret}");
            vault
                .kv_put("kv", &path, &[("password", "canary-4711")])
                .await;
            repository.kes(
                &format!("clusters/{name}/{secret}.yaml"),
                &format!("{name}-{secret}"),
                &[("password", &format!("kv/data/{path}"), "password")],
            );
        }
        let config = kubeconfig(&[(&cluster, None)]);
        let proxy = Proxy::in_front_of_vault(vault.addr());
        let scene = Self {
            name,
            vault,
            proxy,
            cluster,
            repository,
            config,
            sessions: Sessions::default(),
        };
        scene.apply();
        scene
    }

    fn apply(&self) {
        let keyfleet = self.repository.keyfleet(self.vault.addr(), &self.config);
        let run = keyfleet.run(&["apply", "--yes"]);
        assert_eq!(run.code, 0, "{run:?}");
    }

    /// Every value of the cell is read, by the tokens that are held.
    async fn read(&self) -> Vec<Result<(), Failure>> {
        let (desired, vault, cluster) = self.open().await;
        let cell: &Cell = &desired.cells[0];
        let all = cell.secrets.iter();
        let to_read: BTreeMap<SecretId, Why> = all
            .map(|secret| (secret.id.clone(), Why::Missing))
            .collect();
        let seen = see_values(
            cell,
            &to_read,
            &self.sessions,
            vault.as_cluster.as_ref(),
            Ok(cluster.read.as_ref()),
        )
        .await;
        assert_eq!(seen.login, Some(Ok(())));
        let values = seen.values.into_values();
        values.map(|value| value.map(drop)).collect()
    }

    async fn open(&self) -> (Desired, OpenVault, OpenCluster) {
        let desired = compile(&self.repository).await;
        let opener = Opener::new(self.settings(), &desired);
        let vault = desired.vaults.values().next().unwrap();
        let vault = opener.vault(vault).unwrap();
        let cluster = opener.cluster(&desired.cells[0], Ok(&vault)).await.unwrap();
        (desired, vault, cluster)
    }

    fn settings(&self) -> Settings {
        Settings {
            vault_address: Some(self.proxy.url().to_owned()),
            vault_token: Some(SecretBytes::from("root".to_owned())),
            kubeconfig: Some(self.config.clone()),
            ..settings()
        }
    }

    fn logins(&self) -> usize {
        self.proxy.count(on("*", "/login"))
    }
}

#[tokio::test]
async fn a_token_that_was_revoked_behind_our_back_costs_one_login() {
    let scene = Scene::onboarded("revoked").await;
    let good = vec![Ok(()), Ok(())];
    assert_eq!(scene.read().await, good);
    assert_eq!(scene.read().await, good);
    assert_eq!(scene.logins(), 1, "it is held");

    let mount = format!("auth/{}", scene.name);
    scene
        .vault
        .cli_ok(&["lease", "revoke", "-prefix", "-sync", &mount]);
    assert_eq!(scene.read().await, good);
    assert_eq!(scene.logins(), 2, "for both Secrets");

    // The mount is made anew, with all that is in it.
    scene.vault.cli_ok(&["auth", "disable", scene.name]);
    scene.apply();
    assert_eq!(scene.read().await, good);
    assert_eq!(scene.logins(), 3);
    super::log::assert_silent(&["canary-4711"]);
}

#[tokio::test]
async fn a_right_that_is_missing_is_no_reason_to_log_in_again() {
    let scene = Scene::onboarded("narrow").await;
    scene.read().await;
    let rule = json!({ "policy": r#"path "kv/none" { capabilities = ["read"] }"# });
    let policy = "sys/policies/acl/narrow-kv-rw";
    assert_eq!(scene.vault.api("POST", policy, Some(rule)).await.0, 204);
    let read = scene.read().await;
    assert!(read.iter().all(Result::is_err), "{read:?}");
    assert_eq!(scene.logins(), 1);
}

#[tokio::test]
async fn a_token_of_a_short_life_is_used_for_most_of_it() {
    let scene = Scene::onboarded("short").await;
    let role = "auth/short/role/short-role";
    let (_, role_is) = scene.vault.api("GET", role, None).await;
    let mut fields = role_is["data"].clone();
    fields["token_ttl"] = json!(4);
    fields["token_max_ttl"] = json!(4);
    assert_eq!(scene.vault.api("POST", role, Some(fields)).await.0, 204);
    let begin = std::time::Instant::now();
    let mut reads = 0;
    while begin.elapsed() < std::time::Duration::from_secs(8) {
        assert_eq!(scene.read().await, vec![Ok(()), Ok(())]);
        reads += 1;
        tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    }
    let logins = scene.logins();
    assert!(
        (2..=5).contains(&logins) && reads > logins,
        "{logins} logins for {reads} reads"
    );
}

#[tokio::test]
async fn the_token_of_a_role_that_is_not_used_any_more_is_given_back() {
    let scene = Scene::onboarded("renamed").await;
    scene.read().await;
    // Another role in the same mount takes its place.
    scene
        .repository
        .cluster(scene.name, &scene.cluster, "role: other-role\n");
    scene.apply();
    assert_eq!(scene.proxy.count(on("*", "revoke-self")), 0);
    assert_eq!(scene.read().await, vec![Ok(()), Ok(())]);
    assert_eq!(scene.logins(), 2);
    assert_eq!(scene.proxy.count(on("*", "revoke-self")), 1);
    let (desired, vault, _) = scene.open().await;
    assert_eq!(desired.cells[0].role.name.as_str(), "other-role");
    scene.sessions.end(vault.as_cluster.as_ref()).await;
    assert!(scene.sessions.is_empty().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn passes_of_one_process_go_on_with_the_same_tokens_and_leave_none() {
    let scene = Scene::onboarded("passes").await;
    let desired = compile(&scene.repository).await;
    let opener = Opener::lasting(scene.settings(), Bounds::default());
    opener.follow(&desired);
    let options = Options {
        full: true,
        ..Options::default()
    };
    let cell = Arc::clone(&desired.cells[0]);
    let sessions = Arc::new(Sessions::default());
    let vault = || opener.vault(&desired.vaults[&cell.vault]);
    for _ in 0..3 {
        let vault = vault();
        let cluster = opener.cluster(&cell, vault.as_ref()).await;
        let look = vault.clone().map(|open| Look::of_cell(&open, &cell));
        let tokens = Arc::clone(&sessions);
        let alone = Alone::cell(&desired, &cell, vault, cluster, tokens, options.clone());
        let planned = alone.plan(look).await;
        assert!(planned.is_in_sync() && !planned.has_unread());
    }
    assert_eq!(scene.logins(), 1);
    assert_eq!(scene.proxy.count(on("*", "revoke-self")), 0);

    // The cluster is not declared any more.
    sessions.end(vault().unwrap().as_cluster.as_ref()).await;
    assert_eq!(scene.proxy.count(on("*", "revoke-self")), 1);
}
