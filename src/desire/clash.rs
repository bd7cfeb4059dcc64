//! Two clusters that would be one: what they would write, or where they would write it, is the same.
//!
//! All of them are left out: whichever went on would undo the others' work.

use super::{Cell, Connection};
use crate::diagnostics::{Diagnostic, Diagnostics, Place};
use std::collections::{BTreeMap, BTreeSet};

pub(super) fn without_shared_names(cells: Vec<Cell>, problems: &mut Diagnostics) -> Vec<Cell> {
    let mut users: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for (index, cell) in cells.iter().enumerate() {
        for (what, _) in claims(cell) {
            users.entry(what).or_default().push(index);
        }
    }
    let nested = nested_mounts(&cells);
    let mut clashing = BTreeSet::new();
    for (index, cell) in cells.iter().enumerate() {
        for (what, place) in claims(cell) {
            let others = users[&what].iter().filter(|other| **other != index);
            let others: Vec<_> = others.map(|other| name(&cells[*other])).collect();
            if !others.is_empty() {
                clashing.insert(index);
                problems.push(clash(&place, &what, &others));
            }
        }
        if let Some(other) = nested.get(&index) {
            clashing.insert(index);
            problems.push(
                Diagnostic::error(
                    &cell.place,
                    format!(
                        "the auth mount {} and that of cluster {}, {}, lie one below the other",
                        cell.mount,
                        name(&cells[*other]),
                        cells[*other].mount
                    ),
                )
                .hint("Vault mounts nothing below a mount: set `mount:` of one of them to another path"),
            );
        }
    }
    let keep = |(index, cell)| (!clashing.contains(&index)).then_some(cell);
    cells.into_iter().enumerate().filter_map(keep).collect()
}

fn name(cell: &Cell) -> String {
    format!("`{}`", cell.cluster)
}

fn clash(place: &Place, what: &str, others: &[String]) -> Diagnostic {
    let named = &others[..others.len().min(3)];
    let more = match others.len() - named.len() {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    Diagnostic::error(
        place,
        format!("{what} is also that of cluster {}{more}", named.join(", ")),
    )
    .hint("every cluster has its own: give one of them another, or remove it")
}

/// What belongs to one cluster alone. Within a Vault: its mount and policy. Anywhere: what tells that it is this cluster.
fn claims(cell: &Cell) -> Vec<(String, Place)> {
    let vault = &cell.vault;
    let mut claims = vec![
        (
            format!("the auth mount {} of Vault `{vault}`", cell.mount),
            cell.place.clone(),
        ),
        (
            format!("the policy {} of Vault `{vault}`", cell.policy.name),
            cell.place.clone(),
        ),
        (
            format!("the server {}", cell.config.host),
            cell.config.place.clone(),
        ),
    ];
    if let Connection::KubeconfigContext(context) = &cell.connect {
        claims.push((
            format!("the kubeconfig context {context:?}"),
            cell.place.clone(),
        ));
    }
    if let Some(identity) = &cell.identity {
        claims.push((format!("the identity {identity}"), cell.place.clone()));
    }
    claims
}

/// Clusters whose auth mount lies above or below that of another, with the other.
fn nested_mounts(cells: &[Cell]) -> BTreeMap<usize, usize> {
    let mut sorted: Vec<(String, usize)> = cells
        .iter()
        .enumerate()
        .map(|(index, cell)| (format!("{}|{}/", cell.vault, cell.mount), index))
        .collect();
    sorted.sort();
    let mut nested = BTreeMap::new();
    let mut above: Option<&(String, usize)> = None;
    for mount in &sorted {
        match above.filter(|above| mount.0.starts_with(&above.0) && mount.0 != above.0) {
            Some(above) => {
                nested.insert(above.1, mount.1);
                nested.insert(mount.1, above.1);
            }
            None => above = Some(mount),
        }
    }
    nested
}
