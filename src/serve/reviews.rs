//! Reviews of pull requests: a webhook says which number to look at, and the service comments.
//!
//! Promises: what is compared comes from the followed repository's own server, by the name that it keeps a pull request under; a
//! fork's own address is never asked, and nothing of a pull request is run. A status is of the commit that was read. There is one
//! review at a time, beside the passes and never before one: what it works out is off the threads that they wait on. Only the
//! process that is active posts. A review that cannot be made is tried again for a while, and then given up and told.
//!
//! Deliberately absent: any question to a Vault or a cluster, for which a comment would be an answer to whoever opens a pull request;
//! a list of the open ones, so that a webhook that is lost costs its review; anything that depends on what a webhook says of the
//! change itself.

mod make;
mod queue;

pub use queue::Queue;

use super::service::Service;
use super::settings::Review;
use super::supervise::Task;
use crate::chance::Backoff;
use crate::fence::Fence;
use crate::forge::{Forge, Patience, Place, Post};
use anyhow::Context as _;
use make::Made;
use queue::Waiting;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// Waits before another try: about twenty minutes in all.
const BACKOFF: Backoff = Backoff {
    first: Duration::from_secs(5),
    longest: Duration::from_secs(600),
};
const TRIES: u32 = 9;
/// So often it is looked again where git is behind what the webhook has said.
const LOOKS: u32 = 4;

/// A pull request that somebody with the secret of the webhooks has named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    pub number: u64,
    /// The commit that the forge says is its newest. Git may know another one, which counts.
    pub head: Option<String>,
}

/// What became of a try.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReviewResult {
    Posted,
    /// It is tried again.
    Failed,
    GivenUp,
}

/// Makes the reviews of one term of being active.
pub(super) struct Reviewer {
    service: Arc<Service>,
    review: Review,
    place: Place,
    queue: Arc<Queue>,
    fence: Fence,
    stop: CancellationToken,
    /// What took too long, and has not ended: there is never a second one beside it.
    late: Option<JoinHandle<()>>,
}

/// Why there is no review.
struct Unmade {
    why: anyhow::Error,
    /// What was read, where that is known.
    commit: Option<String>,
    /// Another try would end the same.
    for_good: bool,
}

impl From<anyhow::Error> for Unmade {
    fn from(why: anyhow::Error) -> Self {
        Self {
            why,
            commit: None,
            for_good: false,
        }
    }
}

impl Reviewer {
    /// None where the settings do not say that there are reviews.
    pub(super) fn new(
        service: Arc<Service>,
        queue: Arc<Queue>,
        stop: CancellationToken,
    ) -> Option<Self> {
        let (review, place) = (
            service.settings.review.clone(),
            service.settings.review_place(),
        );
        let (Some(review), Some(place)) = (review, place) else {
            queue.clear();
            return None;
        };
        Some(Self {
            review,
            place,
            queue,
            fence: service.fence.of_this_term(),
            service,
            stop,
            late: None,
        })
    }

    async fn turn(&mut self, waiting: Waiting) {
        let stop = self.stop.clone();
        let begin = Instant::now();
        let made = tokio::select! {
            biased;
            () = stop.cancelled() => return self.queue.again(waiting, Duration::ZERO),
            made = self.one(&waiting.asked) => made,
        };
        let took = begin.elapsed();
        match made {
            Ok(made) => self.posted(waiting, &made, took),
            Err(unmade) => self.failed(waiting, unmade, took).await,
        }
    }

    async fn one(&mut self, asked: &Asked) -> Result<Made, Unmade> {
        if let Some(late) = self.late.take() {
            let _ = late.await;
        }
        let post = self.post(asked.number)?;
        let settings = &self.service.settings.repository;
        let compared = make::read(settings, &self.place, asked.number).await?;
        let made = make::work_out(compared, &mut self.late).await?;
        let commit = made.commit.clone();
        let posting = post.review(made.shown(), &made.name, Some(&commit));
        let posted = self.fence.guard(posting).await;
        let posted = posted.map_err(anyhow::Error::from).and_then(|it| it);
        posted.map_err(|why| Unmade {
            why,
            commit: Some(commit),
            for_good: false,
        })?;
        Ok(made)
    }

    /// The token is read each time, so that a new one is found.
    fn post(&self, pull_request: u64) -> anyhow::Result<Post> {
        let token = self.review.token.read()?;
        let forge = Forge::new(&self.place, &token, None, Patience::default());
        Ok(Post {
            forge: forge.context("the forge cannot be asked")?,
            pull_request,
            comment: self.review.comment,
            status: self.review.status,
            link: None,
        })
    }

    fn posted(&self, mut waiting: Waiting, made: &Made, took: Duration) {
        let (number, head) = (waiting.asked.number, &*made.commit);
        let (is_good, summary) = made.verdict();
        let seconds = took.as_secs_f64();
        tracing::info!(
            number,
            head,
            is_good,
            summary,
            seconds,
            "a pull request was reviewed"
        );
        self.service.counters.review(ReviewResult::Posted, took);
        let is_behind = waiting.asked.head.as_ref().is_some_and(|said| said != head);
        if is_behind && waiting.tries + 1 < LOOKS {
            waiting.tries += 1;
            let wait = BACKOFF.half(waiting.tries);
            self.queue.again(waiting, wait);
        }
    }

    async fn failed(&self, mut waiting: Waiting, unmade: Unmade, took: Duration) {
        let number = waiting.asked.number;
        let why = format!("{:#}", unmade.why);
        waiting.tries += 1;
        if self.fence.is_of_the_past() {
            return;
        }
        if !unmade.for_good && waiting.tries < TRIES {
            let again_in = BACKOFF.half(waiting.tries);
            tracing::warn!(
                number,
                why,
                ?again_in,
                "a pull request could not be reviewed"
            );
            self.service.counters.review(ReviewResult::Failed, took);
            return self.queue.again(waiting, again_in);
        }
        tracing::warn!(number, why, "a pull request is not reviewed");
        self.service.counters.review(ReviewResult::GivenUp, took);
        // Of what was not read, it can only be said that it was not: that opens no way to a merge.
        let commit = unmade.commit.or(waiting.asked.head);
        let told = match self.post(number) {
            Ok(post) => {
                let telling = post.failed(commit.as_deref());
                let told = self.fence.guard(telling).await;
                told.map_err(anyhow::Error::from).and_then(|it| it)
            }
            Err(why) => Err(why),
        };
        if let Err(why) = told {
            tracing::debug!(number, why = format!("{why:#}"), "nor could that be told");
        }
    }
}

impl Task for Reviewer {
    /// What a fault ends is not tried again: it would end the next life, too.
    async fn live(&mut self) {
        loop {
            let waiting = tokio::select! {
                biased;
                () = self.stop.cancelled() => return,
                waiting = self.queue.take() => waiting,
            };
            self.turn(waiting).await;
        }
    }
}
