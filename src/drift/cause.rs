//! Who moved, where a plan alone cannot tell and the look before can.
//!
//! Not every object has room for a record of what was written to it, and one that was deleted has none at all. Somebody who saw
//! it as declared a while ago, and knows that git asks for the same as then, knows that it was a hand.

use super::item::{Item, What};
use crate::plan::{Cause, Kind};

/// What the ledger knows of an object, when it is found not to be as declared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Before<'a> {
    /// Nobody looked, or not at all of it.
    Unknown,
    /// It was as declared, and the same is declared now.
    AsDeclared,
    /// It was as declared, and something else is declared now, of this object or of another beside it.
    AsDeclaredOtherwise,
    /// It was found like this before.
    Found(&'a Item),
}

/// The cause of a finding, as exactly as it can be told.
pub(super) fn exact(item: &Item, before: Before<'_>) -> Option<Cause> {
    let told = item.cause.clone()?;
    if !is_vague(item, &told) {
        return Some(told);
    }
    let hand = Cause::Drift {
        by: None,
        since: None,
    };
    Some(match before {
        Before::AsDeclared => hand,
        // The mark of a mount remembers the first of all declarations: going back to them looks like a hand.
        Before::AsDeclaredOtherwise if item.what == What::Differs => Cause::Unrecorded,
        Before::Found(known) => known.cause.clone().unwrap_or(told),
        Before::AsDeclaredOtherwise | Before::Unknown => told,
    })
}

/// Whether a plan that sees only this moment cannot be sure of it.
fn is_vague(item: &Item, told: &Cause) -> bool {
    let is_marked_elsewhere = matches!(item.object.kind, Some(Kind::AuthConfig | Kind::Role));
    match (item.what, told) {
        (What::Missing, Cause::Pending) => true,
        (What::Differs, Cause::Unrecorded) => true,
        (
            What::Differs,
            Cause::Drift {
                by: None,
                since: None,
            },
        ) => is_marked_elsewhere,
        _ => false,
    }
}
