//! Work that waits and computes, spread over the runtime's threads.

use futures::stream::{self, StreamExt};
use std::future::Future;
use std::panic::resume_unwind;
use tokio::task::JoinHandle;

/// Runs all of it, so many at once; the results come in order. Whoever waits no more ends what is under way.
pub(super) async fn on_all_processors<T: Send + 'static>(
    work: impl Iterator<Item = impl Future<Output = T> + Send + 'static>,
    at_once: usize,
) -> Vec<T> {
    let running = work.map(|work| {
        let mut running = Running(tokio::spawn(work));
        async move {
            match (&mut running.0).await {
                Ok(done) => done,
                // It is not aborted while it is awaited.
                Err(panic) => resume_unwind(panic.into_panic()),
            }
        }
    });
    stream::iter(running).buffered(at_once).collect().await
}

struct Running<T>(JoinHandle<T>);

impl<T> Drop for Running<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}
