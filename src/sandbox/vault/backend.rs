//! What a mount answers with: the engines and auth methods, each a file of its own.
//!
//! A backend holds what was written below its mount, and sees a call only after the core has found its token and let it
//! through. It asks no other server: where it must, it says what to ask and is handed the answer.

use super::Flavour;
use super::auth_jwt::Jwt;
use super::auth_kubernetes::Kubernetes;
use super::call::{Answer, Call, Refusal};
use super::cubbyhole::Cubbyhole;
use super::fields;
use super::kv1::Kv1;
use super::kv2::Kv2;
use super::review::Client;
use jiff::Timestamp;
use secrecy::SecretString;
use serde_json::{Map, Value};
use std::fmt;

/// The backend of an engine (`kv`) or an auth method (`auth/kubernetes`); `None` where this Vault has none of that name.
pub(super) fn create(
    kind: &str,
    options: &Map<String, Value>,
    flavour: Flavour,
) -> Option<Box<dyn Backend>> {
    let _ = flavour;
    match kind {
        "kv" => match options.get("version").map(fields::text) {
            None => Some(Box::<Kv1>::default()),
            Some(version) => match version.as_deref() {
                Some("1" | "") => Some(Box::<Kv1>::default()),
                Some("2") => Some(Box::<Kv2>::default()),
                _ => None,
            },
        },
        "generic" => Some(Box::<Kv1>::default()),
        "cubbyhole" => Some(Box::<Cubbyhole>::default()),
        "auth/jwt" => Some(Box::<Jwt>::default()),
        "auth/kubernetes" => Some(Box::<Kubernetes>::default()),
        _ => None,
    }
}

/// What a backend may know about its surroundings.
#[derive(Debug, Clone)]
pub(super) struct Surroundings {
    pub now: Timestamp,
    pub flavour: Flavour,
    /// Seconds: what the mount grants where nothing else is said.
    pub default_ttl: i64,
    pub max_ttl: u64,
}

pub(super) trait Backend: Send + fmt::Debug {
    /// Whether something is at this path, for the difference of `create` and `update`; `None` where the backend does not
    /// tell them apart and everything is an update.
    fn exists(&self, _path: &str) -> Option<bool> {
        None
    }

    /// Refuses a write that cannot be read, where the real engine says so before any policy is looked at: it has to read
    /// the request to know whether something is there.
    fn readable(&self, _call: &Call, _flavour: Flavour) -> Result<(), Refusal> {
        Ok(())
    }

    /// Paths that need no token: logins.
    fn is_open(&self, _path: &str) -> bool {
        false
    }

    /// What this mount is once its version is tuned to 2; `None` where it has no other version.
    fn upgraded(&self, _now: Timestamp) -> Option<Box<dyn Backend>> {
        None
    }

    fn handle(&mut self, call: &Call, around: &Surroundings) -> Result<Step, Refusal>;

    /// The rest of a call that asked another server: what was answered so far, first to last.
    fn reviewed(
        &mut self,
        _call: &Call,
        _around: &Surroundings,
        _reviews: &[Review],
    ) -> Result<Step, Refusal> {
        Err(Refusal::unsupported_operation())
    }
}

/// What a backend says to a call.
#[derive(Debug)]
pub(super) enum Step {
    Done(Answer),
    /// Only another server can say: whose token this is, or which keys there are.
    Ask(Box<Question>),
}

/// A question to another server, asked over the network as the real plugins do.
#[derive(Debug, Clone)]
pub(super) struct Question {
    pub client: Client,
    pub url: String,
    pub bearer: Option<SecretString>,
    /// Sent with POST; without one, it is a GET.
    pub body: Option<Value>,
    /// The field of the first answer that names the URL of the second: then the answer is both, as `first` and `second`.
    pub follow: Option<&'static str>,
}

/// What another server answered.
pub(super) type Review = Result<Value, ReviewFailure>;

/// Why there is no answer.
#[derive(Debug, Clone)]
pub(super) enum ReviewFailure {
    /// The server answered, but with this status and body.
    Status(String, String),
    /// It was not reached, or not believed.
    Unreachable(String),
}

impl From<Answer> for Step {
    fn from(answer: Answer) -> Self {
        Self::Done(answer)
    }
}
