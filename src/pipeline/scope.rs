//! One scope by itself, as the service runs it: a cluster, or what the clusters of a Vault share.
//!
//! The same passes and rounds as for a fleet, on a fleet of one. Only the first look at a Vault is handed in, since one look
//! serves all of its clusters; later rounds look for themselves, at what this scope needs and nothing else.

use super::cell_pass::Looking;
use super::permission::with_approvals;
use super::world::{OpenCluster, OpenVault};
use super::{Announced, Applied, Options, Planned, Run, World, pass, plan_as_seen, rounds};
use crate::apply::Progress;
use crate::desire::{Cell, Desired, DesiredVault};
use crate::names::VaultName;
use crate::observe::Failure;
use crate::observe::seen::SeenVault;
use crate::observe::values::Sessions;
use crate::observe::vault::Policies;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// A Vault as one look sees it. Clones share the look; it begins when somebody waits for it.
#[derive(Clone)]
pub struct Look(Looking);

impl Look {
    /// At a Vault, for all of its clusters and for what they share.
    pub fn at<'a>(
        vault: &VaultName,
        open: &OpenVault,
        cells: impl Iterator<Item = &'a Cell>,
    ) -> Self {
        Self(pass::look(vault, open, cells, Policies::All))
    }

    /// At what one cluster needs of its Vault: what all of them share is not read for it.
    pub fn of_cell(open: &OpenVault, cell: &Cell) -> Self {
        let one = || std::iter::once(cell);
        Self(pass::look(&cell.vault, open, one(), Policies::of(one())))
    }

    pub async fn seen(&self) -> Arc<SeenVault> {
        self.0.clone().await
    }
}

/// One scope, with all that a pass over it needs.
pub struct Alone {
    desired: Desired,
    world: World,
    options: Options,
    vault: VaultName,
}

impl Alone {
    /// What the clusters of a Vault share.
    pub fn vault(
        fleet: &Desired,
        vault: &Arc<DesiredVault>,
        open: Result<OpenVault, Failure>,
        options: Options,
    ) -> Self {
        Self {
            desired: fleet.only(vault, Vec::new()),
            world: World::of_vault(vault.name.clone(), open),
            options: Options {
                clusters: BTreeSet::new(),
                ..options
            },
            vault: vault.name.clone(),
        }
    }

    /// One cluster. Its tokens are the caller's, and outlive the pass.
    pub fn cell(
        fleet: &Desired,
        cell: &Arc<Cell>,
        vault: Result<OpenVault, Failure>,
        cluster: Result<OpenCluster, Failure>,
        sessions: Arc<Sessions>,
        options: Options,
    ) -> Self {
        let world = World::of_vault(cell.vault.clone(), vault);
        Self {
            desired: fleet.only(&fleet.vaults[&cell.vault], vec![Arc::clone(cell)]),
            world: world.with_cell(cell.cluster.clone(), cluster, sessions),
            options: Options {
                clusters: BTreeSet::from([cell.cluster.to_string()]),
                ..options
            },
            vault: cell.vault.clone(),
        }
    }

    /// Plans the scope against a look at its Vault. Reads only.
    pub async fn plan(&self, look: Result<Look, Failure>) -> Planned {
        let looking = BTreeMap::from([(self.vault.clone(), look.map(|look| look.0))]);
        let (desired, world) = (&self.desired, &self.world);
        let options = with_approvals(&self.options, desired);
        plan_as_seen(desired, world, &options, &|_| true, &looking).await
    }

    /// Why the cluster itself did not answer, or cannot be connected to.
    pub fn out_of_reach(&self) -> Option<&Failure> {
        self.world.lost_cluster()
    }

    /// Makes the changes of a plan, and what they let happen, in rounds.
    pub async fn apply(
        &self,
        planned: Planned,
        progress: &Progress,
        stop: &(dyn Fn() -> bool + Send + Sync),
    ) -> Applied {
        let announced = Announced::of(&planned);
        let run = Run {
            desired: &self.desired,
            world: &self.world,
            options: &self.options,
            progress,
            stop,
        };
        rounds::apply(planned, &announced, &run).await
    }
}
