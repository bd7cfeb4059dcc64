//! What a cluster needs before its service account can log in: namespace, account, and the right to have tokens reviewed.

use super::change::{Action, Cause, Change, FieldChange, Kind, Reason, Scope, Target, Write};
use super::mount::concerns;
use super::sheet::Sheet;
use crate::desire::{AUTH_DELEGATOR, Cell};
use crate::mark::{INSTALLATION_LABEL, MANAGED_BY_LABEL, MANAGER, Owner};
use crate::names::InstallationName;
use crate::observe::live::{LiveBinding, LiveMeta, Observed};
use std::collections::BTreeSet;

/// Plans the namespace and the service account; both are only ever made, never changed. Says whether both are there.
pub(super) fn plan_account(
    cell: &Cell,
    namespace: &Observed<LiveMeta>,
    account: &Observed<LiveMeta>,
    sheet: &mut Sheet,
) -> bool {
    let target = |kind, name: String| Target {
        scope: Scope::Cluster(cell.cluster.clone()),
        kind,
        name,
    };
    let namespace_name = cell.service_account.namespace.clone();
    let has_namespace = exists(
        namespace,
        target(Kind::Namespace, namespace_name.to_string()),
        cell,
        Write::Namespace {
            name: namespace_name,
        },
        sheet,
    );
    let write = Write::ServiceAccount {
        account: cell.service_account.clone(),
    };
    exists(
        account,
        target(Kind::ServiceAccount, cell.service_account.to_string()),
        cell,
        write,
        sheet,
    ) && has_namespace
}

fn exists(
    live: &Observed<LiveMeta>,
    target: Target,
    cell: &Cell,
    write: Write,
    sheet: &mut Sheet,
) -> bool {
    sheet.looked_at += 1;
    match live {
        Observed::Present(meta) if meta.terminating => {
            sheet.blocked(
                target,
                "it is being deleted".to_owned(),
                Some("wait until it is gone; the next run makes it anew".to_owned()),
                None,
                Some(&cell.place),
            );
            false
        }
        Observed::Present(_) => true,
        Observed::Unknown(failure) => {
            sheet.unread(target, failure);
            false
        }
        Observed::Absent => {
            sheet.change(made(target, String::new(), cell, write));
            false
        }
    }
}

fn made(target: Target, summary: String, cell: &Cell, write: Write) -> Change {
    Change {
        target,
        action: Action::Create,
        fields: Vec::new(),
        summary,
        reason: Reason::Missing,
        cause: Cause::Pending,
        concerns: Vec::new(),
        place: Some(cell.place.clone()),
        write,
    }
}

/// Plans the binding; says whether it is there.
pub(super) fn plan_binding(
    cell: &Cell,
    installation: &InstallationName,
    live: &Observed<LiveBinding>,
    sheet: &mut Sheet,
) -> bool {
    let target = Target {
        scope: Scope::Cluster(cell.cluster.clone()),
        kind: Kind::Binding,
        name: cell.binding.to_string(),
    };
    sheet.looked_at += 1;
    let write = |take_over| Write::Binding {
        name: cell.binding.clone(),
        role: AUTH_DELEGATOR.to_owned(),
        subjects: BTreeSet::from([cell.service_account.clone()]),
        take_over,
    };
    match live {
        Observed::Unknown(failure) => {
            sheet.unread(target, failure);
            false
        }
        Observed::Absent => {
            sheet.change(made(
                target,
                format!("{AUTH_DELEGATOR} for {}", cell.service_account),
                cell,
                write(false),
            ));
            false
        }
        Observed::Present(live) => {
            // Kubernetes gives `subjects` to whoever edited it last: what was keyfleet's is taken back.
            let owner = live.meta.owner(installation);
            let write = write(owner == Owner::Us || cell.adopt);
            compare(cell, installation, &owner, live, target, write, sheet)
        }
    }
}

fn compare(
    cell: &Cell,
    installation: &InstallationName,
    owner: &Owner,
    live: &LiveBinding,
    target: Target,
    write: Write,
    sheet: &mut Sheet,
) -> bool {
    let wanted_role = format!("ClusterRole/{AUTH_DELEGATOR}");
    let wanted_subjects = BTreeSet::from([format!("ServiceAccount/{}", cell.service_account)]);
    let has_account = live.subjects.is_superset(&wanted_subjects);
    // Who else may have tokens reviewed is for whoever made the binding by hand.
    let leaves_others = *owner == Owner::Unmarked && !cell.adopt && has_account;
    if leaves_others && live.subjects != wanted_subjects {
        note_others(cell, live, &wanted_subjects, sheet);
    }
    if live.role != wanted_role {
        block_other_role(cell, live, target, sheet);
        return false;
    }
    let subjects = (!leaves_others && live.subjects != wanted_subjects).then(|| FieldChange {
        field: "subjects".to_owned(),
        before: Some(joined(live.subjects.iter())),
        after: Some(joined(wanted_subjects.iter())),
    });
    let labelled = is_labelled(&live.meta, installation);
    let labels = ((*owner == Owner::Us || cell.adopt) && !labelled).then(|| FieldChange {
        field: "labels".to_owned(),
        before: Some("without keyfleet's".to_owned()),
        after: Some("keyfleet's".to_owned()),
    });
    // No file says anything of the labels, but of the subjects one does: where nobody else is known to have written,
    // git may have moved.
    let may_be_git = labels.is_none() && live.meta.others().next().is_none();
    let fields: Vec<_> = subjects.into_iter().chain(labels).collect();
    if fields.is_empty() {
        return true;
    }
    let cause = match owner {
        Owner::Us if may_be_git => Cause::Unrecorded,
        Owner::Us => drift(&live.meta),
        Owner::Unmarked | Owner::Other(_) if cell.adopt => Cause::Adopt,
        Owner::Unmarked | Owner::Other(_) => Cause::Unrecorded,
    };
    sheet.change(Change {
        target,
        action: Action::Update,
        fields,
        summary: String::new(),
        reason: Reason::Differs,
        cause,
        concerns: concerns(owner, cell.adopt),
        place: Some(cell.place.clone()),
        write,
    });
    has_account
}

/// Kubernetes never lets roleRef change: only deleting and making it anew would, and what is there may be needed.
fn block_other_role(cell: &Cell, live: &LiveBinding, target: Target, sheet: &mut Sheet) {
    let hint = format!(
        "kubectl delete clusterrolebinding {}; the next run makes it anew",
        cell.binding
    );
    sheet.blocked(
        target,
        format!("it binds {} and roleRef cannot be changed", live.role),
        Some(hint),
        None,
        Some(&cell.place),
    );
}

/// Whom a binding made by hand binds beside the cluster's account.
fn note_others(cell: &Cell, live: &LiveBinding, wanted: &BTreeSet<String>, sheet: &mut Sheet) {
    let text = format!(
        "binding {}, made by hand, stays as it is: it also binds others: {}",
        cell.binding,
        joined(live.subjects.difference(wanted))
    );
    let hint = "write `adopt: true` to bind the cluster's service account alone";
    let scope = Scope::Cluster(cell.cluster.clone());
    sheet.note(&scope, text, hint, Some(&cell.place));
}

fn joined<'a>(subjects: impl Iterator<Item = &'a String>) -> String {
    subjects.cloned().collect::<Vec<_>>().join(", ")
}

fn is_labelled(meta: &LiveMeta, installation: &InstallationName) -> bool {
    let is = |label: &str, value: &str| meta.labels.get(label).is_some_and(|is| is == value);
    is(INSTALLATION_LABEL, installation.as_str()) && is(MANAGED_BY_LABEL, MANAGER)
}

/// The newest write by anyone else.
pub(super) fn drift(meta: &LiveMeta) -> Cause {
    let newest = meta.others().max_by_key(|manager| manager.time.clone());
    Cause::Drift {
        by: newest.map(|manager| manager.name.clone()),
        since: newest.and_then(|manager| manager.time.clone()),
    }
}
