//! Looking at a Vault once, for all its cells.

use super::Failure;
use super::gather::gather;
use super::live::{LivePolicies, LivePolicy, Observed};
use super::reader::{KvEngine, KvReference, ReadVault};
use super::seen::{KvVersions, SeenVault};
use crate::names::{KvPath, MountPath, PolicyName};
use std::collections::{BTreeMap, BTreeSet};

/// How many reads of one Vault are under way at once; the backend's own budget is what holds.
const AT_ONCE: usize = 8;

/// Secrets of KV v2, by mount.
#[derive(Debug, Default)]
pub struct KvPlaces(BTreeMap<MountPath, BTreeSet<KvPath>>);

impl<'a> FromIterator<&'a KvReference> for KvPlaces {
    fn from_iter<I: IntoIterator<Item = &'a KvReference>>(references: I) -> Self {
        let mut places = Self::default();
        for reference in references {
            if reference.version == KvEngine::V2 {
                let paths = places.0.entry(reference.mount.clone()).or_default();
                paths.insert(reference.path.clone());
            }
        }
        places
    }
}

/// Reads what all cells share, with the versions of the KV secrets that any of them refers to.
pub async fn see_vault(vault: &dyn ReadVault, places: &KvPlaces) -> SeenVault {
    let (auth_mounts, engine_mounts, policies, versions) = futures::join!(
        vault.auth_mounts(),
        vault.engine_mounts(),
        policies(vault),
        versions(vault, places)
    );
    match (&auth_mounts, &engine_mounts, &policies) {
        // A Vault that answers nothing is told once, by the first of its failures.
        (Err(failure), Err(second), Err(third))
            if [failure, second, third]
                .iter()
                .all(|failure| !failure.is_of_one_object()) =>
        {
            out_of_reach(&failure.clone(), places)
        }
        _ => SeenVault::new(auth_mounts, engine_mounts, policies, versions),
    }
}

fn out_of_reach(failure: &Failure, places: &KvPlaces) -> SeenVault {
    let unknown = |path: &KvPath| (path.clone(), Observed::Unknown(failure.clone()));
    let versions = places
        .0
        .iter()
        .map(|(mount, paths)| (mount.clone(), paths.iter().map(unknown).collect()))
        .collect();
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

async fn versions(vault: &dyn ReadVault, places: &KvPlaces) -> KvVersions {
    let reads = places.0.iter().map(|(mount, paths)| async move {
        (mount.clone(), vault.kv_versions(mount, paths).await)
    });
    futures::future::join_all(reads).await.into_iter().collect()
}
