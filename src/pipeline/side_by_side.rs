//! Work on every processor that there is.

use crate::spread::{InTurn, Spread};
use std::panic::resume_unwind;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// Pieces of work side by side, on threads that end with them.
pub(super) struct SideBySide;

/// How many items a thread takes at once.
const BLOCK: usize = 16;
const MOST_THREADS: usize = 16;

impl Spread for SideBySide {
    fn map<I: Sync, T: Send>(&self, items: &[I], work: impl Fn(&I) -> T + Sync) -> Vec<T> {
        let processors = thread::available_parallelism().map_or(1, usize::from);
        let threads = processors
            .min(MOST_THREADS)
            .min(items.len().div_ceil(BLOCK));
        if threads < 2 {
            return InTurn.map(items, work);
        }
        let next = AtomicUsize::new(0);
        let mut blocks: Vec<(usize, Vec<T>)> = thread::scope(|scope| {
            let threads: Vec<_> = (0..threads)
                .map(|_| scope.spawn(|| take_blocks(items, &work, &next)))
                .collect();
            let ended = threads.into_iter().map(thread::ScopedJoinHandle::join);
            ended
                .flat_map(|done| done.unwrap_or_else(|panic| resume_unwind(panic)))
                .collect()
        });
        blocks.sort_unstable_by_key(|(block, _)| *block);
        blocks.into_iter().flat_map(|(_, done)| done).collect()
    }
}

/// Whoever is done takes the next block, so that a big one holds up nobody.
fn take_blocks<I, T>(
    items: &[I],
    work: &impl Fn(&I) -> T,
    next: &AtomicUsize,
) -> Vec<(usize, Vec<T>)> {
    let mut done = Vec::new();
    loop {
        let block = next.fetch_add(1, Ordering::Relaxed);
        let Some(items) = items.chunks(BLOCK).nth(block) else {
            return done;
        };
        done.push((block, items.iter().map(work).collect()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_results_stand_in_the_order_of_the_items() {
        let items: Vec<usize> = (0..1000).collect();
        assert_eq!(
            SideBySide.map(&items, |item| item * 2),
            InTurn.map(&items, |item| item * 2)
        );
    }
}
