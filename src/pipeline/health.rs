//! How everything is: a plan, the Vaults' health, and a real login for every cluster.

use super::{Options, Planned, World};
use crate::desire::{Cell, Desired, SecretLogin};
use crate::observe::{Failure, FailureClass};
use crate::plan::Scope;
use crate::report::{ClusterStatus, Status, VaultStatus, secret_states};
use futures::stream::{self, StreamExt};

/// Reads only; the tokens of the login probes are given back when the world closes.
pub async fn status(desired: &Desired, world: &World, options: &Options) -> Status {
    let (planned, vaults) =
        futures::join!(super::plan(desired, world, options), vaults(desired, world));
    let chosen = desired.cells.iter().filter(|cell| options.is_chosen(cell));
    let clusters = stream::iter(chosen)
        .map(|cell| cluster(cell, world, &planned))
        .buffered(super::pass::CELLS_AT_ONCE)
        .collect()
        .await;
    Status { vaults, clusters }
}

async fn vaults(desired: &Desired, world: &World) -> Vec<VaultStatus> {
    let asked = desired.vaults.keys().map(|name| async move {
        let health = match world.vault(name) {
            Ok(vault) => vault.read.health().await,
            Err(failure) => Err(failure.clone()),
        };
        VaultStatus {
            name: name.to_string(),
            health,
        }
    });
    futures::future::join_all(asked).await
}

async fn cluster(cell: &Cell, world: &World, planned: &Planned) -> ClusterStatus {
    let scope = Scope::Cluster(cell.cluster.clone());
    let plan = planned.scopes.iter().find(|plan| plan.scope == scope);
    let identity = match world.cluster(&cell.cluster) {
        Ok(cluster) => cluster.read.identity().await,
        Err(failure) => Err(failure.clone()),
    };
    // No token is asked of a cluster that is not the one that is meant.
    let login = match (&cell.identity, &identity) {
        (Some(wanted), Ok(is)) if wanted != is => Err(Failure::new(
            FailureClass::Setup,
            format!("log in as {}", cell.cluster),
            format!("another cluster answers: its kube-system has the UID {is}, not {wanted}"),
        )),
        (Some(_), Err(failure)) => Err(failure.clone()),
        _ => probe(cell, world).await,
    };
    ClusterStatus {
        name: cell.cluster.to_string(),
        identity,
        login,
        secrets: plan.map(secret_states).unwrap_or_default(),
    }
}

/// Logs in as an application of the cluster would.
async fn probe(cell: &Cell, world: &World) -> Result<(), Failure> {
    let cluster = world.cluster(&cell.cluster).map_err(Clone::clone)?;
    let vault = world.vault(&cell.vault).map_err(Clone::clone)?;
    let login = SecretLogin {
        mount: cell.mount.clone(),
        role: cell.role.name.clone(),
        account: cell.service_account.clone(),
    };
    world
        .sessions(&cell.cluster)
        .session(
            &login,
            cell,
            vault.as_cluster.as_ref(),
            cluster.read.as_ref(),
        )
        .await
        .map(drop)
}
