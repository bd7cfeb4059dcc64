//! "Look now", said by anybody who may, heard by the one who looks.

use std::sync::Arc;
use tokio::sync::Notify;

/// However often it is said while somebody looks, it is heard once more afterwards.
#[derive(Debug, Clone, Default)]
pub struct Nudge(Arc<Notify>);

impl Nudge {
    pub fn nudge(&self) {
        self.0.notify_one();
    }

    /// Returns when it was said since the last time. Dropped half-way, it has heard nothing.
    pub async fn nudged(&self) {
        self.0.notified().await;
    }
}

#[cfg(test)]
mod tests {
    use super::Nudge;
    use std::time::Duration;

    #[tokio::test]
    async fn many_nudges_are_heard_once() {
        let nudge = Nudge::default();
        for _ in 0..1000 {
            nudge.nudge();
        }
        let heard = || tokio::time::timeout(Duration::from_millis(50), nudge.nudged());
        assert!(heard().await.is_ok());
        assert!(heard().await.is_err());
        nudge.nudge();
        assert!(heard().await.is_ok());
    }
}
