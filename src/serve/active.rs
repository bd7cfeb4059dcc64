//! One active process: of all that were started for one fleet, one writes. On Kubernetes they agree by a Lease, elsewhere
//! by a lock on the data directory.
//!
//! Promises: the `Fence` is extended only while nobody else can be active, and runs out by itself when this process
//! sleeps, hangs, or cannot reach the API server. A process that stops in order makes way at once, one that dies within
//! the time of the lease. Standing by, losing and regaining the seat need no restart.
//!
//! Deliberately absent: any knowledge of what is written. A seat is for whatever the caller guards by its fence: today the
//! whole fleet, later a shard of its cells, with one seat and one fence each on one connection. Why it is so, and
//! what it cannot promise: docs/decisions/0012-one-active-process.md.

mod lease;
mod lock;
mod record;

pub use lease::{LeaseSeat, Times};
pub use lock::LockSeat;

use crate::fence::{Fence, Moment};
use crate::observe::Failure;
use anyhow::anyhow;
use jiff::Timestamp;
use std::any::Any;
use std::fmt;
use std::time::Duration;
use tokio::sync::{oneshot, watch};
use tokio::task::JoinHandle;

/// What the processes contend for.
pub enum Seat {
    Lease(LeaseSeat),
    Lock(LockSeat),
}

/// What this process is at the moment. To show and to plan by; whether a write may go out, only the fence knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    pub role: Role,
    pub since: Timestamp,
    /// Why the last look at the seat, or the last renewal, failed.
    pub trouble: Option<Failure>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Role {
    /// Nobody knows yet.
    Starting,
    Active {
        /// Counts the terms of office: who comes later has a higher one. Begins anew when the Lease or the data directory
        /// is made anew.
        epoch: u64,
    },
    Standby {
        /// Who is active instead, as far as that is known.
        holder: Option<String>,
    },
}

impl Role {
    pub fn is_active(&self) -> bool {
        matches!(self, Self::Active { .. })
    }
}

impl fmt::Display for Role {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Starting => formatter.write_str("starting"),
            Self::Active { epoch } => write!(formatter, "active, term {epoch}"),
            Self::Standby { holder: None } => formatter.write_str("standing by"),
            Self::Standby {
                holder: Some(holder),
            } => write!(formatter, "standing by, {holder} is active"),
        }
    }
}

/// What a look at the seat came to.
struct Turn {
    role: Role,
    /// How long an active process may write.
    until: Moment,
    /// When to look again.
    again: Duration,
}

impl Seat {
    async fn turn(&mut self) -> Result<Turn, Failure> {
        match self {
            Self::Lease(seat) => seat.turn().await,
            Self::Lock(seat) => seat.turn(),
        }
    }

    /// Makes way for the next one, if the seat is ours.
    async fn leave(&mut self) -> Result<(), Failure> {
        match self {
            Self::Lease(seat) => seat.leave().await,
            Self::Lock(seat) => seat.leave(),
        }
    }

    /// How long after a failure the next look comes.
    fn retry(&self) -> Duration {
        match self {
            Self::Lease(seat) => seat.retry(),
            Self::Lock(_) => lock::AGAIN,
        }
    }
}

/// Contends for a seat until it is told to give up, or dropped. Needs a tokio runtime.
pub fn contend(seat: Seat, fence: Fence) -> Contender {
    let standing = watch::Sender::new(Standing {
        role: Role::Starting,
        since: Timestamp::now(),
        trouble: None,
    });
    let (stop, stopped) = oneshot::channel();
    Contender {
        standing: standing.subscribe(),
        stop,
        task: tokio::spawn(run(seat, fence, standing, stopped)),
    }
}

/// A handle on the contention; dropped, it gives up in the background.
pub struct Contender {
    standing: watch::Receiver<Standing>,
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl Contender {
    /// Changes as long as this process contends. An error of `changed` means that it does not any more: when nobody has
    /// asked it to give up, the process should end, and be started anew.
    pub fn standing(&self) -> watch::Receiver<Standing> {
        self.standing.clone()
    }

    /// Closes the fence and makes way for the next one. To be called when the last write has its answer: whatever is
    /// still under way is given up, and the next process begins at once. An error when it had ended by itself, with why: that has
    /// closed the fence, too.
    pub async fn give_up(self) -> anyhow::Result<()> {
        drop(self.stop);
        self.task.await.map_err(|error| {
            let why = match error.try_into_panic() {
                Ok(panic) => said(&*panic),
                Err(error) => error.to_string(),
            };
            anyhow!("contending for being the process that writes ended by a fault of keyfleet, please report it: {why}")
        })
    }
}

/// In the words of a panic.
fn said(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied();
    let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    text.unwrap_or("it panicked").to_owned()
}

/// Also when a bug unwinds the task: before the seat is dropped, and a lock with it.
struct ClosesFence(Fence);

impl Drop for ClosesFence {
    fn drop(&mut self) {
        self.0.close();
    }
}

async fn run(
    mut seat: Seat,
    fence: Fence,
    standing: watch::Sender<Standing>,
    mut stopped: oneshot::Receiver<()>,
) {
    let closes = ClosesFence(fence.clone());
    loop {
        let outcome = tokio::select! {
            biased;
            _ = &mut stopped => break,
            outcome = turn(&mut seat, &fence, &standing) => outcome,
        };
        let retry = seat.retry();
        let again = publish(&standing, &fence, outcome).unwrap_or(retry);
        tokio::select! {
            biased;
            _ = &mut stopped => break,
            () = tokio::time::sleep(again) => {}
            () = over(&fence, &standing) => {}
        }
    }
    drop(closes);
    if let Err(failure) = seat.leave().await {
        tracing::warn!(%failure, "the next process takes over only when the lease has run out");
    }
}

/// A turn, during which it may turn out that the time to write is over: a server that does not answer is the usual
/// reason for both.
async fn turn(
    seat: &mut Seat,
    fence: &Fence,
    standing: &watch::Sender<Standing>,
) -> Result<Turn, Failure> {
    let turn = seat.turn();
    tokio::pin!(turn);
    tokio::select! {
        outcome = &mut turn => return outcome,
        () = over(fence, standing) => {}
    }
    step_down(standing, None);
    turn.await
}

/// Returns when an active process may not write any more.
async fn over(fence: &Fence, standing: &watch::Sender<Standing>) {
    if standing.borrow().role.is_active() {
        fence.over().await;
    } else {
        std::future::pending::<()>().await;
    }
}

/// Tells what a turn came to, and when the next is due where the turn knows that.
fn publish(
    standing: &watch::Sender<Standing>,
    fence: &Fence,
    outcome: Result<Turn, Failure>,
) -> Option<Duration> {
    match outcome {
        Ok(Turn { role, until, again }) => {
            // Under the lock of the one, so that whoever sees either sees both.
            standing.send_if_modified(|current| {
                if role != current.role {
                    fence.close();
                }
                let modified = change(current, role, None);
                fence.extend(until);
                modified
            });
            Some(again)
        }
        Err(failure) => {
            let role = standing.borrow().role.clone();
            if role.is_active() && !fence.may_write() {
                step_down(standing, Some(failure));
            } else {
                standing.send_if_modified(|current| change(current, role, Some(failure)));
            }
            None
        }
    }
}

fn step_down(standing: &watch::Sender<Standing>, trouble: Option<Failure>) {
    standing.send_if_modified(|current| {
        let trouble = trouble.or_else(|| current.trouble.clone());
        change(current, Role::Standby { holder: None }, trouble)
    });
}

/// Whether anything has changed, which is also logged.
fn change(current: &mut Standing, role: Role, trouble: Option<Failure>) -> bool {
    let is_new = trouble != current.trouble;
    if let Some(failure) = trouble.as_ref().filter(|_| is_new) {
        tracing::warn!(%failure, hint = failure.hint, "which process is active is not known for sure");
    }
    let moved = role != current.role;
    if moved {
        tracing::info!("this process is {role}");
        current.since = Timestamp::now();
    }
    (current.role, current.trouble) = (role, trouble);
    moved || is_new
}

/// The name of this process among those that contend: another one after every start, so that a pod that was restarted is
/// not taken for the one that it was.
pub fn identity(pod: Option<&str>) -> String {
    let random = uuid::Uuid::new_v4().simple().to_string();
    let host = pod.map_or_else(host, str::to_owned);
    format!("{host}_{}", &random[..8])
}

/// The machine's own name, which in a pod is that of the pod.
fn host() -> String {
    rustix::system::uname()
        .nodename()
        .to_string_lossy()
        .into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn whoever_gives_up_hears_of_a_fault_before() {
        let (standing, known) = watch::channel(Standing {
            role: Role::Starting,
            since: Timestamp::UNIX_EPOCH,
            trouble: None,
        });
        let fence = Fence::open();
        let closes = ClosesFence(fence.clone());
        let contender = Contender {
            standing: known,
            stop: oneshot::channel().0,
            task: tokio::spawn(async move {
                let _both = (closes, standing);
                panic!("a fault of the test's own");
            }),
        };
        assert!(contender.standing().changed().await.is_err());
        assert!(!fence.may_write());
        let why = contender.give_up().await.unwrap_err().to_string();
        assert!(why.ends_with("a fault of the test's own"), "{why}");
    }
}
