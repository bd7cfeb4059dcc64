//! Requests to one Vault: sent within a budget, repeated where that is harmless, and judged.

mod judge;
mod token;

use super::address::Address;
use super::answer::{Answer, Lost};
use super::classify::{self, PERHAPS};
use super::long_answer::{self, Received};
use super::memory::Memory;
use super::own_token::{self, OwnToken};
use super::request::{Intent, Request};
use super::{Budget, VaultConnection, connect, namespace, retry};
use crate::backends::{Conduct, Deed};
use crate::observe::{Failure, FailureClass, KvValue};
use bytes::Bytes;
use jiff::Timestamp;
use reqwest::header::HeaderValue;
use reqwest::{Client, Response};
use serde::de::DeserializeSeed;
use serde_json::{Map, Value};
use std::convert::Infallible;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::sync::{OnceCell, Semaphore};
use tokio::time::Instant;

/// A good answer, or a 404 of Vault itself.
pub(super) struct Reply {
    pub(super) found: bool,
    pub(super) date: Option<Timestamp>,
    /// Held as a value is, so that it is wiped whatever it turns out to be.
    pub(super) body: KvValue,
}

impl Reply {
    /// The object under `data`; `None` when there is nothing there.
    pub(super) fn data(
        mut self,
        request: &Request<'_>,
    ) -> Result<Option<Map<String, Value>>, Failure> {
        if !self.found {
            return Ok(None);
        }
        match self.body.data.remove("data") {
            Some(Value::Object(fields)) => Ok(Some(fields)),
            Some(Value::Null) => Ok(None),
            _ => Err(unexpected(request, "`data`")),
        }
    }
}

/// An answer that is JSON, and does not hold what this request gives.
pub(super) fn unexpected(request: &Request<'_>, what: &str) -> Failure {
    request
        .failure(
            FailureClass::Protocol,
            format!("the answer has no usable {what}, which Vault's API always has"),
        )
        .hint("is there a proxy in between?")
}

/// Whether the server itself said when to come back: it is not the one that needs to be spared.
fn is_told<T>(outcome: &Result<Received<T>, Lost>) -> bool {
    matches!(outcome, Ok(Received::Other(answer)) if answer.status == 429)
}

pub(super) struct Http {
    client: Client,
    address: Address,
    namespace: Option<HeaderValue>,
    /// Settled once, before the first request in a namespace.
    namespace_is_real: OnceCell<()>,
    own: OwnToken,
    budget: Budget,
    turns: Semaphore,
    conduct: Conduct,
    /// The server's last certificate was not trusted.
    turned_away: AtomicBool,
    pub(super) memory: Memory,
}

impl fmt::Debug for Http {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Http {{ address: {:?}, .. }}", self.address)
    }
}

impl Http {
    pub(super) fn new(connection: VaultConnection, budget: &Budget) -> Result<Self, Failure> {
        let address = Address::parse(&connection.address)?;
        if let Some(token) = connection.token.current() {
            own_token::check(&token)?;
        }
        Ok(Self {
            client: connect::client(&address, connection.ca_pem.as_deref(), budget)?,
            namespace: connect::namespace(connection.namespace.as_deref())?,
            namespace_is_real: OnceCell::new(),
            address,
            own: connection.token,
            budget: *budget,
            turns: Semaphore::new(budget.in_flight.max(1)),
            conduct: connection.conduct,
            turned_away: AtomicBool::new(false),
            memory: Memory::default(),
        })
    }

    pub(super) fn is_turned_away(&self) -> bool {
        self.turned_away.load(Ordering::Relaxed)
    }

    pub(super) fn in_flight(&self) -> usize {
        self.budget.in_flight.max(1)
    }

    /// Sends a request when it is its turn, and waits for what comes of it.
    pub(super) async fn send(&self, request: &Request<'_>) -> Result<Reply, Failure> {
        let used = self.token_is_ready(request).await?;
        let outcome = self.ask_in_namespace(request).await;
        if self.may_try_another_token(used, &outcome).await {
            return self.ask_in_namespace(request).await;
        }
        outcome
    }

    async fn ask_in_namespace(&self, request: &Request<'_>) -> Result<Reply, Failure> {
        self.check_namespace().await?;
        self.ask(request).await
    }

    /// Sends a request whose good answer may be very long, and takes out of it what is wanted; `None` when there is
    /// nothing there.
    pub(super) async fn send_for<T, S>(
        &self,
        request: &Request<'_>,
        wanted: &(impl Fn(Option<Timestamp>) -> S + Sync),
    ) -> Result<Option<T>, Failure>
    where
        T: Send + 'static,
        S: for<'de> DeserializeSeed<'de, Value = T> + Send + 'static,
    {
        let used = self.token_is_ready(request).await?;
        let outcome = self.ask_for(request, wanted).await;
        if self.may_try_another_token(used, &outcome).await {
            return self.ask_for(request, wanted).await;
        }
        outcome
    }

    async fn ask_for<T, S>(
        &self,
        request: &Request<'_>,
        wanted: &(impl Fn(Option<Timestamp>) -> S + Sync),
    ) -> Result<Option<T>, Failure>
    where
        T: Send + 'static,
        S: for<'de> DeserializeSeed<'de, Value = T> + Send + 'static,
    {
        self.check_namespace().await?;
        let receive = |response| long_answer::receive(response, request.cap, wanted);
        let exchange = async {
            match self.attempts(request, receive).await? {
                Received::Picked(picked) => Ok(Some(picked)),
                Received::Other(answer) if answer.status == 200 => {
                    Err(classify::foreign(request, &answer))
                }
                Received::Other(answer) => self.judge(request, answer).await.map(|_| None),
            }
        };
        self.turn(request, exchange).await
    }

    pub(super) async fn check_namespace(&self) -> Result<(), Failure> {
        if let Some(namespace) = self.namespace.as_ref().filter(|_| self.own.is_expected()) {
            let check = || namespace::check(self, namespace);
            self.namespace_is_real.get_or_try_init(check).await?;
        }
        Ok(())
    }

    /// The same, whatever the server makes of its namespace.
    pub(super) async fn ask(&self, request: &Request<'_>) -> Result<Reply, Failure> {
        let receive = async |response| {
            let answer = Answer::receive(response, request.cap).await?;
            Ok(Received::<Infallible>::Other(answer))
        };
        let exchange = async {
            let Received::Other(answer) = self.attempts(request, receive).await?;
            self.judge(request, answer).await
        };
        self.turn(request, exchange).await
    }

    /// Sends a write, and is content when it is done.
    pub(super) async fn change(&self, request: &Request<'_>) -> Result<(), Failure> {
        match self.send(request).await? {
            Reply { found: true, .. } => Ok(()),
            Reply { found: false, .. } => Err(request
                .failure(FailureClass::NotFound, "there is no mount at this path")
                .status(404)),
        }
    }

    /// Sends a deletion: what is not there is gone.
    pub(super) async fn remove(&self, request: &Request<'_>) -> Result<(), Failure> {
        self.send(request).await.map(|_| ())
    }

    /// The object that a question about the server's own state is answered with; the status is part of that state.
    pub(super) async fn answer_in_any_state(
        &self,
        request: &Request<'_>,
    ) -> Result<Map<String, Value>, Failure> {
        let answer = self.turn(request, async {
            let outcome = self.once(request).await;
            outcome.map_err(|lost| self.lost(request, lost))
        });
        let answer = answer.await?;
        match answer.fields() {
            Some(fields)
                if !(300..400).contains(&answer.status) && !fields.contains_key("errors") =>
            {
                Ok(fields)
            }
            _ => Err(classify::failure(request, &answer, &[])),
        }
    }

    /// Waits for a free place among the requests under way, and then no longer than the deadline.
    async fn turn<T>(
        &self,
        request: &Request<'_>,
        exchange: impl Future<Output = Result<T, Failure>>,
    ) -> Result<T, Failure> {
        let _turn = self.turns.acquire().await;
        let exchange = tokio::time::timeout(self.budget.deadline, exchange);
        self.conduct
            .turn(exchange)
            .await
            .unwrap_or_else(|_| Err(self.too_late(request)))
    }

    async fn attempts<T, R: Future<Output = Result<Received<T>, Lost>>>(
        &self,
        request: &Request<'_>,
        receive: impl Fn(Response) -> R,
    ) -> Result<Received<T>, Failure> {
        let end = Instant::now() + self.budget.deadline;
        let mut attempt = 1;
        loop {
            let begin = Instant::now();
            let outcome = match self.transmit(request).await {
                Ok(response) => receive(response).await,
                Err(lost) => Err(lost),
            };
            self.tell(request, &outcome, begin);
            let delay = match &outcome {
                Ok(Received::Picked(_)) => None,
                Ok(Received::Other(answer))
                    if answer.status == 503 && self.is_sealed(answer).await =>
                {
                    return Err(classify::sealed(request));
                }
                Ok(Received::Other(answer)) => {
                    retry::after_answer(request.intent, answer, attempt, &self.budget)
                }
                Err(lost) if lost.broken => {
                    retry::after_loss(request.intent, attempt, &self.budget)
                }
                Err(_) => None,
            };
            if outcome.is_ok() && delay.is_none() {
                self.conduct.answered();
            }
            let delay = delay.filter(|_| is_told(&outcome) || self.conduct.may_retry());
            match delay {
                // What was answered says more than that the deadline passed while waiting.
                Some(delay) if Instant::now() + delay < end => tokio::time::sleep(delay).await,
                _ => return outcome.map_err(|lost| self.lost(request, lost)),
            }
            attempt += 1;
        }
    }

    /// What was asked and how it went, without anything that was said.
    fn tell<T>(&self, request: &Request<'_>, outcome: &Result<Received<T>, Lost>, begin: Instant) {
        let untrusted = |lost: &Lost| lost.class == FailureClass::Tls;
        let turned_away = outcome.as_ref().err().is_some_and(untrusted);
        self.turned_away.store(turned_away, Ordering::Relaxed);
        let status = match outcome {
            Ok(Received::Picked(_)) => "200".to_owned(),
            Ok(Received::Other(answer)) => answer.status.to_string(),
            Err(lost) => lost.why.clone(),
        };
        let took = begin.elapsed();
        tracing::debug!(vault = %self.address.base(), status, ?took, "{}", request.name());
    }

    async fn once(&self, request: &Request<'_>) -> Result<Answer, Lost> {
        Answer::receive(self.transmit(request).await?, request.cap).await
    }

    /// Up to the head of the answer.
    async fn transmit(&self, request: &Request<'_>) -> Result<Response, Lost> {
        self.conduct.count(request.deed());
        let (method, query) = request.method();
        let url = self.address.url(&request.path, query);
        let mut builder = self
            .client
            .request(method, url)
            .header("X-Vault-Request", "true");
        if let Some(namespace) = self.namespace.as_ref().filter(|_| request.in_namespace) {
            builder = builder.header("X-Vault-Namespace", namespace);
        }
        if let Some(token) = self.token_header(request)? {
            builder = builder.header("X-Vault-Token", token);
        }
        let body = Bytes::from(
            request
                .body
                .as_ref()
                .map_or_else(Vec::new, |it| it.to_vec()),
        );
        if request.body.is_some() {
            builder = builder.header("Content-Type", "application/json");
        }
        if request.deed() != Deed::Write {
            let sent = builder.body(body).send().await;
            return sent.map_err(|error| Lost::from(&error));
        }
        let fence = self.conduct.fence();
        let body = fence.body(http_body_util::Full::new(body));
        let write = builder.body(reqwest::Body::wrap(body)).send();
        match fence.guard(write).await {
            Ok(sent) => sent.map_err(|error| Lost::from(&error)),
            Err(stale) => Err(Lost::stale(stale)),
        }
    }

    fn lost(&self, request: &Request<'_>, lost: Lost) -> Failure {
        let mut why = lost.why;
        if !lost.unsent && request.intent == Intent::Change {
            why.push_str(PERHAPS);
        }
        let failure = request.failure(lost.class, why);
        match lost.class {
            FailureClass::Tls if lost.plain => {
                failure.hint("is it http://? keyfleet speaks that on loopback only")
            }
            FailureClass::Tls => failure.hint(
                "give the authority that signed Vault's certificate, and the name that is in the certificate",
            ),
            FailureClass::Unreachable => failure.hint(format!(
                "check that {} is Vault's address and that it is up",
                self.address.base()
            )),
            FailureClass::Setup if self.own.current().is_none() => {
                failure.hint("set VAULT_TOKEN, or configure a login")
            }
            _ => failure,
        }
    }

    fn too_late(&self, request: &Request<'_>) -> Failure {
        let mut why = format!("no answer within {:?}", self.budget.deadline);
        if request.intent == Intent::Change {
            why.push_str(PERHAPS);
        }
        request.failure(FailureClass::TimedOut, why)
    }
}
