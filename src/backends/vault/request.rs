//! One request to a Vault, before it is sent.

use super::address::ApiPath;
use crate::backends::Deed;
use crate::observe::Failure;
use crate::observe::FailureClass;
use crate::secret::SecretBytes;
use reqwest::Method;
use serde::Serialize;
use std::collections::BTreeMap;
use std::time::Duration;
use zeroize::Zeroizing;

const ORDINARY: usize = 16 << 20;
const LIST: usize = 64 << 20;
/// Read while it comes, so that it takes no memory.
const SCAN: usize = 1 << 30;

/// What is done to the path, in Vault's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verb {
    Read,
    List,
    Scan,
    Write,
    Delete,
}

/// What a repetition would do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Intent {
    /// Nothing: it can be sent again.
    Repeatable,
    /// It changes what keyfleet manages.
    Change,
    /// It mints one more token.
    LogIn,
}

#[derive(Debug, Clone, Copy)]
pub(super) enum Token<'a> {
    None,
    Own,
    Session(&'a SecretBytes),
}

/// No `Debug`: its body may be a secret.
pub(super) struct Request<'a> {
    pub(super) verb: Verb,
    pub(super) path: ApiPath,
    pub(super) intent: Intent,
    pub(super) token: Token<'a>,
    pub(super) body: Option<Zeroizing<Vec<u8>>>,
    /// Whether a value or token is in the body, so that nothing which the server says of it may be repeated.
    pub(super) carries_secret: bool,
    /// Whether it is asked of the connection's namespace, or of the server as a whole.
    pub(super) in_namespace: bool,
    /// The longest answer that is taken.
    pub(super) cap: usize,
}

impl<'a> Request<'a> {
    fn new(verb: Verb, intent: Intent, parts: &[&str]) -> Self {
        Self {
            verb,
            path: ApiPath::new(parts),
            intent,
            token: Token::Own,
            body: None,
            carries_secret: false,
            in_namespace: true,
            cap: ORDINARY,
        }
    }

    pub(super) fn read(parts: &[&str]) -> Self {
        Self::new(Verb::Read, Intent::Repeatable, parts)
    }

    /// A question about the server's own state, which it answers to anybody and outside of namespaces only.
    pub(super) fn state(path: &str) -> Self {
        Self {
            token: Token::None,
            in_namespace: false,
            ..Self::read(&[path])
        }
    }

    pub(super) fn list(parts: &[&str]) -> Self {
        Self {
            cap: LIST,
            ..Self::new(Verb::List, Intent::Repeatable, parts)
        }
    }

    /// `OpenBao`'s recursive list.
    pub(super) fn scan(parts: &[&str]) -> Self {
        Self {
            cap: SCAN,
            ..Self::new(Verb::Scan, Intent::Repeatable, parts)
        }
    }

    /// The same where the whole answer is kept.
    pub(super) fn scan_names(parts: &[&str]) -> Self {
        Self {
            cap: LIST,
            ..Self::scan(parts)
        }
    }

    pub(super) fn write(parts: &[&str], body: &impl Serialize) -> Result<Self, Failure> {
        Self::new(Verb::Write, Intent::Change, parts).body(body)
    }

    pub(super) fn delete(parts: &[&str]) -> Self {
        Self::new(Verb::Delete, Intent::Change, parts)
    }

    pub(super) fn log_in(parts: &[&str], body: &impl Serialize) -> Result<Self, Failure> {
        Self {
            token: Token::None,
            carries_secret: true,
            ..Self::new(Verb::Write, Intent::LogIn, parts)
        }
        .body(body)
    }

    /// Giving a token back twice is harmless.
    pub(super) fn log_out(token: &'a SecretBytes) -> Self {
        Self {
            token: Token::Session(token),
            ..Self::new(Verb::Write, Intent::Repeatable, &["auth/token/revoke-self"])
        }
    }

    /// As it is counted.
    pub(super) fn deed(&self) -> Deed {
        match (self.intent, self.token) {
            (Intent::LogIn, _) => Deed::LogIn,
            (Intent::Change, _) => Deed::Write,
            (Intent::Repeatable, Token::Session(_)) if matches!(self.verb, Verb::Write) => {
                Deed::LogIn
            }
            (Intent::Repeatable, _) => Deed::Read,
        }
    }

    /// Renewing twice is harmless.
    pub(super) fn renew(
        token: &'a SecretBytes,
        increment: Option<Duration>,
    ) -> Result<Self, Failure> {
        let body = increment.map(|increment| [("increment", increment.as_secs())]);
        let body: BTreeMap<&str, u64> = body.into_iter().flatten().collect();
        Self {
            token: Token::Session(token),
            ..Self::new(Verb::Write, Intent::Repeatable, &["auth/token/renew-self"])
        }
        .body(&body)
    }

    pub(super) fn with(mut self, token: Token<'a>) -> Self {
        self.token = token;
        self
    }

    pub(super) fn secret(mut self, carries_secret: bool) -> Self {
        self.carries_secret = carries_secret;
        self
    }

    fn body(mut self, body: &impl Serialize) -> Result<Self, Failure> {
        // Large enough that most bodies never move, since a move would leave a copy behind.
        let mut bytes = Zeroizing::new(Vec::with_capacity(16 << 10));
        serde_json::to_writer(&mut *bytes, body)
            .map_err(|_| self.failure(FailureClass::Setup, "its body cannot be written as JSON"))?;
        self.body = Some(bytes);
        Ok(self)
    }

    /// `LIST` and `SCAN` are sent as `GET` with a parameter, as Vault's own clients do: proxies know no such methods.
    pub(super) fn method(&self) -> (Method, &'static str) {
        match self.verb {
            Verb::Read => (Method::GET, ""),
            Verb::List => (Method::GET, "?list=true"),
            Verb::Scan => (Method::GET, "?scan=true"),
            Verb::Write => (Method::POST, ""),
            Verb::Delete => (Method::DELETE, ""),
        }
    }

    /// What a message calls this request: `read auth/prod-eu/config`.
    pub(super) fn name(&self) -> String {
        let verb = match (self.intent, self.verb) {
            (Intent::LogIn, _) => "log in at",
            (_, Verb::Read) => "read",
            (_, Verb::List | Verb::Scan) => "list",
            (_, Verb::Write) => "write",
            (_, Verb::Delete) => "delete",
        };
        format!("{verb} {}", self.path.plain)
    }

    pub(super) fn failure(&self, class: FailureClass, why: impl Into<String>) -> Failure {
        Failure::new(class, self.name(), why)
    }
}
