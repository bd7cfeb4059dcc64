//! The stanzas of the fleet's policies, each with who has it and where it is written.

use super::access::Source;
use super::index::Entry;
use crate::diagnostics::Place;
use crate::policy::{PathPattern, Rule};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// A stanza of a policy, and the clusters whose role has it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Stanza {
    pub vault: String,
    pub policy: String,
    pub path: String,
    /// What it grants: `read, list`, `deny`, with its conditions.
    pub says: String,
    /// `None`: read from Vault.
    pub place: Option<Place>,
    pub clusters: BTreeSet<String>,
}

/// The stanzas of the policy with this name, and those with this path where it is a pattern.
pub(super) fn named(entries: &[Entry<'_>], name: &str) -> Vec<Stanza> {
    let pattern = PathPattern::parse(name).ok().filter(|it| !it.is_exact());
    let mut found: BTreeMap<_, Stanza> = BTreeMap::new();
    for entry in entries {
        for source in &entry.policies {
            let is_meant = |rule: &Rule| {
                source.name.as_str() == name || Some(&rule.pattern) == pattern.as_ref()
            };
            for rule in source.meaning.rules().filter(|rule| is_meant(rule)) {
                let stanza = stanza(entry, source, rule);
                let id = (
                    stanza.vault.clone(),
                    stanza.policy.clone(),
                    rule.to_string(),
                    stanza.path.clone(),
                );
                let known = found.entry(id).or_insert(stanza);
                known.clusters.insert(entry.cell.cluster.to_string());
            }
        }
    }
    found.into_values().collect()
}

/// Those of one role for exactly this pattern: Vault merges them.
pub(super) fn of_pattern(entry: &Entry<'_>, pattern: &PathPattern) -> Vec<Stanza> {
    let sources = entry.policies.iter();
    let stanzas = sources.flat_map(|source| {
        let rules = source.meaning.rules();
        let meant = rules.filter(|rule| rule.pattern == *pattern);
        meant.map(|rule| stanza(entry, source, rule))
    });
    stanzas.collect()
}

fn stanza(entry: &Entry<'_>, source: &Source<'_>, rule: &Rule) -> Stanza {
    let path = rule.pattern.to_string();
    let place = source.written.map(|(place, text)| match text {
        Some(text) => Place {
            line: line(text, &path).unwrap_or(place.line),
            ..place.clone()
        },
        // Derived: it is there for what reads it.
        None => match entry.reads.get(&path).and_then(|reads| reads.first()) {
            Some(read) if entry.cell.policy.origin.is_derived() => read.assignment.place.clone(),
            _ => place.clone(),
        },
    });
    Stanza {
        vault: entry.cell.vault.to_string(),
        policy: source.name.to_string(),
        says: rule.to_string(),
        path,
        place,
        clusters: BTreeSet::from([entry.cell.cluster.to_string()]),
    }
}

/// The line on which a text has this path in quotes, as nearly everybody writes it.
fn line(text: &str, path: &str) -> Option<usize> {
    let (quoted, rooted) = (format!("\"{path}\""), format!("\"/{path}\""));
    let mut lines = text.lines().enumerate();
    let found = lines.find(|(_, line)| {
        !line.trim_start().starts_with(['#', '/'])
            && (line.contains(&quoted) || line.contains(&rooted))
    });
    found.map(|(index, _)| index + 1)
}
