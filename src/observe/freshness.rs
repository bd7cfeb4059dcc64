//! Whether a Secret's metadata alone shows that it is in sync, so that no value has to move.
//!
//! keyfleet's annotation holds the digest of the mapping, the versions of the sources and the names of the keys; who
//! else wrote a key stands in `managedFields`. Together they leave nothing to guess, for KV v2; KV v1 has no versions.

use super::live::{LiveMeta, Observed};
use super::seen::{KvVersions, SeenSecret};
use super::{KvEngine, KvReference};
use crate::desire::DesiredSecret;
use crate::mark::{INSTALLATION_LABEL, MANAGED_BY_LABEL, MANAGER};
use crate::names::InstallationName;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// The annotation that says what a Secret was made from.
pub const SYNC_ANNOTATION: &str = "keyfleet.dev/sync";

/// What the annotation holds. Never a value, nor a digest of one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SyncRecord {
    pub mapping: String,
    /// API path → version; KV v1 has none.
    pub versions: BTreeMap<String, Option<u64>>,
    pub keys: BTreeSet<String>,
    /// For which cluster of the repository it was made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cluster: Option<String>,
    /// When the values were read.
    pub at: String,
}

impl SyncRecord {
    /// Whether a Secret with this record needs no new one: the time alone is not worth a write.
    pub fn says_the_same(&self, other: &Self) -> bool {
        // No `..`: a new field has to say whether it is worth a write.
        let Self {
            mapping,
            versions,
            keys,
            cluster,
            at: _,
        } = self;
        (mapping, versions, keys, cluster)
            == (&other.mapping, &other.versions, &other.keys, &other.cluster)
    }

    /// The record as keyfleet left it: one that somebody else wrote says nothing, whatever it says.
    pub fn read(meta: &LiveMeta) -> Option<Self> {
        let is_ours = meta.managers.iter().any(|manager| {
            manager.name == MANAGER && manager.annotations.contains(SYNC_ANNOTATION)
        });
        if !is_ours {
            return None;
        }
        serde_json::from_str(meta.annotations.get(SYNC_ANNOTATION)?).ok()
    }
}

/// What metadata says of a Secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Freshness {
    /// Nothing moved since it was written.
    InSync,
    /// Its values have to be looked at.
    Look(Why),
}

/// Why metadata is not enough.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Why {
    Missing,
    /// keyfleet never wrote it.
    NotOurs,
    MappingChanged,
    Rotated {
        path: String,
        from: Option<u64>,
        to: Option<u64>,
    },
    /// A key, label or annotation is not as keyfleet left it.
    Edited(Vec<String>),
    /// KV v1: only the value tells.
    NoVersions,
    /// The version could not be read; the value's own metadata tells.
    VersionUnknown,
}

/// Compares a Secret's metadata with what is asked for and what Vault holds.
pub fn judge(
    desired: &DesiredSecret,
    installation: &InstallationName,
    seen: &Observed<SeenSecret>,
    versions: &KvVersions,
) -> Freshness {
    let Observed::Present(SeenSecret { meta, record }) = seen else {
        return Freshness::Look(Why::Missing);
    };
    if !meta.labels.contains_key(INSTALLATION_LABEL) && !meta.is_written_by_us() {
        return Freshness::Look(Why::NotOurs);
    }
    let Some(record) = record else {
        return Freshness::Look(Why::Edited(vec!["annotation".to_owned()]));
    };
    let edited = edited(desired, installation, meta, record);
    if record.mapping != desired.mapping_digest {
        return Freshness::Look(Why::MappingChanged);
    }
    if !edited.is_empty() {
        return Freshness::Look(Why::Edited(edited));
    }
    desired
        .references()
        .into_iter()
        .find_map(|reference| moved(reference, record, versions))
        .map_or(Freshness::InSync, Freshness::Look)
}

fn moved(reference: &KvReference, record: &SyncRecord, versions: &KvVersions) -> Option<Why> {
    if reference.version == KvEngine::V1 {
        return Some(Why::NoVersions);
    }
    let path = reference.api_path();
    let from = record.versions.get(&path).copied().flatten();
    match versions.of(reference) {
        Some(Observed::Present(version)) if Some(version.number) == from && !version.gone => None,
        Some(Observed::Present(version)) => Some(Why::Rotated {
            path,
            from,
            to: Some(version.number),
        }),
        Some(Observed::Absent) => Some(Why::Rotated {
            path,
            from,
            to: None,
        }),
        Some(Observed::Unknown(_)) | None => Some(Why::VersionUnknown),
    }
}

/// Which of the things that keyfleet wrote are not as it left them.
fn edited(
    desired: &DesiredSecret,
    installation: &InstallationName,
    meta: &LiveMeta,
    record: &SyncRecord,
) -> Vec<String> {
    let mut edited = Vec::new();
    let ours: BTreeSet<&String> = meta
        .managers
        .iter()
        .filter(|manager| manager.name == MANAGER)
        .flat_map(|manager| &manager.data_keys)
        .collect();
    edited.extend(
        record
            .keys
            .iter()
            .filter(|key| !ours.contains(key))
            .map(|key| format!("key {key}")),
    );
    for (label, value) in labels(desired, installation) {
        if meta.labels.get(&label) != Some(&value) {
            edited.push(format!("label {label}"));
        }
    }
    for (annotation, value) in &desired.annotations {
        if meta.annotations.get(annotation) != Some(value) {
            edited.push(format!("annotation {annotation}"));
        }
    }
    edited
}

/// Every label that a Secret of keyfleet carries.
pub fn labels(
    desired: &DesiredSecret,
    installation: &InstallationName,
) -> BTreeMap<String, String> {
    let mut labels = desired.labels.clone();
    labels.insert(MANAGED_BY_LABEL.to_owned(), MANAGER.to_owned());
    labels.insert(INSTALLATION_LABEL.to_owned(), installation.to_string());
    labels
}
