//! Policies of a Vault that no role of the fleet has, and that let their holders read a path all the same.

use super::Known;
use crate::desire::Desired;
use crate::names::{PolicyName, VaultName};
use crate::policy::{Acl, Capability};
use serde::Serialize;
use std::collections::BTreeSet;

/// A policy that grants a path. Who has it is not known here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Elsewhere {
    pub policy: String,
    /// The path of the stanza that grants it.
    pub by: String,
    /// Whether only Vault can say, since the stanza has an identity template.
    pub templated: bool,
}

/// Those that were read.
pub(super) fn granting(fleet: &Desired, known: &Known, vault: &str, path: &str) -> Vec<Elsewhere> {
    let Some((_, read)) = known.policies.iter().find(|(name, _)| is(name, vault)) else {
        return Vec::new();
    };
    let cells = fleet.cells.iter().filter(|cell| is(&cell.vault, vault));
    let ours: BTreeSet<&PolicyName> = cells.flat_map(|cell| &cell.role.policies).collect();
    let others = read.iter().filter(|(name, _)| !ours.contains(name));
    let granting = others.filter_map(|(name, policy)| {
        let acl = Acl::new(&[policy]);
        let decision = acl.decision(path);
        let template = decision.templated.first();
        let deciding = || {
            acl.deciding_pattern(path)
                .filter(|_| decision.capabilities.contains(Capability::Read))
        };
        let by = deciding().or(template)?;
        Some(Elsewhere {
            policy: name.to_string(),
            by: by.to_string(),
            templated: template.is_some(),
        })
    });
    granting.collect()
}

fn is(name: &VaultName, text: &str) -> bool {
    name.as_str() == text
}
