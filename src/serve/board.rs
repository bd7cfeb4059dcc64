//! What the service knows at this moment: written by the tasks that find it out, read by pages, the API and metrics.
//!
//! Promises: no value and no token is on it; a reader gets whole entries and holds up no writer.

mod misdeclared;
mod unseen;

use crate::connect::{Phase, TokenState};
use crate::desire::{Cell, Desired, DesiredVault};
use crate::diagnostics::{Diagnostics, Sources};
use crate::drift::{Coverage, Finding, Written};
use crate::names::{ClusterName, VaultName};
use crate::observe::Failure;
use crate::observe::live::Health;
use crate::plan::{self, Target};
use crate::report::SecretStatus;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::mem::discriminant;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

pub use misdeclared::Misdeclared;

/// The board itself.
#[derive(Default)]
pub struct Board {
    known: RwLock<Known>,
}

/// Everything on it, as it was at one moment. Cheap to take: the parts are shared.
#[derive(Clone, Default)]
pub struct Known {
    pub standing: Standing,
    pub source: Arc<SourceState>,
    pub vaults: BTreeMap<VaultName, Arc<VaultState>>,
    pub clusters: BTreeMap<ClusterName, Arc<ClusterState>>,
    /// Declared clusters that are not looked at, for errors in their declarations. What was seen before of them is in `clusters`.
    pub misdeclared: Arc<BTreeMap<ClusterName, Misdeclared>>,
    /// The reports that were made, newest first, so many of them as are kept.
    pub reports: Arc<Vec<ReportMade>>,
}

/// Whether this process is the one that writes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Standing {
    #[default]
    Starting,
    Active {
        since: Timestamp,
    },
    /// Another process writes; this one shows what it saw last, and waits.
    Standby {
        holder: Option<String>,
    },
    /// It was told to end.
    Stopping,
}

/// What is known of the repository.
#[derive(Clone, Default)]
pub struct SourceState {
    /// Its name for people: `acme`.
    pub name: String,
    /// What is being followed now.
    pub followed: Option<Arc<Followed>>,
    /// When the server last answered.
    pub fetched: Option<Timestamp>,
    /// Why the last fetch failed.
    pub failure: Option<String>,
    /// A revision that is there and is not followed.
    pub held: Option<HeldRevision>,
}

/// A revision that everything is kept equal to.
pub struct Followed {
    pub revision: String,
    pub since: Timestamp,
    pub desired: Arc<Desired>,
    pub problems: Arc<Diagnostics>,
    /// The texts that the problems point into.
    pub sources: Arc<Sources>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldRevision {
    /// The branch was rewritten: not followed until somebody accepts it. Otherwise the revision is of no use, such as one whose
    /// fleet.yaml has errors.
    pub is_rewritten: bool,
    pub from: String,
    pub to: String,
    pub why: String,
    pub since: Timestamp,
}

/// What is known of one cluster.
#[derive(Clone)]
pub struct ClusterState {
    pub cell: Arc<Cell>,
    pub passes: Passes,
    /// Each declared Secret, as the last pass saw it.
    pub secrets: Arc<Vec<SecretStatus>>,
    pub breaker: Breaker,
}

/// What is known of one Vault and of what its clusters share.
#[derive(Clone)]
pub struct VaultState {
    pub desired: Arc<DesiredVault>,
    pub passes: Passes,
    pub health: Option<Result<Health, Failure>>,
    /// When it was asked how it is.
    pub health_at: Option<Timestamp>,
    /// Where it is by the settings, for a fleet that does not say it.
    pub own_address: Option<String>,
    /// How keyfleet's own token is; `None` before there was a connection.
    pub token: Option<TokenState>,
}

impl VaultState {
    /// Whether keyfleet has no token that this Vault accepts: then nothing can be read, however well it is.
    pub fn lacks_token(&self) -> bool {
        let token = self.token.as_ref();
        token.is_some_and(|token| token.phase == Phase::Lacking)
    }

    /// When keyfleet's own token ends, where it does.
    pub fn token_expires(&self) -> Option<Timestamp> {
        self.token.as_ref()?.expires_at
    }

    /// Whether it does its work for keyfleet; `None` while nobody has asked.
    pub fn is_up(&self) -> Option<bool> {
        let health = self.health.as_ref()?.as_ref();
        Some(health.is_ok_and(Health::is_well) && !self.lacks_token())
    }
}

/// The passes of one scope.
#[derive(Clone, Default)]
pub struct Passes {
    pub last: Option<Arc<Pass>>,
    /// When it was last found, or made, as declared, but for what a person holds.
    pub last_success: Option<Timestamp>,
    /// When the pass began that is under way.
    pub running: Option<Timestamp>,
    pub permission: Permission,
    /// Since when this process sees what the last pass found.
    pub first_seen: Arc<BTreeMap<Target, Timestamp>>,
    /// What the last pass could not look at, and when it was seen last.
    pub unseen: Arc<BTreeMap<Target, Timestamp>>,
}

impl Passes {
    /// A pass ended: what it found and the one before had found too is seen since then. A pass that did not get to everything
    /// says of nothing that it is gone.
    pub fn record(&mut self, pass: Arc<Pass>) {
        let began = pass.began;
        let known: BTreeMap<&Target, &Finding> = self
            .last
            .iter()
            .flat_map(|last| &last.findings)
            .map(|finding| (&finding.target, finding))
            .collect();
        let seen = pass.findings.iter().map(|finding| {
            // One that an earlier pass found and the last one did not get to is taken for the same.
            let same = known.get(&finding.target);
            let same = same.is_none_or(|before| is_of_one_kind(before, finding));
            let before = self.first_seen.get(&finding.target).filter(|_| same);
            (finding.target.clone(), before.copied().unwrap_or(began))
        });
        let mut seen: BTreeMap<_, _> = seen.collect();
        if pass.end != PassEnd::Done {
            for (target, since) in self.first_seen.iter() {
                seen.entry(target.clone()).or_insert(*since);
            }
        }
        self.first_seen = Arc::new(seen);
        self.running = None;
        self.last = Some(pass);
    }
}

/// Whether two findings say the same of one object, whatever its fields are now.
fn is_of_one_kind(before: &Finding, now: &Finding) -> bool {
    discriminant(&before.standing) == discriminant(&now.standing)
        && before.cause().map(discriminant) == now.cause().map(discriminant)
}

/// Whether the scope may be written now.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Permission {
    #[default]
    Apply,
    /// It is looked at only, and why: `mode: report`, suspended, outside its windows.
    ReportOnly { why: String },
}

/// A pass that ended.
pub struct Pass {
    /// Names this pass in the logs.
    pub run: String,
    pub revision: String,
    pub began: Timestamp,
    pub took: Duration,
    pub why: Trigger,
    pub end: PassEnd,
    /// What was written, in order.
    pub written: Vec<Written>,
    /// When what follows was seen: by this pass, or by an earlier one where this one saw nothing.
    pub seen: Option<Timestamp>,
    /// What is not as declared after it.
    pub findings: Vec<Finding>,
    /// What to know besides.
    pub notes: Vec<plan::Finding>,
    pub looked_at: usize,
}

/// Why a pass was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Trigger {
    /// The process began.
    Start,
    /// A new revision.
    Revision,
    /// It was time.
    Period,
    /// After a failure.
    Retry,
    /// A report is due.
    Report,
}

impl Trigger {
    /// As it is called in logs.
    pub fn word(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Revision => "revision",
            Self::Period => "period",
            Self::Retry => "retry",
            Self::Report => "report",
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PassEnd {
    /// It looked at everything, and did what it may.
    Done,
    /// It ran out of time.
    Deadline,
    /// A fault of keyfleet.
    Panicked,
    /// The breaker is open: only whether the cluster is back was asked.
    Skipped,
    /// The process was told to end, or may not write any more.
    Stopped,
}

impl PassEnd {
    /// As it is called in logs and metrics.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Deadline => "deadline",
            Self::Panicked => "panicked",
            Self::Skipped => "skipped",
            Self::Stopped => "stopped",
        }
    }
}

/// Whether a cluster is asked at all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Breaker {
    #[default]
    Closed,
    /// It failed too often in a row: at this time one request asks whether it is back.
    Open { since: Timestamp, next: Timestamp },
}

/// A drift report that was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReportMade {
    pub schedule: String,
    pub at: Timestamp,
    /// When it was due, where that is not when it was made.
    pub caught_up: Option<Timestamp>,
    pub new: usize,
    pub known: usize,
    pub resolved: usize,
    /// How much of the fleet it is about.
    #[serde(default)]
    pub coverage: Coverage,
    /// Each sink, and why it did not take it.
    pub sinks: Vec<(String, Option<String>)>,
}

impl Board {
    /// What is known now.
    pub fn read(&self) -> Known {
        self.known
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Writes something on it.
    pub fn write<T>(&self, change: impl FnOnce(&mut Known) -> T) -> T {
        change(&mut self.known.write().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::drift::Standing as Found;
    use crate::plan::{Kind, Scope};

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn finding(name: &str, standing: Found) -> Finding {
        Finding {
            target: Target {
                scope: Scope::Vault(VaultName::main()),
                kind: Kind::Policy,
                name: name.to_owned(),
            },
            standing,
            fields: Vec::new(),
            place: None,
        }
    }

    fn waiting(why: &str) -> Found {
        Found::Waiting {
            summary: String::new(),
            why: why.to_owned(),
        }
    }

    fn pass(second: i64, findings: Vec<Finding>) -> Pass {
        Pass {
            run: String::new(),
            revision: String::new(),
            began: at(second),
            took: Duration::ZERO,
            why: Trigger::Period,
            end: PassEnd::Done,
            written: Vec::new(),
            findings,
            notes: Vec::new(),
            looked_at: 1,
            seen: None,
        }
    }

    #[test]
    fn what_is_found_again_is_seen_since_it_was_first_found() {
        let mut passes = Passes {
            running: Some(at(9)),
            ..Passes::default()
        };
        let seen = |passes: &Passes| passes.first_seen.values().copied().collect::<Vec<_>>();
        passes.record(Arc::new(pass(10, vec![finding("a", waiting("x"))])));
        assert_eq!(passes.running, None);
        let both = vec![finding("a", waiting("y")), finding("b", waiting("x"))];
        passes.record(Arc::new(pass(20, both)));
        assert_eq!(seen(&passes), [at(10), at(20)]);
        let blocked = Found::Blocked {
            why: String::new(),
            hint: None,
            status: None,
        };
        passes.record(Arc::new(pass(30, vec![finding("a", blocked)])));
        assert_eq!(seen(&passes), [at(30)], "it is another thing now");
        let mut cut = pass(35, Vec::new());
        cut.end = PassEnd::Deadline;
        passes.record(Arc::new(cut));
        assert_eq!(seen(&passes), [at(30)], "nobody looked whether it is gone");
        passes.record(Arc::new(pass(40, Vec::new())));
        assert_eq!(seen(&passes), []);
        passes.record(Arc::new(pass(50, vec![finding("a", waiting("x"))])));
        assert_eq!(seen(&passes), [at(50)]);
    }
}
