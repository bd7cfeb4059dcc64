//! A queue of one: what comes later takes the place of what nobody has taken yet, so that a slow reader does the newest thing
//! next and no old ones.

use std::sync::{Mutex, PoisonError};
use tokio::sync::Notify;

pub(super) struct Mailbox<T> {
    waiting: Mutex<Option<T>>,
    put: Notify,
}

impl<T> Default for Mailbox<T> {
    fn default() -> Self {
        Self {
            waiting: Mutex::new(None),
            put: Notify::new(),
        }
    }
}

impl<T> Mailbox<T> {
    pub(super) fn put(&self, letter: T) {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        *waiting = Some(letter);
        self.put.notify_one();
    }

    /// Waits for a letter. Of several that wait for one mailbox, one gets it.
    pub(super) async fn take(&self) -> T {
        loop {
            let there = {
                let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
                waiting.take()
            };
            match there {
                Some(letter) => return letter,
                None => self.put.notified().await,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_the_newest_is_kept() {
        let mailbox = Mailbox::default();
        mailbox.put(1);
        mailbox.put(2);
        assert_eq!(mailbox.take().await, 2);
        let empty = tokio::time::timeout(std::time::Duration::from_millis(10), mailbox.take());
        assert!(empty.await.is_err());
    }
}
