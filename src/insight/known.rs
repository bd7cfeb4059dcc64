//! What was learned from Vaults, beside what the repository says. Nothing, where nobody asked.

use super::{ReadPolicies, Unused};
use crate::names::VaultName;
use crate::observe::Listing;
use serde::Serialize;
use std::collections::BTreeMap;

/// Of each Vault that was asked.
#[derive(Debug, Clone, Default)]
pub struct Known {
    /// Policies that were read, whosever they are.
    pub policies: BTreeMap<VaultName, ReadPolicies>,
    /// What is in KV mounts, by their paths, with what stands between a mount and the path of a secret in a policy.
    pub listed: BTreeMap<VaultName, Vec<Listed>>,
    /// What could not be read.
    pub unread: Vec<Unread>,
}

/// What is in a KV mount.
#[derive(Debug, Clone)]
pub struct Listed {
    pub mount: String,
    /// `kv/data/` with KV v2.
    pub prefix: String,
    pub listing: Listing,
}

/// What is told beside the answers, where Vaults were asked.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Live {
    pub unused: Vec<Unused>,
    pub unread: Vec<Unread>,
}

/// What a Vault did not tell.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Unread {
    pub vault: String,
    pub what: String,
}
