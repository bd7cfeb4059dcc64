//! One pass: each Vault looked at once, each cell by itself.

use super::cell_pass::{CellPass, Looking, OfAll};
use super::permission::forbidden;
use super::tasks::on_all_processors;
use super::world::OpenVault;
use super::{Options, ScopePlan, World};
use crate::desire::{Cell, Desired, DesiredVault};
use crate::guard::guard;
use crate::names::VaultName;
use crate::observe::Failure;
use crate::observe::seen::SeenVault;
use crate::observe::vault::{KvPlaces, Policies, see_vault};
use crate::plan::{self, Kind, Scope, Sheet, Target, Unread};
use futures::FutureExt;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

/// How many cells are planned at once.
pub(super) const CELLS_AT_ONCE: usize = 32;

/// Each Vault that is being looked at, or why it cannot be.
pub(super) type LookingAtVaults = BTreeMap<VaultName, Result<Looking, Failure>>;

/// Which cells a look is at.
pub(super) type IsChosen<'a> = &'a (dyn Fn(&Cell) -> bool + Sync);

/// Begins to look at each Vault; the cells that wait for it, or whoever awaits it, go on with it.
///
/// With a few clusters chosen, nothing is looked at that only others need.
pub(super) fn look_at_vaults(
    desired: &Desired,
    world: &World,
    options: &Options,
    is_chosen: IsChosen<'_>,
) -> LookingAtVaults {
    let look = |vault: &DesiredVault| {
        let open = world.vault(&vault.name).map_err(Clone::clone)?;
        let of_vault = |cell: &&Arc<Cell>| cell.vault == vault.name && is_chosen(cell);
        let chosen = desired.cells.iter().filter(of_vault).map(AsRef::as_ref);
        let policies = if options.clusters.is_empty() {
            Policies::All
        } else {
            Policies::of(chosen.clone())
        };
        Ok(look(&vault.name, open, chosen, policies))
    };
    let vaults = desired.vaults.values();
    vaults
        .map(|vault| (vault.name.clone(), look(vault)))
        .collect()
}

/// A look at a Vault, at these policies and at what these cells refer to. Nothing is asked before somebody waits for it.
pub(super) fn look<'a>(
    vault: &VaultName,
    open: &OpenVault,
    cells: impl Iterator<Item = &'a Cell>,
    policies: Policies,
) -> Looking {
    let read = Arc::clone(&open.read);
    let secrets = cells.flat_map(|cell| &cell.secrets);
    let assignments = secrets.flat_map(|secret| &secret.assignments);
    let places: KvPlaces = assignments.map(|assignment| &assignment.from).collect();
    let name = vault.clone();
    let look = async move {
        let begin = Instant::now();
        let seen = see_vault(read.as_ref(), &places, &policies).await;
        tracing::info!(took = ?begin.elapsed(), "vault {name} is looked at");
        Arc::new(seen)
    };
    look.boxed().shared()
}

/// What clusters share is planned only when all of them are in view: with a few chosen, the others would look abandoned.
pub(super) async fn plan_vaults(
    desired: &Desired,
    options: &Options,
    looking: &LookingAtVaults,
) -> Vec<ScopePlan> {
    let vaults = desired
        .vaults
        .values()
        .filter(|_| options.clusters.is_empty());
    let plans = vaults.map(|vault| async move {
        let sheet = match &looking[&vault.name] {
            Ok(looking) => vault_sheet(desired, vault, looking.clone().await.as_ref()),
            Err(failure) => out_of_reach(vault_target(vault), failure),
        };
        ScopePlan {
            scope: Scope::Vault(vault.name.clone()),
            guarded: guard(sheet, desired.deletes, &options.approvals),
            forbidden: forbidden(&desired.operation, options),
        }
    });
    futures::future::join_all(plans).await
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

pub(super) fn out_of_reach(target: Target, failure: &Failure) -> Sheet {
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
    looking: &LookingAtVaults,
) -> Vec<ScopePlan> {
    let of_all = Arc::new(OfAll {
        installation: desired.installation.clone(),
        deletes: desired.deletes,
        options: options.clone(),
    });
    let chosen = desired.cells.iter().filter(|cell| is_chosen(cell));
    let pass = |cell: &Arc<Cell>| {
        let open = world.vault(&cell.vault).map_err(Clone::clone);
        let looking = looking[&cell.vault].clone();
        CellPass {
            cell: Arc::clone(cell),
            vault: open.and_then(|open| Ok((open.clone(), looking?))),
            desired_vault: Arc::clone(&desired.vaults[&cell.vault]),
            open: Arc::clone(world.cell(&cell.cluster)),
            of_all: Arc::clone(&of_all),
        }
    };
    let passes: Vec<CellPass> = chosen.map(pass).collect();
    on_all_processors(passes.into_iter().map(CellPass::plan), CELLS_AT_ONCE).await
}
