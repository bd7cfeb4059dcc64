//! Every cluster as a row, to be filtered, sorted and paged.

use super::finding::Tally;
use super::select::Words;
use super::state::{State, of_cluster};
use super::{Look, finding};
use crate::diagnostics::Place;
use crate::names::ClusterName;
use crate::report::SecretState;
use crate::serve::board::{ClusterState, Misdeclared, Passes};
use jiff::Timestamp;

/// A cluster in one row.
pub struct ClusterRow<'a> {
    name: &'a ClusterName,
    /// `None` where an error in its declaration has kept it from ever being seen.
    pub known: Option<&'a ClusterState>,
    pub misdeclared: Option<&'a Misdeclared>,
    pub state: State,
    pub findings: Tally,
}

impl<'a> ClusterRow<'a> {
    fn of(name: &'a ClusterName, look: &'a Look) -> Self {
        let known = look.known.clusters.get(name).map(AsRef::as_ref);
        let found = known.into_iter().flat_map(|it| finding::of(&it.passes));
        let misdeclared = look.known.misdeclared.get(name);
        Self {
            name,
            known,
            misdeclared,
            state: match (misdeclared, known) {
                (Some(_), _) => State::Blocked,
                (None, Some(known)) => of_cluster(known, look),
                (None, None) => State::NotSeen,
            },
            findings: Tally::of(found),
        }
    }

    pub fn name(&self) -> &'a str {
        self.name.as_str()
    }

    pub fn labels(&self) -> impl Iterator<Item = (&'a String, &'a String)> {
        self.known.into_iter().flat_map(|it| &it.cell.labels)
    }

    pub fn vault(&self) -> Option<&'a str> {
        Some(self.known?.cell.vault.as_str())
    }

    pub fn place(&self) -> Option<&'a Place> {
        let place = self.misdeclared.and_then(|it| it.place.as_ref());
        place.or_else(|| Some(&self.known?.cell.place))
    }

    pub fn declared(&self) -> usize {
        self.known.map_or(0, |it| it.cell.secrets.len())
    }

    /// How many of its Secrets are in sync.
    pub fn in_sync(&self) -> usize {
        let states = self.known.into_iter().flat_map(|it| it.secrets.iter());
        states
            .filter(|secret| secret.state == SecretState::InSync)
            .count()
    }

    fn passes(&self) -> Option<&'a Passes> {
        self.known.map(|it| &it.passes)
    }

    /// When its last pass began.
    pub fn looked(&self) -> Option<Timestamp> {
        self.passes()?.last.as_ref().map(|pass| pass.began)
    }

    pub fn last_success(&self) -> Option<Timestamp> {
        self.passes()?.last_success
    }

    fn is_found_by(&self, words: &Words) -> bool {
        words.all(|word| {
            let has = |key: &str, value: &str| is_pair(word, key, value);
            self.name.as_str().contains(word)
                || self.vault().is_some_and(|vault| has("vault", vault))
                || self.labels().any(|(key, value)| has(key, value))
        })
    }
}

/// Every cluster, by name: those that were seen, and those that an error keeps from being seen.
pub fn every_cluster(look: &Look) -> impl Iterator<Item = ClusterRow<'_>> {
    let names = look.known.cluster_names().into_iter();
    names.map(|name| ClusterRow::of(name, look))
}

/// The cluster of this name.
pub fn cluster<'a>(look: &'a Look, name: &str) -> Option<ClusterRow<'a>> {
    let seen = look.known.clusters.get_key_value(name);
    let unseen = || look.known.misdeclared.get_key_value(name);
    let name = seen.map(|(name, _)| name);
    let name = name.or_else(|| unseen().map(|(name, _)| name))?;
    Some(ClusterRow::of(name, look))
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
    let mut rows: Vec<_> = every_cluster(look)
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
        Order::Success => rows.sort_by_key(ClusterRow::last_success),
    }
    if reversed {
        rows.reverse();
    }
    rows
}
