//! Two clusters that would be one.
//!
//! Those that would write one object in Vault are all left out: whichever went on would undo the others' work. Those that
//! seem to lead to one Kubernetes cluster are warned of: there, what was made for one of them is not touched by another.

use super::{Cell, Connection};
use crate::diagnostics::{Diagnostic, Diagnostics, Place};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

pub(super) fn without_shared_names(
    cells: Vec<Arc<Cell>>,
    problems: &mut Diagnostics,
) -> Vec<Arc<Cell>> {
    let mut users: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for (index, cell) in cells.iter().enumerate() {
        for Claim { what, .. } in claims(cell) {
            users.entry(what).or_default().push(index);
        }
    }
    let nested = nested_mounts(&cells);
    let mut clashing = BTreeSet::new();
    for (index, cell) in cells.iter().enumerate() {
        for claim in claims(cell) {
            let others = users[&claim.what].iter().filter(|other| **other != index);
            let others: Vec<_> = others.map(|other| name(&cells[*other])).collect();
            if others.is_empty() {
                continue;
            }
            problems.push(claim.clash(&others));
            if claim.writes {
                clashing.insert(index);
            }
        }
        if let Some(other) = nested.get(&index) {
            clashing.insert(index);
            problems.push(
                Diagnostic::error(
                    &cell.place,
                    format!(
                        "the auth mount `{}` and that of cluster {}, `{}`, lie one below the other",
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

/// What belongs to one cluster alone.
struct Claim {
    what: String,
    place: Place,
    /// Whether keyfleet writes it; else it only tells which Kubernetes cluster is meant.
    writes: bool,
}

impl Claim {
    fn new(writes: bool, what: String, place: &Place) -> Self {
        Self {
            what,
            place: place.clone(),
            writes,
        }
    }

    fn clash(&self, others: &[String]) -> Diagnostic {
        let named = others[..others.len().min(3)].join(", ");
        let more = match others.len().saturating_sub(3) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        let said = format!("{} is also that of cluster {named}{more}", self.what);
        if self.writes {
            Diagnostic::error(&self.place, said)
                .hint("every cluster has its own: give one of them another, or remove it")
        } else {
            Diagnostic::warning(&self.place, said)
                .hint("both files lead to one Kubernetes cluster: correct the one that was copied")
        }
    }
}

fn claims(cell: &Cell) -> Vec<Claim> {
    let (vault, place) = (&cell.vault, &cell.place);
    let mount = format!("the auth mount `{}` of Vault `{vault}`", cell.mount);
    let policy = format!("the policy `{}` of Vault `{vault}`", cell.policy.name);
    let server = format!("the server {}", cell.config.host);
    let mut claims = vec![
        Claim::new(true, mount, place),
        Claim::new(true, policy, place),
        Claim::new(false, server, &cell.config.place),
    ];
    if let Connection::KubeconfigContext(context) = &cell.connect {
        let context = format!("the kubeconfig context {context:?}");
        claims.push(Claim::new(false, context, place));
    }
    if let Some(identity) = &cell.identity {
        let identity = format!("the identity {identity}");
        claims.push(Claim::new(false, identity, place));
    }
    claims
}

/// Clusters whose auth mount lies above or below that of another, with the other.
fn nested_mounts(cells: &[Arc<Cell>]) -> BTreeMap<usize, usize> {
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
