//! What no rule allows, and how that is said.

use crate::declare::StoreKind;
use crate::desire::DesiredSecret;
use crate::diagnostics::{Diagnostic, Place};
use crate::names::{Namespace, ObjectName, RoleName};

/// How many patterns and rules a hint names before the rest is counted.
const MOST_NAMED: usize = 5;

/// Something of a declaration that no rule allows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// Where the declaration says it.
    pub place: Place,
    pub namespace: Namespace,
    pub what: Refused,
    /// What would have been allowed in its place, as the rules write it.
    pub allowed: Vec<String>,
    /// The rules that are for this namespace.
    pub rules: Vec<Place>,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Refused {
    /// Anything at all: no rule is for the namespace.
    Namespace,
    Path(String),
    Role(RoleName),
    /// `None` for KES, which knows no stores where the rules want one.
    Store(Option<(StoreKind, ObjectName)>),
}

impl Refusal {
    pub(super) fn of_namespace(secret: &DesiredSecret) -> Self {
        Self {
            place: secret.place.clone(),
            namespace: secret.id.namespace.clone(),
            what: Refused::Namespace,
            allowed: Vec::new(),
            rules: Vec::new(),
        }
    }

    /// Names no cluster: what a group's file does wrong is said once for all.
    pub fn diagnostic(&self) -> Diagnostic {
        let problem = Diagnostic::error(&self.place, self.message());
        problem.hint(self.hint())
    }

    /// What is refused, as a sentence.
    pub fn message(&self) -> String {
        let namespace = &self.namespace;
        match &self.what {
            Refused::Namespace => {
                format!("no rule says what the namespace `{namespace}` may reference")
            }
            Refused::Path(path) => {
                format!("the namespace `{namespace}` may not reference `{path}`")
            }
            Refused::Role(role) => {
                format!("the namespace `{namespace}` may not reference this as the role `{role}`")
            }
            Refused::Store(Some((kind, name))) => {
                format!(
                    "the namespace `{namespace}` may not reference this through the {kind} `{name}`"
                )
            }
            Refused::Store(None) => {
                format!("the namespace `{namespace}` may reference this through a store only")
            }
        }
    }

    fn hint(&self) -> String {
        if self.rules.is_empty() {
            return "add the namespace to a rule below rules/ that selects this cluster; `rules: {unmatched: allow}` in fleet.yaml allows every namespace that has none".to_owned();
        }
        let rules = self.rules.iter().map(Place::line);
        let rules = listed(&rules.collect::<Vec<_>>());
        if self.allowed.is_empty() {
            return format!("nothing is allowed by {rules}");
        }
        let allowed = self.allowed.iter().map(|word| format!("`{word}`"));
        let allowed = listed(&allowed.collect::<Vec<_>>());
        format!("use {allowed} ({rules}), or have a rule changed")
    }
}

fn listed(words: &[String]) -> String {
    let more = words.len().saturating_sub(MOST_NAMED);
    let named = words[..words.len() - more].join(", ");
    match more {
        0 => named,
        more => format!("{named} and {more} more"),
    }
}
