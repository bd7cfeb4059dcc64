//! What happens to a line of the map, and what becomes of several in one place.

use super::Edge;
use std::collections::BTreeMap;

/// What the change does to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::report::review) enum Tie {
    Gained,
    Lost,
    /// What came from elsewhere comes from here now.
    Redirected,
    /// It is there before and after, and what goes over it changes.
    Changed,
}

impl Tie {
    pub(in crate::report::review) fn sign(self) -> &'static str {
        match self {
            Self::Gained => "+",
            Self::Lost => "−",
            Self::Redirected => "↷",
            Self::Changed => "~",
        }
    }

    pub(in crate::report::review) fn word(self) -> &'static str {
        match self {
            Self::Gained => "gained",
            Self::Lost => "lost",
            Self::Redirected => "redirected",
            Self::Changed => "changed",
        }
    }

    /// Two in one place.
    fn with(self, other: Self) -> Self {
        match (self, other) {
            (one, other) if one == other => one,
            (Self::Gained, Self::Redirected) | (Self::Redirected, Self::Gained) => Self::Redirected,
            _ => Self::Changed,
        }
    }
}

/// Lines by where they go from and to.
#[derive(Debug, Default)]
pub(super) struct Ties(BTreeMap<(usize, usize, usize), (Tie, bool)>);

impl Ties {
    pub(super) fn add(
        &mut self,
        column: usize,
        from: usize,
        to: usize,
        tie: Tie,
        is_critical: bool,
    ) {
        let known = self
            .0
            .entry((column, from, to))
            .or_insert((tie, is_critical));
        *known = (known.0.with(tie), known.1 || is_critical);
    }

    pub(super) fn edges(self) -> Vec<Edge> {
        let ties = self.0.into_iter();
        ties.map(|((column, from, to), (tie, is_critical))| Edge {
            column,
            from,
            to,
            tie,
            is_critical,
        })
        .collect()
    }
}
