//! How much is kept: what somebody breaks a thousand times a day must not fill the disk.

use super::Ledger;
use super::book::{Book, Closed};

/// Findings that stand, in one scope.
pub(super) const MOST_OPEN: usize = 1_000;
/// Findings that were resolved, in one scope.
const MOST_CLOSED: usize = 200;
/// Of these, of one object in one way; older ones are only counted.
const MOST_CLOSED_OF_ONE: usize = 4;
/// Resolved findings in all scopes together.
const MOST_CLOSED_IN_ALL: usize = 10_000;

/// What is resolved again and again becomes one line with a number.
pub(super) fn fold(closed: &mut Vec<Closed>) {
    let Some(last) = closed.last() else { return };
    let key = last.key.clone();
    let mut same = closed
        .iter()
        .enumerate()
        .filter(|(_, one)| one.key == key)
        .map(|(index, _)| index);
    let (first, second) = (same.next(), same.next());
    if let (Some(first), Some(second)) = (first, second)
        && same.count() + 2 > MOST_CLOSED_OF_ONE
    {
        let times = closed[first].times;
        closed[second].times += times;
        closed.remove(first);
    }
}

impl Ledger {
    /// Drops the oldest of what was resolved; what no schedule has told yet is counted.
    pub(super) fn make_room(&mut self) {
        let told = self.told_by_all();
        let mut forgotten = 0;
        for book in self.books.values_mut() {
            let many = book.closed.len().saturating_sub(MOST_CLOSED);
            forgotten += drop_oldest(book, many, told);
        }
        let all: usize = self.books.values().map(|book| book.closed.len()).sum();
        for _ in MOST_CLOSED_IN_ALL..all {
            let oldest = |book: &&mut Book| book.closed.first().map(|closed| closed.look);
            let books = self.books.values_mut();
            let book = books
                .filter(|book| !book.closed.is_empty())
                .min_by_key(oldest);
            forgotten += book.map_or(0, |book| drop_oldest(book, 1, told));
        }
        self.totals.forgotten += forgotten;
    }
}

/// How many of them nobody was told of.
fn drop_oldest(book: &mut Book, many: usize, told: u64) -> usize {
    let dropped = book.closed.drain(..many);
    let untold = dropped.filter(|closed| closed.look > told);
    untold.map(|closed| closed.times).sum()
}
