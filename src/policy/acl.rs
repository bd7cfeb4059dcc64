//! What several policies together grant on a path, by the server's rules.
//!
//! One rule decides a path: the exact one, else the pattern with the highest rank. Rules for the
//! same pattern are merged before, so a `deny` wins there, and only there: a more exact rule of
//! another policy beats it. Identity templates cannot be filled in here; where one might match,
//! the answer is [`Access::Unknown`].

use super::Dialect;
use super::Policy;
use super::capability::{Capability, CapabilitySet};
use super::path::PathPattern;
use super::rule::{Grant, Rule};
use std::collections::{BTreeMap, BTreeSet};

/// What a token with some policies may do on a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Access {
    /// This, and nothing else.
    Granted(CapabilitySet),
    /// Nothing.
    Denied,
    /// It depends on how the server fills in one of these paths.
    Unknown {
        /// The paths with identity templates that might match.
        templated: Vec<PathPattern>,
    },
}

impl Access {
    /// Whether `capability` is known to be granted.
    pub fn allows(&self, capability: Capability) -> bool {
        matches!(self, Self::Granted(capabilities) if capabilities.contains(capability))
    }
}

/// The rules of several policies, merged.
#[derive(Debug, Clone)]
pub struct Acl {
    rules: BTreeMap<PathPattern, Grant>,
    root: bool,
    dialect: Dialect,
}

impl Acl {
    /// Merges policies as `OpenBao` does.
    ///
    /// Rules that expire are taken to hold: see [`Policy::at`].
    pub fn new(policies: &[&Policy]) -> Self {
        Self::for_server(Dialect::OpenBao, policies)
    }

    /// Merges policies as the given server does. They differ in whether `list` of a path with a
    /// slash at its end asks first with the slash (`OpenBao`) or without it (Vault).
    pub fn for_server(dialect: Dialect, policies: &[&Policy]) -> Self {
        let mut rules: BTreeMap<PathPattern, Grant> = BTreeMap::new();
        for rule in policies.iter().flat_map(|policy| policy.rules()) {
            match rules.get_mut(&rule.pattern) {
                Some(known) => known.merge(&rule.grant),
                None => drop(rules.insert(rule.pattern.clone(), rule.grant.clone())),
            }
        }
        Self {
            rules,
            root: policies.iter().any(|policy| policy.is_root()),
            dialect,
        }
    }

    /// What `sys/capabilities` answers for `path`: the server looks it up as `list` would be.
    pub fn capabilities(&self, path: &str) -> Access {
        self.access(path, Capability::List)
    }

    /// Whether an operation that needs `capability` is let through, constraints aside. `false`
    /// also when it is not known.
    pub fn allows(&self, path: &str, capability: Capability) -> bool {
        self.access(path, capability).allows(capability)
    }

    /// What is granted on `path` to an operation that needs `capability`.
    pub fn access(&self, path: &str, capability: Capability) -> Access {
        if self.root {
            return Access::Granted(CapabilitySet::ALL);
        }
        let path = path.trim_start_matches('/');
        let winner = self.winner(path, capability);
        let exact_deny =
            winner.is_some_and(|(pattern, grant)| pattern.is_exact() && *grant == Grant::Deny);
        let templated = self.templated(path, capability);
        if !templated.is_empty() && !exact_deny {
            return Access::Unknown { templated };
        }
        match winner.map(|(_, grant)| grant.capabilities()) {
            Some(capabilities) if !capabilities.is_empty() => Access::Granted(capabilities),
            _ => Access::Denied,
        }
    }

    /// The rule that decides `path` for an operation that needs `capability`, without regard to
    /// templated paths.
    pub fn deciding_rule(&self, path: &str, capability: Capability) -> Option<Rule> {
        let (pattern, grant) = self.winner(path.trim_start_matches('/'), capability)?;
        Some(Rule {
            pattern: pattern.clone(),
            expires: None,
            grant: grant.clone(),
        })
    }

    /// Whether one of the policies is `root`.
    pub(super) fn is_root(&self) -> bool {
        self.root
    }

    /// The patterns of which the two say different things, in order.
    pub(super) fn differing<'a>(&'a self, other: &'a Self) -> BTreeSet<&'a PathPattern> {
        let unlike = |one: &'a Self, other: &'a Self| {
            let rules = one.rules.iter();
            rules
                .filter(|(pattern, grant)| other.rules.get(pattern) != Some(grant))
                .map(|(pattern, _)| pattern)
        };
        unlike(self, other).chain(unlike(other, self)).collect()
    }

    /// The patterns without templates that match more than one path.
    pub(super) fn wide(&self) -> impl Iterator<Item = &PathPattern> {
        let patterns = self.rules.keys();
        patterns.filter(|pattern| !pattern.is_exact() && !pattern.is_templated())
    }

    /// The patterns that grant something, in order.
    pub fn granting(&self) -> impl Iterator<Item = &PathPattern> {
        let rules = self.rules.iter();
        let granting = rules.filter(|(_, grant)| !grant.capabilities().is_empty());
        granting.map(|(pattern, _)| pattern)
    }

    /// What is said of exactly this pattern.
    pub(super) fn grant_of(&self, pattern: &PathPattern) -> Option<&Grant> {
        self.rules.get(pattern)
    }

    /// The stanza that `sys/capabilities` goes by, without regard to templated paths.
    pub(super) fn deciding_grant(&self, path: &str) -> Option<(&PathPattern, &Grant)> {
        self.winner(path.trim_start_matches('/'), Capability::List)
    }

    /// The templated paths that might match.
    pub(super) fn templated_for(&self, path: &str) -> Vec<PathPattern> {
        self.templated(path.trim_start_matches('/'), Capability::List)
    }

    fn winner(&self, path: &str, capability: Capability) -> Option<(&PathPattern, &Grant)> {
        let bare = path.strip_suffix('/').filter(|_| capability.enumerates());
        let exact = self.exact(path).or_else(|| self.exact(bare?));
        exact.or_else(|| match (bare, self.dialect) {
            (None, _) => self.highest(path),
            (Some(bare), Dialect::OpenBao) => self.highest(path).or_else(|| self.highest(bare)),
            (Some(bare), Dialect::Vault) => self.highest(bare).or_else(|| self.highest(path)),
        })
    }

    fn exact(&self, path: &str) -> Option<(&PathPattern, &Grant)> {
        self.rules.get_key_value(&PathPattern::of_path(path))
    }

    fn highest(&self, path: &str) -> Option<(&PathPattern, &Grant)> {
        self.rules
            .iter()
            .filter(|(pattern, _)| !pattern.is_exact() && pattern.matches(path))
            .max_by_key(|(pattern, _)| pattern.rank())
    }

    fn templated(&self, path: &str, capability: Capability) -> Vec<PathPattern> {
        let bare = path.strip_suffix('/').filter(|_| capability.enumerates());
        self.rules
            .keys()
            .filter(|pattern| pattern.is_templated())
            .filter(|pattern| {
                pattern.might_match(path) || bare.is_some_and(|bare| pattern.might_match(bare))
            })
            .cloned()
            .collect()
    }
}
