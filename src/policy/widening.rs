//! Questions a guard asks of a policy before it is written. The answers err on the side of naming
//! too much.

use super::Policy;
use super::capability::{Capability, CapabilitySet};
use super::path::PathPattern;
use super::rule::{Constraints, Grant, Rule};
use std::fmt;

/// A path on which more is granted than before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Widening {
    /// The stanza that grants it.
    pub path: PathPattern,
    /// What it grants that was not granted, or only under narrower constraints, on all of its
    /// paths.
    pub capabilities: CapabilitySet,
}

/// `kv/data/*: read`
impl fmt::Display for Widening {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path, self.capabilities)
    }
}

/// The stanzas of `after` that grant what `before` did not, or for which that cannot be shown.
///
/// A stanza is in the clear when `before` has one that covers it and grants as much, and nothing
/// in `before` took away from it on any of its paths that `after` does not take away too.
pub fn widens(before: &Policy, after: &Policy) -> Vec<Widening> {
    if before.is_root() {
        return Vec::new();
    }
    let found = after.rules().filter_map(|rule| {
        let Grant::Allow(capabilities, constraints) = &rule.grant else {
            return None;
        };
        let added: CapabilitySet = capabilities
            .iter()
            .filter(|&capability| !is_granted(before, after, rule, capability, constraints))
            .collect();
        (!added.is_empty()).then(|| Widening {
            path: rule.pattern.clone(),
            capabilities: added,
        })
    });
    let mut found: Vec<Widening> = found.collect();
    if after.is_root() {
        let everything = PathPattern::parse("*").ok();
        found.extend(everything.map(|path| Widening {
            path,
            capabilities: CapabilitySet::ALL,
        }));
    }
    found
}

fn is_granted(
    before: &Policy,
    after: &Policy,
    rule: &Rule,
    capability: Capability,
    constraints: &Constraints,
) -> bool {
    let grants = |old: &Rule| match &old.grant {
        Grant::Allow(capabilities, old_constraints) => {
            capabilities.contains(capability)
                && old_constraints.at_least_as_loose_as(constraints)
                && outlives(old, rule)
        }
        Grant::Deny => false,
    };
    let covered = before
        .rules()
        .any(|old| grants(old) && old.pattern.covers(&rule.pattern));
    let same_before = before
        .rules()
        .any(|old| grants(old) && old.pattern == rule.pattern);
    // `list` of `a/` may fall to the rule for `a`.
    let slashed = rule
        .pattern
        .with_slash()
        .filter(|_| capability.enumerates());
    let touches = |old: &Rule| {
        old.pattern.intersects(&rule.pattern)
            || slashed
                .as_ref()
                .is_some_and(|slashed| old.pattern.intersects(slashed))
    };
    covered
        && before
            .rules()
            .filter(|old| touches(old) && !grants(old))
            .all(|old| {
                loses_to_cover(before, old, &grants, rule, slashed.as_ref())
                    || after.rules().any(|new| {
                        new.pattern == old.pattern
                            && new.pattern != rule.pattern
                            && outlives(new, old)
                            && (same_before || outranks(&new.pattern, &rule.pattern))
                    })
            })
}

/// Whether `old`, which does not grant, never decided a path of `rule`, because a stanza that does
/// grant covers the rule and outranks it.
fn loses_to_cover(
    before: &Policy,
    old: &Rule,
    grants: &impl Fn(&Rule) -> bool,
    rule: &Rule,
    slashed: Option<&PathPattern>,
) -> bool {
    // With a slash at its end a path is looked up as it is first, unless there is an exact rule.
    let covers_slashed = |other: &Rule| {
        other.pattern.is_exact() || slashed.is_none_or(|slashed| other.pattern.covers(slashed))
    };
    before.rules().any(|other| {
        grants(other)
            && other.pattern.covers(&rule.pattern)
            && covers_slashed(other)
            && outranks(&other.pattern, &old.pattern)
    })
}

fn outranks(one: &PathPattern, other: &PathPattern) -> bool {
    !one.is_templated() && !other.is_templated() && one.rank() > other.rank()
}

fn outlives(one: &Rule, other: &Rule) -> bool {
    match (one.expires, other.expires) {
        (None, _) => true,
        (Some(_), None) => false,
        (Some(one), Some(other)) => one >= other,
    }
}

/// The stanzas of `policy` that grant more than is needed: on another path than the needed ones,
/// on a pattern of paths, or another capability.
pub fn grants_beyond(policy: &Policy, needed: &[(String, Capability)]) -> Vec<PathPattern> {
    let is_needed = |rule: &Rule, capability: Capability| {
        rule.pattern.is_exact()
            && needed.iter().any(|(path, wanted)| {
                *wanted == capability && rule.pattern.matches(path.trim_start_matches('/'))
            })
    };
    let mut beyond: Vec<PathPattern> = policy
        .rules()
        .filter(|rule| {
            rule.grant
                .capabilities()
                .iter()
                .any(|capability| !is_needed(rule, capability))
        })
        .map(|rule| rule.pattern.clone())
        .collect();
    if policy.is_root() {
        beyond.extend(PathPattern::parse("*").ok());
    }
    beyond
}

/// Why a stanza deserves a look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Danger {
    /// It reaches every mount.
    Everything,
    /// It reaches `sys/`: policies, mounts, seals.
    System,
    /// It reaches `auth/`: roles, login, tokens.
    Auth,
    /// It reaches `identity/`: entities and groups, which policies hang on.
    Identity,
    /// It grants `sudo`.
    Sudo,
}

/// `reaches sys/`
impl fmt::Display for Danger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Everything => "reaches every mount",
            Self::System => "reaches sys/",
            Self::Auth => "reaches auth/",
            Self::Identity => "reaches identity/",
            Self::Sudo => "grants sudo",
        })
    }
}

/// The stanzas that grant something where a fleet's secrets are not, with the reasons.
pub fn dangerous_patterns(policy: &Policy) -> Vec<(PathPattern, Vec<Danger>)> {
    let reaches = |pattern: &PathPattern, path: &str| {
        PathPattern::parse(path).is_ok_and(|area| pattern.intersects(&area))
    };
    let dangers = |rule: &Rule| {
        let areas = [("sys/*", Danger::System), ("auth/*", Danger::Auth)];
        let areas = areas.into_iter().chain([("identity/*", Danger::Identity)]);
        let mut dangers: Vec<Danger> = areas
            .filter(|(path, _)| reaches(&rule.pattern, path))
            .map(|(_, danger)| danger)
            .collect();
        if dangers.len() == 3 {
            dangers = vec![Danger::Everything];
        }
        if rule.grant.capabilities().contains(Capability::Sudo) {
            dangers.push(Danger::Sudo);
        }
        dangers
    };
    let mut found: Vec<(PathPattern, Vec<Danger>)> = policy
        .rules()
        .filter(|rule| !rule.grant.capabilities().is_empty())
        .map(|rule| (rule.pattern.clone(), dangers(rule)))
        .filter(|(_, dangers)| !dangers.is_empty())
        .collect();
    if policy.is_root() {
        let everything = PathPattern::parse("*").ok();
        found.extend(everything.map(|path| (path, vec![Danger::Everything, Danger::Sudo])));
    }
    found
}
