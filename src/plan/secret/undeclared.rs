//! Secrets of this installation that nobody declares any more.

use crate::desire::Cell;
use crate::mark::INSTALLATION_LABEL;
use crate::names::{InstallationName, Namespace, ObjectName};
use crate::observe::freshness::SyncRecord;
use crate::observe::live::LiveSecretMeta;
use crate::plan::change::{Action, Cause, Change, Concern, Kind, Reason, Scope, Target, Write};
use crate::plan::sheet::Sheet;
use std::collections::BTreeSet;

/// Secrets that carry this installation's label and that nobody declares any more.
pub(in crate::plan) fn plan_undeclared(
    cell: &Cell,
    installation: &InstallationName,
    marked: &[LiveSecretMeta],
    sheet: &mut Sheet,
) {
    let declared: BTreeSet<String> = cell
        .secrets
        .iter()
        .map(|secret| secret.id.to_string())
        .collect();
    for live in marked {
        let name = format!("{}/{}", live.namespace, live.name);
        let ours = live.meta.labels.get(INSTALLATION_LABEL).map(String::as_str)
            == Some(installation.as_str());
        if ours && !declared.contains(&name) && !live.meta.terminating {
            plan_one(cell, live, name, sheet);
        }
    }
}

fn plan_one(cell: &Cell, live: &LiveSecretMeta, name: String, sheet: &mut Sheet) {
    let scope = Scope::Cluster(cell.cluster.clone());
    // A copied label does not make a Secret ours: keyfleet must have written it.
    if !live.meta.is_written_by_us() {
        sheet.note(
            &scope,
            format!("secret {name} carries keyfleet's label, but keyfleet never wrote it"),
            "remove the label",
            None,
        );
        return;
    }
    // Two clusters of the repository that connect to one would delete each other's Secrets.
    let made_for = SyncRecord::read(&live.meta).and_then(|record| record.cluster);
    if let Some(other) = made_for.filter(|made_for| *made_for != cell.cluster.as_str()) {
        sheet.warn(
            &scope,
            format!("secret {name} was made for the cluster {other}, and stays"),
            "see whether `connect` of both leads to the same cluster; if this one was renamed, delete the Secret",
            Some(&cell.place),
        );
        return;
    }
    let target = Target {
        scope,
        kind: Kind::Secret,
        name,
    };
    sheet.changes.extend(delete(cell, live, target));
}

/// `None` for a name that no cluster can have.
fn delete(cell: &Cell, live: &LiveSecretMeta, target: Target) -> Option<Change> {
    let concerns = [
        (!cell.complete).then_some(Concern::IncompleteSource),
        cell.secrets.is_empty().then_some(Concern::EmptiesScope),
    ];
    Some(Change {
        target,
        action: Action::Delete,
        fields: Vec::new(),
        summary: if cell.complete {
            "no longer declared".to_owned()
        } else {
            "perhaps no longer declared: a declaration of this cluster has an error".to_owned()
        },
        reason: Reason::NoLongerDeclared,
        cause: Cause::Pending,
        concerns: concerns.into_iter().flatten().collect(),
        place: None,
        write: Write::DeleteSecret {
            namespace: Namespace::parse(&live.namespace).ok()?,
            name: ObjectName::parse(&live.name).ok()?,
            uid: live.meta.uid.clone(),
            resource_version: live.meta.resource_version.clone(),
        },
    })
}
