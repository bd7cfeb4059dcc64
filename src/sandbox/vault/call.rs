//! A request as every part of the Vault sees it, and what it may answer.

use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// What is to be done; policies speak of these.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operation {
    Read,
    List,
    Scan,
    Create,
    Update,
    Patch,
    Delete,
}

#[derive(Debug, Clone)]
pub(super) struct Call {
    pub operation: Operation,
    /// It asks for an operation that no caller can ask for.
    pub is_of_nothing: bool,
    /// Empty for the root namespace, else with a slash at its end: `team-a/`.
    pub namespace: String,
    /// Below `/v1/` and the namespace, decoded: `kv/data/a`. What a backend gets is below its mount: `data/a`.
    pub path: String,
    pub query: BTreeMap<String, String>,
    pub body: Map<String, Value>,
    pub token: Option<String>,
    /// For how many seconds the answer is to be wrapped, where that is said; 0 is not at all.
    pub wrap: Option<u64>,
}

impl Call {
    /// The same call as the mount at `mount` sees it.
    pub(super) fn below(&self, mount: &str) -> Self {
        let path = self.path.strip_prefix(mount).unwrap_or(&self.path);
        Self {
            path: path.to_owned(),
            ..self.clone()
        }
    }

    pub(super) fn text(&self, field: &str) -> Option<&str> {
        self.body.get(field).and_then(Value::as_str)
    }
}

/// What a request is answered with when it is granted and makes sense.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Answer {
    /// 204 without a body.
    Empty,
    Secret(Box<Secret>),
    /// A login that was accepted: the core makes the token.
    Login(Box<Login>),
    /// A body as it stands, for the few paths without the usual frame (`sys/health`).
    Plain(u16, Value),
}

/// The usual frame: `request_id`, `lease_id`, `data`, `warnings`, `auth`.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Secret {
    pub data: Option<Value>,
    pub auth: Option<Value>,
    /// What stands in place of an answer that is wrapped.
    pub wrap_info: Option<Value>,
    /// Of which mount it is, where that is another one than the call is to.
    pub mount_type: Option<String>,
    pub warnings: Vec<String>,
    /// Seconds; a value may say that it was good until a while ago.
    pub lease_duration: i64,
    /// 200 unless said otherwise.
    pub status: Option<u16>,
}

/// What an auth method found out about who logs in.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Login {
    pub display_name: String,
    pub policies: Vec<String>,
    pub no_default_policy: bool,
    pub metadata: BTreeMap<String, String>,
    /// Seconds; 0 is the mount's default.
    pub ttl: u64,
    pub max_ttl: u64,
    pub explicit_max_ttl: u64,
    pub period: u64,
    pub num_uses: u64,
    /// `service`, `batch`, `default`, …
    pub token_type: String,
    pub bound_cidrs: Vec<String>,
    pub alias_name: String,
    pub warnings: Vec<String>,
}

/// Why a request is not done: a status and `{"errors": […]}`.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Refusal {
    pub status: u16,
    pub errors: Vec<String>,
    /// KV v2 says where it stands in a 404 as well.
    pub data: Option<Value>,
    pub warnings: Vec<String>,
}

impl Answer {
    pub(super) fn data(data: Value) -> Self {
        Self::Secret(Box::new(Secret {
            data: Some(data),
            ..Secret::default()
        }))
    }

    pub(super) fn warning(warning: &str) -> Self {
        Self::Secret(Box::new(Secret {
            warnings: vec![warning.to_owned()],
            ..Secret::default()
        }))
    }

    pub(super) fn keys(keys: &[String]) -> Result<Self, Refusal> {
        // A list of nothing is not found.
        if keys.is_empty() {
            Err(Refusal::not_found())
        } else {
            Ok(Self::data(json!({ "keys": keys })))
        }
    }
}

impl Refusal {
    pub(super) fn new(status: u16, error: impl Into<String>) -> Self {
        Self {
            status,
            errors: vec![error.into()],
            data: None,
            warnings: Vec::new(),
        }
    }

    pub(super) fn denied() -> Self {
        Self::new(403, "permission denied")
    }

    /// No policy of the token grants this, which is said in other words than that there is no such token.
    pub(super) fn not_granted() -> Self {
        Self::several(403, "permission denied")
    }

    /// As the servers say errors that are not meant for the caller alone.
    pub(super) fn several(status: u16, error: &str) -> Self {
        Self::new(status, format!("1 error occurred:\n\t* {error}\n\n"))
    }

    /// 404 without a reason: there is nothing, or nothing to see.
    pub(super) fn not_found() -> Self {
        Self {
            status: 404,
            errors: Vec::new(),
            data: None,
            warnings: Vec::new(),
        }
    }

    pub(super) fn unsupported_operation() -> Self {
        Self::several(405, "unsupported operation")
    }

    pub(super) fn unsupported_path() -> Self {
        Self::several(404, "unsupported path")
    }

    pub(super) fn invalid(error: impl Into<String>) -> Self {
        Self::new(400, error)
    }
}
