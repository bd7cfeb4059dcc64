//! One thing that is not as declared.

use crate::diagnostics::Place;
use crate::guard::Held;
use crate::observe::Failure;
use crate::pipeline::ScopePlan;
use crate::plan::{Action, Cause, Change, Concern, FieldChange, Reason, Target};
use jiff::Timestamp;

/// One object that is not as declared, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    pub target: Target,
    pub standing: Standing,
    /// Names of fields and keys with what may be shown of them; never a Secret's value.
    pub fields: Vec<FieldChange>,
    /// The source line that declares it.
    pub place: Option<Place>,
}

/// What keyfleet makes of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// It would be changed, and nothing speaks against it.
    ToChange(Difference),
    /// It would be changed, and waits for a person.
    Held {
        difference: Difference,
        why: Vec<Concern>,
        /// What an approval names.
        id: String,
    },
    /// It cannot be known before something else is done.
    Waiting { summary: String, why: String },
    /// No write of keyfleet can help.
    Blocked {
        why: String,
        hint: Option<String>,
        status: Option<u16>,
    },
    /// It could not be read: nobody knows how it is.
    Unread(Failure),
}

/// How it differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    pub action: Action,
    pub reason: Reason,
    pub cause: Cause,
    pub summary: String,
}

/// One write that was made, or tried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    pub finding: Finding,
    /// Why it failed; `None`: done.
    pub failure: Option<String>,
    pub at: Timestamp,
}

/// Everything in a plan that is not as declared, in the order in which it is shown.
pub fn findings(plan: &ScopePlan) -> Vec<Finding> {
    let guarded = &plan.guarded;
    let approved = guarded.approved.changes().iter().map(Finding::of_change);
    let held = guarded.held.iter().map(Finding::of_held);
    approved
        .chain(held)
        .chain(of_sheet(&guarded.sheet))
        .collect()
}

fn of_sheet(sheet: &crate::plan::Sheet) -> impl Iterator<Item = Finding> {
    let waiting = sheet.waiting.iter().map(|waiting| Finding {
        target: waiting.target.clone(),
        standing: Standing::Waiting {
            summary: waiting.summary.clone(),
            why: waiting.why.clone(),
        },
        fields: Vec::new(),
        place: waiting.place.clone(),
    });
    let blocked = sheet.blocked.iter().map(|blocked| Finding {
        target: blocked.target.clone(),
        standing: Standing::Blocked {
            why: blocked.why.clone(),
            hint: blocked.hint.clone(),
            status: blocked.status,
        },
        fields: Vec::new(),
        place: blocked.place.clone(),
    });
    let unread = sheet.unread.iter().chain(&sheet.unlisted);
    let unread = unread.map(|unread| Finding {
        target: unread.target.clone(),
        standing: Standing::Unread(unread.failure.clone()),
        fields: Vec::new(),
        place: None,
    });
    waiting.chain(blocked).chain(unread)
}

impl Finding {
    /// A change that would be made.
    pub fn of_change(change: &Change) -> Self {
        Self {
            target: change.target.clone(),
            standing: Standing::ToChange(Difference::of(change)),
            fields: change.fields.clone(),
            place: change.place.clone(),
        }
    }

    fn of_held(held: &Held) -> Self {
        Self {
            target: held.change.target.clone(),
            standing: Standing::Held {
                difference: Difference::of(&held.change),
                why: held.why.clone(),
                id: held.change.id(),
            },
            fields: held.change.fields.clone(),
            place: held.change.place.clone(),
        }
    }

    /// Somebody who saw the object before knows better who moved.
    pub fn caused_by(&mut self, cause: Cause) {
        if let Standing::ToChange(difference) | Standing::Held { difference, .. } =
            &mut self.standing
        {
            difference.cause = cause;
        }
    }

    /// Who moved: git, a hand, or Vault's value; not known of what is no change.
    pub fn cause(&self) -> Option<&Cause> {
        match &self.standing {
            Standing::ToChange(difference) | Standing::Held { difference, .. } => {
                Some(&difference.cause)
            }
            Standing::Waiting { .. } | Standing::Blocked { .. } | Standing::Unread(_) => None,
        }
    }
}

impl Difference {
    fn of(change: &Change) -> Self {
        Self {
            action: change.action,
            reason: change.reason,
            cause: change.cause.clone(),
            summary: change.summary.clone(),
        }
    }
}
