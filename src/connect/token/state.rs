//! What pages and metrics may say of a token: everything but the token.

use crate::observe::Failure;
use jiff::Timestamp;

/// How keyfleet's own token of a Vault is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenState {
    /// Where it comes from: `a login at auth/kubernetes with the role keyfleet`.
    pub source: String,
    pub phase: Phase,
    /// When it ends if nothing more is done, by this machine's clock; `None` when it never does or nobody knows.
    pub expires_at: Option<Timestamp>,
    /// The last failure to get, renew or look at it, until one succeeds.
    pub trouble: Option<Failure>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Nothing is known yet.
    Starting,
    /// It is renewed, or replaced by another login, before it ends.
    Kept,
    /// It never ends.
    Endless,
    /// It ends, and somebody must give another one before.
    Ending,
    /// It is used, but may not look itself up: nobody knows when it ends.
    Unknown,
    /// There is none that Vault accepts.
    Lacking,
}

impl Phase {
    /// A word for a metric's label or a page.
    pub fn name(self) -> &'static str {
        match self {
            Self::Starting => "starting",
            Self::Kept => "kept",
            Self::Endless => "endless",
            Self::Ending => "ending",
            Self::Unknown => "unknown",
            Self::Lacking => "lacking",
        }
    }
}
