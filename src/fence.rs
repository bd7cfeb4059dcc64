//! Whether this process may write now, asked at the last moment that a program has.
//!
//! Promises: a process that slept, was stopped (SIGSTOP) or whose machine was suspended does not go on with a write that
//! it had begun to prepare: the clock here goes on meanwhile, and it is read before every step of a request and once more
//! when the connection takes its body. What waits for an answer gives up when the time is over.
//!
//! Deliberately absent: taking back what the kernel was given. See docs/decisions/0012-one-active-process.md for what is
//! left, and for what the servers refuse by themselves.

use http_body::{Body, Frame, SizeHint};
use rustix::time::{ClockId, clock_gettime};
use std::error::Error;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::sync::watch;

/// The standard library's `Instant` stands still on Linux while a machine is suspended; elsewhere the monotonic clock
/// goes on.
#[cfg(target_os = "linux")]
const CLOCK: ClockId = ClockId::Boottime;
#[cfg(not(target_os = "linux"))]
const CLOCK: ClockId = ClockId::Monotonic;

/// A point in time of this machine alone, by a clock that nobody can set and that goes on in its sleep.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment(Duration);

impl Moment {
    pub const FOREVER: Self = Self(Duration::MAX);
    pub const NEVER: Self = Self(Duration::ZERO);

    pub fn now() -> Self {
        let time = clock_gettime(CLOCK);
        // Neither is ever negative: the clock begins at the start of the machine.
        let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
        let nanoseconds = u32::try_from(time.tv_nsec).unwrap_or(0);
        Self(Duration::new(seconds, nanoseconds))
    }

    #[must_use]
    pub fn after(self, wait: Duration) -> Self {
        Self(self.0.saturating_add(wait))
    }

    /// How long from `earlier` until this moment; nothing when it lies before that.
    pub fn since(self, earlier: Self) -> Duration {
        self.0.saturating_sub(earlier.0)
    }
}

/// Until when this process may write. All clones are one fence.
#[derive(Debug, Clone)]
pub struct Fence {
    state: Arc<watch::Sender<State>>,
    /// The only term that this handle is good for.
    term: Option<u64>,
}

#[derive(Debug, Clone, Copy)]
struct State {
    /// Goes up whenever the fence is closed: what was begun before does not go on when it opens again, since another
    /// process may have been active in between.
    term: u64,
    until: Moment,
}

impl Fence {
    /// Never in the way: for the command line, where a person says when to write.
    pub fn open() -> Self {
        Self::until(Moment::FOREVER)
    }

    /// Lets nothing through until it is extended.
    pub fn closed() -> Self {
        Self::until(Moment::NEVER)
    }

    fn until(until: Moment) -> Self {
        Self {
            state: Arc::new(watch::Sender::new(State { term: 0, until })),
            term: None,
        }
    }

    /// Writes may go on until then. Takes nothing away that was given before.
    pub fn extend(&self, until: Moment) {
        self.state.send_if_modified(|state| {
            let later = until > state.until;
            state.until = until.max(state.until);
            later
        });
    }

    /// Nothing more from now on; what is under way gives up.
    pub fn close(&self) {
        self.state.send_modify(|state| {
            state.term += 1;
            state.until = Moment::NEVER;
        });
    }

    /// A handle that stays closed once this fence was closed, for whoever decides first and writes later.
    #[must_use]
    pub fn of_this_term(&self) -> Self {
        let term = self.term.unwrap_or_else(|| self.state.borrow().term);
        Self {
            state: Arc::clone(&self.state),
            term: Some(term),
        }
    }

    pub fn may_write(&self) -> bool {
        let state = *self.state.borrow();
        !self.left(state).is_zero()
    }

    /// Whether the only term that this handle is good for has ended: it never lets anything through again.
    pub fn is_of_the_past(&self) -> bool {
        self.is_past(*self.state.borrow())
    }

    fn is_past(&self, state: State) -> bool {
        self.term.is_some_and(|term| term != state.term)
    }

    fn left(&self, state: State) -> Duration {
        if self.is_past(state) {
            return Duration::ZERO;
        }
        state.until.since(Moment::now())
    }

    /// Returns once writes may not go on, however often that was put off meanwhile.
    pub async fn over(&self) {
        let mut states = self.state.subscribe();
        loop {
            let state = *states.borrow_and_update();
            let left = self.left(state);
            if left.is_zero() {
                return;
            }
            // The timer sleeps with the machine and may come late; then the clock above says so.
            tokio::select! {
                () = tokio::time::sleep(left) => {}
                _ = states.changed() => {}
            }
        }
    }

    /// `write` as long as it may go on.
    pub fn guard<F: Future>(&self, write: F) -> Fenced<F> {
        let fence = self.of_this_term();
        Fenced {
            fence: fence.clone(),
            over: Box::pin(async move { fence.over().await }),
            write: Some(Box::pin(write)),
            begun: false,
        }
    }

    /// The body of a writing request. Clients hand a request to a task that owns the connection, and that task may get
    /// to it later: this looks at the clock again when it does. A request whose body does not come is not carried out.
    pub fn body<B: Body>(&self, body: B) -> FencedBody<B> {
        FencedBody {
            fence: self.of_this_term(),
            body,
        }
    }
}

/// The time in which this process may write is over: another one may be active now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stale {
    /// Whether the write had begun, and may have been carried out all the same.
    pub begun: bool,
}

impl fmt::Display for Stale {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let outcome = if self.begun {
            "given up, and may have been carried out all the same"
        } else {
            "not sent"
        };
        write!(
            formatter,
            "{outcome}: this process is not the active one any more"
        )
    }
}

impl Error for Stale {}

/// A write that looks at the clock before every step.
pub struct Fenced<F> {
    fence: Fence,
    write: Option<Pin<Box<F>>>,
    begun: bool,
    over: Pin<Box<dyn Future<Output = ()> + Send>>,
}

impl<F: Future> Future for Fenced<F> {
    type Output = Result<F::Output, Stale>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        let stale = Poll::Ready(Err(Stale { begun: this.begun }));
        // The clock comes first: this may be the first step after a long sleep.
        let Some(write) = this.write.as_mut().filter(|_| this.fence.may_write()) else {
            this.write = None;
            return stale;
        };
        this.begun = true;
        if let Poll::Ready(output) = write.as_mut().poll(context) {
            return Poll::Ready(Ok(output));
        }
        if this.over.as_mut().poll(context).is_ready() {
            // Dropped at once, which closes its connection: a server that has not got to it may leave it.
            this.write = None;
            return Poll::Ready(Err(Stale { begun: true }));
        }
        Poll::Pending
    }
}

/// See `Fence::body`.
#[derive(Debug)]
pub struct FencedBody<B> {
    fence: Fence,
    body: B,
}

impl<B> Body for FencedBody<B>
where
    B: Body + Unpin,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    type Data = B::Data;
    type Error = Box<dyn Error + Send + Sync>;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, Self::Error>>> {
        let frame = Pin::new(&mut self.body).poll_frame(context);
        if self.fence.may_write() {
            frame.map_err(Into::into)
        } else {
            Poll::Ready(Some(Err(Stale { begun: false }.into())))
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;
    use futures::poll;
    use http_body_util::{BodyExt as _, Full};
    use std::future::pending;
    use std::sync::atomic::{AtomicU32, Ordering};
    use std::time::Instant;

    const SHORT: Duration = Duration::from_millis(60);

    fn shortly() -> Moment {
        Moment::now().after(SHORT)
    }

    /// Counts how often it is polled, and never ends.
    async fn counting(polls: &AtomicU32) {
        std::future::poll_fn(|_| {
            polls.fetch_add(1, Ordering::Relaxed);
            Poll::<()>::Pending
        })
        .await;
    }

    #[test]
    fn the_clock_goes_on() {
        let before = Moment::now();
        std::thread::sleep(Duration::from_millis(5));
        let passed = Moment::now().since(before);
        assert!(passed >= Duration::from_millis(5), "{passed:?}");
        assert_eq!(before.since(Moment::now()), Duration::ZERO);
    }

    #[test]
    fn a_fence_lets_through_what_it_was_extended_for() {
        assert!(Fence::open().may_write());
        let fence = Fence::closed();
        assert!(!fence.may_write());
        fence.extend(shortly());
        assert!(fence.clone().may_write(), "a clone is the same fence");
        fence.extend(Moment::now());
        assert!(fence.may_write(), "an earlier end takes nothing away");
        std::thread::sleep(SHORT);
        assert!(!fence.may_write());
        fence.extend(Moment::FOREVER);
        fence.close();
        assert!(!fence.may_write());
    }

    #[tokio::test]
    async fn a_write_that_was_prepared_before_a_long_sleep_is_not_continued_after_it() {
        let (fence, polls) = (Fence::closed(), AtomicU32::new(0));
        fence.extend(shortly());
        let mut write = fence.guard(counting(&polls));
        assert!(poll!(&mut write).is_pending());
        // The thread sleeps, as a stopped process does: nothing runs meanwhile, no timer either.
        std::thread::sleep(SHORT);
        assert_eq!(write.await, Err(Stale { begun: true }));
        assert_eq!(polls.load(Ordering::Relaxed), 1);
    }

    #[tokio::test]
    async fn what_was_begun_in_one_term_is_not_finished_in_another() {
        let (fence, polls) = (Fence::open(), AtomicU32::new(0));
        let mut write = fence.guard(counting(&polls));
        let (work, body) = (
            fence.of_this_term(),
            fence.body(Full::new(Bytes::from("data"))),
        );
        assert!(poll!(&mut write).is_pending());
        fence.close();
        fence.extend(Moment::FOREVER);
        assert_eq!(write.await, Err(Stale { begun: true }));
        assert_eq!(polls.load(Ordering::Relaxed), 1);
        assert!(body.collect().await.is_err());
        assert!(fence.may_write() && !fence.is_of_the_past());
        assert!(!work.may_write() && work.is_of_the_past());
        assert!(!work.of_this_term().may_write());
    }

    #[tokio::test]
    async fn a_write_that_had_not_begun_says_that_nothing_was_sent() {
        let polls = AtomicU32::new(0);
        let stale = Fence::closed().guard(counting(&polls)).await.unwrap_err();
        assert_eq!((stale.begun, polls.load(Ordering::Relaxed)), (false, 0));
        assert_eq!(
            stale.to_string(),
            "not sent: this process is not the active one any more"
        );
    }

    #[tokio::test]
    async fn an_answer_is_not_waited_for_beyond_the_end() {
        let fence = Fence::closed();
        fence.extend(shortly());
        let begin = Instant::now();
        let write = fence.guard(pending::<()>());
        fence.extend(shortly().after(SHORT));
        assert_eq!(write.await, Err(Stale { begun: true }));
        let waited = begin.elapsed();
        assert!(waited >= SHORT * 2, "it was put off: {waited:?}");
        assert!(waited < SHORT * 20, "{waited:?}");
    }

    #[tokio::test]
    async fn what_is_under_way_gives_up_when_the_fence_is_closed() {
        let fence = Fence::open();
        let write = fence.guard(pending::<()>());
        let close = async {
            tokio::time::sleep(SHORT).await;
            fence.close();
        };
        let (outcome, ()) = tokio::join!(write, close);
        assert_eq!(outcome, Err(Stale { begun: true }));
    }

    #[tokio::test]
    async fn a_write_in_time_gives_what_it_came_to() {
        assert_eq!(Fence::open().guard(async { 7 }).await, Ok(7));
    }

    #[tokio::test]
    async fn a_body_is_handed_out_in_time_only() {
        let fence = Fence::open();
        let body = || fence.body(Full::new(Bytes::from("data")));
        let (early, late) = (body(), body());
        assert_eq!(early.size_hint().exact(), Some(4));
        assert_eq!(early.collect().await.unwrap().to_bytes(), "data");
        fence.close();
        let refused = late.collect().await.unwrap_err();
        assert_eq!(refused.downcast_ref(), Some(&Stale { begun: false }));
        assert!(fence.body(Full::new(Bytes::new())).is_end_stream());
    }
}
