//! What was learned from Vaults, beside what the repository says. Nothing, where nobody asked.

use super::ReadPolicies;
use crate::names::VaultName;
use std::collections::BTreeMap;

/// Of each Vault that was asked.
#[derive(Debug, Clone, Default)]
pub struct Known {
    /// Policies that are no file of the repository.
    pub policies: BTreeMap<VaultName, ReadPolicies>,
}
