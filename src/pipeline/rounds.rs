//! Applying in rounds: observe → plan → guard → apply, until nothing waits or nothing moves.
//!
//! What was shown first never grows on the way: a later round may only fill in what the first plan said was waiting, or
//! try again what it had already shown. Anything else that turns up meanwhile is left for the next run, and said.

use super::pass::CELLS_AT_ONCE;
use super::permission::permissions;
use super::{Options, Planned, ScopePlan, World};
use crate::apply::{self, Outcome, Progress, StepResult, Writers};
use crate::desire::{Cell, Desired};
use crate::guard::ApprovedPlan;
use crate::observe::{Failure, FailureClass};
use crate::plan::{Action, Change, Kind, Scope, Target};
use futures::stream::{self, StreamExt};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// A cluster that Vault has never heard of needs two: one to let it in, one for its Secrets.
const MOST_ROUNDS: usize = 4;

const STOP_SEEN_WITHIN: Duration = Duration::from_millis(100);

/// What became of an apply.
pub struct Applied {
    pub outcomes: Vec<Outcome>,
    /// Changes that were not shown before, and so were not made.
    pub unannounced: Vec<Change>,
    pub rounds: usize,
    /// What is left, as the last look saw it; `None` when nothing was done.
    pub left: Option<Planned>,
}

impl Applied {
    /// Whether every change was made in the end: a later round may have made what failed in an earlier one.
    pub fn is_done(&self) -> bool {
        let last: BTreeMap<&Target, &StepResult> = self
            .outcomes
            .iter()
            .map(|outcome| (&outcome.change.target, &outcome.result))
            .collect();
        last.values().all(|result| **result == StepResult::Done)
    }
}

/// What a run is made with.
pub struct Run<'a> {
    pub desired: &'a Desired,
    pub world: &'a World,
    pub options: &'a Options,
    /// Told about every step as it ends.
    pub progress: &'a Progress,
    /// Asked between two writes whether to begin another.
    pub stop: &'a (dyn Fn() -> bool + Send + Sync),
}

/// What was shown before anything is done, and so may be done.
#[derive(Debug, Clone, Default)]
pub struct Announced {
    /// Ids of changes.
    pub ids: BTreeSet<String>,
    /// What waited, and may be filled in.
    pub waiting: BTreeSet<Target>,
}

impl Announced {
    /// Everything that a plan shows, where it may be written: a window that opens meanwhile lets nothing more happen.
    pub fn of(plan: &Planned) -> Self {
        let writable = || {
            let scopes = plan.scopes.iter();
            scopes.filter(|scope| scope.forbidden.is_none())
        };
        Self {
            ids: writable()
                .flat_map(ScopePlan::to_write)
                .map(Change::id)
                .collect(),
            waiting: writable()
                .flat_map(|scope| &scope.guarded.sheet.waiting)
                .map(|waiting| waiting.target.clone())
                .collect(),
        }
    }

    fn covers(&self, change: &Change) -> bool {
        // A delete may only wait for a policy, whose plan said so.
        let may_fill_in = change.action != Action::Delete || change.target.kind == Kind::Policy;
        may_fill_in && self.waiting.contains(&change.target) || self.ids.contains(&change.id())
    }
}

/// Makes those of the plan's changes that were announced, and fills in what waited.
pub async fn apply(first: Planned, announced: &Announced, run: &Run<'_>) -> Applied {
    let mut applied = Applied {
        outcomes: Vec::new(),
        unannounced: Vec::new(),
        rounds: 0,
        left: None,
    };
    let mut plan = first;
    loop {
        ask_again(&mut plan, run);
        let again = to_look_at_again(&plan);
        applied.unannounced = retain(&mut plan, announced);
        let outcomes = apply_all(&mut plan.scopes, run).await;
        let moved = outcomes
            .iter()
            .any(|outcome| outcome.result == StepResult::Done);
        applied.rounds += usize::from(!outcomes.is_empty());
        applied.outcomes.extend(outcomes);
        if !moved || (run.stop)() {
            return applied;
        }
        plan = tokio::select! {
            seen = look_again(plan, &again, run) => seen,
            () = stopped(run) => return applied,
        };
        let goes_on = !announced.waiting.is_empty() && applied.rounds < MOST_ROUNDS;
        if !goes_on
            || !plan
                .scopes
                .iter()
                .flat_map(ScopePlan::to_write)
                .any(|change| announced.covers(change))
        {
            applied.unannounced = retain(&mut plan, announced);
            applied.left = Some(plan);
            return applied;
        }
    }
}

/// Whether each scope may be written, at the moment when it is to be: a window may have closed since it was looked at.
fn ask_again(plan: &mut Planned, run: &Run<'_>) {
    let mut permissions: BTreeMap<_, _> =
        permissions(run.desired, run.options).into_iter().collect();
    for scope in &mut plan.scopes {
        scope.forbidden = permissions.remove(&scope.scope).flatten();
    }
}

/// Where something is to be done, or was not settled. A cell that was as declared, or whose changes are held, is left
/// as it was seen: nothing that this run does changes that.
fn to_look_at_again(plan: &Planned) -> BTreeSet<Scope> {
    let open = plan.scopes.iter();
    let open = open.filter(|scope| scope.forbidden.is_none() && !scope.guarded.is_settled());
    open.map(|scope| scope.scope.clone()).collect()
}

/// The plan with these cells, and what clusters share, as they are now.
async fn look_again(plan: Planned, again: &BTreeSet<Scope>, run: &Run<'_>) -> Planned {
    let is_open = |cell: &Cell| again.contains(&Scope::Cluster(cell.cluster.clone()));
    let fresh = super::plan_some(run.desired, run.world, run.options, &is_open).await;
    let mut fresh: BTreeMap<Scope, ScopePlan> = fresh
        .scopes
        .into_iter()
        .map(|scope| (scope.scope.clone(), scope))
        .collect();
    let scopes = plan.scopes.into_iter();
    let scopes = scopes.map(|scope| fresh.remove(&scope.scope).unwrap_or(scope));
    Planned {
        scopes: scopes.collect(),
    }
}

fn retain(plan: &mut Planned, announced: &Announced) -> Vec<Change> {
    let writable = plan.scopes.iter_mut();
    writable
        .filter(|scope| scope.forbidden.is_none())
        .flat_map(|scope| {
            scope
                .guarded
                .approved
                .retain(|change| announced.covers(change))
        })
        .collect()
}

/// Ends when a stop was asked for. Looking is given up at any time; a write is not.
async fn stopped(run: &Run<'_>) {
    while !(run.stop)() {
        tokio::time::sleep(STOP_SEEN_WITHIN).await;
    }
}

/// What clusters share comes first, then every cell side by side.
async fn apply_all(scopes: &mut [ScopePlan], run: &Run<'_>) -> Vec<Outcome> {
    let mut outcomes = Vec::new();
    let mut cells = Vec::new();
    for scope in scopes.iter_mut().filter(|scope| scope.forbidden.is_none()) {
        let plan = scope.guarded.approved.take();
        match &scope.scope {
            Scope::Vault(_) => outcomes.extend(apply_scope(&scope.scope, plan, run).await),
            Scope::Cluster(_) => cells.push(apply_scope(&scope.scope, plan, run)),
        }
    }
    let applied: Vec<Vec<Outcome>> = stream::iter(cells)
        .buffer_unordered(CELLS_AT_ONCE)
        .collect()
        .await;
    outcomes.extend(applied.into_iter().flatten());
    outcomes
}

async fn apply_scope(scope: &Scope, plan: ApprovedPlan, run: &Run<'_>) -> Vec<Outcome> {
    if plan.is_empty() {
        return Vec::new();
    }
    let cell = match scope {
        Scope::Cluster(name) => run.desired.cells.iter().find(|cell| cell.cluster == *name),
        Scope::Vault(_) => None,
    };
    let vault = match scope {
        Scope::Vault(name) => Some(name),
        Scope::Cluster(_) => cell.map(|cell| &cell.vault),
    };
    let Some(Ok(open)) = vault.map(|vault| run.world.vault(vault)) else {
        return Vec::new();
    };
    // What is changed of a role or a policy does not count for a token that was made before.
    let of_login = |change: &Change| {
        matches!(
            change.target.kind,
            Kind::AuthMount | Kind::AuthConfig | Kind::Policy | Kind::Role
        )
    };
    let changes_login = plan.changes().iter().any(of_login);
    let nowhere = Failure::new(
        FailureClass::Setup,
        "write to a cluster",
        "this change is not of a cluster",
    );
    let writers = Writers {
        vault: open.write.as_ref(),
        cluster: cell.map_or(Err(&nowhere), |cell| {
            run.world
                .cluster(&cell.cluster)
                .map(|cluster| cluster.write.as_ref())
        }),
        installation: &run.desired.installation,
    };
    let outcomes = apply::apply(plan, &writers, run.progress, run.stop).await;
    if let Some(cell) = cell.filter(|_| changes_login) {
        run.world.end_sessions(cell).await;
    }
    let lets_in = |outcome: &Outcome| {
        let kind = outcome.change.target.kind;
        of_login(&outcome.change) || matches!(kind, Kind::Binding | Kind::ServiceAccount)
    };
    if let Some(cell) = cell.filter(|_| outcomes.iter().any(lets_in)) {
        run.world.sessions(&cell.cluster).settle();
    }
    outcomes
}
