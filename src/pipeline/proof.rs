//! Asking the servers what a review rests on. Reads only, with the operator's own credentials: nothing is logged in to, no token
//! is made, and no value is read but credentials of a cluster that the base keeps in Vault.
//!
//! Only servers of the base are asked, where the base says that they are. One that does not answer leaves its own questions open, and
//! all of it ends in time.

use super::Reviewed;
use super::pass::CELLS_AT_ONCE;
use super::world::{Open, OpenVault};
use crate::desire::{Cell, Desired, SecretId};
use crate::insight::ReadPolicies;
use crate::names::{ClusterName, PolicyName, VaultName};
use crate::observe::live::LiveMeta;
use crate::observe::outline::{Outline, late, see_outlines};
use crate::observe::secrets::see_some;
use crate::observe::{Failure, FailureClass, KvReference, Observed, ReadCluster, ReadVault};
use crate::policy::Policy;
use crate::review::{Asks, AsksOfVault, Audience, Questions, Seen};
use futures::stream::{self, StreamExt};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// How many policies are read at once.
const POLICIES_AT_ONCE: usize = 8;

type SeenSecrets = BTreeMap<SecretId, Observed<Arc<LiveMeta>>>;

/// Asks what the review rests on and only a server knows, and puts the answers into it. There is so much time for all of it.
pub async fn prove(reviewed: &mut Reviewed, open: &dyn Open, audience: Audience, within: Duration) {
    let Reviewed { base, head, review } = reviewed;
    let questions = Questions::of(&base.desired, &head.desired);
    let asks = questions.asks(audience);
    let seen = ask(&asks, &base.desired, open, Instant::now() + within).await;
    review.proof = Some(questions.decide(audience, &seen));
}

/// Each server by itself, side by side.
async fn ask(asks: &Asks, base: &Desired, open: &dyn Open, until: Instant) -> Seen {
    let cells = base.cells.iter().map(|cell| (&cell.cluster, cell.as_ref()));
    let cells: BTreeMap<&ClusterName, &Cell> = cells
        .filter(|(name, _)| asks.clusters.contains_key(*name))
        .collect();
    let needed = asks.vaults.keys();
    let needed = needed.chain(cells.values().map(|cell| &cell.vault));
    let needed: BTreeSet<&VaultName> = needed.collect();
    let vaults: BTreeMap<&VaultName, Result<OpenVault, Failure>> = needed
        .into_iter()
        .filter_map(|name| Some((name, open.vault(base.vaults.get(name)?))))
        .collect();
    let of_vaults = asks.vaults.iter().map(|(name, asked)| async {
        let seen = see_vault(&vaults[name], asked, until).await;
        (name.clone(), seen)
    });
    let of_clusters = asks.clusters.iter().map(|(name, asked)| {
        let (cell, vaults) = (cells[name], &vaults);
        async move {
            let seen = see_cluster(cell, &vaults[&cell.vault], asked, open, until).await;
            (name.clone(), seen)
        }
    });
    let of_clusters: Vec<_> = of_clusters.collect();
    let (of_vaults, secrets) = futures::join!(
        futures::future::join_all(of_vaults),
        stream::iter(of_clusters)
            .buffer_unordered(CELLS_AT_ONCE)
            .collect::<BTreeMap<_, _>>()
    );
    let mut seen = Seen {
        secrets,
        ..Seen::default()
    };
    for (name, (paths, policies)) in of_vaults {
        seen.paths.insert(name.clone(), paths);
        seen.policies.insert(name, policies);
    }
    seen
}

type SeenPaths = BTreeMap<KvReference, Observed<Outline>>;

async fn see_vault(
    vault: &Result<OpenVault, Failure>,
    asked: &AsksOfVault,
    until: Instant,
) -> (SeenPaths, ReadPolicies) {
    match vault {
        Ok(vault) => {
            let read = vault.read.as_ref();
            futures::join!(
                see_outlines(read, &asked.paths, until),
                see_policies(read, &asked.policies, until)
            )
        }
        Err(failure) => {
            let unknown = |from: &KvReference| (from.clone(), Observed::Unknown(failure.clone()));
            let paths = asked.paths.keys().map(unknown).collect();
            (paths, ReadPolicies::new())
        }
    }
}

/// What cannot be read or understood stays unseen.
pub(super) async fn see_policies(
    vault: &dyn ReadVault,
    names: &BTreeSet<PolicyName>,
    until: Instant,
) -> ReadPolicies {
    let reads = names.iter().map(|name| async move {
        let seen = tokio::time::timeout_at(until, vault.policy(name)).await;
        let policy = match seen.ok()? {
            Observed::Present(live) => Policy::parse(&live.text).ok()?,
            // A role may name one that is not there: it grants nothing.
            Observed::Absent => Policy::default(),
            Observed::Unknown(_) => return None,
        };
        Some((name.clone(), policy))
    });
    let reads: Vec<_> = reads.collect();
    let read = stream::iter(reads).buffer_unordered(POLICIES_AT_ONCE);
    read.filter_map(std::future::ready).collect().await
}

async fn see_cluster(
    cell: &Cell,
    vault: &Result<OpenVault, Failure>,
    asked: &BTreeSet<SecretId>,
    open: &dyn Open,
    until: Instant,
) -> SeenSecrets {
    let looking = async {
        let cluster = open.cluster(cell, vault.as_ref()).await?;
        let read = cluster.read.as_ref();
        check_identity(cell, read).await?;
        Ok(see_some(read, asked).await)
    };
    let unknown = |failure: Failure| {
        let unknown = |id: &SecretId| (id.clone(), Observed::Unknown(failure.clone()));
        asked.iter().map(unknown).collect()
    };
    match tokio::time::timeout_at(until, looking).await {
        Ok(Ok(seen)) => seen,
        Ok(Err(failure)) => unknown(failure),
        Err(_) => unknown(late("look at a cluster")),
    }
}

/// The first answer decides whether the rest is asked: a cluster that is down, or another one, is asked once.
async fn check_identity(cell: &Cell, cluster: &dyn ReadCluster) -> Result<(), Failure> {
    match (&cell.identity, cluster.identity().await) {
        (Some(wanted), Ok(is)) if *wanted != is => Err(Failure::new(
            FailureClass::Setup,
            format!("look at cluster {}", cell.cluster),
            format!("another cluster answers: its kube-system has the UID {is}, not {wanted}"),
        )),
        (None, Err(failure)) if failure.is_of_one_object() => Ok(()),
        (_, Err(failure)) => Err(failure),
        (_, Ok(_)) => Ok(()),
    }
}
