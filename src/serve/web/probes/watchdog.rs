//! Whether keyfleet's own tasks still turn.

use super::Check;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Knows the tasks that must not stop.
#[derive(Default)]
pub struct Watchdog {
    tasks: Mutex<Vec<Arc<Task>>>,
}

struct Task {
    name: String,
    /// How long it may be silent.
    within: Duration,
    state: Mutex<State>,
}

#[derive(Clone, Copy)]
enum State {
    Beat(Instant),
    /// It is gone and did not say that it would: a panic.
    Lost,
    Finished,
}

/// Held by a task that is watched. Dropped without `finish`, the process is not live any more.
pub struct Beat(Arc<Task>);

impl Watchdog {
    /// Watches a task that beats at least this often.
    pub fn watch(&self, name: impl Into<String>, within: Duration) -> Beat {
        let task = Arc::new(Task {
            name: name.into(),
            within,
            state: Mutex::new(State::Beat(Instant::now())),
        });
        let mut tasks = self.tasks.lock().unwrap_or_else(PoisonError::into_inner);
        tasks.retain(|task| !matches!(task.state(), State::Finished));
        tasks.push(Arc::clone(&task));
        Beat(task)
    }

    pub(super) fn checks(&self, now: Instant) -> Vec<Check> {
        let tasks = self.tasks.lock().unwrap_or_else(PoisonError::into_inner);
        let checks = tasks.iter().filter_map(|task| task.check(now));
        checks.collect()
    }
}

impl Task {
    fn state(&self) -> State {
        *self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set(&self, state: State) {
        *self.state.lock().unwrap_or_else(PoisonError::into_inner) = state;
    }

    fn check(&self, now: Instant) -> Option<Check> {
        let silent = match self.state() {
            State::Beat(at) => now.saturating_duration_since(at),
            State::Lost => return Some(Check::failed(&self.name, "it ended")),
            State::Finished => return None,
        };
        Some(if silent <= self.within {
            Check::passed(&self.name)
        } else {
            let seconds = silent.as_secs();
            Check::failed(&self.name, &format!("no sign of life for {seconds} s"))
        })
    }
}

impl Beat {
    /// It turns.
    pub fn now(&self) {
        self.0.set(State::Beat(Instant::now()));
    }

    /// It is done, and nobody waits for it any more.
    pub fn finish(self) {
        self.0.set(State::Finished);
    }
}

impl Drop for Beat {
    fn drop(&mut self) {
        if !matches!(self.0.state(), State::Finished) {
            self.0.set(State::Lost);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Duration, Instant, Watchdog};

    #[test]
    fn a_task_that_is_silent_or_lost_is_named() {
        let dog = Watchdog::default();
        let beat = dog.watch("schedule", Duration::from_secs(30));
        let passed = |now| {
            let checks = dog.checks(now);
            let of: Vec<bool> = checks.iter().map(|check| check.passed).collect();
            of
        };
        assert_eq!(passed(Instant::now()), [true]);
        assert_eq!(passed(Instant::now() + Duration::from_secs(31)), [false]);
        beat.now();
        assert_eq!(passed(Instant::now() + Duration::from_secs(29)), [true]);
        beat.finish();
        assert_eq!(passed(Instant::now()), [] as [bool; 0]);
        drop(dog.watch("git", Duration::from_secs(30)));
        assert_eq!(passed(Instant::now()), [false]);
    }
}
