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
        let near: Vec<&Rule> = before
            .rules()
            .filter(|old| old.pattern.may_meet(&rule.pattern))
            .collect();
        let added: CapabilitySet = capabilities
            .iter()
            .filter(|&capability| !is_granted(&near, after, rule, capability, constraints))
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

/// `near`: the stanzas of the policy before that may have a say on paths of `rule`.
fn is_granted(
    near: &[&Rule],
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
    let covers: Vec<&&Rule> = near
        .iter()
        .filter(|old| grants(old) && old.pattern.covers(&rule.pattern))
        .collect();
    let same_before = covers.iter().any(|old| old.pattern == rule.pattern);
    !covers.is_empty()
        && near.iter().filter(|old| !grants(old)).all(|old| {
            let Some(meeting) = Meeting::of(&old.pattern, &rule.pattern, capability) else {
                return true;
            };
            covers.iter().any(|cover| meeting.is_won_by(&cover.pattern))
                || after.rules().any(|new| match new.pattern == old.pattern {
                    false => false,
                    // Two stanzas for one pattern, of which one expires, are merged as before.
                    true if new.pattern == rule.pattern => same_before && new == *old,
                    true => outlives(new, old) && (same_before || meeting.keeps_its_paths()),
                })
        })
}

/// How a stanza that does not grant gets at paths of a rule that does.
///
/// `list` of `a/` may be decided by a stanza for `a`. An exact one for `a` then beats every
/// pattern for `a/`; of two patterns one server asks that for `a` first, the other that for `a/`.
struct Meeting<'a> {
    old: &'a PathPattern,
    rule: &'a PathPattern,
    capability: Capability,
    /// The rule's paths with a slash after them, when the old stanza gets at those.
    slashed: Option<PathPattern>,
    /// Whether the old stanza, with a slash after it, gets at the rule's paths.
    by_slash: bool,
}

impl<'a> Meeting<'a> {
    fn of(old: &'a PathPattern, rule: &'a PathPattern, capability: Capability) -> Option<Self> {
        let with_slash =
            |pattern: &PathPattern| pattern.with_slash().filter(|_| capability.enumerates());
        let slashed = with_slash(rule).filter(|slashed| slashed.intersects(old));
        let by_slash = with_slash(old).is_some_and(|old| old.intersects(rule));
        (old.intersects(rule) || slashed.is_some() || by_slash).then_some(Self {
            old,
            rule,
            capability,
            slashed,
            by_slash,
        })
    }

    /// Whether `cover`, which covers the rule, decided all these paths instead of the old stanza.
    fn is_won_by(&self, cover: &PathPattern) -> bool {
        let slashed = self
            .slashed
            .as_ref()
            .is_none_or(|slashed| cover.covers(slashed));
        outranks(cover, self.old)
            && (cover.is_exact() || (slashed && !self.is_lost_without_slash(cover)))
    }

    /// Whether there is a path with a slash at its end that the rule is about, and that `cover`
    /// does not match without that slash, but the old stanza does.
    fn is_lost_without_slash(&self, cover: &PathPattern) -> bool {
        self.capability.enumerates()
            && cover.without_slash().is_some_and(|bare| {
                bare.intersects(self.old)
                    && bare
                        .with_slash()
                        .is_none_or(|slashed| slashed.intersects(self.rule))
            })
    }

    /// Whether the old stanza, where it still is, decides these paths instead of the rule.
    fn keeps_its_paths(&self) -> bool {
        outranks(self.old, self.rule) && (self.old.is_exact() || !self.by_slash)
    }
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
