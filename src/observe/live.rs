//! What the servers hold now, as they say it: fields keep their own names and shapes, so that a newer server's
//! additional field disturbs nobody.

use super::Failure;
use crate::mark::{MANAGER, Owner};
use crate::names::InstallationName;
use crate::property::{Found, find};
use crate::secret::SecretBytes;
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

/// One observation. `Unknown` never deletes, and is never "in sync".
#[derive(Debug, Clone, PartialEq)]
pub enum Observed<T> {
    Present(T),
    Absent,
    Unknown(Failure),
}

impl<T> Observed<T> {
    pub fn present(&self) -> Option<&T> {
        match self {
            Self::Present(value) => Some(value),
            Self::Absent | Self::Unknown(_) => None,
        }
    }

    /// Why it is not known.
    pub fn failure(&self) -> Option<&Failure> {
        match self {
            Self::Unknown(failure) => Some(failure),
            Self::Present(_) | Self::Absent => None,
        }
    }

    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Observed<U> {
        match self {
            Self::Present(value) => Observed::Present(change(value)),
            Self::Absent => Observed::Absent,
            Self::Unknown(failure) => Observed::Unknown(failure),
        }
    }
}

impl<T> From<Result<Option<T>, Failure>> for Observed<T> {
    fn from(result: Result<Option<T>, Failure>) -> Self {
        match result {
            Ok(Some(value)) => Self::Present(value),
            Ok(None) => Self::Absent,
            Err(failure) => Self::Unknown(failure),
        }
    }
}

/// The fields of an object in Vault's own words.
pub type Fields = BTreeMap<String, Value>;

/// A mount of an engine or auth method, from `sys/mounts` or `sys/auth`.
#[derive(Debug, Clone, PartialEq)]
pub struct LiveMount {
    pub kind: String,
    pub accessor: String,
    pub description: String,
    /// `options`, such as the version of a KV engine.
    pub options: Fields,
    /// `config`: what `tune` changes.
    pub tuning: Fields,
    /// `local`, `seal_wrap` and the like: fixed when the mount is made.
    pub fixed: Fields,
}

/// A policy's text; `version` and `modified` where the server keeps them (`OpenBao`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LivePolicy {
    pub text: String,
    pub version: Option<u64>,
    pub modified: Option<String>,
}

/// All policies of a Vault: their texts where one request gives them, else their names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LivePolicies {
    Texts(BTreeMap<String, LivePolicy>),
    Names(BTreeSet<String>),
}

/// `sys/health`, without a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Health {
    pub initialized: bool,
    pub sealed: bool,
    pub standby: bool,
    pub version: String,
    pub cluster_name: Option<String>,
    /// Whether several nodes share this Vault, and the address of the active one.
    pub high_availability: Option<String>,
}

impl Health {
    /// Whether it does its work.
    pub fn is_well(&self) -> bool {
        self.initialized && !self.sealed
    }
}

/// The newest version of a KV v2 secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KvVersion {
    pub number: u64,
    /// Soft-deleted or destroyed: it has a number and no value.
    pub gone: bool,
}

/// A KV v2 secret with the names of its fields.
#[derive(Debug)]
pub struct KvFields {
    pub version: KvVersion,
    /// None where its newest version is gone.
    pub names: FieldNames,
}

/// The names of a secret's fields, without a value. They tell what somebody keeps there, and not everybody may know: only
/// whether one is there can be asked.
#[derive(Default)]
pub struct FieldNames(Map<String, Value>);

impl FieldNames {
    /// As Vault shows them: fields of fields, and `null` for whatever else is in one.
    pub fn new(names: Map<String, Value>) -> Self {
        Self(names)
    }

    /// Whether there is this property; `None` where only a value would tell, since it lies within one.
    pub fn hold(&self, property: &str) -> Option<bool> {
        match find(&self.0, property) {
            Found::Here(_) => Some(true),
            Found::Nowhere => Some(false),
            Found::Within => None,
        }
    }
}

impl fmt::Debug for FieldNames {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("FieldNames([redacted])")
    }
}

/// Who wrote which parts of an object, and when (`metadata.managedFields`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Manager {
    pub name: String,
    pub time: Option<String>,
    /// Keys of `data` that this manager owns.
    pub data_keys: BTreeSet<String>,
    /// Annotations that this manager owns.
    pub annotations: BTreeSet<String>,
}

/// Metadata of a Kubernetes object.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LiveMeta {
    pub uid: String,
    pub resource_version: String,
    pub labels: BTreeMap<String, String>,
    pub annotations: BTreeMap<String, String>,
    pub owned_by_controller: Option<String>,
    pub terminating: bool,
    pub managers: Vec<Manager>,
}

impl LiveMeta {
    /// Whether keyfleet is one of the field managers.
    pub fn is_written_by_us(&self) -> bool {
        self.managers.iter().any(|manager| manager.name == MANAGER)
    }

    /// Every field manager but keyfleet.
    pub fn others(&self) -> impl Iterator<Item = &Manager> {
        self.managers
            .iter()
            .filter(|manager| manager.name != MANAGER)
    }

    /// Ours by its label, or, when that was taken off, by keyfleet being one of its field managers.
    pub fn owner(&self, installation: &InstallationName) -> Owner {
        match Owner::of_labels(&self.labels, installation) {
            Owner::Unmarked if self.is_written_by_us() => Owner::Us,
            other => other,
        }
    }
}

/// A `ClusterRoleBinding`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LiveBinding {
    pub meta: LiveMeta,
    /// `ClusterRole/system:auth-delegator`.
    pub role: String,
    /// `ServiceAccount/namespace/name`, sorted.
    pub subjects: BTreeSet<String>,
}

/// A Secret with its data.
#[derive(Debug)]
pub struct LiveSecret {
    pub meta: LiveMeta,
    pub kind: String,
    pub immutable: bool,
    pub data: BTreeMap<String, SecretBytes>,
}

/// A Secret as a list shows it, without its data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LiveSecretMeta {
    pub namespace: String,
    pub name: String,
    pub meta: Arc<LiveMeta>,
}

/// A value read from KV. Its strings are wiped when it is dropped.
#[derive(Default)]
pub struct KvValue {
    pub version: Option<u64>,
    pub data: serde_json::Map<String, Value>,
}

impl fmt::Debug for KvValue {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "KvValue {{ version: {:?}, data: [redacted] }}",
            self.version
        )
    }
}

impl Drop for KvValue {
    fn drop(&mut self) {
        std::mem::take(&mut self.data)
            .into_iter()
            .for_each(|(_, value)| wipe(value));
    }
}

/// Overwrites every text of a JSON value that held secrets.
fn wipe(value: Value) {
    match value {
        Value::String(mut text) => zeroize::Zeroize::zeroize(&mut text),
        Value::Array(items) => items.into_iter().for_each(wipe),
        Value::Object(fields) => fields.into_iter().for_each(|(_, field)| wipe(field)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}
