//! Looking at a Vault once, for all its cells.

use super::Failure;
use super::gather::gather;
use super::live::{LivePolicies, LivePolicy, Observed};
use super::reader::{KvEngine, KvReference, ReadVault};
use super::seen::SeenVault;
use crate::names::{KvPath, MountPath, PolicyName};
use std::collections::{BTreeMap, BTreeSet};

/// How many reads of one Vault are under way at once; the backend's own budget is what holds.
const AT_ONCE: usize = 8;

/// Reads what all cells share. `references` are the KV places that any of them refers to.
pub async fn see_vault(vault: &dyn ReadVault, references: &BTreeSet<KvReference>) -> SeenVault {
    let (auth_mounts, engine_mounts, policies, versions) = futures::join!(
        vault.auth_mounts(),
        vault.engine_mounts(),
        policies(vault),
        versions(vault, references)
    );
    match (&auth_mounts, &engine_mounts, &policies) {
        // A Vault that answers nothing is told once, by the first of its failures.
        (Err(failure), Err(second), Err(third))
            if [failure, second, third]
                .iter()
                .all(|failure| !failure.is_of_one_object()) =>
        {
            out_of_reach(&failure.clone(), references)
        }
        _ => SeenVault::new(auth_mounts, engine_mounts, policies, versions),
    }
}

fn out_of_reach(failure: &Failure, references: &BTreeSet<KvReference>) -> SeenVault {
    let unknown = |reference: &KvReference| (reference.clone(), Observed::Unknown(failure.clone()));
    let versions = references.iter().map(unknown).collect();
    SeenVault::new(
        Err(failure.clone()),
        Err(failure.clone()),
        Err(failure.clone()),
        versions,
    )
}

/// Every policy's text: one request where the server has a bulk list, else one more for each.
async fn policies(
    vault: &dyn ReadVault,
) -> Result<BTreeMap<String, Observed<LivePolicy>>, Failure> {
    match vault.policies().await? {
        LivePolicies::Texts(texts) => Ok(texts
            .into_iter()
            .map(|(name, policy)| (name, Observed::Present(policy)))
            .collect()),
        LivePolicies::Names(names) => {
            // A name outside the grammar is nobody's whom keyfleet knows.
            let names = names
                .into_iter()
                .filter_map(|name| PolicyName::parse(&name).ok())
                .filter(|name| name.as_str() != "root");
            let reads =
                names.map(|name| async move { (name.to_string(), vault.policy(&name).await) });
            Ok(gather(reads, AT_ONCE).await)
        }
    }
}

async fn versions(
    vault: &dyn ReadVault,
    references: &BTreeSet<KvReference>,
) -> BTreeMap<KvReference, Observed<super::KvVersion>> {
    let mut by_mount: BTreeMap<&MountPath, BTreeSet<KvPath>> = BTreeMap::new();
    for reference in references
        .iter()
        .filter(|reference| reference.version == KvEngine::V2)
    {
        by_mount
            .entry(&reference.mount)
            .or_default()
            .insert(reference.path.clone());
    }
    let reads = by_mount.into_iter().map(|(mount, paths)| async move {
        let found = vault.kv_versions(mount, &paths).await;
        found
            .into_iter()
            .map(|(path, version)| {
                (
                    KvReference {
                        mount: mount.clone(),
                        path,
                        version: KvEngine::V2,
                    },
                    version,
                )
            })
            .collect::<Vec<_>>()
    });
    futures::future::join_all(reads)
        .await
        .into_iter()
        .flatten()
        .collect()
}
