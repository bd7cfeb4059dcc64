//! One cell, from what is there to what may be done. It owns all that it needs, so that any processor can take it.

use super::pass::out_of_reach;
use super::permission::forbidden;
use super::world::{OpenCell, OpenVault};
use super::{Options, ScopePlan};
use crate::declare::DeleteLimit;
use crate::desire::{Cell, DesiredVault};
use crate::guard::guard;
use crate::names::InstallationName;
use crate::observe::Failure;
use crate::observe::cell::see_cell;
use crate::observe::seen::SeenVault;
use crate::observe::values::see_values;
use crate::plan::{self, Context, Kind, Scope, Sheet, Target};
use futures::future::{BoxFuture, Shared};
use std::sync::Arc;
use std::time::Instant;

/// A look at a Vault, which many cells wait for.
pub(super) type Looking = Shared<BoxFuture<'static, Arc<SeenVault>>>;

/// What is the same for every cell of a pass.
pub(super) struct OfAll {
    pub installation: InstallationName,
    pub deletes: DeleteLimit,
    pub options: Options,
}

pub(super) struct CellPass {
    pub cell: Arc<Cell>,
    /// The Vault of the cell and what is being seen in it, or why it is out of reach.
    pub vault: Result<(OpenVault, Looking), Failure>,
    pub desired_vault: Arc<DesiredVault>,
    pub open: Arc<OpenCell>,
    pub of_all: Arc<OfAll>,
}

impl CellPass {
    pub(super) async fn plan(self) -> ScopePlan {
        let begin = Instant::now();
        let sheet = match &self.vault {
            Ok((vault, looking)) => self.look(vault, looking.clone()).await,
            Err(failure) => {
                let target = Target {
                    scope: Scope::Vault(self.cell.vault.clone()),
                    kind: Kind::AuthMount,
                    name: self.cell.mount.to_string(),
                };
                out_of_reach(target, failure)
            }
        };
        let OfAll {
            deletes, options, ..
        } = self.of_all.as_ref();
        let guarded = guard(sheet, *deletes, &options.approvals);
        if guarded.is_settled()
            && let Ok(cluster) = self.open.cluster()
        {
            cluster.read.rest().await;
        }
        tracing::info!(
            took = ?begin.elapsed(),
            changes = guarded.approved.changes().len(),
            held = guarded.held.len(),
            "cluster {} is planned",
            self.cell.cluster
        );
        ScopePlan {
            scope: Scope::Cluster(self.cell.cluster.clone()),
            guarded,
            forbidden: forbidden(&self.cell.operation, options),
        }
    }

    async fn look(&self, vault: &OpenVault, looking: Looking) -> Sheet {
        let cell = self.cell.as_ref();
        let cluster = self.open.cluster().map(|cluster| cluster.read.as_ref());
        let (seen_vault, seen) = see_cell(cell, vault.read.as_ref(), cluster, looking).await;
        if let Err(failure) = &seen.identity
            && failure.is_outage()
        {
            self.open.give_up(failure);
        }
        let context = Context {
            installation: &self.of_all.installation,
            cell,
            vault: &self.desired_vault,
            seen_vault: &seen_vault,
            seen: &seen,
            full: self.of_all.options.full,
        };
        let draft = plan::cell(&context);
        let values = see_values(
            cell,
            draft.to_read(),
            &self.open.sessions,
            vault.as_cluster.as_ref(),
            cluster,
        )
        .await;
        draft.finish(&context, &values, &now())
    }
}

/// The time for a Secret's record, to the second. The one clock of a pass.
fn now() -> String {
    jiff::Timestamp::now()
        .round(jiff::Unit::Second)
        .map_or_else(|_| String::new(), |time| time.to_string())
}
