//! The Secrets of a cluster: what is declared, beside how the last pass saw it.

use super::finding::{self, Found};
use super::select::Words;
use super::state::{State, of_secret};
use crate::desire::{Assignment, DesiredSecret};
use crate::plan::{Kind, Scope, Target};
use crate::report::SecretStatus;
use crate::serve::board::ClusterState;
use jiff::Timestamp;
use std::collections::BTreeMap;

/// A declared Secret.
pub struct SecretRow<'a> {
    pub desired: &'a DesiredSecret,
    /// `None`: no pass saw it yet.
    pub status: Option<&'a SecretStatus>,
    pub state: State,
    /// When it was seen like this, where the last pass could not look at it.
    pub unseen: Option<Timestamp>,
}

impl<'a> SecretRow<'a> {
    fn of(
        cluster: &ClusterState,
        desired: &'a DesiredSecret,
        status: Option<&'a SecretStatus>,
    ) -> Self {
        let target = Target {
            scope: Scope::Cluster(cluster.cell.cluster.clone()),
            kind: Kind::Secret,
            name: desired.id.to_string(),
        };
        Self {
            unseen: status.and_then(|_| cluster.passes.unseen_since(&target)),
            desired,
            status,
            state: of_secret(status.map(|status| &status.state)),
        }
    }

    /// When its values were last written, where that is known.
    pub fn synced(&self) -> Option<Timestamp> {
        self.status?.last_sync.as_ref()?.parse().ok()
    }

    /// The version of a mapping's source that it was made of. `None`: no record says so; `Some(None)`: the engine has none.
    pub fn version(&self, assignment: &Assignment) -> Option<Option<u64>> {
        let path = assignment.from.api_path();
        let mut versions = self.status?.versions.iter();
        let (_, version) = versions.find(|(of, _)| *of == path)?;
        Some(*version)
    }

    pub fn why(&self) -> &'a str {
        self.status.map_or("", |status| status.state.why())
    }

    /// As kubernetes-external-secrets words it.
    pub fn word(&self) -> String {
        let known = self.status.map(|status| status.state.word());
        known.unwrap_or_else(|| "NOT SEEN YET".to_owned())
    }

    fn is_found_by(&self, words: &Words) -> bool {
        let id = &self.desired.id;
        words.all(|word| {
            let mut from = self.desired.assignments.iter();
            id.to_string().contains(word)
                || from.any(|assignment| assignment.from.api_path().to_lowercase().contains(word))
        })
    }
}

/// The declared Secrets that match, worst first.
pub fn secrets<'a>(
    cluster: &'a ClusterState,
    words: &Words,
    wanted: impl Fn(State) -> bool,
) -> Vec<SecretRow<'a>> {
    let statuses = cluster.secrets.iter();
    let statuses: BTreeMap<&str, &SecretStatus> = statuses
        .map(|status| (status.name.as_str(), status))
        .collect();
    let rows = cluster.cell.secrets.iter().map(|desired| {
        let status = statuses.get(desired.id.to_string().as_str()).copied();
        SecretRow::of(cluster, desired, status)
    });
    let mut rows: Vec<_> = rows
        .filter(|row| wanted(row.state) && row.is_found_by(words))
        .collect();
    rows.sort_by(|left, right| {
        let key = |row: &SecretRow<'a>| (row.state, &row.desired.id);
        key(left).cmp(&key(right))
    });
    rows
}

/// One Secret by `namespace/name`: its declaration, where there is one, and what was found of it.
pub fn secret<'a>(
    cluster: &'a ClusterState,
    name: &str,
) -> (Option<SecretRow<'a>>, Vec<Found<'a>>) {
    let mut declared = cluster.cell.secrets.iter();
    let desired = declared.find(|secret| secret.id.to_string() == name);
    let status = cluster.secrets.iter().find(|status| status.name == name);
    let found = finding::of(&cluster.passes).filter(|found| {
        let target = &found.finding.target;
        target.kind == Kind::Secret && target.name == name
    });
    let row = desired.map(|desired| SecretRow::of(cluster, desired, status));
    (row, found.collect())
}
