//! An ExternalSecret of either dialect, as one model: a Secret whose keys come from Vault.

use super::StoreRef;
use crate::diagnostics::{Diagnostic, Diagnostics, Place, Severity};
use crate::names::{MountPath, Namespace, ObjectName, RoleName, SecretKey};
use crate::observe::KvEngine;
use std::collections::BTreeMap;
use std::fmt;

/// Which of the two formats a declaration is written in; they differ in how they turn values into bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Dialect {
    /// kubernetes-external-secrets, `kubernetes-client.io/v1`.
    Kes,
    /// External Secrets Operator, `external-secrets.io`.
    Eso,
}

impl fmt::Display for Dialect {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Kes => "kes",
            Self::Eso => "eso",
        })
    }
}

/// A declared Secret.
#[derive(Debug, Clone)]
pub struct ExternalSecret {
    pub place: Place,
    pub dialect: Dialect,
    pub namespace: Namespace,
    /// The name of the Secret, which ESO may set apart from the declaration's own.
    pub name: ObjectName,
    /// Labels and annotations that the Secret gets from the declaration.
    pub labels: BTreeMap<String, String>,
    pub annotations: BTreeMap<String, String>,
    pub login: Login,
    /// In the order in which they are written: a later one wins.
    pub entries: Vec<Entry>,
}

/// How the declaration says that Vault is logged in to.
#[derive(Debug, Clone)]
pub enum Login {
    /// KES names the auth mount and role itself, or leaves them to the controller.
    Inline {
        mount: Option<(MountPath, Place)>,
        role: Option<(RoleName, Place)>,
    },
    /// ESO refers to a store.
    Store(StoreRef),
}

/// One reference to Vault.
#[derive(Debug, Clone)]
pub struct Entry {
    pub place: Place,
    pub remote: Remote,
    pub into: Destination,
}

/// Where a value lies, in the dialect's own way of saying it.
#[derive(Debug, Clone)]
pub enum Remote {
    /// KES: the whole API path without `/v1/`.
    ApiPath { path: String, engine: KvEngine },
    /// ESO: a key below the store's path.
    StoreKey(String),
}

/// What becomes of a value.
#[derive(Debug, Clone)]
pub enum Destination {
    /// Every field becomes a key of its own.
    EveryKey,
    /// One key: a property, or the whole secret as JSON.
    Key {
        name: SecretKey,
        property: Option<String>,
        base64: bool,
    },
}

impl fmt::Display for Destination {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::EveryKey => formatter.write_str("every key"),
            Self::Key { name, .. } => write!(formatter, "key {name}"),
        }
    }
}

/// Whether a declaration can be used: none of its fields was wrong, and it names something to read. `before` is the number
/// of errors when its reading began.
pub(super) fn is_usable(
    entries: &[Entry],
    place: &Place,
    before: usize,
    problems: &mut Diagnostics,
) -> bool {
    if entries.is_empty() && problems.count(Severity::Error) == before {
        problems.push(
            Diagnostic::error(place, "this ExternalSecret names nothing to read")
                .hint("add `data` or `dataFrom`"),
        );
    }
    problems.count(Severity::Error) == before
}
