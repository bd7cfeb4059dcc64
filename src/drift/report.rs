//! What a drift report says, and its JSON: `keyfleet.dev/drift/v1`, described in `docs/drift.md`.

mod coverage;

use super::item::{Class, Item, Line, Severity, Where};
use crate::diagnostics::{self, Diagnostics};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

pub use coverage::Coverage;

/// The name and version of the report's shape; a change that a reader must know about is a new version.
pub const REPORT_SCHEMA: &str = "keyfleet.dev/drift/v1";

/// What a report is about, and in whose name it is made.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct About {
    pub repository: String,
    pub revision: String,
    pub installation: String,
    /// The schedule that it is made for; none on demand.
    pub schedule: Option<String>,
    /// When it was due, where that was missed.
    pub due: Option<Timestamp>,
    /// What is wrong in the declarations.
    pub problems: Vec<Problem>,
}

/// An error in the declarations.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    pub message: String,
    pub place: Line,
}

impl Problem {
    /// The errors among what was said of the declarations.
    pub fn errors_of(problems: &Diagnostics) -> Vec<Self> {
        let all = problems.sorted().into_iter();
        let errors = all.filter(|problem| problem.severity == diagnostics::Severity::Error);
        errors
            .map(|problem| Self {
                message: problem.message.clone(),
                place: Line::from(&problem.place),
            })
            .collect()
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    pub schema: String,
    #[serde(flatten)]
    pub about: About,
    pub made: Timestamp,
    /// The report before this one.
    pub since: Option<Timestamp>,
    /// How far back anything is remembered.
    pub began: Timestamp,
    /// Why nothing from before that is known, where something should be.
    pub anew: Option<String>,
    pub counts: Counts,
    pub scopes: Vec<ScopeLine>,
    /// The worst first.
    pub findings: Vec<Told>,
    /// What git or Vault asked for since the last report, and what was made at once.
    pub applied: Applied,
    pub left_out: LeftOut,
}

/// A scope that was looked at, or should have been.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ScopeLine {
    #[serde(flatten)]
    pub scope: Where,
    /// When everything in it was last looked at.
    pub looked_at: Option<Timestamp>,
    pub revision: Option<String>,
    /// Names what was declared then.
    pub declared: Option<String>,
    pub objects: usize,
    pub missed: Option<Missed>,
}

/// It, or something in it, could not be looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Missed {
    pub since: Timestamp,
    pub why: String,
}

/// A finding, and what is news about it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Told {
    /// The same in every report that tells of this finding.
    pub key: String,
    pub state: State,
    pub class: Class,
    pub severity: Severity,
    #[serde(flatten)]
    pub item: Item,
    /// The pass that looks at it: a cluster's role lies in its Vault.
    pub scope: Where,
    pub since: Since,
    pub first_seen: Timestamp,
    pub last_seen: Timestamp,
    /// It was edited once more after it was last told.
    pub edited_again: Option<Timestamp>,
    /// How often it was found since the last report, where it was put back in between.
    pub times: usize,
    pub resolved: Option<Resolution>,
    /// It could not be looked at when everything else was: it stands as it was last seen.
    pub unseen: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum State {
    New,
    Known,
    Resolved,
}

/// Since when it is so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Since {
    pub at: Timestamp,
    pub told_by: ToldBy,
    /// When it was last seen as declared.
    pub after: Option<Timestamp>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum ToldBy {
    /// The server's own record.
    Server,
    /// It was first seen then.
    FirstSeen,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resolution {
    pub how: Resolved,
    pub at: Timestamp,
    pub revision: String,
}

/// What became of a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Resolved {
    /// keyfleet put it back, or made it.
    Written,
    /// At the next look it was as declared, which was not the doing of whoever keeps this ledger.
    ByItself,
    /// It was gone when something else was declared.
    Revision,
    /// Its scope is not declared any more.
    Undeclared,
}

/// Changes that were made as soon as they were found.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Applied {
    pub pending: usize,
    pub rotation: usize,
}

impl Applied {
    pub(super) fn add(&mut self, class: Class) {
        match class {
            Class::Rotation => self.rotation += 1,
            _ => self.pending += 1,
        }
    }

    pub(super) fn since(self, before: Self) -> Self {
        Self {
            pending: self.pending.saturating_sub(before.pending),
            rotation: self.rotation.saturating_sub(before.rotation),
        }
    }
}

/// What the ledger had no room for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeftOut {
    /// Findings that stand.
    pub open: usize,
    /// Findings that were resolved and are not told any more.
    pub resolved: usize,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// News of what differs; what could not be read and what is only said are not counted here.
    pub new: usize,
    pub known: usize,
    pub resolved: usize,
    /// What stands, by its class.
    pub drift: usize,
    pub unclear: usize,
    pub blocked: usize,
    pub unread: usize,
    pub pending: usize,
    pub rotation: usize,
    pub notes: usize,
    /// How much of the fleet that is about.
    #[serde(flatten)]
    pub coverage: Coverage,
}

impl Counts {
    pub(super) fn of(findings: &[Told], scopes: &[ScopeLine]) -> Self {
        let mut counts = Self {
            coverage: Coverage::of(scopes),
            ..Self::default()
        };
        for told in findings {
            let stands = match told.class {
                Class::Drift => &mut counts.drift,
                Class::Unclear => &mut counts.unclear,
                Class::Blocked => &mut counts.blocked,
                Class::Unread => &mut counts.unread,
                Class::Pending => &mut counts.pending,
                Class::Rotation => &mut counts.rotation,
                Class::Note => &mut counts.notes,
            };
            *stands += usize::from(told.state != State::Resolved);
            if !matches!(told.class, Class::Note | Class::Unread) {
                match told.state {
                    State::New => counts.new += 1,
                    State::Known => counts.known += 1,
                    State::Resolved => counts.resolved += 1,
                }
            }
        }
        counts
    }

    /// What is not as declared now.
    pub fn standing(&self) -> usize {
        self.drift + self.unclear + self.blocked + self.pending + self.rotation
    }
}

impl Report {
    /// What stands, or what was resolved, of one class.
    pub fn of(&self, class: Class) -> impl Iterator<Item = &Told> {
        self.standing().filter(move |told| told.class == class)
    }

    /// What is not as declared now.
    pub fn standing(&self) -> impl Iterator<Item = &Told> {
        let all = self.findings.iter();
        all.filter(|told| told.state != State::Resolved)
    }

    pub fn resolved(&self) -> impl Iterator<Item = &Told> {
        let all = self.findings.iter();
        all.filter(|told| told.state == State::Resolved)
    }

    /// The scopes that were not looked at, or not at all of them.
    pub fn missed(&self) -> impl Iterator<Item = (&ScopeLine, &Missed)> {
        let scopes = self.scopes.iter();
        scopes.filter_map(|scope| Some((scope, scope.missed.as_ref()?)))
    }

    /// Whether nobody can say that this is all.
    pub fn is_partial(&self) -> bool {
        self.counts.unread > 0 || self.missed().next().is_some() || !self.about.problems.is_empty()
    }

    /// Whether everything is as declared, and was looked at.
    pub fn is_clean(&self) -> bool {
        self.counts.standing() == 0 && !self.is_partial()
    }
}
