//! The listeners of a service, started, and everything that was logged.

use super::log;
use axum::Router;
use axum::routing::{get, post};
use keyfleet::git;
use keyfleet::serve::board::Known;
use keyfleet::serve::settings::{
    Active, Admission, Forge, LogFormat, Places, Reconcile, Reports, Repository, Requests,
    SecretSource, Web, Webhook, Webhooks,
};
use keyfleet::serve::web::{
    Addresses, Counters, ListenError, Listeners, Nudge, Parts, Viewer, Watchdog,
};
use keyfleet::serve::{Board, Settings};
use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;

pub(crate) const TOKEN: &str = "canary-token-0123456789abcdef";
pub(crate) const GITHUB_SECRET: &str = "It's a Secret to Everybody";

pub(crate) struct Service {
    pub(crate) at: Addresses,
    pub(crate) board: Arc<Board>,
    pub(crate) counters: Arc<Counters>,
    pub(crate) watchdog: Arc<Watchdog>,
    pub(crate) nudge: Nudge,
    listeners: Listeners,
    settings: Settings,
    secrets: TempDir,
}

/// Everything on any free port of loopback, nobody asked for anything.
pub(crate) fn settings() -> Settings {
    let anywhere: SocketAddr = "127.0.0.1:0".parse().unwrap();
    let minute = Duration::from_secs(60);
    Settings {
        repository: Repository {
            reference: Some("main".to_owned()),
            ..Repository::of(git::Source::parse("https://git.example/acme.git").unwrap())
        },
        vaults: BTreeMap::new(),
        reconcile: Reconcile {
            apply: false,
            interval: minute,
            full: minute,
            deadline: minute,
            clusters: BTreeSet::new(),
            requests: Requests {
                all: 1,
                per_vault: 1,
                per_cluster: 1,
            },
        },
        data: PathBuf::from("unused"),
        active: Active::Lock,
        web: Web {
            listen: anywhere,
            admission: Admission::Loopback,
        },
        probes: anywhere,
        webhooks: Webhooks {
            listen: anywhere,
            from: Vec::new(),
        },
        review: None,
        reports: Reports::default(),
        log: LogFormat::Text,
        places: Places::default(),
    }
}

/// A secret in a file of its own.
pub(crate) fn secret(folder: &TempDir, name: &str, text: &str) -> SecretSource {
    let path = folder.path().join(name);
    std::fs::write(&path, text).unwrap();
    SecretSource::File(path)
}

impl Service {
    pub(crate) async fn start(admission: Admission) -> Self {
        Self::start_with(tempfile::tempdir().unwrap(), |settings, _| {
            settings.web.admission = admission;
        })
        .await
    }

    pub(crate) async fn with_token() -> Self {
        Self::start_with(tempfile::tempdir().unwrap(), |settings, secrets| {
            settings.web.admission = Admission::Token(secret(secrets, "token", TOKEN));
        })
        .await
    }

    pub(crate) async fn with_webhooks(of: &[(Forge, &str)]) -> Self {
        Self::start_with(tempfile::tempdir().unwrap(), |settings, secrets| {
            let hooks = of.iter().map(|(forge, text)| Webhook {
                forge: *forge,
                secret: secret(secrets, forge.word(), text),
            });
            settings.webhooks.from = hooks.collect();
        })
        .await
    }

    pub(crate) async fn start_with(
        secrets: TempDir,
        change: impl FnOnce(&mut Settings, &TempDir),
    ) -> Self {
        log::capture();
        let mut settings = settings();
        change(&mut settings, &secrets);
        let parts = parts();
        let Parts {
            board,
            counters,
            watchdog,
            nudge,
            ..
        } = parts.clone();
        let listeners = Listeners::start(&settings, parts).await.unwrap();
        Self {
            at: listeners.addresses(),
            listeners,
            settings,
            board,
            counters,
            watchdog,
            nudge,
            secrets,
        }
    }

    pub(crate) fn webhooks(&self) -> SocketAddr {
        self.at.webhooks.unwrap()
    }

    /// A secret of this service gets another text.
    pub(crate) fn write_secret(&self, name: &str, text: &str) {
        std::fs::write(self.secrets.path().join(name), text).unwrap();
    }

    pub(crate) fn know(&self, change: impl FnOnce(&mut Known)) {
        self.board.write(change);
    }

    /// How often "look now" was heard; each time, looking takes a moment.
    pub(crate) async fn looks(&self) -> usize {
        let mut looks = 0;
        while tokio::time::timeout(Duration::from_millis(200), self.nudge.nudged())
            .await
            .is_ok()
        {
            looks += 1;
        }
        looks
    }

    /// The settings are read again, and this has changed.
    pub(crate) async fn resettle(
        &mut self,
        change: impl FnOnce(&mut Settings, &TempDir),
    ) -> Result<(), ListenError> {
        change(&mut self.settings, &self.secrets);
        self.listeners.follow(&self.settings).await?;
        self.at = self.listeners.addresses();
        Ok(())
    }

    pub(crate) async fn stop(self) {
        self.listeners.end().await;
    }
}

/// Nobody is asked for anything.
pub(crate) fn parts() -> Parts {
    Parts {
        board: Arc::default(),
        counters: Arc::default(),
        watchdog: Arc::default(),
        nudge: Nudge::default(),
        reviews: Arc::default(),
        pages: pages(),
    }
}

/// What stands for the pages: says what it was told.
fn pages() -> Router {
    let who = async |viewer: axum::Extension<Viewer>| format!("{:?}", viewer.0);
    let seen = async |headers: axum::http::HeaderMap| format!("{headers:?}");
    Router::new()
        .route("/", get(who))
        .route("/headers", get(seen))
        .route("/echo", post(async |body: String| body))
}
