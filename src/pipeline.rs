//! The whole story on one screen: what happens from a git revision to a changed world.
//!
//! Both the command line and the service call only this. A pass plans every cell by itself and side by side: a cell that
//! fails, fails alone.

mod cell_pass;
mod compiler;
mod health;
mod learn;
mod pass;
mod permission;
mod proof;
mod reviewed;
mod rounds;
mod scope;
mod side_by_side;
mod source;
mod tasks;
mod world;

use crate::desire::{Cell, Desired, WhyNot};
use crate::guard::{Guarded, Held};
use crate::plan::{Change, Scope, Sheet};
use std::collections::BTreeSet;

pub use compiler::{Compiler, Wanted, compile};
pub use health::status;
pub use learn::{Lesson, learn};
pub use permission::permissions;
pub use proof::prove;
pub use reviewed::{Reviewed, about, read_both, review};
pub use rounds::{Announced, Applied, Run, apply};
pub use scope::{Alone, Look};
pub use source::{Followed, Repository, read};
pub use world::{Open, OpenCluster, OpenVault, World};

/// What a run is about, and how.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Only these clusters; empty for all.
    pub clusters: BTreeSet<String>,
    /// Compare the data of every Secret, whatever its metadata says.
    pub full: bool,
    /// Ids of held changes that were released, besides those that git names.
    pub approvals: BTreeSet<String>,
    /// Write also outside of sync windows.
    pub ignore_windows: bool,
}

impl Options {
    fn is_chosen(&self, cell: &Cell) -> bool {
        self.clusters.is_empty() || self.clusters.contains(cell.cluster.as_str())
    }
}

/// One scope of a plan, after the guard.
pub struct ScopePlan {
    /// The cluster, or `None` for what the clusters of a Vault share.
    pub scope: Scope,
    pub guarded: Guarded,
    /// Why nothing of it may be written now, whatever it holds.
    pub forbidden: Option<WhyNot>,
}

impl ScopePlan {
    /// What may be written now.
    pub fn to_write(&self) -> &[Change] {
        match self.forbidden {
            Some(_) => &[],
            None => self.guarded.approved.changes(),
        }
    }
}

/// The plan of a pass.
pub struct Planned {
    pub scopes: Vec<ScopePlan>,
}

impl Planned {
    pub fn sheets(&self) -> impl Iterator<Item = &Sheet> {
        self.scopes.iter().map(|scope| &scope.guarded.sheet)
    }

    pub fn held(&self) -> impl Iterator<Item = &Held> {
        self.scopes.iter().flat_map(|scope| &scope.guarded.held)
    }

    /// Whether everything is as it should be: nothing to change, to wait for, held, or blocked.
    pub fn is_in_sync(&self) -> bool {
        self.scopes.iter().all(|scope| {
            let Guarded {
                approved,
                held,
                sheet,
            } = &scope.guarded;
            approved.is_empty()
                && held.is_empty()
                && sheet.waiting.is_empty()
                && sheet.blocked.is_empty()
        })
    }

    /// Whether something could not be read: then nobody knows whether it is in sync.
    pub fn has_unread(&self) -> bool {
        self.sheets().any(|sheet| !sheet.unread.is_empty())
    }
}

/// observe → plan → guard, for every chosen cell. Reads only.
pub async fn plan(desired: &Desired, world: &World, options: &Options) -> Planned {
    let is_chosen = |cell: &Cell| options.is_chosen(cell);
    let mut planned = plan_some(desired, world, options, &is_chosen).await;
    if options.clusters.is_empty() {
        permission::note_spent(&mut planned, desired);
    }
    planned
}

/// The same for some of the cells; what clusters share is looked at in any case.
async fn plan_some(
    desired: &Desired,
    world: &World,
    options: &Options,
    is_chosen: pass::IsChosen<'_>,
) -> Planned {
    let options = &permission::with_approvals(options, desired);
    let looking = pass::look_at_vaults(desired, world, options, is_chosen);
    plan_as_seen(desired, world, options, is_chosen, &looking).await
}

/// The same with Vaults that are being looked at already.
async fn plan_as_seen(
    desired: &Desired,
    world: &World,
    options: &Options,
    is_chosen: pass::IsChosen<'_>,
    looking: &pass::LookingAtVaults,
) -> Planned {
    let (vaults, cells) = futures::join!(
        pass::plan_vaults(desired, options, looking),
        pass::plan_cells(desired, world, options, is_chosen, looking)
    );
    Planned {
        scopes: vaults.into_iter().chain(cells).collect(),
    }
}
