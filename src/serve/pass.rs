//! One pass over one scope: look, and make what may be made, within a time.
//!
//! A fault of keyfleet in it ends this pass and no other. Looking is given up at any time; a write that has begun is waited for.

use super::board::{Pass, PassEnd, Passes, Trigger};
use super::log;
use super::memory::Memory;
use crate::apply::{Outcome, Progress, StepResult};
use crate::drift::{self, Finding, Look as Observed, Standing, Written};
use crate::observe::Failure;
use crate::pipeline::{Alone, Applied, Look, Planned};
use crate::plan::{self, Change, Scope};
use crate::report::{SecretStatus, secret_states};
use jiff::Timestamp;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;
use tracing::Instrument;

/// A pass to be made.
pub(super) struct Job {
    pub alone: Alone,
    pub look: Result<Look, Failure>,
    /// Whether it is to be made what it should be, or only looked at. Whether git lets it be written is asked again before
    /// each round, and whether this process is the active one by each request.
    pub writes: bool,
    pub deadline: Duration,
    pub stop: CancellationToken,
}

/// What came of it.
pub(super) struct Seen {
    pub end: PassEnd,
    pub written: Vec<Written>,
    /// `None` where it ended before anything was seen.
    pub after: Option<Snapshot>,
    /// Why the cluster itself did not answer.
    pub out_of_reach: Option<Failure>,
}

/// A scope as a pass saw it last, without any value.
#[derive(Default)]
pub(super) struct Snapshot {
    pub findings: Vec<Finding>,
    pub notes: Vec<plan::Finding>,
    pub secrets: Arc<Vec<SecretStatus>>,
    pub looked_at: usize,
}

impl Snapshot {
    fn of(planned: &Planned) -> Self {
        Self {
            findings: planned.scopes.iter().flat_map(drift::findings).collect(),
            notes: planned
                .sheets()
                .flat_map(|sheet| sheet.findings.clone())
                .collect(),
            secrets: Arc::new(planned.scopes.iter().flat_map(secret_states).collect()),
            looked_at: planned.sheets().map(|sheet| sheet.looked_at).sum(),
        }
    }

    /// With what turned up on the way, and waits for the next pass.
    fn with(mut self, unannounced: &[Change]) -> Self {
        let found = unannounced.iter().map(Finding::of_change);
        self.findings.extend(found);
        self
    }

    /// Without what was made.
    fn without(mut self, written: &[Written]) -> Self {
        let done = |finding: &Finding| {
            let is_it = |written: &&Written| {
                written.failure.is_none() && written.finding.target == finding.target
            };
            matches!(finding.standing, Standing::ToChange(_)) && written.iter().any(|it| is_it(&it))
        };
        self.findings.retain(|finding| !done(finding));
        self
    }
}

impl Seen {
    fn ended(end: PassEnd) -> Self {
        Self {
            end,
            written: Vec::new(),
            after: None,
            out_of_reach: None,
        }
    }

    pub(super) fn findings(&self) -> &[Finding] {
        self.after.as_ref().map_or(&[], |after| &after.findings)
    }

    /// Whether every write was made in the end: a later round may have made what failed in an earlier one.
    fn all_made(&self) -> bool {
        let written = self.written.iter();
        let last: BTreeMap<_, _> = written
            .map(|written| (&written.finding.target, written.failure.is_none()))
            .collect();
        last.into_values().all(|is_made| is_made)
    }

    /// The breaker is open.
    pub(super) fn skipped() -> Self {
        Self::ended(PassEnd::Skipped)
    }

    /// Whether everything is as declared, but for what a person holds.
    pub(super) fn is_as_declared(&self) -> bool {
        let is_held = |finding: &Finding| matches!(finding.standing, Standing::Held { .. });
        self.is_complete() && self.findings().iter().all(is_held)
    }

    /// Whether everything was looked at, and all was made that may be: then another look soon is of no use.
    pub(super) fn is_complete(&self) -> bool {
        let was_read = |finding: &Finding| !matches!(finding.standing, Standing::Unread(_));
        self.end == PassEnd::Done && self.all_made() && self.findings().iter().all(was_read)
    }
}

/// Makes the pass in a task of its own.
pub(super) async fn run(job: Job) -> Seen {
    let pass = tokio::spawn(within(job).in_current_span());
    // What a panic says may hold anything: only that there was one is told. It is on stderr already, without values, since
    // these cannot be printed.
    pass.await
        .unwrap_or_else(|_| Seen::ended(PassEnd::Panicked))
}

async fn within(job: Job) -> Seen {
    let end = Instant::now() + job.deadline;
    let planned = tokio::select! {
        planned = job.alone.plan(job.look.clone()) => planned,
        () = tokio::time::sleep(job.deadline) => return Seen::ended(PassEnd::Deadline),
        () = job.stop.cancelled() => return Seen::ended(PassEnd::Stopped),
    };
    let before = Snapshot::of(&planned);
    if !job.writes {
        return Seen {
            after: Some(before),
            out_of_reach: job.alone.out_of_reach().cloned(),
            ..Seen::ended(PassEnd::Done)
        };
    }
    let written = Arc::new(Mutex::new(Vec::new()));
    let stop = || Instant::now() >= end || job.stop.is_cancelled();
    let applied = job.alone.apply(planned, &noting(&written), &stop).await;
    let written = std::mem::take(&mut *written.lock().unwrap_or_else(PoisonError::into_inner));
    Seen {
        out_of_reach: job.alone.out_of_reach().cloned(),
        end: how_it_ended(&job, end),
        after: Some(match &applied {
            Applied {
                left: Some(left), ..
            } => Snapshot::of(left).with(&applied.unannounced),
            Applied { left: None, .. } => before.without(&written),
        }),
        written,
    }
}

fn how_it_ended(job: &Job, end: Instant) -> PassEnd {
    if job.stop.is_cancelled() {
        PassEnd::Stopped
    } else if Instant::now() >= end {
        PassEnd::Deadline
    } else {
        PassEnd::Done
    }
}

/// Notes each step as it ends.
fn noting(written: &Arc<Mutex<Vec<Written>>>) -> Progress {
    let written = Arc::clone(written);
    Arc::new(move |outcome: &Outcome| {
        let failure = match &outcome.result {
            StepResult::Done => None,
            StepResult::Failed(failure) => Some(failure.to_string()),
            StepResult::Skipped { because } => Some(format!("{because} failed before")),
        };
        let step = Written {
            finding: Finding::of_change(&outcome.change),
            failure,
            at: Timestamp::now(),
        };
        log::step(&step);
        let mut written = written.lock().unwrap_or_else(PoisonError::into_inner);
        written.push(step);
    })
}

/// Which pass it was.
pub(super) struct About {
    pub run: String,
    pub revision: String,
    pub began: Timestamp,
    pub took: Duration,
    pub why: Trigger,
    /// Whether the data of every Secret was compared.
    pub full: bool,
}

impl Passes {
    /// A pass ended. Where it saw nothing, what was seen before it stands. To be called within its span.
    pub(super) fn ended(&mut self, scope: &Scope, about: About, seen: Seen) -> Arc<Pass> {
        let Seen {
            end,
            written,
            after,
            out_of_reach: _,
        } = seen;
        let About {
            run,
            revision,
            began,
            took,
            why,
            full: _,
        } = about;
        let (seen, findings, notes, looked_at) = match (after, &self.last) {
            (Some(after), _) => {
                let findings = self.found(after.findings);
                (Some(began), findings, after.notes, after.looked_at)
            }
            (None, Some(last)) => {
                let findings = self.found_nothing(&end, scope);
                (last.seen, findings, last.notes.clone(), last.looked_at)
            }
            (None, None) => (None, self.found_nothing(&end, scope), Vec::new(), 0),
        };
        let pass = Arc::new(Pass {
            run,
            revision,
            began,
            took,
            why,
            end,
            written,
            seen,
            findings,
            notes,
            looked_at,
        });
        log::pass_ended(self.last.as_deref(), &pass);
        self.record(Arc::clone(&pass));
        pass
    }
}

impl About {
    /// Tells the ledger of the pass, and takes from it who moved: board and reports give one answer.
    pub(super) fn remember(&self, memory: &Memory, scope: &Scope, declared: &str, seen: &mut Seen) {
        let unfinished = match seen.end {
            PassEnd::Done => None,
            PassEnd::Deadline => Some("the pass ran out of time"),
            PassEnd::Skipped => Some("it did not answer for several passes"),
            PassEnd::Panicked => Some("the pass ended by a fault of keyfleet"),
            PassEnd::Stopped => Some("the pass was stopped"),
        };
        let Some(after) = &mut seen.after else {
            if let Some(why) = unfinished {
                memory.not_looked_at(scope, why);
            }
            return;
        };
        memory.observe(&Observed {
            scope,
            declared,
            revision: &self.revision,
            unfinished,
            at: self.began,
            full: self.full,
            objects: after.looked_at,
            findings: &after.findings,
            notes: &after.notes,
            written: &seen.written,
        });
        memory.tell_causes(scope, &mut after.findings);
    }
}
