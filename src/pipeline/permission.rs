//! What git lets a run do at this moment: where it may write, and which held changes were released.

use super::{Options, Planned};
use crate::desire::{Desired, Operation, WhyNot, may_write};
use crate::guard::Held;
use crate::plan::{Change, Finding, Scope};
use jiff::Timestamp;
use std::collections::BTreeSet;

/// Why nothing may be written there now, if so.
pub(super) fn forbidden(operation: &Operation, options: &Options) -> Option<WhyNot> {
    match may_write(operation, Timestamp::now()) {
        Err(WhyNot::Windows { .. }) if options.ignore_windows => None,
        answer => answer.err(),
    }
}

/// Each scope of a run, with why nothing may be written there now, if so.
pub fn permissions(desired: &Desired, options: &Options) -> Vec<(Scope, Option<WhyNot>)> {
    let vaults = desired
        .vaults
        .keys()
        .filter(|_| options.clusters.is_empty());
    let vaults = vaults.map(|vault| (Scope::Vault(vault.clone()), &desired.operation));
    let cells = desired.cells.iter().filter(|cell| options.is_chosen(cell));
    let cells = cells.map(|cell| (Scope::Cluster(cell.cluster.clone()), &cell.operation));
    let scopes = vaults.chain(cells);
    scopes
        .map(|(scope, operation)| (scope, forbidden(operation, options)))
        .collect()
}

/// The options with what was released in git, and still is.
pub(super) fn with_approvals(options: &Options, desired: &Desired) -> Options {
    let now = Timestamp::now();
    let in_git = desired.approvals.iter();
    let in_git = in_git.filter(|(_, approved)| !approved.is_expired(now));
    let mut options = options.clone();
    options.approvals.extend(in_git.map(|(id, _)| id.clone()));
    options
}

/// Says of each approval in git that releases nothing any more. Only a whole plan can tell.
pub(super) fn note_spent(planned: &mut Planned, desired: &Desired) {
    if desired.approvals.is_empty() || planned.has_unread() {
        return;
    }
    let now = Timestamp::now();
    let held = planned.held().map(|Held { change, .. }| change);
    let all = planned.scopes.iter();
    let all = all.flat_map(|scope| scope.guarded.approved.changes());
    let ids: BTreeSet<String> = all.chain(held).map(Change::id).collect();
    let Some(first) = planned.scopes.first_mut() else {
        return;
    };
    for (id, approved) in &desired.approvals {
        let text = if approved.is_expired(now) {
            format!("the approval of {id} has expired, and releases nothing")
        } else if ids.contains(id) {
            continue;
        } else {
            format!("the approval of {id} releases nothing: no change of this plan has that id")
        };
        first.guarded.sheet.findings.push(Finding {
            scope: first.scope.clone(),
            warning: false,
            text,
            hint: Some("remove it, once its change is made or not wanted any more".to_owned()),
            place: Some(approved.place.clone()),
            edited: None,
        });
    }
}
