//! Many reads at once, but not too many.

use futures::stream::{self, StreamExt};
use std::future::Future;

/// What all of them read, in the order in which they end.
///
/// They are made beforehand: what would make them on the way could not move to another thread.
pub(super) fn gather<F: Future, I: Iterator<Item = F>, C: Default + Extend<F::Output>>(
    reads: I,
    at_once: usize,
) -> impl Future<Output = C> + use<F, I, C> {
    let reads: Vec<F> = reads.collect();
    stream::iter(reads).buffer_unordered(at_once).collect()
}
