//! Looking at a Vault once, for all of its cells or for some of them.

use super::Failure;
use super::gather::gather;
use super::live::{LivePolicies, LivePolicy, Observed};
use super::reader::{KvEngine, KvReference, ReadVault};
use super::seen::{KvVersions, SeenVault};
use crate::desire::Cell;
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

/// Up to here single reads are no more than a list with what it does not show.
const SINGLY: usize = 2;

/// Which policies are looked at.
#[derive(Debug, Clone)]
pub enum Policies {
    /// Whatever there is: also those that are not declared any more.
    All,
    /// Those that some cells refer to: all that their plans need.
    Of(BTreeSet<PolicyName>),
}

impl Policies {
    /// Those of these cells and of their roles.
    pub fn of<'a>(cells: impl Iterator<Item = &'a Cell>) -> Self {
        let names =
            cells.flat_map(|cell| std::iter::once(&cell.policy.name).chain(&cell.role.policies));
        Self::Of(names.cloned().collect())
    }

    fn are_wanted(&self, name: &PolicyName) -> bool {
        match self {
            Self::All => name.as_str() != "root",
            Self::Of(names) => names.contains(name),
        }
    }
}

/// Reads the mounts, these policies, and the versions of the KV secrets at these places.
pub async fn see_vault(vault: &dyn ReadVault, places: &KvPlaces, wanted: &Policies) -> SeenVault {
    let (auth_mounts, engine_mounts, policies, versions) = futures::join!(
        vault.auth_mounts(),
        vault.engine_mounts(),
        policies(vault, wanted),
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
        _ => {
            let seen = SeenVault::new(auth_mounts, engine_mounts, policies, versions);
            match wanted {
                Policies::All => seen,
                Policies::Of(_) => seen.with_some_policies(),
            }
        }
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

/// Policies with their texts: one request where the server has a bulk list, else one more for each.
async fn policies(
    vault: &dyn ReadVault,
    wanted: &Policies,
) -> Result<BTreeMap<String, Observed<LivePolicy>>, Failure> {
    let few = match wanted {
        Policies::Of(names) if names.len() <= SINGLY => names,
        Policies::All | Policies::Of(_) => return listed_policies(vault, wanted).await,
    };
    let read = one_by_one(vault, few.iter().cloned()).await;
    let mut failures = read.values().filter_map(Observed::failure);
    match failures.find(|failure| !failure.is_of_one_object()) {
        Some(failure) => Err(failure.clone()),
        None => Ok(read),
    }
}

async fn listed_policies(
    vault: &dyn ReadVault,
    wanted: &Policies,
) -> Result<BTreeMap<String, Observed<LivePolicy>>, Failure> {
    let mut seen = match vault.policies().await? {
        LivePolicies::Texts(texts) => texts
            .into_iter()
            .map(|(name, policy)| (name, Observed::Present(policy)))
            .collect(),
        LivePolicies::Names(names) => {
            // A name outside the grammar is nobody's whom keyfleet knows.
            let names = names.into_iter();
            let names = names.filter_map(|name| PolicyName::parse(&name).ok());
            one_by_one(vault, names.filter(|name| wanted.are_wanted(name))).await
        }
    };
    if let Policies::Of(names) = wanted {
        for name in names {
            seen.entry(name.to_string()).or_insert(Observed::Absent);
        }
    }
    Ok(seen)
}

async fn one_by_one(
    vault: &dyn ReadVault,
    names: impl Iterator<Item = PolicyName>,
) -> BTreeMap<String, Observed<LivePolicy>> {
    let reads = names.map(|name| async move { (name.to_string(), vault.policy(&name).await) });
    gather(reads, AT_ONCE).await
}

async fn versions(vault: &dyn ReadVault, places: &KvPlaces) -> KvVersions {
    let reads = places.0.iter().map(|(mount, paths)| async move {
        (mount.clone(), vault.kv_versions(mount, paths).await)
    });
    futures::future::join_all(reads).await.into_iter().collect()
}
