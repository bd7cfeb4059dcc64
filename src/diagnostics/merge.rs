//! One problem of a group is one diagnostic, however many clusters the group stands on.

use super::{Diagnostic, Place, Severity};
use std::collections::{BTreeMap, BTreeSet};

/// How many clusters are named before the rest is counted.
const MOST_NAMED: usize = 3;

/// Sorts, and joins what says the same of different clusters.
pub(super) fn merge(all: Vec<Diagnostic>) -> Vec<Diagnostic> {
    let mut same: BTreeMap<_, Vec<Diagnostic>> = BTreeMap::new();
    for diagnostic in all {
        same.entry(key(&diagnostic)).or_default().push(diagnostic);
    }
    let mut merged: Vec<_> = same.into_values().flat_map(join).map(naming).collect();
    merged.sort();
    merged.dedup();
    merged
}

type Key = (Place, Severity, Option<String>, String);

/// Texts that differ only in what they quote, or in words with the cluster's name in them, are one.
fn key(diagnostic: &Diagnostic) -> Key {
    let message = if diagnostic.clusters.is_empty() {
        diagnostic.message.clone()
    } else {
        without_quoted(&diagnostic.message)
    };
    (
        diagnostic.place.clone(),
        diagnostic.severity,
        diagnostic.hint.clone(),
        message,
    )
}

fn without_quoted(text: &str) -> String {
    let backquoted: String = text.split('`').step_by(2).collect();
    backquoted.split('"').step_by(2).collect()
}

/// Joins diagnostics of one key, but not two of one cluster: those are two problems.
fn join(diagnostics: Vec<Diagnostic>) -> Vec<Diagnostic> {
    let mut joined: Vec<Diagnostic> = Vec::new();
    for diagnostic in diagnostics {
        let same = |known: &Diagnostic| known.message == diagnostic.message;
        let other = |known: &Diagnostic| known.clusters.is_disjoint(&diagnostic.clusters);
        match (joined.iter().position(same)).or_else(|| joined.iter().position(other)) {
            Some(index) => joined[index].clusters.extend(diagnostic.clusters),
            None => joined.push(diagnostic),
        }
    }
    joined
}

/// Puts the clusters into the text.
fn naming(mut diagnostic: Diagnostic) -> Diagnostic {
    let clusters = std::mem::take(&mut diagnostic.clusters);
    if !clusters.is_empty() {
        diagnostic
            .message
            .push_str(&format!(" ({})", list(&clusters)));
    }
    diagnostic
}

fn list(clusters: &BTreeSet<String>) -> String {
    let names: Vec<_> = clusters.iter().map(|name| format!("`{name}`")).collect();
    match names.as_slice() {
        [one] => format!("cluster {one}"),
        few if few.len() <= MOST_NAMED => format!("clusters {}", few.join(", ")),
        many => format!(
            "clusters {} and {} more",
            many[..MOST_NAMED].join(", "),
            many.len() - MOST_NAMED
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::super::Diagnostics;
    use super::*;

    fn merged(said: &[(&str, &str)]) -> Vec<String> {
        let mut all = Diagnostics::default();
        for (cluster, message) in said {
            let mut one = Diagnostics::default();
            one.error(&Place::file("groups/all/a.yaml"), *message);
            one.about(cluster, |_| true);
            all.append(one);
        }
        let merged = all.merged();
        merged
            .sorted()
            .iter()
            .map(|diagnostic| diagnostic.message.clone())
            .collect()
    }

    #[test]
    fn what_holds_for_many_clusters_is_said_once() {
        let said: Vec<_> = ["a", "b", "c", "d", "e"]
            .map(|cluster| (cluster, "no store"))
            .into();
        assert_eq!(
            merged(&said),
            ["no store (clusters `a`, `b`, `c` and 2 more)"]
        );
    }

    #[test]
    fn a_variable_in_the_text_makes_no_second_problem() {
        assert_eq!(
            merged(&[("a", "\"kv/a\" is no path"), ("b", "\"kv/b\" is no path")]),
            ["\"kv/a\" is no path (clusters `a`, `b`)"]
        );
    }

    #[test]
    fn two_problems_of_one_cluster_stay_two() {
        let said = [("a", "needs `x`"), ("a", "needs `y`"), ("b", "needs `y`")];
        assert_eq!(merged(&said).len(), 2);
    }
}
