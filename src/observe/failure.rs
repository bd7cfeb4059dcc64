//! Why something could not be read or written: a class to act on, and words for a person.
//!
//! Deliberately absent: the body of any answer. A server may echo what was sent to it, and what was sent is a secret.

use std::fmt;

/// What kind of failure it was; decides whether to try again and what is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FailureClass {
    /// No connection: refused, unknown host, reset.
    Unreachable,
    /// The other side's certificate is not trusted.
    Tls,
    /// No answer within the deadline.
    TimedOut,
    /// Vault is sealed or not initialised.
    Sealed,
    /// 401, or a token that is not valid any more.
    Unauthenticated,
    /// 403: this identity may not.
    Forbidden,
    /// 404: not there, as far as this identity may know.
    NotFound,
    /// 409 or a failed precondition: somebody else wrote meanwhile, or owns a field.
    Conflict,
    /// 429, after waiting as told.
    RateLimited,
    /// Another 4xx: the request was understood and refused.
    Rejected,
    /// 5xx.
    Server,
    /// An answer to somewhere else; never followed, since a token would go along.
    Redirected,
    /// An answer that is not this API: a proxy's page, broken JSON, too large.
    Protocol,
    /// The local side is not set up: no token, no kubeconfig.
    Setup,
}

/// A failed request.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
pub struct Failure {
    pub class: FailureClass,
    /// What was asked, without any value: `read auth/prod-eu/config`.
    pub request: String,
    /// The status of the answer, where there was one.
    pub status: Option<u16>,
    /// Why, in words that are ours or a known-safe sentence of the server.
    pub why: String,
    pub hint: Option<String>,
}

impl Failure {
    pub fn new(class: FailureClass, request: impl Into<String>, why: impl Into<String>) -> Self {
        Self {
            class,
            request: request.into(),
            status: None,
            why: why.into(),
            hint: None,
        }
    }

    #[must_use]
    pub fn status(mut self, status: u16) -> Self {
        self.status = Some(status);
        self
    }

    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Whether it says nothing of what else is asked of the same target: this object is not there, or not for us.
    pub fn is_of_one_object(&self) -> bool {
        matches!(self.class, FailureClass::Forbidden | FailureClass::NotFound)
    }

    /// Whether the server has said what it thinks of the request: asked again, it says the same until somebody changes something.
    pub fn is_answer(&self) -> bool {
        matches!(
            self.class,
            FailureClass::Forbidden | FailureClass::NotFound | FailureClass::Rejected
        )
    }

    /// Whether the whole target is out of reach, so that asking it for more is in vain.
    pub fn is_outage(&self) -> bool {
        matches!(
            self.class,
            FailureClass::Unreachable
                | FailureClass::Tls
                | FailureClass::TimedOut
                | FailureClass::Sealed
                | FailureClass::Unauthenticated
                | FailureClass::Redirected
                | FailureClass::Setup
        )
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "failed to {}: {}", self.request, self.why)
    }
}
