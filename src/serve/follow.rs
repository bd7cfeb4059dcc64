//! Following the repository: fetch, compile, and hand on what is new.
//!
//! When the server is down, or a revision cannot be understood, the last good one stays in force. A webhook only says "now".

use super::board::{Followed, HeldRevision, SourceState};
use super::service::{Service, about};
use super::settings::SecretSource;
use crate::git::Access;
use crate::pipeline::{Compiler, Repository, Wanted};
use anyhow::Context;
use jiff::Timestamp;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Notify;
use tokio::sync::mpsc;
use zeroize::Zeroizing;

/// How soon a server that did not answer is asked again at the earliest; doubled up to the interval.
const RETRY: Duration = Duration::from_secs(5);

pub(super) struct Follower {
    service: Arc<Service>,
    compiler: Compiler,
    /// Said by webhooks.
    now: Arc<Notify>,
    newest: mpsc::Sender<Arc<Followed>>,
    last: Option<Repository>,
    failures: u32,
}

impl Follower {
    pub(super) fn new(
        service: Arc<Service>,
        now: Arc<Notify>,
        newest: mpsc::Sender<Arc<Followed>>,
    ) -> Self {
        Self {
            service,
            compiler: Compiler::default(),
            now,
            newest,
            last: None,
            failures: 0,
        }
    }

    pub(super) async fn run(mut self) {
        let stop = self.service.stop.clone();
        loop {
            let wait = tokio::select! {
                biased;
                () = stop.cancelled() => return,
                wait = self.once() => wait,
            };
            tokio::select! {
                biased;
                () = stop.cancelled() => return,
                () = self.now.notified() => {}
                () = tokio::time::sleep(wait) => {}
            }
        }
    }

    /// Looks once. Gives how long to wait for the next time.
    async fn once(&mut self) -> Duration {
        let interval = self.service.settings.repository.interval;
        match self.read().await {
            Ok(repository) => {
                self.failures = 0;
                self.answered(&repository);
                if self.is_new(&repository) {
                    self.take(repository).await;
                }
                about(interval)
            }
            Err(error) => {
                let failure = format!("{error:#}");
                tracing::warn!(failure, "the repository could not be read");
                self.update(|source| source.failure = Some(failure));
                self.failures = self.failures.saturating_add(1);
                let doubled = RETRY.saturating_mul(1 << (self.failures - 1).min(16));
                about(doubled.min(interval))
            }
        }
    }

    async fn read(&mut self) -> anyhow::Result<Repository> {
        let settings = &self.service.settings.repository;
        let access = Access {
            username: settings.username.clone(),
            token: settings.token.as_ref().map(secret_text).transpose()?,
            ssh_key: settings.ssh_key.clone(),
            known_hosts: settings.known_hosts.clone(),
        };
        let (source, reference) = (settings.source.clone(), settings.reference.clone());
        self.compiler
            .read(source, reference, settings.limits, access)
            .await
    }

    fn answered(&self, repository: &Repository) {
        let name = repository.name.clone();
        self.update(|source| {
            source.name = name;
            source.fetched = Some(Timestamp::now());
            source.failure = None;
        });
    }

    /// A folder that is read as it stands changes without a new commit.
    fn is_new(&self, repository: &Repository) -> bool {
        self.last.as_ref().is_none_or(|last| {
            last.revision != repository.revision
                || last.sources != repository.sources
                || last.unreadable != repository.unreadable
        })
    }

    async fn take(&mut self, repository: Repository) {
        self.last = Some(repository.clone());
        let mut compiler = std::mem::take(&mut self.compiler);
        let compiled = tokio::task::spawn_blocking(move || {
            let wanted = compiler.compile(repository);
            (wanted, compiler)
        });
        let Ok((wanted, compiler)) = compiled.await else {
            tracing::error!("compiling ended by a fault of keyfleet, please report it");
            return;
        };
        self.compiler = compiler;
        let revision = wanted.revision.clone();
        if let Err(why) = is_usable(&wanted) {
            tracing::warn!(revision, why, "this revision is not followed");
            self.hold(revision, why);
            return;
        }
        let errors = wanted.problems.has_errors();
        let clusters = wanted.desired.cells.len();
        tracing::info!(revision, clusters, errors, "following");
        let followed = Arc::new(Followed {
            revision,
            since: Timestamp::now(),
            desired: Arc::new(wanted.desired),
            problems: Arc::new(wanted.problems),
            sources: Arc::new(wanted.sources),
        });
        self.update(|source| {
            source.held = None;
            source.followed = Some(Arc::clone(&followed));
        });
        // Nobody takes it only when the process is about to end.
        let _ = self.newest.send(followed).await;
    }

    fn hold(&self, to: String, why: &str) {
        self.update(|source| {
            let from = source.followed.as_ref();
            source.held = Some(HeldRevision {
                from: from.map(|it| it.revision.clone()).unwrap_or_default(),
                to,
                why: why.to_owned(),
                since: Timestamp::now(),
            });
        });
    }

    fn update(&self, change: impl FnOnce(&mut SourceState)) {
        self.service
            .board
            .write(|known| change(Arc::make_mut(&mut known.source)));
    }
}

/// Without a fleet, nothing is known of anything: the last revision that had one stays.
fn is_usable(wanted: &Wanted) -> Result<(), &'static str> {
    if wanted.is_empty {
        Err("it holds no declaration at all")
    } else if !wanted.is_plannable() {
        Err("fleet.yaml has errors, and everything follows from it")
    } else {
        Ok(())
    }
}

fn secret_text(source: &SecretSource) -> anyhow::Result<Zeroizing<String>> {
    let text = match source {
        SecretSource::File(path) => std::fs::read_to_string(path)
            .with_context(|| format!("failed to read {}", path.display()))?,
        SecretSource::Environment(name) => crate::connect::variable(name)
            .with_context(|| format!("the variable {name} is not set"))?,
    };
    Ok(Zeroizing::new(text.trim().to_owned()))
}
