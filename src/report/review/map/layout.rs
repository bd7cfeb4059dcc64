//! Where everything stands: three columns, each ordered by what its nodes are tied to, so that lines cross little.

use super::{COLUMNS, Edge, Map, Node};
use std::cmp::Ordering;

const LEFTS: [usize; COLUMNS] = [10, 400, 770];
const WIDTHS: [usize; COLUMNS] = [290, 260, 220];
const HEIGHT: usize = 30;
const PITCH: usize = 40;
/// Room for the titles of the columns.
const TOP: usize = 40;
/// How wide a character of the labels is, in tenths; they are written in a fixed width.
const CHARACTER: usize = 73;
const PADDING: usize = 20;
/// How often the columns are ordered by their neighbours.
const SWEEPS: usize = 4;

/// A map with places.
pub(in crate::report::review) struct Laid {
    pub(in crate::report::review) height: usize,
    pub(in crate::report::review) heads: [Head; COLUMNS],
    pub(in crate::report::review) shapes: Vec<Shape>,
    pub(in crate::report::review) lines: Vec<Line>,
}

pub(in crate::report::review) struct Head {
    pub(in crate::report::review) x: usize,
    pub(in crate::report::review) title: &'static str,
}

/// A node with its place.
pub(in crate::report::review) struct Shape {
    pub(in crate::report::review) node: Node,
    /// What fits of its name.
    pub(in crate::report::review) label: String,
    pub(in crate::report::review) x: usize,
    pub(in crate::report::review) y: usize,
    pub(in crate::report::review) width: usize,
}

impl Shape {
    pub(in crate::report::review) fn radius(&self) -> usize {
        match self.x {
            x if x == LEFTS[1] => HEIGHT / 2,
            _ => 4,
        }
    }
}

/// An edge with its ends, and where its sign stands.
pub(in crate::report::review) struct Line {
    pub(in crate::report::review) edge: Edge,
    pub(in crate::report::review) from: (usize, usize),
    pub(in crate::report::review) to: (usize, usize),
    pub(in crate::report::review) sign: (usize, usize),
    /// Whether it stands for what has no place: drawn faintly, since it goes everywhere.
    pub(in crate::report::review) is_rest: bool,
}

impl Line {
    fn of(map: &Map, edge: Edge, from: (usize, usize), to: (usize, usize)) -> Self {
        let beside = map.edges.iter().filter(|it| it.column == edge.column);
        let begin = beside.clone().filter(|it| it.from == edge.from).count();
        let end = beside.filter(|it| it.to == edge.to).count();
        // Where fewer lines meet, signs cover each other less.
        let (height, along) = match begin.cmp(&end) {
            Ordering::Less => (784, 658),
            Ordering::Equal => (500, 500),
            Ordering::Greater => (216, 342),
        };
        let between =
            |from: usize, to: usize, weight: usize| (from * weight + to * (1000 - weight)) / 1000;
        Self {
            edge,
            from,
            to,
            is_rest: is_rest(map, edge),
            sign: (between(from.0, to.0, along), between(from.1, to.1, height)),
        }
    }

    /// Where the curve bends.
    pub(in crate::report::review) fn bend(&self) -> usize {
        usize::midpoint(self.from.0, self.to.0)
    }
}

pub(in crate::report::review) fn lay_out(map: &Map) -> Laid {
    let ranks = ranks(map);
    let longest = map.columns.iter().map(Vec::len).max().unwrap_or(0);
    let top = |column: usize, node: usize| {
        // Shorter columns stand in the middle of the longest.
        let above = (longest - map.columns[column].len()) * PITCH / 2;
        TOP + above + ranks[column][node] * PITCH
    };
    let titles = ["Vault paths", "Secrets and grants", "Clusters"];
    let heads = std::array::from_fn(|column| Head {
        x: LEFTS[column],
        title: titles[column],
    });
    let mut shapes = Vec::new();
    for (column, nodes) in map.columns.iter().enumerate() {
        shapes.extend(nodes.iter().enumerate().map(|(index, node)| Shape {
            node: node.clone(),
            label: fitting(node, WIDTHS[column]),
            x: LEFTS[column],
            y: top(column, index),
            width: WIDTHS[column],
        }));
    }
    let lines = map.edges.iter().map(|edge| {
        let (column, next) = (edge.column, edge.column + 1);
        let from = (
            LEFTS[column] + WIDTHS[column],
            top(column, edge.from) + HEIGHT / 2,
        );
        let to = (LEFTS[next], top(next, edge.to) + HEIGHT / 2);
        Line::of(map, *edge, from, to)
    });
    Laid {
        height: TOP + longest * PITCH,
        heads,
        lines: lines.collect(),
        shapes,
    }
}

fn is_rest(map: &Map, edge: Edge) -> bool {
    let column = edge.column;
    map.columns[column][edge.from].is_rest || map.columns[column + 1][edge.to].is_rest
}

/// For each column the rank of each node.
fn ranks(map: &Map) -> [Vec<usize>; COLUMNS] {
    let mut ranks: [Vec<usize>; COLUMNS] =
        std::array::from_fn(|column| (0..map.columns[column].len()).collect());
    for sweep in 0..SWEEPS {
        let order = if sweep % 2 == 0 { [1, 2, 0] } else { [1, 0, 2] };
        for column in order {
            ranks[column] = by_neighbours(map, column, &ranks);
        }
    }
    ranks
}

/// Ordered by where the neighbours stand on average; whoever has none keeps its place.
fn by_neighbours(map: &Map, column: usize, ranks: &[Vec<usize>; COLUMNS]) -> Vec<usize> {
    let own = &ranks[column];
    // In thousandths of the height of a column, since columns are not of one length.
    let height = |column: usize, node: usize| {
        (2 * ranks[column][node] + 1) * 1000 / (2 * ranks[column].len().max(1))
    };
    let mut sums = vec![(0, 0); own.len()];
    for edge in map.edges.iter().filter(|edge| !is_rest(map, **edge)) {
        if edge.column == column {
            sums[edge.from].0 += height(column + 1, edge.to);
            sums[edge.from].1 += 1;
        } else if edge.column + 1 == column {
            sums[edge.to].0 += height(column - 1, edge.from);
            sums[edge.to].1 += 1;
        }
    }
    let wish = |node: usize| match sums[node] {
        (_, 0) => height(column, node),
        (sum, number) => sum / number,
    };
    let mut nodes: Vec<usize> = (0..own.len()).collect();
    let is_last = |node: usize| map.columns[column][node].is_rest;
    nodes.sort_by_key(|node| (is_last(*node), wish(*node), own[*node]));
    let mut ranks = vec![0; own.len()];
    for (rank, node) in nodes.into_iter().enumerate() {
        ranks[node] = rank;
    }
    ranks
}

/// What fits of the name beside the note: both of its ends, since paths differ at either.
fn fitting(node: &Node, width: usize) -> String {
    let gap = usize::from(!node.note.is_empty());
    let room = (width - PADDING) * 10 / CHARACTER;
    let room = room.saturating_sub(node.note.chars().count() + gap).max(8);
    let name: Vec<char> = node.name.chars().collect();
    if name.len() <= room {
        return node.name.clone();
    }
    let (head, tail) = ((room - 1) / 2, room / 2);
    let shown = name[..head].iter().chain(&['…']);
    shown.chain(&name[name.len() - tail..]).collect()
}

#[cfg(test)]
mod tests {
    use super::super::Tie;
    use super::*;

    fn node(name: &str) -> Node {
        Node {
            name: name.to_owned(),
            note: String::new(),
            is_grant: false,
            is_rest: false,
        }
    }

    fn edge(column: usize, from: usize, to: usize) -> Edge {
        Edge {
            column,
            from,
            to,
            tie: Tie::Gained,
            is_critical: false,
        }
    }

    #[test]
    fn lines_that_cross_are_put_straight() {
        let pair = || vec![node("a"), node("b")];
        let map = Map {
            columns: [pair(), pair(), pair()],
            edges: vec![edge(0, 0, 1), edge(0, 1, 0), edge(1, 0, 0), edge(1, 1, 1)],
        };
        let laid = lay_out(&map);
        let is_straight = |line: &Line| line.from.1 == line.to.1;
        assert!(laid.lines.iter().all(is_straight));
    }

    #[test]
    fn a_long_name_keeps_both_ends() {
        let label = fitting(
            &node("kv/data/a-rather-long/path-in-a/deep-folder/checkout"),
            290,
        );
        assert_eq!(label, "kv/data/a-rather-…ep-folder/checkout");
        assert_eq!(fitting(&node("kv/data/shop"), 290), "kv/data/shop");
    }
}
