//! Credentials of a process that runs for months, in seconds: on real servers, with tokens that live for a few.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "long_life/files.rs"]
mod files;
#[path = "long_life/log.rs"]
mod log;
#[path = "long_life/logins.rs"]
mod logins;
#[path = "long_life/outages.rs"]
mod outages;
#[path = "long_life/sessions.rs"]
mod sessions;
mod support;
#[path = "long_life/tokens.rs"]
mod tokens;

use keyfleet::connect::{Bounds, Opener, OwnCredential, Phase, Settings, TokenState, VaultAccess};
use keyfleet::desire::Desired;
use keyfleet::git::{Access, Limits, Source};
use keyfleet::observe::{Failure, ReadVault};
use keyfleet::pipeline::{self, Open as _};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};
use support::{Repository, Vault};

/// No credentials, and nothing of the environment.
fn settings() -> Settings {
    Settings {
        vault_address: None,
        vault_namespace: None,
        vault_ca_file: None,
        vault_token: None,
        kubeconfig: None,
        vaults: BTreeMap::new(),
    }
}

async fn compile(repository: &Repository) -> Desired {
    let source = Source::parse(repository.path().to_str().unwrap()).unwrap();
    let access = Access::from_lookup(|_| None);
    let read = pipeline::read(source, None, Limits::default(), access).await;
    pipeline::compile(read.unwrap()).desired
}

/// A fleet with a Vault at this address and no cluster.
async fn fleet_at(address: &str) -> Desired {
    let repository = Repository::new();
    repository.fleet(
        "months",
        &format!("vaults:\n  main:\n    address: {address}\n"),
    );
    compile(&repository).await
}

/// A process that stays, with this credential for the only Vault of its fleet.
struct Lasting {
    opener: Opener,
    read: Arc<dyn ReadVault>,
}

impl Lasting {
    async fn start(address: &str, credential: OwnCredential) -> Self {
        log::capture();
        let desired = fleet_at(address).await;
        let mut settings = settings();
        let access = VaultAccess {
            address: address.to_owned(),
            credential: Arc::new(credential),
        };
        settings.vaults.insert("main".to_owned(), access);
        let opener = Opener::lasting(settings, Bounds::default());
        opener.follow(&desired);
        let read = opener
            .vault(desired.vaults.values().next().unwrap())
            .unwrap()
            .read;
        Self { opener, read }
    }

    fn state(&self) -> TokenState {
        self.opener.own_tokens().into_values().next().unwrap()
    }

    async fn asks(&self) -> Result<(), Failure> {
        self.read.auth_mounts().await.map(drop)
    }

    /// Asks again and again for so long; every answer must be good.
    async fn asks_well_for(&self, time: Duration) {
        let begin = Instant::now();
        while begin.elapsed() < time {
            let asked = self.asks().await;
            assert_eq!(
                asked,
                Ok(()),
                "after {:?}\n{}",
                begin.elapsed(),
                log::of_tokens()
            );
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    async fn waits_for(&self, phase: Phase) -> TokenState {
        within(Duration::from_secs(15), async || {
            let state = self.state();
            (state.phase == phase).then_some(state)
        })
        .await
    }
}

/// Waits until there is something.
async fn within<T>(limit: Duration, look: impl AsyncFn() -> Option<T>) -> T {
    let begin = Instant::now();
    loop {
        if let Some(found) = look().await {
            return found;
        }
        assert!(begin.elapsed() < limit, "not within {limit:?}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// A policy that may look at mounts, as the only right beside those of every token.
async fn policy(vault: &Vault, name: &str) {
    let rule = r#"path "sys/auth" { capabilities = ["read"] } path "sys/mounts" { capabilities = ["deny"] }"#;
    let body = serde_json::json!({ "policy": rule });
    let path = format!("sys/policies/acl/{name}");
    assert_eq!(vault.api("POST", &path, Some(body)).await.0, 204);
}

async fn token(vault: &Vault, body: serde_json::Value) -> String {
    let (status, made) = vault.api("POST", "auth/token/create", Some(body)).await;
    assert_eq!(status, 200, "{made}");
    made["auth"]["client_token"].as_str().unwrap().to_owned()
}

/// A file in a folder of its own, which is swapped as a mounted Secret is: by another file in its place.
struct Swapped {
    folder: tempfile::TempDir,
}

impl Swapped {
    fn new(text: &str) -> Self {
        let swapped = Self {
            folder: tempfile::tempdir().unwrap(),
        };
        swapped.swap(text);
        swapped
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("file")
    }

    fn swap(&self, text: &str) {
        let next = self.folder.path().join("next");
        std::fs::write(&next, text).unwrap();
        std::fs::rename(next, self.path()).unwrap();
    }
}
