//! From the path of a secret to the clusters whose declarations read it.

use crate::desire::Desired;
use crate::names::VaultName;
use crate::policy::PathPattern;
use std::collections::{BTreeMap, BTreeSet};

/// Every path that declarations read, as a policy has it, with the clusters that do.
#[derive(Debug, Default)]
pub struct Uses {
    vaults: BTreeMap<VaultName, BTreeMap<String, BTreeSet<String>>>,
}

impl Uses {
    /// Of one fleet, or of one before and after a change.
    pub fn of<'a>(fleets: impl IntoIterator<Item = &'a Desired>) -> Self {
        let mut vaults: BTreeMap<VaultName, BTreeMap<String, BTreeSet<String>>> = BTreeMap::new();
        for cell in fleets.into_iter().flat_map(|fleet| &fleet.cells) {
            let paths = vaults.entry(cell.vault.clone()).or_default();
            let secrets = cell.secrets.iter();
            for reference in secrets.flat_map(|secret| secret.references()) {
                let clusters = paths.entry(reference.api_path()).or_default();
                if !clusters.contains(cell.cluster.as_str()) {
                    clusters.insert(cell.cluster.to_string());
                }
            }
        }
        Self { vaults }
    }

    /// The clusters that read a path.
    pub fn of_path(&self, vault: &str, path: &str) -> Option<&BTreeSet<String>> {
        self.vaults.get(vault)?.get(path)
    }

    /// The paths of one Vault that a stanza is about, in order. Of an exact one, which most are, without a look at the others.
    pub fn matching(&self, vault: &str, pattern: &PathPattern) -> Vec<(&str, &BTreeSet<String>)> {
        if !pattern.is_exact() {
            let all = self.in_vault(vault);
            return all.filter(|(path, _)| pattern.matches(path)).collect();
        }
        let paths = self.vaults.get(vault);
        let found = paths.and_then(|paths| paths.get_key_value(pattern.to_string().as_str()));
        found
            .map(|(path, clusters)| (path.as_str(), clusters))
            .into_iter()
            .collect()
    }

    /// The paths of one Vault, in order.
    pub fn in_vault(&self, vault: &str) -> impl Iterator<Item = (&str, &BTreeSet<String>)> {
        let paths = self.vaults.get(vault).into_iter().flatten();
        paths.map(|(path, clusters)| (path.as_str(), clusters))
    }
}
