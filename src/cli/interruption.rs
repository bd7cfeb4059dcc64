//! Ctrl-C and `kill`: caught, so that what runs ends in order.

use anyhow::Context;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// Both signals, kept back from when this is made.
#[derive(Debug)]
pub(super) struct Interruption {
    interrupted: Signal,
    terminated: Signal,
}

impl Interruption {
    pub(super) fn caught() -> anyhow::Result<Self> {
        let caught = |kind| signal(kind).context("failed to wait for Ctrl-C");
        Ok(Self {
            interrupted: caught(SignalKind::interrupt())?,
            terminated: caught(SignalKind::terminate())?,
        })
    }

    pub(super) async fn came(&mut self) {
        tokio::select! {
            _ = self.interrupted.recv() => {}
            _ = self.terminated.recv() => {}
        }
    }
}
