//! Secrets: first from metadata alone, then, for those that need it, from values.

mod compare;
mod sift;
mod undeclared;

use super::change::{Kind, Scope, Target, Waiting};
use super::sheet::Sheet;
use super::value;
use crate::desire::{Cell, DesiredSecret, SecretId};
use crate::observe::FailureClass;
use crate::observe::seen::SeenValues;

pub(super) use compare::{Look, plan};
pub(super) use sift::{Gate, Metadata, sift};
pub(super) use undeclared::plan_undeclared;

pub(super) fn target(cell: &Cell, id: &SecretId) -> Target {
    Target {
        scope: Scope::Cluster(cell.cluster.clone()),
        kind: Kind::Secret,
        name: id.to_string(),
    }
}

fn waiting(desired: &DesiredSecret, target: Target, waits: &str) -> Waiting {
    Waiting {
        target,
        summary: summary_of_keys(desired),
        why: format!("value read {waits}"),
        place: Some(desired.place.clone()),
    }
}

fn summary_of_keys(desired: &DesiredSecret) -> String {
    use crate::declare::Destination;
    let names: Vec<&str> = desired
        .assignments
        .iter()
        .map(|assignment| match &assignment.into {
            Destination::EveryKey => "all of a secret",
            Destination::Key { name, .. } => name.as_str(),
        })
        .collect();
    format!(
        "{} {}",
        if names.len() == 1 { "key" } else { "keys" },
        names.join(", ")
    )
}

/// Whether Vault answered any of its reads with 403.
pub(super) fn is_forbidden(desired: &DesiredSecret, seen: &SeenValues) -> bool {
    let answers = desired
        .references()
        .into_iter()
        .filter_map(|reference| value::read(desired, reference, &seen.values));
    answers.into_iter().any(|answer| {
        answer
            .as_ref()
            .is_err_and(|failure| failure.class == FailureClass::Forbidden)
    })
}

/// Secrets whose login or read fails under what is there now, and may work under what will be.
pub(super) fn wait_for_login(cell: &Cell, ids: impl Iterator<Item = SecretId>, sheet: &mut Sheet) {
    for id in ids {
        if let Some(desired) = cell.secrets.iter().find(|secret| secret.id == id) {
            let waits = format!("once {} is as declared", cell.role.name);
            sheet
                .waiting
                .push(waiting(desired, target(cell, &id), &waits));
        }
    }
}

/// A failed login, told once for the cluster and as a status for each Secret that needed it.
pub(super) fn login_failed(
    cell: &Cell,
    ids: impl Iterator<Item = SecretId>,
    failure: &crate::observe::Failure,
    sheet: &mut Sheet,
) {
    for id in ids {
        let place = cell
            .secrets
            .iter()
            .find(|secret| secret.id == id)
            .map(|secret| &secret.place);
        let hint = match failure.class {
            FailureClass::Forbidden => Some("see whether the role is bound to this service account, and whether Vault reaches the cluster's API server with its CA".to_owned()),
            _ => failure.hint.clone(),
        };
        sheet.blocked(
            target(cell, &id),
            format!("{} could not log in: {}", cell.cluster, failure.why),
            hint,
            failure.status,
            place,
        );
    }
}
