//! From changes to nodes and lines.

use super::tie::Ties;
use super::{COLUMNS, Map, Node, Tie};
use crate::report::clean;
use crate::review::{AccessChange, Change, KeyChange, Meaning, SecretChange, SecretMove};
use std::collections::{BTreeMap, BTreeSet};

/// So many clusters have nodes of their own; more that share a change are one node.
const MOST_APART: usize = 3;

pub(super) fn build<'a>(changes: impl Iterator<Item = &'a Change>) -> Map {
    let mut builder = Builder::default();
    for change in changes {
        match &change.meaning {
            Meaning::Secret(secret) => builder.secret(secret, change),
            // The map shows it as the Secrets that it follows from.
            Meaning::Access(access) if change.follows.is_none() => builder.access(access, change),
            Meaning::Denied { role, path, .. } => {
                let grant = builder.grant("read denied", role);
                let path = builder.path(path);
                builder.line(0, path, grant, Tie::Lost, change);
                builder.reach(grant, &change.clusters, Tie::Lost, change);
            }
            _ => {}
        }
    }
    Map {
        columns: builder.columns,
        edges: builder.ties.edges(),
    }
}

#[derive(Default)]
struct Builder {
    columns: [Vec<Node>; COLUMNS],
    known: BTreeMap<(usize, String), usize>,
    ties: Ties,
}

impl Builder {
    fn node(&mut self, column: usize, key: String, node: Node) -> usize {
        let nodes = &mut self.columns[column];
        *self.known.entry((column, key)).or_insert_with(|| {
            nodes.push(node);
            nodes.len() - 1
        })
    }

    fn named(&mut self, column: usize, name: &str) -> usize {
        let node = Node {
            name: clean(name),
            note: String::new(),
            is_grant: false,
            is_rest: false,
        };
        self.node(column, name.to_owned(), node)
    }

    fn path(&mut self, path: &str) -> usize {
        self.named(0, path)
    }

    fn grant(&mut self, what: &str, role: &str) -> usize {
        let node = Node {
            name: clean(role),
            note: what.to_owned(),
            is_grant: true,
            is_rest: false,
        };
        self.node(1, format!("{what}\0{role}"), node)
    }

    fn line(&mut self, column: usize, from: usize, to: usize, tie: Tie, change: &Change) {
        let is_critical = !change.critical.is_empty();
        self.ties.add(column, from, to, tie, is_critical);
    }

    /// To each of a few clusters, or to many at once.
    fn reach(&mut self, from: usize, clusters: &BTreeSet<String>, tie: Tie, change: &Change) {
        if clusters.len() <= MOST_APART {
            for cluster in clusters {
                let to = self.named(2, cluster);
                self.line(1, from, to, tie, change);
            }
            return;
        }
        let first = clusters.first().map_or("", String::as_str);
        let node = Node {
            name: clean(first),
            note: format!("and {} more", clusters.len() - 1),
            is_grant: false,
            is_rest: false,
        };
        // Two sets may begin with the same cluster, and be as many.
        let names: Vec<&str> = clusters.iter().map(String::as_str).collect();
        let to = self.node(2, names.join("\0"), node);
        self.line(1, from, to, tie, change);
    }

    fn secret(&mut self, secret: &SecretChange, change: &Change) {
        let middle = self.named(1, &secret.secret);
        let moves = matches!(secret.how, SecretMove::Moved { .. });
        for key in &secret.keys {
            self.key(key, middle, moves, change);
        }
        let tie = match &secret.how {
            SecretMove::Gained => Tie::Gained,
            SecretMove::Lost => Tie::Lost,
            SecretMove::Changed => Tie::Changed,
            SecretMove::Renamed { from } => {
                let old = self.named(1, from);
                self.reach(old, &change.clusters, Tie::Lost, change);
                Tie::Gained
            }
            SecretMove::Moved { from } => {
                self.reach(middle, from, Tie::Lost, change);
                Tie::Gained
            }
        };
        self.reach(middle, &change.clusters, tie, change);
    }

    fn key(&mut self, key: &KeyChange, middle: usize, moves: bool, change: &Change) {
        let before = key.before.as_ref().map(|source| &source.path);
        let after = key.after.as_ref().map(|source| &source.path);
        let ties = match (before, after) {
            _ if moves => vec![(before.or(after), Tie::Changed)],
            (Some(old), Some(new)) if old == new => vec![(Some(old), Tie::Changed)],
            (Some(old), Some(new)) => vec![(Some(old), Tie::Lost), (Some(new), Tie::Redirected)],
            (old, None) => vec![(old, Tie::Lost)],
            (None, new) => vec![(new, Tie::Gained)],
        };
        for (path, tie) in ties {
            if let Some(path) = path {
                let path = self.path(path);
                self.line(0, path, middle, tie, change);
            }
        }
    }

    fn access(&mut self, access: &AccessChange, change: &Change) {
        let joined = |words: &BTreeSet<&str>| words.iter().copied().collect::<Vec<_>>().join(", ");
        let (gained, lost) = (access.gained(), access.lost());
        let mut ties = vec![(joined(&gained), Tie::Gained), (joined(&lost), Tie::Lost)];
        ties.retain(|(words, _)| !words.is_empty());
        if ties.is_empty() {
            ties.push(("conditions".to_owned(), Tie::Changed));
        }
        for (words, tie) in ties {
            let grant = self.grant(&words, &access.role);
            let path = self.path(&access.path);
            self.line(0, path, grant, tie, change);
            self.reach(grant, &change.clusters, tie, change);
        }
    }
}
