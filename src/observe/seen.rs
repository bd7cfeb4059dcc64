//! What one pass has seen: a Vault once for all its clusters, and each cluster for itself.

use super::live::{
    Fields, KvVersion, LiveBinding, LiveMeta, LiveMount, LivePolicy, LiveSecret, LiveSecretMeta,
    Observed,
};
use super::{Failure, KvReference, KvValue};
use crate::desire::{SecretId, SecretLogin};
use std::collections::{BTreeMap, BTreeSet};

/// A Vault, read once and handed to each of its cells.
#[derive(Debug)]
pub struct SeenVault {
    pub auth_mounts: Result<BTreeMap<String, LiveMount>, Failure>,
    pub engine_mounts: Result<BTreeMap<String, LiveMount>, Failure>,
    pub policies: Result<BTreeMap<String, Observed<LivePolicy>>, Failure>,
    /// Newest versions of the KV v2 secrets that any declaration refers to.
    pub versions: BTreeMap<KvReference, Observed<KvVersion>>,
}

impl SeenVault {
    /// One of the mounts, absent only when the whole table was read and lacks it.
    pub fn auth_mount(&self, path: &str) -> Observed<LiveMount> {
        entry(&self.auth_mounts, path)
    }

    pub fn engine_mount(&self, path: &str) -> Observed<LiveMount> {
        entry(&self.engine_mounts, path)
    }

    pub fn policy(&self, name: &str) -> Observed<LivePolicy> {
        match &self.policies {
            Err(failure) => Observed::Unknown(failure.clone()),
            Ok(policies) => policies.get(name).cloned().unwrap_or(Observed::Absent),
        }
    }
}

fn entry(table: &Result<BTreeMap<String, LiveMount>, Failure>, path: &str) -> Observed<LiveMount> {
    match table {
        Err(failure) => Observed::Unknown(failure.clone()),
        Ok(mounts) => mounts
            .get(path)
            .cloned()
            .map_or(Observed::Absent, Observed::Present),
    }
}

/// One cluster and what exists for it in Vault.
#[derive(Debug)]
pub struct SeenCell {
    pub config: Observed<Fields>,
    pub role: Observed<Fields>,
    /// Every role of the mount.
    pub roles: Result<BTreeSet<String>, Failure>,
    /// The UID of `kube-system`, and whether the cluster answers at all.
    pub identity: Result<String, Failure>,
    pub namespace: Observed<LiveMeta>,
    pub account: Observed<LiveMeta>,
    pub binding: Observed<LiveBinding>,
    /// Every Secret that carries keyfleet's label.
    pub marked: Result<Vec<LiveSecretMeta>, Failure>,
    /// Metadata of every declared Secret.
    pub secrets: BTreeMap<SecretId, Observed<LiveMeta>>,
    /// Namespaces of declared Secrets that do not exist, of those that were asked for.
    pub missing_namespaces: BTreeSet<String>,
}

/// What Vault holds, by who may read it and where.
pub type Values = BTreeMap<(SecretLogin, KvReference), Result<KvValue, Failure>>;

/// The Secrets whose metadata was not enough: what they hold, and what Vault holds for them.
#[derive(Debug, Default)]
pub struct SeenValues {
    pub live: BTreeMap<SecretId, Observed<LiveSecret>>,
    pub values: Values,
    /// How the login went that this needed; `None` when none was needed.
    pub login: Option<Result<(), Failure>>,
}
