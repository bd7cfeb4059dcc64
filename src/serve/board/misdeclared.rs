//! Clusters whose declarations have errors: they stay on the board as they were seen last, with what keeps them from being seen.

use super::{Followed, Known};
use crate::diagnostics::Place;
use crate::names::ClusterName;
use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

/// Why nothing of a cluster is looked at or written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Misdeclared {
    pub why: String,
    pub hint: Option<String>,
    pub place: Option<Place>,
    /// When the first revision was followed in which it was so.
    pub since: Timestamp,
}

impl Misdeclared {
    fn of(name: &ClusterName, followed: &Followed) -> Self {
        let error = followed.problems.first_error_of(name.as_str());
        Self {
            why: error.map_or_else(
                || "the folder that declares it could not be read".to_owned(),
                |error| error.message.clone(),
            ),
            hint: error.and_then(|error| error.hint.clone()),
            place: error.map(|error| error.place.clone()),
            since: followed.since,
        }
    }
}

/// What a report and a list say of it.
impl fmt::Display for Misdeclared {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "its declaration has an error, and nothing is looked at: {}",
            self.why
        )?;
        match &self.place {
            Some(place) => write!(formatter, " ({})", place.line()),
            None => Ok(()),
        }
    }
}

impl Known {
    /// Every declared cluster that is seen, or that an error keeps from being seen.
    pub fn cluster_names(&self) -> BTreeSet<&ClusterName> {
        let names = self.clusters.keys();
        names.chain(self.misdeclared.keys()).collect()
    }

    /// Keeps the clusters that this revision declares, of those that the settings choose (all, if none), and says of which
    /// an error keeps keyfleet from looking at them.
    pub(in crate::serve) fn keep_clusters(
        &mut self,
        followed: &Followed,
        chosen: &BTreeSet<String>,
    ) {
        let desired = &followed.desired;
        let cells: BTreeSet<_> = desired.cells.iter().map(|cell| &cell.cluster).collect();
        let mut unread = desired.unread_clusters();
        if !desired.clusters_certain {
            let missing = self.clusters.keys().filter(|name| !cells.contains(name));
            unread.extend(missing.cloned());
        }
        let is_chosen = |name: &ClusterName| chosen.is_empty() || chosen.contains(name.as_str());
        let misdeclared = unread.into_iter().filter(is_chosen).map(|name| {
            let known = self.misdeclared.get(&name);
            let now = Misdeclared::of(&name, followed);
            let since = known.map_or(now.since, |known| known.since);
            (name, Misdeclared { since, ..now })
        });
        let misdeclared: BTreeMap<_, _> = misdeclared.collect();
        self.clusters.retain(|name, _| {
            is_chosen(name) && (cells.contains(name) || misdeclared.contains_key(name))
        });
        self.misdeclared = Arc::new(misdeclared);
    }
}
