use super::Asked;
use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::Instant;

/// More are refused: their forge shows that, and a person can have them sent again.
const MOST: usize = 256;

/// What waits to be reviewed: each pull request once, the newest word of it counts.
#[derive(Default)]
pub struct Queue {
    line: Mutex<VecDeque<Waiting>>,
    changed: Notify,
}

/// One that waits, or is in hand.
#[derive(Debug, Clone)]
pub(super) struct Waiting {
    pub(super) asked: Asked,
    /// How often it was tried already.
    pub(super) tries: u32,
    not_before: Instant,
}

impl Queue {
    /// What was known of this pull request is void. False: too many others wait.
    pub fn ask(&self, asked: Asked) -> bool {
        let mut line = self.line();
        let waiting = Waiting {
            asked,
            tries: 0,
            not_before: Instant::now(),
        };
        // It keeps its place, so that no flood of one pull request keeps it from its turn.
        let is_full = line.len() >= MOST;
        let same = line
            .iter_mut()
            .find(|it| it.asked.number == waiting.asked.number);
        match same {
            Some(same) => *same = waiting,
            None if is_full => return false,
            None => line.push_back(waiting),
        }
        drop(line);
        self.changed.notify_one();
        true
    }

    /// The first that is due. Only one takes.
    pub(super) async fn take(&self) -> Waiting {
        loop {
            let next = {
                let mut line = self.line();
                let now = Instant::now();
                match line.iter().position(|it| it.not_before <= now) {
                    Some(first) => match line.remove(first) {
                        Some(waiting) => return waiting,
                        None => continue,
                    },
                    None => line.iter().map(|it| it.not_before).min(),
                }
            };
            let due = async {
                match next {
                    Some(next) => tokio::time::sleep_until(next).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = self.changed.notified() => {}
                () = due => {}
            }
        }
    }

    /// It was in hand and is to be tried again after this, unless there is newer word of it.
    pub(super) fn again(&self, mut waiting: Waiting, after: Duration) {
        let mut line = self.line();
        let number = waiting.asked.number;
        if line.len() < MOST && !line.iter().any(|it| it.asked.number == number) {
            waiting.not_before = Instant::now() + after;
            line.push_back(waiting);
        }
        drop(line);
        self.changed.notify_one();
    }

    pub(super) fn clear(&self) {
        self.line().clear();
    }

    /// How many wait.
    pub fn len(&self) -> usize {
        self.line().len()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn line(&self) -> MutexGuard<'_, VecDeque<Waiting>> {
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(number: u64, head: char) -> Asked {
        Asked {
            number,
            head: Some(head.to_string().repeat(40)),
        }
    }

    #[tokio::test(start_paused = true)]
    async fn the_newest_word_of_each_counts_and_a_flood_of_one_keeps_no_other_waiting() {
        let queue = Queue::default();
        assert!(queue.ask(asked(7, 'a')) && queue.ask(asked(8, 'a')));
        for _ in 0..1000 {
            assert!(queue.ask(asked(7, 'b')));
        }
        assert_eq!(queue.len(), 2);
        assert_eq!(queue.take().await.asked, asked(7, 'b'));
        assert!(queue.ask(asked(7, 'c')));
        assert_eq!(queue.take().await.asked, asked(8, 'a'));
    }

    #[tokio::test(start_paused = true)]
    async fn there_is_an_end_to_how_many_wait() {
        let queue = Queue::default();
        for number in 0..MOST as u64 {
            assert!(queue.ask(asked(number, 'a')));
        }
        assert!(!queue.ask(asked(999, 'a')));
        assert!(queue.ask(asked(3, 'b')), "one that waits already");
        assert_eq!(queue.len(), MOST);
    }

    #[tokio::test(start_paused = true)]
    async fn what_waits_for_another_try_keeps_no_other_waiting_and_gives_way_to_newer_word() {
        let queue = Queue::default();
        queue.ask(asked(7, 'a'));
        let first = queue.take().await;
        queue.again(first.clone(), Duration::from_secs(60));
        queue.ask(asked(8, 'a'));
        assert_eq!(queue.take().await.asked.number, 8);
        let begin = Instant::now();
        assert_eq!(queue.take().await.asked.number, 7);
        assert!(begin.elapsed() >= Duration::from_secs(60));
        queue.ask(asked(7, 'b'));
        queue.again(first, Duration::ZERO);
        assert_eq!(queue.take().await.asked, asked(7, 'b'));
        assert!(queue.is_empty());
    }
}
