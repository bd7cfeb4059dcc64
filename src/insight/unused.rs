//! What is in Vault and no declaration reads.

use super::{Known, Uses};
use crate::desire::{Connection, Desired};
use crate::policy::PathPattern;
use serde::Serialize;
use std::collections::BTreeSet;

/// A KV mount, and what of it nobody reads.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Unused {
    pub vault: String,
    pub mount: String,
    /// How many paths were seen in it.
    pub there: usize,
    /// Those that no declaration of the fleet reads, as a policy has them.
    pub paths: Vec<String>,
    /// How many folders the token may not list.
    pub forbidden: usize,
    /// Whether there is more than was looked at.
    pub cut: bool,
    /// Why it was not seen to its end.
    pub failure: Option<String>,
}

/// Of every mount that was listed; with a pattern, only what that reaches.
pub fn unused(fleet: &Desired, known: &Known, pattern: Option<&PathPattern>) -> Vec<Unused> {
    let uses = Uses::of([fleet]);
    let is_meant = |path: &str| pattern.is_none_or(|pattern| pattern.matches(path));
    let mut unused = Vec::new();
    for (vault, mounts) in &known.listed {
        let credentials = credentials(fleet, vault.as_str());
        for listed in mounts {
            let paths = listed.listing.paths.iter();
            let paths = paths.map(|path| format!("{}{path}", listed.prefix));
            let there: Vec<String> = paths.filter(|path| is_meant(path)).collect();
            let failure = listed.listing.failure.as_ref();
            unused.push(Unused {
                vault: vault.to_string(),
                mount: listed.mount.clone(),
                there: there.len(),
                forbidden: listed.listing.forbidden,
                cut: listed.listing.cut,
                failure: failure.map(ToString::to_string),
                paths: there
                    .into_iter()
                    .filter(|path| uses.of_path(vault.as_str(), path).is_none())
                    .filter(|path| !credentials.contains(path))
                    .collect(),
            });
        }
    }
    unused
}

/// What keyfleet itself reads, to get into clusters.
fn credentials(fleet: &Desired, vault: &str) -> BTreeSet<String> {
    let cells = fleet
        .cells
        .iter()
        .filter(|cell| cell.vault.as_str() == vault);
    let read = cells.filter_map(|cell| match &cell.connect {
        Connection::Vault { reference, .. } => Some(reference.api_path()),
        Connection::KubeconfigContext(_) | Connection::InCluster => None,
    });
    read.collect()
}
