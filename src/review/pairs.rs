//! Each cluster before and after, and which of them cannot be compared whole.

use super::change::{Change, ClusterChange, Meaning, Membership};
use super::secrets::Pair;
use super::unknown::Unknown;
use crate::desire::{Cell, Desired};
use crate::names::ClusterName;
use std::collections::{BTreeMap, BTreeSet};

/// The clusters of both sides.
#[derive(Default)]
pub(super) struct Pairs<'a> {
    pub(super) paired: Vec<Paired<'a>>,
    /// Clusters that are called otherwise.
    pub(super) renamed: Vec<Change>,
    /// Clusters of which something is not known, by the reason.
    unsure: BTreeMap<&'static str, BTreeSet<String>>,
}

pub(super) struct Paired<'a> {
    pub(super) pair: Pair<'a>,
    /// Whether every declaration of the head was understood: else what is missing may only seem so.
    pub(super) is_complete: bool,
}

impl<'a> Pairs<'a> {
    pub(super) fn of(base: &'a Desired, head: &'a Desired) -> Self {
        let mut found = Self::default();
        let (mut left, mut come) = (Vec::new(), Vec::new());
        let (old, new) = (by_name(base), by_name(head));
        for (name, before) in &old {
            match new.get(name) {
                Some(after) => found.both(before, after),
                None => left.push(*before),
            }
        }
        come.extend(
            new.iter()
                .filter(|(name, _)| !old.contains_key(*name))
                .map(|(_, it)| *it),
        );
        found.rename(&mut left, &mut come);
        found.leave(left, head);
        found.join(come, base);
        found.never_understood(base, head);
        found
    }

    fn both(&mut self, before: &'a Cell, after: &'a Cell) {
        if !after.complete {
            self.unsure(
                &after.cluster,
                "a declaration has errors after this change: what seems to go may only be unread",
            );
        } else if !before.complete {
            self.unsure(
                &after.cluster,
                "a declaration had errors before this change: what seems new may have been there",
            );
        }
        self.push(Some(before), Some(after));
    }

    fn push(&mut self, base: Option<&'a Cell>, head: Option<&'a Cell>) {
        self.paired.push(Paired {
            pair: Pair { base, head },
            is_complete: head.is_none_or(|cell| cell.complete),
        });
    }

    pub(super) fn unknown(&self) -> Vec<Unknown> {
        let reasons = self.unsure.iter();
        let unknown = reasons.map(|(why, clusters)| Unknown::of_clusters(clusters.clone(), why));
        unknown.collect()
    }

    fn unsure(&mut self, cluster: &ClusterName, why: &'static str) {
        self.unsure
            .entry(why)
            .or_default()
            .insert(cluster.to_string());
    }

    /// One Kubernetes cluster under another name: the same `kube-system`, else the same API server.
    fn rename(&mut self, left: &mut Vec<&'a Cell>, come: &mut Vec<&'a Cell>) {
        left.retain(|before| {
            let found = come.iter().position(|after| is_one(before, after));
            let Some(found) = found else { return true };
            let after = come.remove(found);
            let from = before.cluster.to_string();
            let meaning = Meaning::Cluster(ClusterChange {
                how: Membership::Renamed { from },
                vault: after.vault.to_string(),
                secrets: after.secrets.len(),
                paths: paths(after),
            });
            let change = Change::of_cluster(meaning, Vec::new(), &after.cluster);
            let change = change.written(Some(&before.place), Some(&after.place));
            self.renamed.push(change);
            self.push(Some(before), Some(after));
            false
        });
    }

    /// A cluster that is not there may have errors, or lie where nothing can be read.
    fn leave(&mut self, left: Vec<&'a Cell>, head: &Desired) {
        let unread = head.unread_clusters();
        for cell in left {
            if unread.contains(&cell.cluster) {
                self.unsure(
                    &cell.cluster,
                    "errors after this change keep it from being understood",
                );
            } else if !head.clusters_certain {
                self.unsure(&cell.cluster, "a file below clusters/ cannot be read after this change: it may only seem to go");
            } else {
                self.push(Some(cell), None);
            }
        }
    }

    fn join(&mut self, come: Vec<&'a Cell>, base: &Desired) {
        let unread = base.unread_clusters();
        for cell in come {
            if unread.contains(&cell.cluster) {
                self.unsure(
                    &cell.cluster,
                    "errors before this change kept it from being understood: all of it is told as new",
                );
            } else if !cell.complete {
                self.unsure(
                    &cell.cluster,
                    "a declaration has errors after this change: more may come with the cluster",
                );
            }
            self.push(None, Some(cell));
        }
    }

    /// New clusters with errors in their files: they are on no side.
    fn never_understood(&mut self, base: &Desired, head: &Desired) {
        let known: BTreeSet<&ClusterName> = base.cells.iter().map(|cell| &cell.cluster).collect();
        let unread = head.unread_clusters().into_iter();
        for name in unread.filter(|name| !known.contains(name)) {
            self.unsure(&name, "errors keep it from being understood");
        }
    }
}

fn by_name(fleet: &Desired) -> BTreeMap<&ClusterName, &Cell> {
    let cells = fleet.cells.iter();
    cells.map(|cell| (&cell.cluster, cell.as_ref())).collect()
}

fn is_one(before: &Cell, after: &Cell) -> bool {
    match (&before.identity, &after.identity) {
        (Some(before), Some(after)) => before == after,
        _ => before.config.host == after.config.host,
    }
}

/// How many paths a cluster reads.
pub(super) fn paths(cell: &Cell) -> usize {
    let secrets = cell.secrets.iter();
    let paths: BTreeSet<_> = secrets.flat_map(|secret| secret.references()).collect();
    paths.len()
}
