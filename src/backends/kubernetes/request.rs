//! One request at a time through one door: permits, deadline, tries, and the credentials' end.
//!
//! Promise: a write is sent once, and again only after 429, when the server says that it did nothing; a failure after
//! which a write may have happened says so.

use super::answer::{self, Refused};
use super::call::Call;
use super::settings::{Opened, Peer, Settings};
use super::trouble;
use crate::backends::Conduct;
use crate::backends::buffer::WipedBuffer;
use crate::backends::file_mark::FileMark;
use crate::chance::Backoff;
use crate::observe::{Failure, FailureClass};
use http::header::{ACCEPT, CONTENT_LENGTH, CONTENT_TYPE, RETRY_AFTER};
use http::{Request, Response};
use http_body_util::BodyExt as _;
use kube::client::Body;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use tokio::sync::{Mutex, Semaphore};
use tokio::time::{sleep, timeout};

const TRIES: u32 = 3;
/// The longest wait that a server may ask for within one request.
const PATIENCE: Duration = Duration::from_secs(10);
const BACKOFF: Backoff = Backoff {
    first: Duration::from_millis(400),
    longest: Duration::from_secs(5),
};
/// How long a failure to get credentials stands before it is tried again, so that a broken plugin runs once for all
/// who wait for it.
const STANDS: Duration = Duration::from_secs(5);
/// How often the files of credentials and authorities are looked at; and at once when a server turns them down.
const LOOK_AT_FILES: Duration = Duration::from_secs(5);
/// More than 500 objects' metadata can be; an answer above that is not one of ours.
const LONGEST_ANSWER: usize = 64 << 20;

/// The requests of one cluster, shared by its reader and its writer.
pub(super) struct Requests {
    settings: Arc<Settings>,
    permits: Semaphore,
    conduct: Conduct,
    opened: Mutex<Option<Held>>,
    /// What the client is made of, beside the settings.
    files: Vec<PathBuf>,
    /// The last answer was that these credentials, or this authority, are not the right ones.
    turned_away: AtomicBool,
}

/// The client in use or the failure to make one, and its number, so that it is renewed only once.
#[derive(Clone)]
struct Held {
    number: u64,
    since: Instant,
    outcome: Result<Opened, Failure>,
    /// Of the files, when they were read.
    marks: Vec<FileMark>,
    looked_at_files: Instant,
    /// It is not to be used any more.
    is_spent: bool,
}

impl Held {
    fn stands(&self) -> bool {
        !self.is_spent
            && match &self.outcome {
                Ok(opened) => opened.until.is_none_or(|until| Instant::now() < until),
                Err(_) => self.since.elapsed() < STANDS,
            }
    }

    /// Whether one of the files was written anew. One that is gone says nothing: some are taken away once they were read, or
    /// are missing for a moment.
    fn files_are_others(&self, files: &[PathBuf]) -> bool {
        let now = marks(files);
        let mut pairs = now.iter().zip(&self.marks);
        pairs.any(|(now, then)| now.is_there() && now != then)
    }

    /// Files that were written anew need another client.
    fn look_at_files(&mut self, files: &[PathBuf]) {
        if self.looked_at_files.elapsed() < LOOK_AT_FILES {
            return;
        }
        self.looked_at_files = Instant::now();
        if self.files_are_others(files) {
            self.is_spent = true;
        }
    }
}

fn marks(files: &[PathBuf]) -> Vec<FileMark> {
    files.iter().map(|file| FileMark::of(file)).collect()
}

impl Requests {
    pub(super) fn new(settings: Settings, conduct: Conduct) -> Self {
        Self {
            permits: Semaphore::new(settings.limits.at_once.max(1)),
            conduct,
            files: settings.files(),
            settings: Arc::new(settings),
            opened: Mutex::new(None),
            turned_away: AtomicBool::new(false),
        }
    }

    pub(super) fn server(&self) -> &str {
        &self.settings.peer.server
    }

    /// The body of a good answer, tried as often as is safe.
    pub(super) async fn send(&self, call: &Call) -> Result<WipedBuffer, Failure> {
        let _permit = self.permits.acquire().await.map_err(|_| {
            Failure::new(FailureClass::Setup, &call.what, "the connection is closed")
        })?;
        let mut renewed = false;
        let mut tries = 1;
        loop {
            let (number, client) = self.client(&call.what).await?;
            let begin = Instant::now();
            self.conduct.count(call.deed());
            let outcome = self.conduct.turn(self.exchange(&client, call)).await;
            self.tell(call, &outcome, begin);
            let refused = match outcome {
                Ok(body) => {
                    self.conduct.answered();
                    self.turned_away.store(false, Ordering::Relaxed);
                    return Ok(body);
                }
                Err(refused) => refused,
            };
            if !renewed && self.may_renew(&refused.failure).await {
                renewed = true;
                self.drop_client(number).await;
                continue;
            }
            // A server that says when to come back is not the one that needs to be spared.
            let told = refused.failure.class == FailureClass::RateLimited;
            let wait = wait(call, &refused, tries);
            match wait.filter(|_| told || self.conduct.may_retry()) {
                Some(wait) => sleep(wait).await,
                None => return Err(doubt(call, refused)),
            }
            tries += 1;
        }
    }

    /// Whether a client made anew may do better, after one whose credentials or authority did not fit. Such a request did
    /// nothing.
    async fn may_renew(&self, failure: &Failure) -> bool {
        let expired = failure.class == FailureClass::Unauthenticated;
        if !expired && failure.class != FailureClass::Tls {
            return false;
        }
        self.turned_away.store(true, Ordering::Relaxed);
        let held = self.opened.lock().await;
        expired && self.settings.exec.is_some()
            || held
                .as_ref()
                .is_some_and(|held| held.files_are_others(&self.files))
    }

    /// Whether the server's last answer was that these credentials, or this authority, are not the right ones.
    pub(super) fn is_turned_away(&self) -> bool {
        self.turned_away.load(Ordering::Relaxed)
    }

    /// What was asked and how it went, without anything that was said.
    fn tell(&self, call: &Call, outcome: &Result<WipedBuffer, Refused>, begin: Instant) {
        let status = match outcome {
            Ok(_) => "good".to_owned(),
            Err(refused) => match refused.failure.status {
                Some(status) => status.to_string(),
                None => refused.failure.why.clone(),
            },
        };
        let took = begin.elapsed();
        tracing::debug!(cluster = %self.server(), status, ?took, "{} {}", call.method, call.path);
    }

    async fn exchange(&self, opened: &Opened, call: &Call) -> Result<WipedBuffer, Refused> {
        let limit = self.settings.limits.request;
        timeout(limit, self.exchange_unlimited(opened, call))
            .await
            .unwrap_or_else(|_| {
                let why = format!(
                    "{} did not answer within {} s",
                    self.server(),
                    limit.as_secs_f32()
                );
                let failure = Failure::new(FailureClass::TimedOut, &call.what, why)
                    .hint("check that the API server is well, and that this machine may reach it");
                Err(Refused::without_answer(failure, true))
            })
    }

    async fn exchange_unlimited(
        &self,
        opened: &Opened,
        call: &Call,
    ) -> Result<WipedBuffer, Refused> {
        let peer = &self.settings.peer;
        let mut request = Request::builder()
            .method(&call.method)
            .uri(&call.path)
            .header(ACCEPT, call.accept);
        if !call.body.is_empty() {
            request = request.header(CONTENT_TYPE, call.content_type);
        }
        let request = request.body(Body::from(call.body.clone())).map_err(|_| {
            let failure = Failure::new(
                FailureClass::Setup,
                &call.what,
                "the request cannot be put into a URL",
            );
            Refused::without_answer(failure, false)
        })?;
        let broken = |error: &(dyn std::error::Error + 'static)| {
            let trouble = trouble::classify(error, &call.what, peer);
            Refused::without_answer(trouble.failure, trouble.sent)
        };
        let sending = opened.client.send(request);
        let sent = if call.writes {
            self.conduct.fence().guard(sending).await.map_err(|stale| {
                let failure = Failure::new(FailureClass::Setup, &call.what, stale.to_string());
                Refused::without_answer(failure, stale.begun)
            })?
        } else {
            sending.await
        };
        let response = sent.map_err(|error| broken(&error))?;
        let (status, headers) = (response.status(), response.headers().clone());
        let body = body(response, call, peer).await?;
        if status.is_success() {
            return Ok(body);
        }
        let told = headers
            .get(RETRY_AFTER)
            .and_then(|value| value.to_str().ok()?.trim().parse().ok());
        Err(answer::refused(call, peer, status, &headers, body.as_ref()).told_to_wait(told))
    }

    async fn client(&self, what: &str) -> Result<(u64, Opened), Failure> {
        let mut held = self.opened.lock().await;
        if let Some(held) = held.as_mut() {
            held.look_at_files(&self.files);
        }
        if held.as_ref().is_none_or(|held| !held.stands()) {
            let marks = marks(&self.files);
            let settings = Arc::clone(&self.settings);
            let fence = self.conduct.fence().clone();
            let opening = tokio::task::spawn_blocking(move || settings.open(fence)).await;
            let outcome = opening.unwrap_or_else(|_| {
                Err(self
                    .settings
                    .wrong("opening the connection failed inside keyfleet"))
            });
            let number = held.as_ref().map_or(0, |held| held.number + 1);
            *held = Some(Held {
                number,
                since: Instant::now(),
                outcome,
                marks,
                looked_at_files: Instant::now(),
                is_spent: false,
            });
        }
        match held.as_ref() {
            Some(held) => held.outcome.clone().map(|opened| (held.number, opened)),
            None => Err(Failure::new(
                FailureClass::Setup,
                what,
                "there is no connection",
            )),
        }
    }

    /// Closes what is open; the next request opens anew. A credential plugin does not run for that once more.
    pub(super) async fn rest(&self) {
        if self.settings.exec.is_none() {
            *self.opened.lock().await = None;
        }
    }

    /// Forgets a client whose credentials were not accepted, unless somebody has renewed it meanwhile.
    async fn drop_client(&self, number: u64) {
        let mut held = self.opened.lock().await;
        if let Some(current) = held.as_mut().filter(|held| held.number == number) {
            current.is_spent = true;
        }
    }
}

/// How long until the next try; `None` when this was the last.
fn wait(call: &Call, refused: &Refused, tries: u32) -> Option<Duration> {
    let again = match (refused.failure.class, refused.failure.status) {
        (FailureClass::RateLimited, _) => true,
        (FailureClass::Server, Some(503)) => !call.writes,
        // The connection broke: whatever happened, a read can be asked again.
        (FailureClass::Unreachable, None) => !call.writes && refused.sent,
        _ => false,
    };
    let told = refused.retry_after.unwrap_or_default();
    if !again || tries >= TRIES || told > PATIENCE {
        return None;
    }
    Some(told + BACKOFF.any(tries))
}

/// Says so when a failed write may have happened all the same.
fn doubt(call: &Call, refused: Refused) -> Failure {
    let Refused {
        mut failure, sent, ..
    } = refused;
    let unclear = matches!(
        failure.class,
        FailureClass::TimedOut
            | FailureClass::Unreachable
            | FailureClass::Server
            | FailureClass::Protocol
    );
    if call.writes && sent && unclear {
        failure = doubtful(failure);
    }
    failure
}

pub(super) fn doubtful(mut failure: Failure) -> Failure {
    failure
        .why
        .push_str("; the write may have been applied all the same");
    failure.hint("nothing to undo: the next run looks at the object first")
}

async fn body(response: Response<Body>, call: &Call, peer: &Peer) -> Result<WipedBuffer, Refused> {
    let length = response.headers().get(CONTENT_LENGTH);
    let length = length.and_then(|length| length.to_str().ok()?.parse().ok());
    let mut buffer = WipedBuffer::for_answer(length);
    let mut body = response.into_body();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| {
            let trouble = trouble::classify(&error, &call.what, peer);
            Refused::without_answer(trouble.failure, true)
        })?;
        if let Some(data) = frame.data_ref() {
            buffer.push(data);
        }
        if buffer.len() > LONGEST_ANSWER {
            let failure = Failure::new(
                FailureClass::Protocol,
                &call.what,
                "the answer is too large",
            );
            return Err(Refused::without_answer(failure, true));
        }
    }
    Ok(buffer)
}
