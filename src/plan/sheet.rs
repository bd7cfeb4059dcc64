//! The sheet that the kinds write their findings on while a cell is planned.

use super::change::{Blocked, Change, Finding, Scope, Target, Unread, Waiting};
use crate::diagnostics::Place;
use crate::observe::Failure;
use std::collections::BTreeMap;

/// What is planned for one scope, before the guard looks at it.
#[derive(Debug, Default)]
pub struct Sheet {
    pub changes: Vec<Change>,
    pub waiting: Vec<Waiting>,
    pub blocked: Vec<Blocked>,
    pub findings: Vec<Finding>,
    pub unread: Vec<Unread>,
    /// Lists that could not be read, of what is there and nobody declares.
    pub unlisted: Vec<Unread>,
    /// How many objects were compared.
    pub looked_at: usize,
    /// Every declared Secret by `namespace/name`, and how it was made, where its record says so.
    pub secrets: BTreeMap<String, Option<Synced>>,
}

/// How a Secret was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Synced {
    /// When its values were read.
    pub at: String,
    /// Of which versions: API path → version; KV v1 has none.
    pub versions: BTreeMap<String, Option<u64>>,
}

impl Sheet {
    pub(super) fn change(&mut self, change: Change) {
        self.changes.push(change);
    }

    /// An object that could not be read: never in sync, never deleted.
    pub(super) fn unread(&mut self, target: Target, failure: &Failure) {
        self.unread.push(Unread {
            target,
            failure: failure.clone(),
        });
    }

    pub(super) fn blocked(
        &mut self,
        target: Target,
        why: String,
        hint: Option<String>,
        status: Option<u16>,
        place: Option<&Place>,
    ) {
        self.blocked.push(Blocked {
            target,
            why,
            hint,
            status,
            place: place.cloned(),
        });
    }

    pub(super) fn warn(&mut self, scope: &Scope, text: String, hint: &str, place: Option<&Place>) {
        self.finding(scope, true, text, hint, place);
    }

    pub(super) fn note(&mut self, scope: &Scope, text: String, hint: &str, place: Option<&Place>) {
        self.finding(scope, false, text, hint, place);
    }

    fn finding(
        &mut self,
        scope: &Scope,
        warning: bool,
        text: String,
        hint: &str,
        place: Option<&Place>,
    ) {
        let hint = (!hint.is_empty()).then(|| hint.to_owned());
        self.findings.push(Finding {
            scope: scope.clone(),
            warning,
            text,
            hint,
            place: place.cloned(),
            edited: None,
        });
    }
}
