//! One question with one answer: may this cluster read this path? Decided as Vault decides it, and by which stanza.

use super::explain::May;
use super::index::{Entry, MayRead};
use super::stanza::{Stanza, of_pattern};
use super::{Known, mean_path};
use crate::desire::Desired;
use serde::Serialize;
use std::collections::BTreeSet;

/// Whether the role of a cluster may read a path, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Answer {
    pub cluster: String,
    pub vault: String,
    /// `mount/role`.
    pub role: String,
    /// As a policy has it.
    pub path: String,
    pub may: May,
    /// Whether a declaration of the cluster reads it.
    pub uses: bool,
    /// The path of the stanza that decides, as far as those without templates go; `None`: no stanza is about it.
    pub by: Option<String>,
    /// That stanza, in each policy that has it.
    pub stanzas: Vec<Stanza>,
    /// What a request must fulfil besides.
    pub conditions: Vec<String>,
    /// Stanzas that may decide instead, which only Vault can fill in.
    pub templated: Vec<String>,
    /// Policies of the role that may decide instead: nobody here has read them.
    pub unseen: BTreeSet<String>,
    pub policies: BTreeSet<String>,
}

/// Answers for a cluster by its name or its role (`mount/role`); `None` where there is none of it.
pub fn may_read(fleet: &Desired, known: &Known, cluster: &str, path: &str) -> Option<Answer> {
    let entries = Entry::all(fleet, known);
    let entry = entries.iter().find(|entry| entry.is_called(cluster))?;
    let path = mean_path(fleet.vaults.get(&entry.cell.vault).map(AsRef::as_ref), path);
    let decision = entry.access.acl.decision(&path);
    let by = entry.access.acl.deciding_pattern(&path);
    let may = match entry.may_read(&path) {
        MayRead::Yes => May::Read,
        MayRead::No => May::Denied,
        MayRead::Unknown => May::Unknown,
    };
    Some(Answer {
        cluster: entry.cell.cluster.to_string(),
        vault: entry.cell.vault.to_string(),
        role: entry.role(),
        may,
        uses: entry.reads.contains_key(&path),
        stanzas: by.map_or_else(Vec::new, |by| of_pattern(entry, by)),
        by: by.map(ToString::to_string),
        conditions: decision.conditions,
        templated: decision.templated.iter().map(ToString::to_string).collect(),
        unseen: entry.unseen(),
        policies: entry.policy_names(),
        path,
    })
}
