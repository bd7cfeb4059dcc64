//! What a person should look at before it happens. The only maker of an [`ApprovedPlan`].
//!
//! The guard never changes a plan to make it pass: a change goes through as it is, or it is held with the reason and
//! with how to release it.

use crate::declare::DeleteLimit;
use crate::plan::{Action, Change, Concern, Release, Sheet};
use std::collections::BTreeSet;

/// A change that waits for a person.
#[derive(Debug)]
pub struct Held {
    pub change: Change,
    pub why: Vec<Concern>,
}

/// A plan whose every change may be made.
#[derive(Debug)]
pub struct ApprovedPlan {
    /// Ordered: what a change stands on comes before it.
    changes: Vec<Change>,
}

impl ApprovedPlan {
    pub fn changes(&self) -> &[Change] {
        &self.changes
    }

    pub fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }

    pub(crate) fn into_changes(self) -> Vec<Change> {
        self.changes
    }

    /// Keeps only the changes that were shown before: what was approved does not grow.
    pub(crate) fn retain(&mut self, keep: impl Fn(&Change) -> bool) -> Vec<Change> {
        let (kept, dropped) = std::mem::take(&mut self.changes)
            .into_iter()
            .partition(|change| keep(change));
        self.changes = kept;
        dropped
    }
}

/// One scope's plan after the guard: what may happen, what is held, and the rest of the sheet.
#[derive(Debug)]
pub struct Guarded {
    pub approved: ApprovedPlan,
    pub held: Vec<Held>,
    /// Everything else; its changes have moved into the two above.
    pub sheet: Sheet,
}

/// Holds what needs a look, except what was released by id.
pub fn guard(mut sheet: Sheet, limit: DeleteLimit, approvals: &BTreeSet<String>) -> Guarded {
    let mut changes = std::mem::take(&mut sheet.changes);
    let wanted = changes
        .iter()
        .filter(|change| change.action == Action::Delete)
        .count();
    let allowed = limit.of(sheet.looked_at);
    if wanted > allowed {
        let deletes = changes
            .iter_mut()
            .filter(|change| change.action == Action::Delete);
        deletes.for_each(|change| {
            change
                .concerns
                .push(Concern::DeleteBudget { wanted, allowed });
        });
    }
    let mut approved = Vec::new();
    let mut held = Vec::new();
    for change in changes {
        let why = standing(&change, approvals);
        if why.is_empty() {
            approved.push(change);
        } else {
            held.push(Held { change, why });
        }
    }
    approved.sort_by(|left, right| {
        order(left)
            .cmp(&order(right))
            .then_with(|| left.target.cmp(&right.target))
    });
    Guarded {
        approved: ApprovedPlan { changes: approved },
        held,
        sheet,
    }
}

/// The concerns that still stand: an approval releases only what an approval can.
fn standing(change: &Change, approvals: &BTreeSet<String>) -> Vec<Concern> {
    let is_released = approvals.contains(&change.id());
    change
        .concerns
        .iter()
        .filter(|concern| !(is_released && concern.release() == Release::Approve))
        .cloned()
        .collect()
}

/// What is made comes in the order of kinds; what goes, after it and in the opposite order.
fn order(change: &Change) -> (bool, i16) {
    let deletes = change.action == Action::Delete;
    let position = change.target.kind as i16;
    (deletes, if deletes { -position } else { position })
}
