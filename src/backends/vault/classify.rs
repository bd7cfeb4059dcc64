//! What a refusing answer means: its class, words for a person, and what to do next.
//!
//! The server's own words are repeated only for requests that carried no secret, and never with a token in them.

use super::answer::Answer;
use super::login;
use super::request::{Intent, Request, Verb};
use crate::observe::{Failure, FailureClass};

/// Appended where a write failed in a way that does not tell whether it was done.
pub(super) const PERHAPS: &str = "; it may have been applied all the same, which the next run sees";

/// Refusals because of what is already there.
const CONFLICTS: [&str; 4] = [
    "path is already in use",
    "existing mount at",
    "check-and-set parameter",
    "conflicts with existing",
];

/// The failure that this answer is. `tokens` are those which must not be repeated.
pub(super) fn failure(request: &Request<'_>, answer: &Answer, tokens: &[&str]) -> Failure {
    if (300..400).contains(&answer.status) {
        return redirected(request, answer);
    }
    if answer.status != 429 && answer.errors().is_none() {
        return foreign(request, answer);
    }
    let class = class(answer);
    let known = matches!(class, FailureClass::RateLimited | FailureClass::Sealed);
    if request.intent == Intent::LogIn && !known {
        return login::refused(request, answer, class);
    }
    let mut why = match quote(request, answer, tokens) {
        Some(said) if class == FailureClass::Server => {
            format!("{}: {said}", ours(class, answer.status))
        }
        Some(said) => said,
        None => ours(class, answer.status),
    };
    if class == FailureClass::Server && request.intent == Intent::Change {
        why.push_str(PERHAPS);
    }
    let failure = request.failure(class, why).status(answer.status);
    match hint(class, request) {
        Some(hint) => failure.hint(hint),
        None => failure,
    }
}

fn class(answer: &Answer) -> FailureClass {
    match answer.status {
        400 if CONFLICTS.iter().any(|text| answer.says(text)) => FailureClass::Conflict,
        400 if answer.says("no mount entry found") => FailureClass::NotFound,
        401 => FailureClass::Unauthenticated,
        403 => FailureClass::Forbidden,
        404 => FailureClass::NotFound,
        409 | 412 => FailureClass::Conflict,
        429 => FailureClass::RateLimited,
        400..=499 => FailureClass::Rejected,
        _ if answer.says("sealed") || answer.says("not initialized") => FailureClass::Sealed,
        _ => FailureClass::Server,
    }
}

fn ours(class: FailureClass, status: u16) -> String {
    match class {
        FailureClass::Forbidden => "permission denied".to_owned(),
        FailureClass::RateLimited => "too many requests, even after waiting as told".to_owned(),
        FailureClass::Conflict => "it was changed meanwhile, or is already there".to_owned(),
        FailureClass::Server => format!("Vault could not do it (status {status})"),
        _ => format!("Vault refused it (status {status})"),
    }
}

fn hint(class: FailureClass, request: &Request<'_>) -> Option<String> {
    match class {
        FailureClass::Forbidden => Some(format!(
            "the policies of this token must grant {} on `{}`",
            capabilities(request),
            request.path.plain
        )),
        FailureClass::RateLimited => {
            Some("raise Vault's rate limit quota, or run fewer clusters at once".to_owned())
        }
        FailureClass::Conflict => Some("plan again".to_owned()),
        FailureClass::Sealed => Some("unseal Vault; nothing can be read until then".to_owned()),
        _ => None,
    }
}

/// What Vault asks for: a new object is created, another updated, and everything below `sys/auth/` is root's.
fn capabilities(request: &Request<'_>) -> &'static str {
    let root = request.path.plain.starts_with("sys/auth/");
    match request.verb {
        Verb::Read => "`read`",
        Verb::List => "`list`",
        Verb::Scan => "`scan`",
        Verb::Write if root => "`create`, `update` and `sudo`",
        Verb::Write => "`create` and `update`",
        Verb::Delete if root => "`delete` and `sudo`",
        Verb::Delete => "`delete`",
    }
}

fn redirected(request: &Request<'_>, answer: &Answer) -> Failure {
    let to = answer.location.as_deref().unwrap_or("another path");
    request
        .failure(
            FailureClass::Redirected,
            format!("Vault answered that it is at {to}; the token was not sent there"),
        )
        .status(answer.status)
        .hint("a standby node answers so: give the address of the active node, or of a load balancer in front")
}

/// An answer, good or bad by its status, that Vault cannot have given.
pub(super) fn foreign(request: &Request<'_>, answer: &Answer) -> Failure {
    if answer.is_of_a_tls_port() {
        return request
            .failure(FailureClass::Tls, "it answers in TLS only")
            .status(answer.status)
            .hint("write its address with https://");
    }
    let kind = answer.content_type.as_deref().unwrap_or("without a type");
    let perhaps = if request.intent == Intent::Change {
        PERHAPS
    } else {
        ""
    };
    request
        .failure(
            FailureClass::Protocol,
            format!(
                "the answer is not one of Vault's API (status {}, {kind}){perhaps}",
                answer.status
            ),
        )
        .status(answer.status)
        .hint("is there a proxy in between, or is the address wrong?")
}

/// The token itself is refused, whatever was asked.
pub(super) fn invalid_token(request: &Request<'_>) -> Failure {
    request
        .failure(
            FailureClass::Unauthenticated,
            "the token is not valid: expired, revoked, or of another Vault",
        )
        .status(403)
        .hint("log in again")
}

pub(super) fn sealed(request: &Request<'_>) -> Failure {
    let failure = request
        .failure(FailureClass::Sealed, "Vault is sealed")
        .status(503);
    match hint(FailureClass::Sealed, request) {
        Some(hint) => failure.hint(hint),
        None => failure,
    }
}

/// The server's own words, on one line and not too many of them.
fn quote(request: &Request<'_>, answer: &Answer, tokens: &[&str]) -> Option<String> {
    if request.carries_secret {
        return None;
    }
    let said = answer.errors()?.join("; ");
    if tokens.iter().any(|token| said.contains(token)) {
        return None;
    }
    let printable = said.replace(|character: char| character.is_control(), " ");
    let words: Vec<_> = printable
        .split_whitespace()
        .filter(|&word| word != "*")
        .collect();
    let line = words.join(" ");
    let line = line.strip_prefix("1 error occurred: ").unwrap_or(&line);
    (!line.is_empty()).then(|| line.chars().take(200).collect())
}
