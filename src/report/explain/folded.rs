//! What two hundred clusters of a group have in common, in one row.

use super::super::style::{Ink, Row, clean, count};
use super::{named, place};
use crate::insight::{ClusterStory, Reader, Stanza};
use crate::review::standing_for;
use std::collections::{BTreeMap, BTreeSet};

const ITS_NAME: &str = "${cluster.name}";

/// Roles that differ in nothing but the name of their cluster.
pub(super) fn readers<'a>(readers: impl Iterator<Item = &'a Reader>) -> Vec<Row> {
    let cells = |reader: &Reader, name: Option<&str>| {
        let by = reader.by.as_ref().map(|by| format!("by {by}"));
        [format!("role {}", reader.role), by.unwrap_or_default()].map(|text| told(&text, name))
    };
    let mut alike: BTreeMap<[String; 2], Vec<&Reader>> = BTreeMap::new();
    for reader in readers {
        let key = cells(reader, Some(&reader.cluster));
        alike.entry(key).or_default().push(reader);
    }
    let row = |(folded, readers): ([String; 2], Vec<&Reader>)| {
        let [role, by] = match readers.as_slice() {
            [one] => cells(one, None),
            _ => folded,
        };
        let clusters = readers.iter().map(|it| it.cluster.clone()).collect();
        vec![
            (Ink::Strong, named(&clusters)),
            (Ink::Plain, role),
            (Ink::Quiet, by),
        ]
    };
    alike.into_iter().map(row).collect()
}

/// Stanzas that differ in nothing but the name of their cluster.
pub(super) fn stanzas(stanzas: &[Stanza]) -> Vec<Row> {
    let cells = |stanza: &Stanza, name: Option<&str>| {
        let place = place(stanza.place.as_ref());
        let policy = format!("policy {}", stanza.policy);
        [stanza.path.clone(), stanza.says.clone(), policy, place].map(|text| told(&text, name))
    };
    let mut alike: BTreeMap<[String; 4], (BTreeSet<String>, Vec<&Stanza>)> = BTreeMap::new();
    for stanza in stanzas {
        // A policy of several is called after none of them.
        let own = stanza
            .clusters
            .first()
            .filter(|_| stanza.clusters.len() == 1);
        let (clusters, same) = alike
            .entry(cells(stanza, own.map(String::as_str)))
            .or_default();
        clusters.extend(stanza.clusters.iter().cloned());
        same.push(stanza);
    }
    let row = |(folded, (clusters, same)): ([String; 4], (BTreeSet<String>, Vec<&Stanza>))| {
        let [path, says, policy, place] = match same.as_slice() {
            [one] => cells(one, None),
            _ => folded,
        };
        vec![
            (Ink::Strong, path),
            (Ink::Careful, says),
            (Ink::Plain, policy),
            (Ink::Plain, format!("of {}", named(&clusters))),
            (Ink::Quiet, place),
        ]
    };
    alike.into_iter().map(row).collect()
}

/// Clusters of which the same is to be told: how many paths they read, how many they are refused, and what is open to them
/// besides. In the order of the first of each.
pub(super) fn clusters(stories: &[ClusterStory]) -> Vec<Row> {
    let beyond = |story: &ClusterStory, name: Option<&str>| -> BTreeSet<String> {
        let stanzas = story.beyond.iter();
        stanzas.map(|it| told(&it.path, name)).collect()
    };
    let mut places = BTreeMap::new();
    let mut alike: Vec<Vec<&ClusterStory>> = Vec::new();
    for story in stories {
        let open = beyond(story, Some(&story.cluster));
        let key = (
            story.uses.len(),
            story.denied.len(),
            story.unknown.len(),
            open,
        );
        let place = *places.entry(key).or_insert(alike.len());
        if place == alike.len() {
            alike.push(Vec::new());
        }
        alike[place].push(story);
    }
    let row = |same: Vec<&ClusterStory>| {
        let first = same[0];
        let name = (same.len() > 1).then_some(first.cluster.as_str());
        let denied = match first.denied.len() {
            0 => (Ink::Quiet, "-".to_owned()),
            number => (Ink::Bad, number.to_string()),
        };
        let unknown = match first.unknown.len() {
            0 => (Ink::Quiet, "-".to_owned()),
            number => (Ink::Careful, number.to_string()),
        };
        vec![
            (
                Ink::Strong,
                named(&same.iter().map(|it| it.cluster.clone()).collect()),
            ),
            (Ink::Plain, count(first.uses.len(), "path")),
            denied,
            unknown,
            (Ink::Careful, named(&beyond(first, name))),
        ]
    };
    alike.into_iter().map(row).collect()
}

fn told(text: &str, name: Option<&str>) -> String {
    clean(&name.map_or_else(
        || text.to_owned(),
        |name| standing_for(text, name, ITS_NAME),
    ))
}
