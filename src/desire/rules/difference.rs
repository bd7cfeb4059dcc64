//! What one set of rules allows and another does not.
//!
//! A rule is compared with each other rule as a whole, and variables stand for themselves. What cannot be shown to be allowed
//! by the other side counts as a difference: it may say too much, never too little.

use crate::declare::{Pattern, Rule, Rules, Selector, StoreKind, StorePattern, Unmatched};
use crate::policy::PathPattern;
use std::cell::Cell;
use std::collections::BTreeSet;
use std::fmt;

/// How many patterns are compared, at most; what is not compared counts as a difference.
const MOST_COMPARISONS: usize = 1_000_000;

/// A path that a rule allows.
#[derive(Debug, Clone, Copy)]
pub struct Allowance<'a> {
    pub rule: &'a Rule,
    pub path: &'a Pattern,
}

/// What becomes of what may be referenced.
#[derive(Debug, Default)]
pub struct RulesDifference<'a> {
    /// What rules allow, and did not.
    pub gained: Vec<Allowance<'a>>,
    /// What rules allowed, and do not any more.
    pub lost: Vec<Allowance<'a>>,
    /// Namespaces that a rule was for, and none is any more, where such may reference anything.
    pub released: Vec<(&'a Rule, &'a Pattern)>,
    /// Namespaces that no rule was for and one is now: they could reference anything, and can only what rules allow.
    pub bound: Vec<(&'a Rule, &'a Pattern)>,
    /// What holds without a rule, before and after.
    pub unmatched: Option<(Unmatched, Unmatched)>,
}

impl<'a> RulesDifference<'a> {
    pub fn of(before: &'a Rules, after: &'a Rules) -> Self {
        let compared = Compared(Cell::new(0));
        Self {
            gained: compared.beyond(after, before),
            lost: compared.beyond(before, after),
            released: compared.freed(before, after),
            bound: compared.freed(after, before),
            unmatched: (before.unmatched != after.unmatched)
                .then_some((before.unmatched, after.unmatched)),
        }
    }

    pub fn is_empty(&self) -> bool {
        let Self {
            gained,
            lost,
            released,
            bound,
            unmatched,
        } = self;
        let namespaces = released.len() + bound.len();
        gained.is_empty() && lost.is_empty() && namespaces == 0 && unmatched.is_none()
    }

    /// Whether anything may be referenced that could not be.
    pub fn loosens(&self) -> bool {
        !self.gained.is_empty()
            || !self.released.is_empty()
            || self.unmatched == Some((Unmatched::Deny, Unmatched::Allow))
    }
}

/// `kv/data/x/*` for the namespace `shop`, as `shop-reader`, through the SecretStore `vault`.
impl fmt::Display for Allowance<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "`{}` for {}", self.path, self.rule.whom())?;
        if let Some(roles) = &self.rule.roles {
            let roles: Vec<_> = roles.iter().map(|role| format!("`{role}`")).collect();
            write!(formatter, ", as {}", roles.join(" or "))?;
        }
        if let Some(stores) = &self.rule.stores {
            let stores = stores.iter();
            let stores: Vec<_> = stores
                .map(|store| format!("the {} `{}`", store.kind, store.name))
                .collect();
            write!(formatter, ", through {}", stores.join(" or "))?;
        }
        Ok(())
    }
}

/// Counts what was compared.
struct Compared(Cell<usize>);

impl Compared {
    /// What `these` allow beyond `others`.
    fn beyond<'a>(&self, these: &'a Rules, others: &Rules) -> Vec<Allowance<'a>> {
        let mut beyond = Vec::new();
        let known: BTreeSet<Said<'_>> = others.iter().map(said).collect();
        for rule in these.iter().filter(|rule| !known.contains(&said(rule))) {
            // What is allowed to whom no other rule is for is no news where such may reference anything.
            let is_free = |namespace: &&Pattern| {
                others.unmatched == Unmatched::Allow
                    && !others.iter().any(|other| self.may_be_for(other, namespace))
            };
            let namespaces = rule.namespaces.iter().filter(|it| !is_free(it));
            let namespaces: Vec<_> = namespaces
                .map(|namespace| (namespace, self.with_all_but_path(others, rule, namespace)))
                .collect();
            let is_covered = |path: &Pattern| {
                !self.is_spent()
                    && namespaces.iter().all(|(namespace, candidates)| {
                        let name = namespace.only_name();
                        let mut candidates = candidates.iter();
                        candidates.any(|other| self.any_covers(&other.paths, path, name))
                    })
            };
            let paths = rule.paths.iter().filter(|path| !is_covered(path));
            beyond.extend(paths.map(|path| Allowance { rule, path }));
        }
        beyond
    }

    /// The rules that allow this namespace of a rule everything but perhaps its paths.
    fn with_all_but_path<'a>(
        &self,
        rules: &'a Rules,
        rule: &Rule,
        namespace: &Pattern,
    ) -> Vec<&'a Rule> {
        let name = namespace.only_name();
        let candidates = rules.iter().filter(|other| {
            !self.is_spent()
                && other.clusters.covers(&rule.clusters)
                && self.any_covers(&other.namespaces, namespace, None)
                && self.roles_cover(other, rule, name)
                && self.stores_cover(other, rule, name)
        });
        candidates.collect()
    }

    fn roles_cover(&self, other: &Rule, rule: &Rule, name: Option<&str>) -> bool {
        match (&other.roles, &rule.roles) {
            (None, None) => true,
            (Some(others), Some(own)) => own.iter().all(|role| self.any_covers(others, role, name)),
            (Some(others), None) => others.iter().any(|role| role.as_str() == OWN_ROLE),
            (None, Some(own)) => own.iter().all(|role| role.as_str() == OWN_ROLE),
        }
    }

    fn stores_cover(&self, other: &Rule, rule: &Rule, name: Option<&str>) -> bool {
        let (Some(others), Some(own)) = (&other.stores, &rule.stores) else {
            return other.stores.is_none();
        };
        let covers = |other: &StorePattern, own: &StorePattern| {
            other.kind == own.kind && self.covers(&other.name, &own.name, name)
        };
        own.iter()
            .all(|own| others.iter().any(|other| covers(other, own)))
    }

    /// The namespaces of these rules that may reference anything under the others.
    fn freed<'a>(&self, these: &'a Rules, others: &Rules) -> Vec<(&'a Rule, &'a Pattern)> {
        let mut freed = Vec::new();
        for rule in these
            .iter()
            .filter(|_| others.unmatched == Unmatched::Allow)
        {
            let is_named = |namespace: &&Pattern| {
                others.iter().any(|other| {
                    !self.is_spent()
                        && other.clusters.covers(&rule.clusters)
                        && self.any_covers(&other.namespaces, namespace, None)
                })
            };
            let gone = rule.namespaces.iter().filter(|it| !is_named(it));
            freed.extend(gone.map(|namespace| (rule, namespace)));
        }
        freed
    }

    /// Whether a rule may be for some of what this pattern of namespaces matches. `true` when that cannot be ruled out.
    fn may_be_for(&self, rule: &Rule, namespace: &Pattern) -> bool {
        rule.namespaces.iter().any(|own| {
            let has_variable = |pattern: &Pattern| pattern.as_str().contains("${");
            self.count();
            let pair = (!self.is_spent()).then(|| (own.sketch(None), namespace.sketch(None)));
            match pair {
                Some((Some(own_sketch), Some(other))) => {
                    has_variable(own) || has_variable(namespace) || own_sketch.intersects(&other)
                }
                _ => true,
            }
        })
    }

    fn any_covers(&self, patterns: &[Pattern], other: &Pattern, namespace: Option<&str>) -> bool {
        let mut patterns = patterns.iter();
        patterns.any(|pattern| self.covers(pattern, other, namespace))
    }

    fn covers(&self, pattern: &Pattern, other: &Pattern, namespace: Option<&str>) -> bool {
        self.count();
        if self.is_spent() {
            return false;
        }
        let sketch = |pattern: &Pattern| -> Option<PathPattern> { pattern.sketch(namespace) };
        let pair = sketch(pattern).zip(sketch(other));
        pair.is_some_and(|(pattern, other)| pattern.covers(&other))
    }

    fn count(&self) {
        self.0.set(self.0.get() + 1);
    }

    /// Whether no more is compared.
    fn is_spent(&self) -> bool {
        self.0.get() > MOST_COMPARISONS
    }
}

const OWN_ROLE: &str = "${cluster.role}";

/// What a rule says, wherever it stands and whatever it is called.
type Said<'a> = (
    &'a Selector,
    Vec<&'a str>,
    Vec<&'a str>,
    Option<Vec<&'a str>>,
    Option<Vec<(StoreKind, &'a str)>>,
);

fn said(rule: &Rule) -> Said<'_> {
    fn texts(patterns: &[Pattern]) -> Vec<&str> {
        patterns.iter().map(Pattern::as_str).collect()
    }
    let stores = rule.stores.as_ref().map(|stores| {
        let stores = stores.iter();
        stores
            .map(|store| (store.kind, store.name.as_str()))
            .collect()
    });
    (
        &rule.clusters,
        texts(&rule.namespaces),
        texts(&rule.paths),
        rule.roles.as_deref().map(texts),
        stores,
    )
}
