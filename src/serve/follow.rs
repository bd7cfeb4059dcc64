//! Following the repository: fetch, compile, and hand on what is new.
//!
//! When the server is down, or a revision cannot be understood, the last good one stays in force. A webhook only says "now".

use super::board::{Followed, HeldRevision, SourceState};
use super::origin::{Origin, Reading, Rewritten};
use super::service::{Service, about};
use super::vault::SLACK;
use super::web::Nudge;
use super::web::probes::Beat;
use crate::chance::Backoff;
use crate::diagnostics::Severity;
use crate::pipeline::{Compiler, Repository, Wanted};
use jiff::Timestamp;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;

/// How soon a server that did not answer is asked again at the earliest.
const RETRY: Duration = Duration::from_secs(5);

pub(super) struct Follower {
    service: Arc<Service>,
    compiler: Compiler,
    origin: Option<Origin>,
    /// Said by webhooks.
    now: Nudge,
    newest: mpsc::Sender<Arc<Followed>>,
    last: Option<Repository>,
    failures: u32,
}

impl Follower {
    pub(super) fn new(
        service: Arc<Service>,
        now: Nudge,
        newest: mpsc::Sender<Arc<Followed>>,
    ) -> Self {
        Self {
            service,
            compiler: Compiler::default(),
            origin: None,
            now,
            newest,
            last: None,
            failures: 0,
        }
    }

    pub(super) async fn run(mut self) {
        let settings = &self.service.settings.repository;
        let fetch = Duration::from_secs(settings.limits.fetch_seconds);
        let silent = settings.interval * 2 + fetch + SLACK;
        let beat = self.service.watchdog.watch("git", silent);
        self.turn(&beat).await;
        beat.finish();
    }

    async fn turn(&mut self, beat: &Beat) {
        let stop = self.service.stop.clone();
        loop {
            beat.now();
            let wait = tokio::select! {
                biased;
                () = stop.cancelled() => return,
                wait = self.once() => wait,
            };
            tokio::select! {
                biased;
                () = stop.cancelled() => return,
                () = self.now.nudged() => {}
                () = tokio::time::sleep(wait) => {}
            }
        }
    }

    /// Looks once. Gives how long to wait for the next time.
    async fn once(&mut self) -> Duration {
        let settings = &self.service.settings.repository;
        let interval = settings.interval;
        let folder = self.service.settings.data.join("git");
        if self.origin.is_none() {
            match Origin::open(settings, &folder) {
                Ok(origin) => self.origin = Some(origin),
                Err(error) => return self.failed(&format!("{error:#}")),
            }
        }
        let Some(origin) = &mut self.origin else {
            return interval;
        };
        let reading = match origin.read(settings, &folder, &mut self.compiler).await {
            Ok(reading) => reading,
            Err(error) => return self.failed(&format!("{error:#}")),
        };
        let wait = if let Some(failure) = &reading.failure {
            self.failed(failure)
        } else {
            self.failures = 0;
            about(interval)
        };
        self.answered(&reading);
        if let Some(repository) = reading.repository.filter(|it| self.is_new(it)) {
            self.take(repository).await;
        }
        wait
    }

    fn failed(&mut self, failure: &str) -> Duration {
        let known = self.service.board.read().source;
        if known.failure.as_deref() == Some(failure) {
            tracing::debug!(failure, "the repository could still not be read");
        } else {
            let followed = known.followed.as_ref().map(|it| &*it.revision);
            tracing::warn!(failure, followed, "the repository could not be read");
        }
        self.update(|source| source.failure = Some(failure.to_owned()));
        self.failures = self.failures.saturating_add(1);
        let backoff = Backoff {
            first: RETRY,
            longest: self.service.settings.repository.interval,
        };
        about(backoff.most(self.failures))
    }

    fn answered(&self, reading: &Reading) {
        let now = Timestamp::now();
        let known = self.service.board.read().source;
        if let (None, Some(_)) = (&reading.failure, &known.failure) {
            let last_read = known.fetched.map(|last| format!("{last:.0}"));
            tracing::info!(last_read, "the repository can be read again");
        }
        self.update(|source| {
            if let Some(repository) = &reading.repository {
                source.name.clone_from(&repository.name);
            }
            if reading.failure.is_none() {
                source.fetched = Some(now);
                source.failure = None;
                source.held = held(source.held.take(), reading, now);
            }
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
        let revision = repository.revision.clone();
        let mut compiler = std::mem::take(&mut self.compiler);
        let work = tokio::task::spawn_blocking(move || {
            let wanted = compiler.compile(repository);
            (wanted, compiler)
        });
        let Ok((wanted, compiler)) = work.await else {
            tracing::error!(
                revision,
                "compiling ended by a fault of keyfleet, please report it"
            );
            self.hold(revision, "compiling it ended by a fault of keyfleet");
            return;
        };
        self.compiler = compiler;
        if let Err(why) = is_usable(&wanted) {
            tracing::warn!(revision, why, "this revision is not followed");
            self.hold(revision, &why);
            return;
        }
        tell_errors(&wanted);
        let clusters = wanted.desired.cells.len();
        let errors = wanted.problems.count(Severity::Error);
        tracing::info!(revision, clusters, errors, "following");
        let followed = Arc::new(Followed {
            revision,
            since: Timestamp::now(),
            desired: Arc::new(wanted.desired),
            problems: Arc::new(wanted.problems),
            sources: Arc::new(wanted.sources),
        });
        self.update(|source| {
            source.held = source.held.take().filter(|held| held.is_rewritten);
            source.followed = Some(Arc::clone(&followed));
        });
        // Nobody takes it only when the process is about to end.
        let _ = self.newest.send(followed).await;
    }

    fn hold(&self, to: String, why: &str) {
        self.update(|source| {
            let from = source.followed.as_ref();
            source.held = Some(HeldRevision {
                is_rewritten: false,
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

/// How many errors of a revision are logged; all of them are on the dashboard.
const ERRORS_LOGGED: usize = 10;

/// A declaration with an error is not applied, and whoever wrote it may never look at the dashboard.
fn tell_errors(wanted: &Wanted) {
    let problems = wanted.problems.sorted().into_iter();
    let errors = problems.filter(|problem| problem.severity == Severity::Error);
    for error in errors.take(ERRORS_LOGGED) {
        tracing::warn!(place = %error.place, why = error.message, "a declaration cannot be used");
    }
}

/// Without a fleet, nothing is known of anything: the last revision that had one stays.
fn is_usable(wanted: &Wanted) -> Result<(), String> {
    if wanted.is_empty {
        return Err("it holds no declaration at all".to_owned());
    }
    if wanted.is_plannable() {
        return Ok(());
    }
    let problems = wanted.problems.sorted().into_iter();
    let mut errors = problems.filter(|problem| problem.severity == Severity::Error);
    let first = errors.find(|problem| problem.place.file.as_ref() == "fleet.yaml");
    let first = first.map(|problem| format!(": {} ({})", problem.message, problem.place));
    Err(format!(
        "fleet.yaml has errors, and everything follows from it{}",
        first.unwrap_or_default()
    ))
}

/// A hold stands since it was first seen.
fn held(before: Option<HeldRevision>, reading: &Reading, now: Timestamp) -> Option<HeldRevision> {
    let Some(rewritten) = reading.held.as_ref() else {
        if let Some(HeldRevision { to, .. }) = before.as_ref().filter(|it| it.is_rewritten) {
            tracing::info!(to, "the branch is not held any more");
        }
        return before.filter(|before| !before.is_rewritten);
    };
    if let Some(before) = before.filter(|it| it.is_rewritten && it.to == rewritten.to) {
        return Some(before);
    }
    let Rewritten { from, to, why } = rewritten;
    tracing::warn!(
        from,
        to,
        why,
        "the branch was rewritten, and is not followed"
    );
    Some(HeldRevision {
        is_rewritten: true,
        from: from.clone(),
        to: to.clone(),
        why: why.clone(),
        since: now,
    })
}
