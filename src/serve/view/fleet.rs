//! Every cluster as a row, to be filtered, sorted and paged.

use super::finding::Tally;
use super::select::Words;
use super::state::{State, of_cluster};
use super::{Look, finding};
use crate::report::SecretState;
use crate::serve::board::ClusterState;
use jiff::Timestamp;

/// A cluster in one row.
pub struct ClusterRow<'a> {
    pub cluster: &'a ClusterState,
    pub state: State,
    pub findings: Tally,
}

impl<'a> ClusterRow<'a> {
    pub fn of(cluster: &'a ClusterState, look: &Look) -> Self {
        let found = finding::of(&cluster.passes).map(|found| found.finding);
        Self {
            cluster,
            state: of_cluster(cluster, look),
            findings: Tally::of(found),
        }
    }

    pub fn name(&self) -> &'a str {
        self.cluster.cell.cluster.as_str()
    }

    pub fn declared(&self) -> usize {
        self.cluster.cell.secrets.len()
    }

    /// How many of its Secrets are in sync.
    pub fn in_sync(&self) -> usize {
        let states = self.cluster.secrets.iter();
        states
            .filter(|secret| secret.state == SecretState::InSync)
            .count()
    }

    /// When its last pass began.
    pub fn looked(&self) -> Option<Timestamp> {
        self.cluster.passes.last.as_ref().map(|pass| pass.began)
    }

    fn is_found_by(&self, words: &Words) -> bool {
        let cell = &self.cluster.cell;
        words.all(|word| {
            let has = |key: &str, value: &str| is_pair(word, key, value);
            cell.cluster.as_str().contains(word)
                || has("vault", cell.vault.as_str())
                || cell.labels.iter().any(|(key, value)| has(key, value))
        })
    }
}

/// Whether a word is in `key=value`, whatever their case.
fn is_pair(word: &str, key: &str, value: &str) -> bool {
    format!("{key}={value}").to_lowercase().contains(word)
}

/// What rows are sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Order {
    /// Worst first.
    #[default]
    State,
    Name,
    /// Most that is not in sync first.
    Secrets,
    /// Most first.
    Findings,
    /// Longest ago first.
    Success,
}

impl Order {
    pub const ALL: [Self; 5] = [
        Self::State,
        Self::Name,
        Self::Secrets,
        Self::Findings,
        Self::Success,
    ];

    pub fn slug(self) -> &'static str {
        match self {
            Self::State => "state",
            Self::Name => "name",
            Self::Secrets => "secrets",
            Self::Findings => "findings",
            Self::Success => "success",
        }
    }

    /// The order of this name, or the usual one.
    pub fn of(slug: &str) -> Self {
        let named = Self::ALL.into_iter().find(|order| order.slug() == slug);
        named.unwrap_or_default()
    }
}

/// The clusters that match, in this order and by name where it does not tell them apart.
pub fn clusters<'a>(
    look: &'a Look,
    words: &Words,
    wanted: impl Fn(State) -> bool,
    order: Order,
    reversed: bool,
) -> Vec<ClusterRow<'a>> {
    let all = look.known.clusters.values();
    let mut rows: Vec<_> = all
        .map(|cluster| ClusterRow::of(cluster, look))
        .filter(|row| wanted(row.state) && row.is_found_by(words))
        .collect();
    match order {
        Order::Name => {}
        Order::State => rows.sort_by_key(|row| row.state),
        Order::Secrets => {
            rows.sort_by_cached_key(|row| {
                std::cmp::Reverse(row.declared() - row.in_sync().min(row.declared()))
            });
        }
        Order::Findings => rows.sort_by_key(|row| std::cmp::Reverse(row.findings.all())),
        Order::Success => rows.sort_by_key(|row| row.cluster.passes.last_success),
    }
    if reversed {
        rows.reverse();
    }
    rows
}
