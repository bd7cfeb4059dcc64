//! Whether a Secret may reference what it references.
//!
//! What is looked at is what a declaration has become: the API path that is read, the role that logs in, the store that was
//! found. So it makes no difference how a reference was written, nor that something was left to a default.
//! A rule allows a path, read as a role, through a store: all of it in one rule. What several rules allow together, each
//! in part, none allows.

mod difference;
mod refusal;

use super::{Cell, DesiredSecret};
use crate::declare::{Pattern, Rule, Rules, StoreKind, Subject, Unmatched};
use crate::diagnostics::{Diagnostic, Diagnostics, Place};
use crate::names::Namespace;
use crate::policy::PathPattern;
use std::collections::{BTreeMap, BTreeSet};

pub use difference::{Allowance, RulesDifference};
pub use refusal::{Refusal, Refused};

/// What the declarations of one namespace of one cluster may reference.
pub struct Permits<'a> {
    unmatched: Unmatched,
    /// Those that are for this namespace.
    rules: Vec<Permit<'a>>,
}

/// A rule with everything filled in.
struct Permit<'a> {
    rule: &'a Rule,
    paths: Vec<PathPattern>,
    roles: Vec<PathPattern>,
    /// `None` for every store.
    stores: Option<Vec<(StoreKind, PathPattern)>>,
}

impl Cell {
    /// The cluster of which rules speak.
    pub fn subject(&self) -> Subject<'_> {
        Subject {
            cluster: &self.cluster,
            labels: &self.labels,
            role: &self.role.name,
        }
    }

    /// What of its Secrets these rules do not allow, which may be others than those that they were declared under: those of the
    /// branch that a pull request goes to. Which rules hold follows from this cell's labels; where a branch may have changed those,
    /// too, ask [`Permits`] with the [`subject`](Self::subject) of the other revision's cell.
    pub fn refusals(&self, rules: &Rules) -> Vec<(&DesiredSecret, Refusal)> {
        let mut permits = BTreeMap::new();
        let mut refused = Vec::new();
        for secret in &self.secrets {
            let namespace = &secret.id.namespace;
            let permits = permits
                .entry(namespace)
                .or_insert_with(|| Permits::of(rules, self.subject(), namespace));
            let refusals = permits.refusals(secret).into_iter();
            refused.extend(refusals.map(|refusal| (secret, refusal)));
        }
        refused
    }
}

impl<'a> Permits<'a> {
    pub fn of(rules: &'a Rules, subject: Subject<'_>, namespace: &Namespace) -> Self {
        let fill = |patterns: &[Pattern]| -> Vec<PathPattern> {
            let filled = patterns.iter();
            filled
                .filter_map(|pattern| pattern.fill(subject, namespace))
                .collect()
        };
        let is_for = |rule: &&Rule| {
            rule.clusters.selects(subject.labels)
                && matches(&fill(&rule.namespaces), namespace.as_str())
        };
        let permit = |rule: &'a Rule| Permit {
            rule,
            paths: fill(&rule.paths),
            roles: match &rule.roles {
                Some(named) => fill(named),
                None => PathPattern::exact(subject.role.as_str())
                    .into_iter()
                    .collect(),
            },
            stores: rule.stores.as_ref().map(|stores| {
                let filled = stores.iter();
                filled
                    .filter_map(|store| Some((store.kind, store.name.fill(subject, namespace)?)))
                    .collect()
            }),
        };
        Self {
            unmatched: rules.unmatched,
            rules: rules.iter().filter(is_for).map(permit).collect(),
        }
    }

    /// What of this Secret no rule allows, each once at its place.
    pub fn refusals(&self, secret: &DesiredSecret) -> Vec<Refusal> {
        if self.rules.is_empty() {
            return match self.unmatched {
                Unmatched::Allow => Vec::new(),
                Unmatched::Deny => vec![Refusal::of_namespace(secret)],
            };
        }
        let mut refusals = BTreeMap::new();
        for assignment in &secret.assignments {
            let path = assignment.from.api_path();
            if !self.rules.iter().any(|permit| permit.allows(secret, &path)) {
                let refusal = self.refusal(secret, &assignment.place, path);
                let key = (refusal.place.clone(), refusal.what.clone());
                refusals.insert(key, refusal);
            }
        }
        refusals.into_values().collect()
    }

    /// What is wrong first: the path, then the role, then the store. The rules that allow what is before it are the nearest.
    fn refusal(&self, secret: &DesiredSecret, place: &Place, path: String) -> Refusal {
        let all = self.rules.iter();
        let with_path: Vec<_> = all.clone().filter(|it| it.has_path(&path)).collect();
        let with_role = with_path.iter().copied().filter(|it| it.has_role(secret));
        let with_role: Vec<_> = with_role.collect();
        let said = &secret.login_said;
        let (place, what, nearest) = if with_path.is_empty() {
            (place, Refused::Path(path), all.collect())
        } else if with_role.is_empty() {
            let role = secret.login.role.clone();
            (said.place(), Refused::Role(role), with_path)
        } else {
            let store = said.store();
            let store = store.map(|store| (store.kind, store.name.clone()));
            (said.place(), Refused::Store(store), with_role)
        };
        Refusal {
            place: place.clone(),
            namespace: secret.id.namespace.clone(),
            allowed: allowed(&what, &nearest),
            rules: nearest.iter().map(|it| it.rule.place.clone()).collect(),
            what,
        }
    }
}

/// What these would allow in its place, as they write it: the same words for every cluster.
fn allowed(refused: &Refused, permits: &[&Permit<'_>]) -> Vec<String> {
    let rules = permits.iter().map(|permit| permit.rule);
    let words: Vec<String> = match refused {
        Refused::Namespace => Vec::new(),
        Refused::Path(_) => rules
            .flat_map(|rule| &rule.paths)
            .map(Pattern::to_string)
            .collect(),
        Refused::Role(_) => rules
            .flat_map(|rule| match &rule.roles {
                Some(named) => named.iter().map(Pattern::to_string).collect(),
                None => vec!["${cluster.role}".to_owned()],
            })
            .collect(),
        Refused::Store(_) => rules
            .flat_map(|rule| rule.stores.iter().flatten())
            .map(|store| format!("{} {}", store.kind, store.name))
            .collect(),
    };
    let mut known = BTreeSet::new();
    let words = words.into_iter();
    words.filter(|word| known.insert(word.clone())).collect()
}

impl Permit<'_> {
    fn allows(&self, secret: &DesiredSecret, path: &str) -> bool {
        self.has_path(path) && self.has_role(secret) && self.has_store(secret)
    }

    fn has_path(&self, path: &str) -> bool {
        matches(&self.paths, path)
    }

    fn has_role(&self, secret: &DesiredSecret) -> bool {
        matches(&self.roles, secret.login.role.as_str())
    }

    /// KES has no stores: a rule that wants one does not allow it.
    fn has_store(&self, secret: &DesiredSecret) -> bool {
        let Some(stores) = &self.stores else {
            return true;
        };
        secret.login_said.store().is_some_and(|store| {
            let mut stores = stores.iter();
            stores.any(|(kind, name)| *kind == store.kind && name.matches(store.name.as_str()))
        })
    }
}

fn matches(patterns: &[PathPattern], text: &str) -> bool {
    patterns.iter().any(|pattern| pattern.matches(text))
}

/// The Secrets that may be as they are, and whether those are all.
pub(super) fn permitted(
    secrets: Vec<DesiredSecret>,
    rules: &Rules,
    subject: Subject<'_>,
    problems: &mut Diagnostics,
) -> (Vec<DesiredSecret>, bool) {
    warn_of_unfilled(rules, subject, problems);
    let count = secrets.len();
    let mut permits: Option<(Namespace, Permits<'_>)> = None;
    let mut undecided = false;
    let keep = |secret: &DesiredSecret| {
        // They come in the order of their namespaces.
        let namespace = &secret.id.namespace;
        let known = permits.take().filter(|(known, _)| known == namespace);
        let (_, permits) = permits.insert(known.unwrap_or_else(|| {
            let permits = Permits::of(rules, subject, namespace);
            (namespace.clone(), permits)
        }));
        let refusals = permits.refusals(secret);
        undecided |= !refusals.is_empty() && !rules.are_whole();
        for refusal in refusals.iter().filter(|_| rules.are_whole()) {
            problems.push(refusal.diagnostic());
        }
        refusals.is_empty()
    };
    let kept: Vec<_> = secrets.into_iter().filter(keep).collect();
    // Which of them a rule that cannot be read would have allowed, nobody knows: it is said once, where that rule is.
    if let Some(place) = rules.unread.as_ref().filter(|_| undecided) {
        let said = "what no other rule allows is not applied while a rule here cannot be read";
        let problem = Diagnostic::error(place, said).without_line();
        problems.push(problem.hint("correct what the other messages say of rules/; the Secrets in the cluster stay as they are meanwhile"));
    }
    let complete = kept.len() == count;
    (kept, complete)
}

/// A pattern with a label that the cluster does not have allows nothing there, which is rarely what was meant.
fn warn_of_unfilled(rules: &Rules, subject: Subject<'_>, problems: &mut Diagnostics) {
    let rules = rules
        .iter()
        .filter(|rule| rule.clusters.selects(subject.labels));
    for pattern in rules.flat_map(Rule::patterns) {
        for unfilled in pattern.unfilled(subject) {
            let (label, why) = (
                &unfilled.label,
                if unfilled.is_there {
                    "is no plain word here"
                } else {
                    "is not there"
                },
            );
            problems.push(
                Diagnostic::warning(
                    &pattern.place,
                    format!("this pattern matches nothing: the label `{label}` {why}"),
                )
                .hint("give the clusters that the rule selects this label, or select others"),
            );
        }
    }
}
