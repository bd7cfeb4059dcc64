//! What one pass has seen: a Vault once for all its clusters, and each cluster for itself.

use super::freshness::SyncRecord;
use super::live::{
    Fields, KvVersion, LiveBinding, LiveMeta, LiveMount, LivePolicy, LiveSecret, LiveSecretMeta,
    Observed,
};
use super::{Failure, FailureClass, KvEngine, KvReference, KvValue};
use crate::desire::{SecretId, SecretLogin};
use crate::names::{KvPath, MountPath};
use crate::policy::Policy;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, OnceLock};

/// A Vault, read once and handed to each of its cells.
#[derive(Debug)]
pub struct SeenVault {
    pub auth_mounts: Result<BTreeMap<String, LiveMount>, Failure>,
    pub engine_mounts: Result<BTreeMap<String, LiveMount>, Failure>,
    pub policies: Result<BTreeMap<String, Observed<LivePolicy>>, Failure>,
    /// Newest versions of the KV v2 secrets that any declaration refers to.
    pub versions: KvVersions,
    /// Whether what is not among the policies is not there.
    has_all_policies: bool,
    /// What policies mean that many cells share; each is parsed when it is first asked for.
    meanings: BTreeMap<String, OnceLock<Option<Arc<Policy>>>>,
}

impl SeenVault {
    pub fn new(
        auth_mounts: Result<BTreeMap<String, LiveMount>, Failure>,
        engine_mounts: Result<BTreeMap<String, LiveMount>, Failure>,
        policies: Result<BTreeMap<String, Observed<LivePolicy>>, Failure>,
        versions: KvVersions,
    ) -> Self {
        let names = policies.iter().flat_map(BTreeMap::keys).cloned();
        let meanings = names.map(|name| (name, OnceLock::new())).collect();
        Self {
            auth_mounts,
            engine_mounts,
            policies,
            versions,
            has_all_policies: true,
            meanings,
        }
    }

    /// The same, where the policies are those that some cells refer to: of others nothing is known.
    #[must_use]
    pub fn with_some_policies(self) -> Self {
        Self {
            has_all_policies: false,
            ..self
        }
    }

    /// What a policy grants: nothing where there is none, `None` where it cannot be told.
    pub fn meaning(&self, name: &str) -> Option<Arc<Policy>> {
        match self.policies.as_ref().ok()?.get(name) {
            None if !self.has_all_policies => None,
            None | Some(Observed::Absent) => Some(Arc::default()),
            Some(Observed::Unknown(_)) => None,
            Some(Observed::Present(live)) => {
                let parse = || Policy::parse(&live.text).ok().map(Arc::new);
                match self.meanings.get(name) {
                    Some(known) => known.get_or_init(parse).clone(),
                    None => parse(),
                }
            }
        }
    }

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
            Ok(policies) => match policies.get(name) {
                Some(policy) => policy.clone(),
                None if self.has_all_policies => Observed::Absent,
                None => Observed::Unknown(not_looked_at(name)),
            },
        }
    }
}

/// Newest versions of KV v2 secrets, by mount: of a hundred thousand places each stands here once, and nowhere else.
#[derive(Debug, Default)]
pub struct KvVersions(BTreeMap<MountPath, BTreeMap<KvPath, Observed<KvVersion>>>);

impl KvVersions {
    /// `None` for what was not looked for, and for KV v1, which has no versions.
    pub fn of(&self, reference: &KvReference) -> Option<&Observed<KvVersion>> {
        if reference.version == KvEngine::V1 {
            return None;
        }
        self.0.get(&reference.mount)?.get(&reference.path)
    }
}

impl FromIterator<(MountPath, BTreeMap<KvPath, Observed<KvVersion>>)> for KvVersions {
    fn from_iter<I>(mounts: I) -> Self
    where
        I: IntoIterator<Item = (MountPath, BTreeMap<KvPath, Observed<KvVersion>>)>,
    {
        Self(mounts.into_iter().collect())
    }
}

fn not_looked_at(policy: &str) -> Failure {
    let request = format!("read sys/policies/acl/{policy}");
    Failure::new(FailureClass::Setup, request, "it was not looked at")
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
    pub secrets: BTreeMap<SecretId, Observed<SeenSecret>>,
    /// Namespaces of declared Secrets that do not exist, of those that were asked for.
    pub missing_namespaces: BTreeSet<String>,
}

/// A declared Secret, without its data.
#[derive(Debug)]
pub struct SeenSecret {
    pub meta: Arc<LiveMeta>,
    /// What it was made from, as far as keyfleet wrote it.
    pub record: Option<SyncRecord>,
}

impl SeenSecret {
    pub fn of(meta: Arc<LiveMeta>) -> Self {
        let record = SyncRecord::read(&meta);
        Self { meta, record }
    }
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
