//! The map, ready to be drawn, and the same as a table.

use super::super::map::{Laid, Map, Tie, lay_out};
use super::super::words::Section;
use crate::report::phrase::Phrase;

/// How many are named in a cell of the table.
const NAMED: usize = 12;

pub(super) struct Picture {
    pub(super) laid: Laid,
    /// What somebody hears who does not see it.
    pub(super) told: String,
    pub(super) rows: Vec<Row>,
    pub(super) ties: [Tie; 4],
}

/// What passes through one Secret or grant.
pub(super) struct Row {
    pub(super) name: Phrase,
    pub(super) from: Vec<Cell>,
    pub(super) to: Vec<Cell>,
}

pub(super) struct Cell {
    pub(super) tie: Option<Tie>,
    pub(super) name: Phrase,
}

impl Picture {
    pub(super) fn of(sections: &[Section<'_>]) -> Option<Self> {
        let items = sections.iter().flat_map(|section| &section.items);
        let map = Map::of(items.map(|item| item.change));
        if map.is_empty() {
            return None;
        }
        let [paths, middle, clusters] = map.columns.each_ref().map(Vec::len);
        Some(Self {
            told: format!(
                "{} lines between {paths} nodes of paths, {middle} of Secrets and grants, and {clusters} of clusters. The table below says the same.",
                map.edges.len()
            ),
            rows: (0..middle).map(|index| row(&map, index)).collect(),
            laid: lay_out(&map),
            ties: [Tie::Gained, Tie::Lost, Tie::Redirected, Tie::Changed],
        })
    }
}

fn row(map: &Map, index: usize) -> Row {
    let from = map
        .edges
        .iter()
        .filter(|edge| edge.column == 0 && edge.to == index);
    let to = map
        .edges
        .iter()
        .filter(|edge| edge.column == 1 && edge.from == index);
    Row {
        name: map.columns[1][index].told(),
        from: cells(map, 0, from.map(|edge| (edge.from, edge.tie)).collect()),
        to: cells(map, 2, to.map(|edge| (edge.to, edge.tie)).collect()),
    }
}

fn cells(map: &Map, column: usize, nodes: Vec<(usize, Tie)>) -> Vec<Cell> {
    let more = nodes.len().saturating_sub(NAMED);
    let shown = nodes.into_iter().take(NAMED);
    let mut cells: Vec<Cell> = shown
        .map(|(node, tie)| Cell {
            tie: Some(tie),
            name: map.columns[column][node].told(),
        })
        .collect();
    if more > 0 {
        cells.push(Cell {
            tie: None,
            name: Phrase::default().ours(format!("and {more} more")),
        });
    }
    cells
}
