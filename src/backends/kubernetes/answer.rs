//! What an answer that refuses means, and what may be said about it.

use super::call::Call;
use super::settings::Peer;
use super::status::Status;
use crate::observe::{Failure, FailureClass};
use http::header::LOCATION;
use http::{HeaderMap, StatusCode, Uri};
use std::time::Duration;

/// A request that failed: why, when to try again, and whether the server can have acted on it.
pub(super) struct Refused {
    pub(super) failure: Failure,
    pub(super) retry_after: Option<Duration>,
    pub(super) sent: bool,
}

impl Refused {
    pub(super) fn without_answer(failure: Failure, sent: bool) -> Self {
        Self {
            failure,
            retry_after: None,
            sent,
        }
    }

    /// `Retry-After` of the header wins over the one in the body.
    pub(super) fn told_to_wait(mut self, seconds: Option<u64>) -> Self {
        self.retry_after = seconds.map(Duration::from_secs).or(self.retry_after);
        self
    }
}

pub(super) fn refused(
    call: &Call,
    peer: &Peer,
    code: StatusCode,
    headers: &HeaderMap,
    body: &[u8],
) -> Refused {
    let status = Status::parse(body);
    let retry_after = status
        .as_ref()
        .and_then(Status::retry_after)
        .map(Duration::from_secs);
    let failure = if code.is_redirection() {
        redirected(call, peer, headers)
    } else {
        match (&status, code) {
            (_, StatusCode::TOO_MANY_REQUESTS) => Failure::new(
                FailureClass::RateLimited,
                &call.what,
                "the API server asks for fewer requests",
            )
            .hint("it is overloaded; the next run tries again"),
            (None, _) => foreign(call, peer, code),
            (Some(status), _) => from_status(call, peer, code, status),
        }
    };
    Refused {
        failure: failure.status(code.as_u16()),
        retry_after,
        sent: true,
    }
}

/// An answer, with whatever code, that the API of Kubernetes does not give.
fn foreign(call: &Call, peer: &Peer, code: StatusCode) -> Failure {
    let why = format!(
        "{} answered {} with something that is not a Kubernetes status",
        peer.server,
        code.as_u16()
    );
    Failure::new(FailureClass::Protocol, &call.what, why)
        .hint("a proxy or load balancer may answer in place of the API server: check the address and what lies between")
}

/// A good code with a body that is not what was asked for.
pub(super) fn not_understood(call: &Call) -> Failure {
    Failure::new(
        FailureClass::Protocol,
        &call.what,
        "the answer is not what this API answers",
    )
    .hint("a proxy or login page may answer in place of the API server: check the address")
}

fn redirected(call: &Call, peer: &Peer, headers: &HeaderMap) -> Failure {
    let host = headers
        .get(LOCATION)
        .and_then(|location| location.to_str().ok()?.parse::<Uri>().ok())
        .and_then(|location| location.host().map(|host| format!(" to {host}")));
    let why = format!(
        "{} redirects{}, which keyfleet never follows",
        peer.server,
        host.unwrap_or_default()
    );
    Failure::new(FailureClass::Redirected, &call.what, why)
        .hint("give the API server's own address; a login page or proxy is in between")
}

fn from_status(call: &Call, peer: &Peer, code: StatusCode, status: &Status) -> Failure {
    match code {
        StatusCode::UNAUTHORIZED => {
            let why = format!(
                "{} does not accept the credentials of {}",
                peer.server, peer.trust
            );
            Failure::new(FailureClass::Unauthenticated, &call.what, why).hint(format!(
                "they may have expired or been revoked: renew them in {}",
                peer.trust
            ))
        }
        StatusCode::FORBIDDEN if status.is_terminating_namespace() => Failure::new(
            FailureClass::Rejected,
            &call.what,
            "the namespace is being deleted",
        )
        .hint("wait until it is gone, or see what holds it back: `kubectl describe namespace`"),
        StatusCode::FORBIDDEN => Failure::new(
            FailureClass::Forbidden,
            &call.what,
            said(call, status, "it is not allowed"),
        )
        .hint(format!(
            "grant this to the identity of {}; an admission webhook may also have refused",
            peer.trust
        )),
        StatusCode::NOT_FOUND => not_found(call, peer, code, status),
        StatusCode::CONFLICT => conflict(call, status),
        StatusCode::UNPROCESSABLE_ENTITY => invalid(call, status),
        code if code.is_server_error() => {
            let why = said(call, status, "the API server failed");
            Failure::new(FailureClass::Server, &call.what, why)
                .hint("see the API server's log; the next run tries again")
        }
        _ => Failure::new(
            FailureClass::Rejected,
            &call.what,
            said(call, status, "the API server refused"),
        ),
    }
}

fn not_found(call: &Call, peer: &Peer, code: StatusCode, status: &Status) -> Failure {
    match status.missing() {
        None => foreign(call, peer, code),
        Some((kind, name)) => {
            let failure = Failure::new(
                FailureClass::NotFound,
                &call.what,
                format!("{kind} `{name}` not found"),
            );
            if kind == "namespaces" {
                failure.hint("create the namespace, or declare it")
            } else {
                failure
            }
        }
    }
}

fn conflict(call: &Call, status: &Status) -> Failure {
    let holders = status.holders();
    if holders.is_empty() {
        return Failure::new(
            FailureClass::Conflict,
            &call.what,
            "it was changed, made or replaced since it was looked at",
        )
        .hint("nothing was written; the next run looks again");
    }
    let held: Vec<String> = holders
        .iter()
        .map(|(manager, field)| format!("field manager \"{manager}\" holds {field}"))
        .collect();
    Failure::new(FailureClass::Conflict, &call.what, held.join(", ")).hint(
        "somebody else writes this field: make them stop, or approve that keyfleet takes it over",
    )
}

fn invalid(call: &Call, status: &Status) -> Failure {
    let fields = status.fields();
    let (why, hint) = match fields
        .iter()
        .map(String::as_str)
        .find(|field| ["type", "roleRef"].contains(field))
    {
        Some("type") => (
            "the type of a Secret cannot change in place".to_owned(),
            "declare the type that it has, or let keyfleet delete it first and make it anew",
        ),
        Some(_) => (
            "the role of a binding cannot change in place".to_owned(),
            "delete the binding first; it is made anew",
        ),
        None => {
            let why = format!("the API server does not accept {}", fields.join(", "));
            let why = if fields.is_empty() {
                "the API server does not accept it".to_owned()
            } else {
                why
            };
            (
                why,
                "an immutable object, a key that its type requires, or a value that does not fit",
            )
        }
    };
    Failure::new(FailureClass::Rejected, &call.what, why).hint(hint)
}

/// The server's reason, and its sentence where that cannot repeat what was sent.
fn said(call: &Call, status: &Status, ours: &str) -> String {
    let sentence = status.sentence().filter(|_| !call.confidential);
    match sentence {
        Some(sentence) => format!("{ours}: {sentence}"),
        None if status.reason().is_empty() => ours.to_owned(),
        None => format!("{ours} ({})", status.reason()),
    }
}
