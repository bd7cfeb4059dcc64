//! One pass: each Vault looked at once, each cell by itself.

use super::{Options, ScopePlan, World};
use crate::desire::{Cell, Desired, DesiredVault};
use crate::guard::guard;
use crate::names::VaultName;
use crate::observe::cell::see_cell;
use crate::observe::seen::SeenVault;
use crate::observe::values::see_values;
use crate::observe::vault::see_vault;
use crate::observe::{Failure, KvReference};
use crate::plan::{self, Context, Kind, Scope, Sheet, Target, Unread};
use futures::stream::{self, StreamExt};
use std::collections::{BTreeMap, BTreeSet};

/// How many cells are planned at once.
pub(super) const CELLS_AT_ONCE: usize = 16;

/// Each Vault, or why it cannot be looked at.
pub(super) type SeenVaults = BTreeMap<VaultName, Result<SeenVault, Failure>>;

/// Which cells a look is at.
pub(super) type IsChosen<'a> = &'a (dyn Fn(&Cell) -> bool + Sync);

pub(super) async fn see_vaults(
    desired: &Desired,
    world: &World,
    is_chosen: IsChosen<'_>,
) -> SeenVaults {
    let reads = desired.vaults.values().map(|vault| async move {
        let chosen = desired
            .cells
            .iter()
            .filter(|cell| cell.vault == vault.name && is_chosen(cell));
        let secrets = chosen.flat_map(|cell| &cell.secrets);
        let references: BTreeSet<KvReference> = secrets
            .flat_map(|secret| secret.references())
            .cloned()
            .collect();
        let seen = match world.vault(&vault.name) {
            Ok(open) => Ok(see_vault(open.read.as_ref(), &references).await),
            Err(failure) => Err(failure.clone()),
        };
        (vault.name.clone(), seen)
    });
    futures::future::join_all(reads).await.into_iter().collect()
}

/// What clusters share is planned only when all of them are in view: with a few chosen, the others would look abandoned.
pub(super) fn plan_vaults(
    desired: &Desired,
    options: &Options,
    seen: &SeenVaults,
) -> Vec<ScopePlan> {
    let vaults = desired
        .vaults
        .values()
        .filter(|_| options.clusters.is_empty());
    vaults
        .map(|vault| {
            let sheet = match &seen[&vault.name] {
                Ok(seen) => vault_sheet(desired, vault, seen),
                Err(failure) => out_of_reach(vault_target(vault), failure),
            };
            let guarded = guard(sheet, desired.deletes, &options.approvals);
            ScopePlan {
                scope: Scope::Vault(vault.name.clone()),
                guarded,
            }
        })
        .collect()
}

/// A Vault that does not answer is said once, here.
fn vault_sheet(desired: &Desired, vault: &DesiredVault, seen: &SeenVault) -> Sheet {
    let mut sheet = plan::vault(vault, &desired.installation, seen);
    let tables = [
        seen.auth_mounts.as_ref().err(),
        seen.engine_mounts.as_ref().err(),
        seen.policies.as_ref().err(),
    ];
    for failure in tables.into_iter().flatten() {
        sheet.unread.push(Unread {
            target: vault_target(vault),
            failure: failure.clone(),
        });
        if failure.is_outage() {
            break;
        }
    }
    sheet
}

fn vault_target(vault: &DesiredVault) -> Target {
    Target {
        scope: Scope::Vault(vault.name.clone()),
        kind: Kind::AuthMount,
        name: "*".to_owned(),
    }
}

fn out_of_reach(target: Target, failure: &Failure) -> Sheet {
    Sheet {
        unread: vec![Unread {
            target,
            failure: failure.clone(),
        }],
        ..Sheet::default()
    }
}

pub(super) async fn plan_cells(
    desired: &Desired,
    world: &World,
    options: &Options,
    is_chosen: IsChosen<'_>,
    seen: &SeenVaults,
) -> Vec<ScopePlan> {
    let chosen = desired.cells.iter().filter(|cell| is_chosen(cell));
    let plans = chosen.map(|cell| plan_cell(desired, cell, world, options, seen));
    stream::iter(plans).buffered(CELLS_AT_ONCE).collect().await
}

/// One cell, from what is there to what may be done.
async fn plan_cell(
    desired: &Desired,
    cell: &Cell,
    world: &World,
    options: &Options,
    seen: &SeenVaults,
) -> ScopePlan {
    let sheet = match (&seen[&cell.vault], world.vault(&cell.vault)) {
        (Ok(seen_vault), Ok(vault)) => {
            let cluster = world
                .cluster(&cell.cluster)
                .map(|cluster| cluster.read.as_ref());
            let seen = see_cell(cell, vault.read.as_ref(), cluster, seen_vault).await;
            if let Err(failure) = &seen.identity
                && failure.is_outage()
            {
                world.give_up(&cell.cluster, failure);
            }
            let context = Context {
                installation: &desired.installation,
                cell,
                vault: &desired.vaults[&cell.vault],
                seen_vault,
                seen: &seen,
                full: options.full,
            };
            let draft = plan::cell(&context);
            let values = see_values(
                cell,
                draft.to_read(),
                world.sessions(&cell.cluster),
                vault.as_cluster.as_ref(),
                cluster,
            )
            .await;
            draft.finish(&context, &values, &now())
        }
        (Err(failure), _) | (_, Err(failure)) => {
            let target = Target {
                scope: Scope::Vault(cell.vault.clone()),
                kind: Kind::AuthMount,
                name: cell.mount.to_string(),
            };
            out_of_reach(target, failure)
        }
    };
    ScopePlan {
        scope: Scope::Cluster(cell.cluster.clone()),
        guarded: guard(sheet, desired.deletes, &options.approvals),
    }
}

/// The time for a Secret's record, to the second. The one clock of a pass.
fn now() -> String {
    jiff::Timestamp::now()
        .round(jiff::Unit::Second)
        .map_or_else(|_| String::new(), |time| time.to_string())
}
