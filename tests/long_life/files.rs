//! Certificates, tokens and kubeconfigs that are swapped while keyfleet runs.

use super::support::tls::Authority;
use super::support::{Cluster, Repository, world};
use super::{Opener, Settings, Swapped, compile, settings};
use keyfleet::connect::Bounds;
use keyfleet::desire::Desired;
use keyfleet::observe::{FailureClass, ReadCluster};
use keyfleet::pipeline::{Open as _, OpenCluster};
use keyfleet::secret::SecretBytes;
use serde_json::{Value, json};
use std::net::Ipv4Addr;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

/// A process that stays, with one cluster that this kubeconfig leads to.
struct Staying {
    opener: Opener,
    desired: Desired,
}

impl Staying {
    async fn start(cluster: &Cluster, kubeconfig: &Path, connect: &str, vault: &str) -> Self {
        super::log::capture();
        let repository = Repository::new();
        repository.fleet("files", "");
        repository.cluster_by("files", cluster, connect);
        let settings = Settings {
            vault_address: Some(vault.to_owned()),
            vault_token: Some(SecretBytes::from("root".to_owned())),
            kubeconfig: Some(kubeconfig.to_owned()),
            ..settings()
        };
        let desired = compile(&repository).await;
        let opener = Opener::lasting(settings, Bounds::default());
        opener.follow(&desired);
        Self { opener, desired }
    }

    async fn open(&self) -> OpenCluster {
        let vault = self.desired.vaults.values().next().unwrap();
        let vault = self.opener.vault(vault).unwrap();
        let cell = &self.desired.cells[0];
        self.opener.cluster(cell, Ok(&vault)).await.unwrap()
    }
}

/// The kubeconfig of the cluster with another user and authority.
fn config(cluster: &Cluster, user: Value, authority: Option<&Path>) -> String {
    let mut config: Value = serde_json::from_str(&cluster.kubeconfig_yaml(None, None)).unwrap();
    config["users"][0]["user"] = user;
    if let Some(path) = authority {
        config["clusters"][0]["cluster"] =
            json!({ "server": cluster.server(), "certificate-authority": path });
    }
    config.to_string()
}

async fn by_kubeconfig(cluster: &Cluster, file: &Swapped) -> Staying {
    let connect = format!("connect:\n  kubeconfig:\n    context: {}\n", cluster.name);
    Staying::start(cluster, &file.path(), &connect, "http://127.0.0.1:1").await
}

#[tokio::test]
async fn a_token_and_an_authority_in_files_are_read_again_where_they_did_not_fit() {
    let cluster = world().await.cluster("files").await;
    let token = Swapped::new("canary-4711-of-nobody");
    let authority = Swapped::new(&Authority::new("another").pem());
    let user = json!({ "tokenFile": token.path() });
    let file = Swapped::new(&config(&cluster, user, Some(&authority.path())));
    let staying = by_kubeconfig(&cluster, &file).await;
    let opened = staying.open().await;

    let failure = opened.read.identity().await.unwrap_err();
    assert_eq!(failure.class, FailureClass::Tls, "{failure}");
    authority.swap(&cluster.ca_pem());
    // The very same connection, in the same pass.
    let failure = opened.read.identity().await.unwrap_err();
    assert_eq!(failure.class, FailureClass::Unauthenticated, "{failure}");
    // With the end of a line, as files have it.
    token.swap(&format!("{}\n", cluster.admin_token()));
    opened.read.identity().await.unwrap();
    // Taken away, or missing for a moment, it is still what it was.
    std::fs::remove_file(token.path()).unwrap();
    tokio::time::sleep(Duration::from_secs(6)).await;
    opened.read.identity().await.unwrap();
    super::log::assert_silent(&["canary-4711", cluster.admin_token()]);
}

#[tokio::test]
async fn an_authority_that_is_not_trusted_any_more_is_noticed_while_all_works() {
    let cluster = world().await.cluster("files").await;
    let authority = Swapped::new(&cluster.ca_pem());
    let user = json!({ "token": cluster.admin_token() });
    let file = Swapped::new(&config(&cluster, user, Some(&authority.path())));
    let staying = by_kubeconfig(&cluster, &file).await;
    let opened = staying.open().await;
    opened.read.identity().await.unwrap();
    authority.swap(&Authority::new("another").pem());
    super::within(Duration::from_secs(10), async || {
        let asked = opened.read.identity().await;
        asked
            .is_err_and(|failure| failure.class == FailureClass::Tls)
            .then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_kubeconfig_is_read_again_before_a_pass_when_it_was_written_anew() {
    let cluster = world().await.cluster("files").await;
    let with = |token: &str| config(&cluster, json!({ "token": token }), None);
    let file = Swapped::new(&with("canary-4711-of-nobody"));
    let staying = by_kubeconfig(&cluster, &file).await;
    let first = staying.open().await;
    assert!(
        is_same(&first, &staying.open().await),
        "nothing has changed"
    );
    let failure = first.read.identity().await.unwrap_err();
    assert_eq!(failure.class, FailureClass::Unauthenticated);

    file.swap(&with(cluster.admin_token()));
    let second = staying.open().await;
    second.read.identity().await.unwrap();
    assert!(is_same(&second, &staying.open().await));
    // Written anew without a change: another connection, which costs no request.
    file.swap(&with(cluster.admin_token()));
    staying.open().await.read.identity().await.unwrap();
    // Broken: it is said, and nothing else is held for it.
    file.swap("canary-4711: [");
    let vault = staying.desired.vaults.values().next().unwrap();
    let vault = staying.opener.vault(vault).unwrap();
    let cell = &staying.desired.cells[0];
    let failure = staying
        .opener
        .cluster(cell, Ok(&vault))
        .await
        .err()
        .unwrap();
    assert_eq!(failure.class, FailureClass::Setup);
    assert!(!format!("{failure:?}").contains("canary"), "{failure:?}");
}

fn is_same(one: &OpenCluster, other: &OpenCluster) -> bool {
    Arc::ptr_eq(&one.read, &other.read)
}

#[tokio::test]
async fn credentials_kept_in_vault_are_read_again_when_the_cluster_turns_them_down() {
    let cluster = world().await.cluster("files").await;
    let vault = &world().await.vault;
    vault.cli_ok(&["secrets", "enable", "-path=clusters", "kv-v2"]);
    let kept = async |token: &str| {
        vault.kv_put("clusters", "files", &[("token", token)]).await;
    };
    kept(cluster.admin_token()).await;
    let connect = "connect:\n  vault:\n    path: clusters/data/files\n    token: token\n";
    let staying = Staying::start(&cluster, Path::new("/nonexistent"), connect, vault.addr()).await;
    let first = staying.open().await;
    first.read.identity().await.unwrap();
    assert!(is_same(&first, &staying.open().await));
    // What is put there does not matter while the old one is accepted.
    kept("canary-4711-of-nobody").await;
    assert!(is_same(&first, &staying.open().await));

    let staying = Staying::start(&cluster, Path::new("/nonexistent"), connect, vault.addr()).await;
    let refused: Arc<dyn ReadCluster> = staying.open().await.read;
    let failure = refused.identity().await.unwrap_err();
    assert_eq!(failure.class, FailureClass::Unauthenticated);
    kept(cluster.admin_token()).await;
    staying.open().await.read.identity().await.unwrap();
}

/// Answers every request as a Vault without mounts, with a certificate that can be swapped.
async fn vault_with(acceptor: Arc<Mutex<TlsAcceptor>>) -> String {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = format!("https://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        let answer =
            "HTTP/1.1 200 OK\r\nContent-Length: 11\r\nConnection: close\r\n\r\n{\"data\":{}}";
        while let Ok((stream, _)) = listener.accept().await {
            let accepting = acceptor.lock().unwrap().clone();
            let Ok(mut stream) = accepting.accept(stream).await else {
                continue;
            };
            let _ = stream.read(&mut [0; 4096]).await;
            let _ = stream.write_all(answer.as_bytes()).await;
            let _ = stream.shutdown().await;
        }
    });
    address
}

#[tokio::test]
async fn the_authority_of_a_vault_is_read_again_when_its_file_is_swapped() {
    let (one, two) = (Authority::new("one"), Authority::new("two"));
    let serving = Arc::new(Mutex::new(one.acceptor()));
    let address = vault_with(Arc::clone(&serving)).await;
    let file = Swapped::new(&one.pem());
    let desired = super::fleet_at(&address).await;
    let settings = Settings {
        vault_address: Some(address),
        vault_token: Some(SecretBytes::from("canary-4711".to_owned())),
        vault_ca_file: Some(file.path()),
        ..settings()
    };
    let opener = Opener::lasting(settings, Bounds::default());
    opener.follow(&desired);
    let vault = desired.vaults.values().next().unwrap();
    let open = || opener.vault(vault).unwrap().read;
    let first = open();
    first.auth_mounts().await.unwrap();
    assert!(Arc::ptr_eq(&first, &open()), "nothing has changed");

    *serving.lock().unwrap() = two.acceptor();
    let failure = open().auth_mounts().await.unwrap_err();
    assert_eq!(failure.class, FailureClass::Tls, "{failure}");
    file.swap(&two.pem());
    open().auth_mounts().await.unwrap();
    // Half written: it is said, and the next good one is taken.
    file.swap("no certificate");
    assert_eq!(
        opener.vault(vault).err().unwrap().class,
        FailureClass::Setup
    );
    file.swap(&two.pem());
    open().auth_mounts().await.unwrap();
    assert_eq!(opener.own_tokens().len(), 1);
}
