use super::record::{Claim, Record, Term};
use super::{Role, Turn};
use crate::backends::kubernetes::ClusterLeases;
use crate::chance;
use crate::fence::Moment;
use crate::names::{Namespace, ObjectName};
use crate::observe::{Failure, FailureClass};
use jiff::Timestamp;
use serde_json::Value;
use std::time::Duration;
use tokio::time::timeout;

/// How long a lease lasts, and how often it is looked at.
#[derive(Debug, Clone, Copy)]
pub struct Times {
    /// In whole seconds. How long nobody else takes over after the last renewal.
    pub duration: Duration,
    pub renew: Duration,
    /// Between two looks of a process that stands by, and between two tries.
    pub retry: Duration,
    /// For one look or renewal, with all that it asks.
    pub request: Duration,
}

impl Default for Times {
    /// A dead process is followed by another after some ten seconds.
    fn default() -> Self {
        Self {
            duration: Duration::from_secs(10),
            renew: Duration::from_secs(2),
            retry: Duration::from_secs(1),
            request: Duration::from_millis(1500),
        }
    }
}

impl Times {
    /// How long after a renewal was *sent* this process may write. The last third is for what is under way then, and for
    /// clocks that do not go equally fast.
    pub fn writing(&self) -> Duration {
        self.duration * 2 / 3
    }

    /// What is wrong with them, in words for who has set them.
    pub fn check(&self) -> Result<(), String> {
        if self.duration.as_secs() == 0 || self.duration.subsec_nanos() != 0 {
            return Err("a lease lasts whole seconds, at least one".to_owned());
        }
        let needed = self.renew + self.request + self.retry + self.request;
        if needed > self.writing() {
            return Err(format!(
                "with a lease of {:?}, writing stops {:?} after a renewal, and a renewal that fails with a second \
                 one takes {needed:?}: make the lease longer",
                self.duration,
                self.writing()
            ));
        }
        Ok(())
    }
}

/// A record, and since when we have seen it as it is.
struct Seen {
    record: Record,
    since: Moment,
}

/// A Lease of `coordination.k8s.io/v1`.
pub struct LeaseSeat {
    leases: ClusterLeases,
    namespace: Namespace,
    name: ObjectName,
    /// See `identity`.
    me: String,
    times: Times,
    /// The last answer to a look, or to a write of ours.
    seen: Option<Seen>,
    /// The term that we hold or have tried to begin: an answer may be lost on its way.
    term: Option<Term>,
    /// Whether `seen` is of our own writing, so that the next renewal needs no look.
    holding: bool,
}

impl LeaseSeat {
    /// `leases` of a connection of its own, or that of other seats: no pass over a cluster may keep a renewal waiting.
    pub fn new(
        leases: ClusterLeases,
        namespace: Namespace,
        name: ObjectName,
        me: String,
        times: Times,
    ) -> Self {
        Self {
            leases,
            namespace,
            name,
            me,
            times,
            seen: None,
            term: None,
            holding: false,
        }
    }

    pub(super) fn retry(&self) -> Duration {
        jittered(self.times.retry)
    }

    pub(super) async fn turn(&mut self) -> Result<Turn, Failure> {
        let limit = self.times.request;
        let late = self.late();
        timeout(limit, self.contend()).await.unwrap_or(Err(late))
    }

    fn late(&self) -> Failure {
        let Self {
            namespace, name, ..
        } = self;
        let why = format!("there was no answer within {:?}", self.times.request);
        Failure::new(
            FailureClass::TimedOut,
            format!("hold or watch Lease {namespace}/{name}"),
            why,
        )
        .hint("check that the API server is well, and that this process may reach it")
    }

    /// A second try follows at once when somebody else was faster, or has edited the Lease.
    async fn contend(&mut self) -> Result<Turn, Failure> {
        let turn = self.try_once().await;
        match turn {
            Err(failure) if was_changed(&failure) => {
                self.holding = false;
                self.try_once().await
            }
            turn => turn,
        }
    }

    async fn try_once(&mut self) -> Result<Turn, Failure> {
        let record = self.record().await?;
        let unchanged = self.unchanged();
        let claim = record.claim(self.term.as_ref(), unchanged, self.times.duration);
        let now = Timestamp::now();
        let next = match claim {
            Claim::Ours => record.renewed(now, self.times.duration),
            Claim::Free => {
                let me = &self.me;
                let term = self.term.get_or_insert_with(|| Term::new(me, now));
                record.taken(term, self.times.duration)
            }
            Claim::Taken(left) => return Ok(self.standby(&record, left)),
        };
        self.write(&next).await
    }

    /// What to decide by: what we have written last, or a fresh look.
    async fn record(&mut self) -> Result<Record, Failure> {
        if self.holding
            && let Some(seen) = &self.seen
        {
            return Ok(seen.record.clone());
        }
        let record = Record::new(self.look().await?);
        let before = self.seen.as_ref().map(|seen| &seen.record);
        if before.is_none_or(|before| !before.is_same(&record)) {
            // Whatever we have sent before, answered or not, is refused from now on: a term that is not in here is over.
            self.term = self.term.take().filter(|term| record.is_of(term));
            self.seen = Some(Seen {
                record: record.clone(),
                since: Moment::now(),
            });
        }
        Ok(record)
    }

    async fn look(&self) -> Result<Value, Failure> {
        let (namespace, name) = (self.namespace.as_str(), self.name.as_str());
        if let Some(lease) = self.leases.get(namespace, name).await? {
            return Ok(lease);
        }
        let missing = Record::missing(name, self.times.duration);
        self.leases.create(namespace, missing.lease()).await
    }

    fn unchanged(&self) -> Duration {
        self.seen
            .as_ref()
            .map_or(Duration::ZERO, |seen| Moment::now().since(seen.since))
    }

    async fn write(&mut self, next: &Record) -> Result<Turn, Failure> {
        // The time runs from here: the server may store it at once and answer late.
        let sent = Moment::now();
        let (namespace, name) = (self.namespace.as_str(), self.name.as_str());
        let stored = self.leases.update(namespace, name, next.lease()).await?;
        let record = Record::new(stored);
        let epoch = record.epoch();
        self.seen = Some(Seen {
            record,
            since: sent,
        });
        self.holding = true;
        Ok(Turn {
            role: Role::Active { epoch },
            until: sent.after(self.times.writing()),
            again: self.times.renew,
        })
    }

    fn standby(&mut self, record: &Record, left: Duration) -> Turn {
        self.holding = false;
        Turn {
            role: Role::Standby {
                holder: record.holder().map(str::to_owned),
            },
            until: Moment::NEVER,
            again: jittered(self.times.retry).min(left),
        }
    }

    /// A Lease that somebody else holds, or nobody for sure, stays as it is.
    pub(super) async fn leave(&mut self) -> Result<(), Failure> {
        if self.term.is_none() {
            return Ok(());
        }
        let late = self.late();
        timeout(self.times.request, async {
            match self.give_up().await {
                Err(failure) if was_changed(&failure) => {
                    self.holding = false;
                    self.give_up().await
                }
                outcome => outcome,
            }
        })
        .await
        .unwrap_or(Err(late))
    }

    async fn give_up(&mut self) -> Result<(), Failure> {
        let record = self.record().await?;
        let claim = record.claim(self.term.as_ref(), Duration::ZERO, self.times.duration);
        if claim != Claim::Ours {
            return Ok(());
        }
        let next = record.given_up(self.times.duration);
        let (namespace, name) = (self.namespace.as_str(), self.name.as_str());
        self.leases.update(namespace, name, next.lease()).await?;
        self.term = None;
        Ok(())
    }
}

/// Somebody has written or deleted it since it was looked at; or made it, where it was missing.
fn was_changed(failure: &Failure) -> bool {
    matches!(
        failure.class,
        FailureClass::Conflict | FailureClass::NotFound
    )
}

/// Up to a fifth less, so that processes that were started together do not ask together.
fn jittered(wait: Duration) -> Duration {
    wait.mul_f64(1.0 - chance::share() / 5.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_leave_room_for_a_second_try() {
        let times = Times::default();
        assert_eq!(times.check(), Ok(()));
        let with = |duration, renew| Times {
            duration: Duration::from_millis(duration),
            renew: Duration::from_millis(renew),
            ..times
        };
        assert!(with(10_500, 2000).check().is_err());
        assert!(with(0, 0).check().is_err());
        assert_eq!(
            with(10_000, 6000).check().unwrap_err(),
            "with a lease of 10s, writing stops 6.666666666s after a renewal, and a renewal that fails with a second one \
             takes 10s: make the lease longer"
        );
    }

    #[test]
    fn looks_are_spread_and_never_late() {
        let second = Duration::from_secs(1);
        for _ in 0..100 {
            let wait = jittered(second);
            assert!(wait <= second && wait > second * 4 / 5, "{wait:?}");
        }
    }
}
