//! What the clusters of one Vault share: KV mounts and the policies below `policies/`.

use super::Cell;
use crate::declare::{CaSource, Declarations, KvMount};
use crate::diagnostics::{Diagnostic, Diagnostics, Place};
use crate::names::{ClusterName, MountPath, PolicyName, VaultName};
use crate::policy::Policy;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// A Vault as it should be, apart from its clusters.
#[derive(Debug, Clone)]
pub struct DesiredVault {
    pub name: VaultName,
    pub place: Place,
    /// `None`: the one that `VAULT_ADDR` names.
    pub address: Option<String>,
    pub namespace: Option<String>,
    pub ca_pem: Option<String>,
    pub adopt: bool,
    pub kv_mounts: Vec<KvMount>,
    pub policies: Vec<SharedPolicy>,
    /// Auth mounts and policies of the declared clusters: what else is there in the fleet's names is nobody's.
    pub cluster_mounts: BTreeSet<MountPath>,
    pub cluster_policies: BTreeSet<PolicyName>,
    /// Clusters whose file cannot be used: their objects are not abandoned.
    pub unread_clusters: BTreeSet<String>,
    /// Whether it is certain that every declaration of this Vault was understood.
    pub complete: bool,
}

/// A policy of the repository.
#[derive(Debug, Clone)]
pub struct SharedPolicy {
    pub place: Place,
    pub name: PolicyName,
    pub text: String,
    pub meaning: Arc<Policy>,
}

pub(super) fn resolve(
    declarations: &Declarations,
    cells: &[Arc<Cell>],
    problems: &mut Diagnostics,
) -> BTreeMap<VaultName, Arc<DesiredVault>> {
    let unread = unread_clusters(declarations, cells);
    let complete =
        declarations.clusters_complete && declarations.policies_complete && unread.is_empty();
    let policies = shared_policies(declarations, cells, problems);
    let vaults = declarations.fleet.vaults.iter().map(|(name, spec)| {
        let of_cell = |cell: &&Arc<Cell>| cell.vault == *name;
        let vault = DesiredVault {
            name: name.clone(),
            place: spec.place.clone(),
            address: spec.address.clone(),
            namespace: spec.namespace.clone(),
            ca_pem: ca_pem(spec.certificate_authority.as_ref(), problems),
            adopt: spec.adopt,
            kv_mounts: spec.kv_mounts.clone(),
            policies: policies.clone(),
            cluster_mounts: cells
                .iter()
                .filter(of_cell)
                .map(|cell| cell.mount.clone())
                .collect(),
            cluster_policies: cells
                .iter()
                .filter(of_cell)
                .map(|cell| cell.policy.name.clone())
                .collect(),
            unread_clusters: unread.clone(),
            complete,
        };
        (name.clone(), Arc::new(vault))
    });
    vaults.collect()
}

/// Declared clusters that did not become a cell.
fn unread_clusters(declarations: &Declarations, cells: &[Arc<Cell>]) -> BTreeSet<String> {
    let there: BTreeSet<_> = cells.iter().map(|cell| cell.cluster.as_str()).collect();
    let declared = declarations.clusters.keys().map(ClusterName::as_str);
    let broken = declarations.broken_clusters.iter().map(String::as_str);
    declared
        .chain(broken)
        .filter(|name| !there.contains(name))
        .map(str::to_owned)
        .collect()
}

fn ca_pem(source: Option<&CaSource>, problems: &mut Diagnostics) -> Option<String> {
    match source? {
        CaSource::Inline { pem, .. } => Some(pem.clone()),
        CaSource::File { place, .. } => {
            problems.push(
                Diagnostic::error(place, "the CA of a Vault is given inline").hint(
                    "write `certificateAuthority: {pem: …}`, or set VAULT_CACERT and leave it out",
                ),
            );
            None
        }
    }
}

/// A file below `policies/` must not be the policy of a cluster as well.
fn shared_policies(
    declarations: &Declarations,
    cells: &[Arc<Cell>],
    problems: &mut Diagnostics,
) -> Vec<SharedPolicy> {
    let mut shared = Vec::new();
    let mut owners = BTreeMap::new();
    for cell in cells {
        owners.entry(&cell.policy.name).or_insert(cell);
    }
    for (name, file) in &declarations.policies {
        if let Some(cell) = owners.get(name) {
            problems.push(
                Diagnostic::error(
                    &file.place,
                    format!(
                        "the policy `{name}` is also the one of cluster `{}`",
                        cell.cluster
                    ),
                )
                .hint("rename the file, or set `policy:` in cluster.yaml"),
            );
            continue;
        }
        shared.push(SharedPolicy {
            place: file.place.clone(),
            name: name.clone(),
            text: file.text.clone(),
            meaning: Arc::new(file.meaning.clone()),
        });
    }
    shared
}
