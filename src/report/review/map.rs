//! The change as a picture: from paths in Vault through Secrets and grants to the clusters.
//!
//! Promises: the same review gives the same picture. A column has at most [`MOST_NODES`] nodes; what does not fit is one node
//! that counts it, and what is critical is there before anything else. Nothing is said by colour alone.
//! Deliberately absent: what follows from other changes.

mod build;
mod layout;
mod tie;

use crate::report::phrase::Phrase;
use crate::review::Change;

pub(super) use layout::{Laid, lay_out};
pub(super) use tie::Tie;

/// How many nodes a column has.
pub(super) const MOST_NODES: usize = 40;

/// In the order in which they are read.
pub(super) const COLUMNS: usize = 3;

/// A path, a Secret, a grant, a cluster, or several.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Node {
    pub(super) name: String,
    /// Our words about it: `read`, `and 3 more`.
    pub(super) note: String,
    /// A grant, where others are Secrets.
    pub(super) is_grant: bool,
    /// Whether it stands for all that has no place.
    pub(super) is_rest: bool,
}

impl Node {
    /// In words: `prod-ap and 4 more`, `read for staging/reader`.
    pub(super) fn told(&self) -> Phrase {
        let (own, name) = (Phrase::default(), Phrase::default().theirs(&self.name));
        match (self.note.as_str(), self.name.as_str()) {
            ("", _) => name,
            (note, "") => own.ours(note),
            (note, _) if self.is_grant => own.ours(format!("{note} for ")).then(name),
            (note, _) => name.ours(format!(" {note}")),
        }
    }
}

/// A line between a node and one of the next column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Edge {
    /// The column that it begins in.
    pub(super) column: usize,
    pub(super) from: usize,
    pub(super) to: usize,
    pub(super) tie: Tie,
    pub(super) is_critical: bool,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Map {
    pub(super) columns: [Vec<Node>; COLUMNS],
    pub(super) edges: Vec<Edge>,
}

impl Map {
    /// Of changes in the order in which they are read: what comes late has no place of its own.
    pub(super) fn of<'a>(changes: impl Iterator<Item = &'a Change>) -> Self {
        build::build(changes).folded(MOST_NODES)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.edges.is_empty()
    }

    /// With no more than so many nodes in a column: the last one stands for the rest.
    fn folded(mut self, most: usize) -> Self {
        let whole = std::mem::take(&mut self.edges);
        let mut folded = tie::Ties::default();
        let last = most - 1;
        let too_long = self.columns.each_ref().map(|column| column.len() > most);
        let at = |column: usize, node: usize| {
            if too_long[column] {
                node.min(last)
            } else {
                node
            }
        };
        for edge in whole {
            let (from, to) = (at(edge.column, edge.from), at(edge.column + 1, edge.to));
            folded.add(edge.column, from, to, edge.tie, edge.is_critical);
        }
        let nouns = ["path", "Secret or grant", "cluster"];
        for (column, noun) in self.columns.iter_mut().zip(nouns) {
            if column.len() > most {
                let more = column.split_off(last).len();
                let plural = if noun == "Secret or grant" {
                    "Secrets and grants".to_owned()
                } else {
                    format!("{noun}s")
                };
                column.push(Node {
                    name: String::new(),
                    note: format!("and {more} more {plural}"),
                    is_grant: false,
                    is_rest: true,
                });
            }
        }
        self.edges = folded.edges();
        self
    }
}
