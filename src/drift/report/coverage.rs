//! How much of the fleet a report has seen: a reader must not take what was not looked at for well.

use super::ScopeLine;
use crate::drift::Where;
use serde::{Deserialize, Serialize};

/// How many clusters and Vaults there are, and how many of them were not, or not wholly, looked at.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Coverage {
    pub clusters: usize,
    pub clusters_missed: usize,
    pub vaults: usize,
    pub vaults_missed: usize,
}

impl Coverage {
    pub(in crate::drift) fn of(scopes: &[ScopeLine]) -> Self {
        let mut coverage = Self::default();
        for line in scopes {
            let (all, missed) = match line.scope {
                Where::Cluster(_) => (&mut coverage.clusters, &mut coverage.clusters_missed),
                Where::Vault(_) => (&mut coverage.vaults, &mut coverage.vaults_missed),
            };
            *all += 1;
            *missed += usize::from(line.missed.is_some());
        }
        coverage
    }

    pub fn missed(&self) -> usize {
        self.clusters_missed + self.vaults_missed
    }

    /// `87 of 200 clusters and 1 of 2 Vaults`; `None` where all of them were looked at.
    pub fn missed_in_words(&self) -> Option<String> {
        let part = |missed: usize, all: usize, one: &str| {
            let plural = if all == 1 { "" } else { "s" };
            (missed > 0).then(|| format!("{missed} of {all} {one}{plural}"))
        };
        let clusters = part(self.clusters_missed, self.clusters, "cluster");
        let vaults = part(self.vaults_missed, self.vaults, "Vault");
        let parts: Vec<String> = clusters.into_iter().chain(vaults).collect();
        (!parts.is_empty()).then(|| parts.join(" and "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_missed_is_said_with_how_many_there_are() {
        let said = |clusters_missed, vaults_missed| {
            let coverage = Coverage {
                clusters: 200,
                clusters_missed,
                vaults: 1,
                vaults_missed,
            };
            coverage.missed_in_words().unwrap_or_default()
        };
        assert_eq!(said(0, 0), "");
        assert_eq!(said(87, 0), "87 of 200 clusters");
        assert_eq!(said(200, 1), "200 of 200 clusters and 1 of 1 Vault");
    }
}
