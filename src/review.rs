//! What a pull request means for who can read what: two revisions in, the difference of their meanings out. Pure.
//!
//! Compares what `desire` made of both, never lines: a file that is written otherwise and means the same is no change. What
//! several clusters have in common is told once (`gather`), what somebody should look at first says why ([`Critical`]), and
//! what cannot be said, since a declaration has errors, is said to be unknown and never taken for gone.
//!
//! Deliberately absent: any server (what only a server knows is proven elsewhere), and any value of a secret.

mod access;
mod change;
mod critical;
mod gather;
mod mapping;
mod may_read;
mod onboarding;
mod pairs;
mod proof;
mod questions;
mod rules;
mod secrets;
mod shared;
mod unknown;
mod verdict;

use crate::declare::DeleteLimit;
use crate::desire::Desired;
use crate::diagnostics::{Diagnostics, Place};
use access::Fleets;
use gather::{Own, Owns};
use pairs::{Paired, Pairs};
use secrets::Pair;
use serde::Serialize;
use std::collections::BTreeSet;

pub use change::{
    AccessChange, Allowed, ApprovalChange, Change, ClusterChange, Follows, KeyChange, Meaning,
    Membership, PolicyChange, Presence, Reached, RuleChange, SecretChange, SecretMove, Source,
    VaultChange,
};
pub use critical::Critical;
pub(crate) use gather::standing_for;
pub use proof::{Answer, Audience, Proof, Question, Verdict};
pub use questions::{Asks, AsksOfVault, Questions};
pub use unknown::{Problem, Problems, Unknown};
pub use verdict::Seen;

/// One revision, as far as it was understood.
#[derive(Clone, Copy)]
pub struct Side<'a> {
    pub desired: &'a Desired,
    pub problems: &'a Diagnostics,
}

/// What a change of the repository means.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Review {
    /// Critical ones first.
    pub changes: Vec<Change>,
    /// What nobody can say, and why.
    pub unknown: Vec<Unknown>,
    /// Errors and warnings that come, and how many go.
    pub problems: Problems,
    /// What the servers said; `None` where none was asked.
    pub proof: Option<Proof>,
}

impl Review {
    /// Whether a person should look before it is merged.
    pub fn is_critical(&self) -> bool {
        let refuted = self.proof.iter().flat_map(Proof::refuted).next();
        self.critical().next().is_some() || refuted.is_some()
    }

    pub fn critical(&self) -> impl Iterator<Item = &Change> {
        self.changes.iter().filter(|it| !it.critical.is_empty())
    }

    /// Says that a CODEOWNERS file changes.
    pub fn owners_change(&mut self, file: &str, how: Presence) {
        let place = Place::file(file);
        let meaning = Meaning::Owners {
            file: file.to_owned(),
            how,
        };
        let change = Change::shared(meaning, vec![Critical::OwnersChange]);
        let is_gone = how == Presence::Removed;
        self.changes.push(change.written(
            Some(&place).filter(|_| how != Presence::Added),
            Some(&place).filter(|_| !is_gone),
        ));
        self.changes
            .sort_by(|left, right| order(left).cmp(&order(right)));
    }

    /// Says who owns each change, by the files that it is written in.
    pub fn name_owners(&mut self, owners_of: impl Fn(&str) -> BTreeSet<String>) {
        for change in &mut self.changes {
            let files: BTreeSet<&str> = change
                .places
                .iter()
                .chain(&change.before)
                .map(|place| &*place.file)
                .collect();
            change.owners = files.into_iter().flat_map(&owners_of).collect();
        }
    }
}

/// Compares two revisions.
pub fn review(base: Side<'_>, head: Side<'_>) -> Review {
    let fleets = Fleets::new(base.desired, head.desired);
    let (mut changes, unknown) = if head.desired.plannable && base.desired.plannable {
        compare(base.desired, head.desired, &fleets)
    } else {
        (Vec::new(), unknown::everything(base.desired, head.desired))
    };
    mark_approvals(&mut changes);
    changes.sort_by(|left, right| order(left).cmp(&order(right)));
    Review {
        changes,
        unknown,
        problems: Problems::between(base.problems, head.problems),
        proof: None,
    }
}

/// Critical ones first; then as they are declared: clusters before Secrets before access. What follows from another is last.
fn order(change: &Change) -> (bool, bool, &Meaning, &BTreeSet<String>) {
    let is_calm = change.critical.is_empty();
    (
        is_calm,
        change.follows.is_some(),
        &change.meaning,
        &change.clusters,
    )
}

fn compare(base: &Desired, head: &Desired, fleets: &Fleets<'_>) -> (Vec<Change>, Vec<Unknown>) {
    let found = Pairs::of(base, head);
    let unknown = found.unknown();
    let mut changes = found.renamed;
    for Paired { pair, is_complete } in found.paired {
        if is_untouched(pair, base, head) {
            continue;
        }
        changes.extend(onboarding::compare(pair, head));
        let mut secrets = secrets::compare(pair);
        if !is_complete {
            secrets.retain(|change| !is_lost(change));
        }
        changes.extend(deletes(pair, &secrets, base.deletes));
        rules::mark(&mut secrets, pair, base);
        changes.extend(secrets);
        let mut access = access::compare(pair, fleets);
        if !is_complete {
            // A derived policy shrinks with what cannot be read.
            access.retain(|change| !is_derived_loss(change));
        }
        changes.extend(access);
    }
    let mut gathered = gather::gather(changes, &owns(base, head));
    gathered.extend(shared::compare(base, head));
    gathered.extend(rules::compare(base, head));
    (gathered, unknown)
}

/// Most clusters are the same object on both sides, since one revision is compiled after the other.
fn is_untouched(pair: Pair<'_>, base: &Desired, head: &Desired) -> bool {
    let (Some(old), Some(new)) = (pair.base, pair.head) else {
        return false;
    };
    let policies = |fleet: &Desired| {
        let vault = fleet.vaults.get(&new.vault)?;
        let named = vault.policies.iter();
        let named = named.filter(|policy| new.role.policies.contains(&policy.name));
        Some(
            named
                .map(|policy| policy.meaning.clone())
                .collect::<Vec<_>>(),
        )
    };
    std::ptr::eq(old, new) && policies(base) == policies(head)
}

fn is_lost(change: &Change) -> bool {
    matches!(&change.meaning, Meaning::Secret(secret) if secret.how == SecretMove::Lost)
}

fn is_derived_loss(change: &Change) -> bool {
    let is_derived = change.follows == Some(Follows::Declarations);
    matches!(&change.meaning, Meaning::Access(access) if is_derived && !access.lost().is_empty())
}

/// A rename is a delete too: the old name goes.
fn is_delete(change: &Change) -> bool {
    let renamed =
        |secret: &SecretChange| matches!(secret.how, SecretMove::Renamed { .. } | SecretMove::Lost);
    matches!(&change.meaning, Meaning::Secret(secret) if renamed(secret))
}

/// What a cluster has besides its Secrets: mount, config, policy, role, account and binding.
const OTHER_OBJECTS: usize = 6;

/// Deletes that a run would hold. Those of a cluster that leaves are nobody's: it is not written any more.
fn deletes(pair: Pair<'_>, secrets: &[Change], limit: DeleteLimit) -> Option<Change> {
    let (base, head) = (pair.base?, pair.head?);
    let gone = secrets.iter().filter(|change| is_delete(change)).count();
    let allowed = limit.of(base.secrets.len() + OTHER_OBJECTS);
    let all = head.complete && head.secrets.is_empty() && !base.secrets.is_empty();
    let mut critical = Vec::new();
    critical.extend((gone > allowed).then_some(Critical::DeletesBeyondBudget));
    critical.extend(all.then_some(Critical::EmptiesCluster));
    if critical.is_empty() {
        return None;
    }
    let meaning = Meaning::Deletes {
        secrets: gone,
        allowed,
        all,
    };
    let change = Change::of_cluster(meaning, critical, &head.cluster);
    Some(change.written(None, Some(&head.place)))
}

/// A release that comes with what it may release was not decided by anybody who saw that held.
fn mark_approvals(changes: &mut [Change]) {
    let is_release = |change: &Change| matches!(change.meaning, Meaning::Approval(_));
    if changes.iter().all(is_release) {
        return;
    }
    for change in changes {
        if let Meaning::Approval(approval) = &change.meaning
            && approval.how != Presence::Removed
        {
            change.critical.push(Critical::ApprovalWithChanges);
        }
    }
}

/// What each cluster is called, after the change if it is still there.
fn owns<'a>(base: &'a Desired, head: &'a Desired) -> Owns<'a> {
    let cells = base.cells.iter().chain(&head.cells);
    cells
        .map(|cell| {
            let own = Own {
                name: cell.cluster.as_str(),
                labels: &cell.labels,
            };
            (own.name, own)
        })
        .collect()
}
