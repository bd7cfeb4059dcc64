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

    /// The plan, to be carried out; an empty one stays.
    pub(crate) fn take(&mut self) -> Self {
        Self {
            changes: std::mem::take(&mut self.changes),
        }
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

impl Guarded {
    /// Whether nothing is to be done, and nothing was left unsettled. What is held stays so, whatever else is done.
    pub fn is_settled(&self) -> bool {
        let Self {
            approved,
            held: _,
            sheet,
        } = self;
        approved.is_empty()
            && sheet.waiting.is_empty()
            && sheet.blocked.is_empty()
            && sheet.unread.is_empty()
    }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::names::{ClusterName, Namespace};
    use crate::plan::{Cause, Kind, Reason, Scope, Target, Write};

    fn change(action: Action, kind: Kind, name: &str, concerns: Vec<Concern>) -> Change {
        let cluster = ClusterName::parse("prod-eu").unwrap();
        Change {
            target: Target {
                scope: Scope::Cluster(cluster),
                kind,
                name: name.to_owned(),
            },
            action,
            fields: Vec::new(),
            summary: String::new(),
            reason: Reason::Missing,
            cause: Cause::Pending,
            concerns,
            place: None,
            write: Write::Namespace {
                name: Namespace::parse("shop").unwrap(),
            },
        }
    }

    fn sheet(changes: Vec<Change>) -> Sheet {
        Sheet {
            looked_at: 20,
            changes,
            ..Sheet::default()
        }
    }

    fn names(changes: &[Change]) -> Vec<&str> {
        changes
            .iter()
            .map(|change| change.target.name.as_str())
            .collect()
    }

    #[test]
    fn what_others_stand_on_is_made_first_and_goes_last() {
        let changes = vec![
            change(Action::Delete, Kind::AuthMount, "old mount", vec![]),
            change(Action::Delete, Kind::Secret, "old secret", vec![]),
            change(Action::Create, Kind::Secret, "secret", vec![]),
            change(Action::Create, Kind::Role, "role", vec![]),
            change(Action::Create, Kind::AuthMount, "mount", vec![]),
        ];
        let guarded = guard(sheet(changes), DeleteLimit::default(), &BTreeSet::new());
        assert_eq!(
            names(guarded.approved.changes()),
            ["mount", "role", "secret", "old secret", "old mount"]
        );
    }

    #[test]
    fn deletes_beyond_the_budget_are_all_held_and_the_rest_goes_on() {
        let deletes = |number: usize| {
            let mut changes: Vec<Change> = (0..number)
                .map(|index| change(Action::Delete, Kind::Secret, &format!("s{index}"), vec![]))
                .collect();
            changes.push(change(Action::Create, Kind::Secret, "new", vec![]));
            guard(
                sheet(changes),
                DeleteLimit {
                    percent: 5,
                    count: 3,
                },
                &BTreeSet::new(),
            )
        };
        assert_eq!(deletes(3).approved.changes().len(), 4);
        let held = deletes(4);
        assert_eq!(names(held.approved.changes()), ["new"]);
        assert_eq!(held.held.len(), 4);
        assert_eq!(
            held.held[0].why,
            [Concern::DeleteBudget {
                wanted: 4,
                allowed: 3
            }]
        );
    }

    #[test]
    fn an_approval_releases_its_own_change_and_only_what_an_approval_can() {
        let moves = || {
            change(
                Action::Update,
                Kind::AuthConfig,
                "config",
                vec![Concern::ServerChanges],
            )
        };
        let approvals = BTreeSet::from([moves().id()]);
        let guarded = guard(sheet(vec![moves()]), DeleteLimit::default(), &approvals);
        assert_eq!(
            (guarded.approved.changes().len(), guarded.held.len()),
            (1, 0)
        );
        let foreign = || {
            change(
                Action::Update,
                Kind::AuthConfig,
                "config",
                vec![Concern::ServerChanges, Concern::NotOurs],
            )
        };
        let guarded = guard(sheet(vec![foreign()]), DeleteLimit::default(), &approvals);
        assert_eq!(guarded.held[0].why, [Concern::NotOurs]);
        let other = change(
            Action::Update,
            Kind::AuthConfig,
            "other config",
            vec![Concern::ServerChanges],
        );
        assert_eq!(
            guard(sheet(vec![other]), DeleteLimit::default(), &approvals)
                .held
                .len(),
            1
        );
    }

    #[test]
    fn what_is_in_an_incomplete_scope_or_another_installations_is_never_released_by_id() {
        for concern in [
            Concern::IncompleteSource,
            Concern::OtherInstallation("b".to_owned()),
            Concern::ErasesReviewer,
        ] {
            let delete = || change(Action::Delete, Kind::Secret, "s", vec![concern.clone()]);
            let approvals = BTreeSet::from([delete().id()]);
            assert_eq!(
                guard(sheet(vec![delete()]), DeleteLimit::default(), &approvals)
                    .held
                    .len(),
                1,
                "{concern}"
            );
        }
    }
}
