//! What two sets of policies grant differently, decided as the server decides it.
//!
//! A stanza that says something else is looked at where it decides alone: at a path of its own that no other stanza names.
//! One that changes nothing there, because another decides all the same, has no effect and is not told.

use super::acl::Acl;
use super::capability::CapabilitySet;
use super::path::PathPattern;
use super::probe::{meeting, probes};
use super::rule::{Constraints, Grant};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Paths of one stanza, on which more or less is granted than before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Effect {
    /// The paths, but for those for which another stanza of either side goes first.
    pub pattern: PathPattern,
    /// What was granted there.
    pub before: Decision,
    /// What is granted there now.
    pub after: Decision,
    /// Whether a request is let through that was not, or whether that cannot be ruled out.
    pub widens: bool,
}

/// What a path gets.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Decision {
    /// What is granted, as far as the stanzas without templates go.
    pub capabilities: CapabilitySet,
    /// What a request must fulfil besides, as the policy language writes it.
    pub conditions: Vec<String>,
    /// Stanzas with identity templates that may decide instead, which only the server knows.
    pub templated: Vec<PathPattern>,
    constraints: Arc<Constraints>,
}

impl Decision {
    fn lets_through_beyond(&self, other: &Self) -> bool {
        !self.capabilities.minus(other.capabilities).is_empty()
            || (!self.capabilities.is_empty()
                && !other.constraints.at_least_as_loose_as(&self.constraints))
    }
}

/// Every stanza with an effect, in the order of their patterns; where one makes a difference only at the paths that it shares
/// with another, those.
pub fn effects(before: &Acl, after: &Acl) -> Vec<Effect> {
    let changed = before.differing(after).into_iter();
    let mut effects: Vec<Effect> = Vec::new();
    for pattern in changed {
        let found = of_pattern(before, after, pattern);
        let new = found.into_iter().filter(|found| !effects.contains(found));
        effects.extend(new.collect::<Vec<_>>());
    }
    if before.is_root() != after.is_root() {
        let all = |acl: &Acl| Decision {
            capabilities: if acl.is_root() {
                CapabilitySet::ALL
            } else {
                CapabilitySet::EMPTY
            },
            ..Decision::default()
        };
        let everything = PathPattern::parse("*").ok();
        effects.extend(everything.map(|pattern| Effect::of(pattern, all(before), all(after))));
    }
    effects
}

impl Effect {
    fn of(pattern: PathPattern, before: Decision, after: Decision) -> Self {
        Self {
            widens: after.lets_through_beyond(&before),
            pattern,
            before,
            after,
        }
    }

    fn is_like(&self, other: &Self) -> bool {
        self.before == other.before && self.after == other.after
    }
}

fn of_pattern(before: &Acl, after: &Acl, pattern: &PathPattern) -> Vec<Effect> {
    if pattern.is_templated() {
        // Nobody can say which paths that is.
        let said = |acl: &Acl| Decision {
            templated: vec![pattern.clone()],
            ..acl.said_of(pattern)
        };
        return vec![Effect::of(pattern.clone(), said(before), said(after))];
    }
    let mut effects = Vec::new();
    tell(&mut effects, pattern, (before, after), &probes(pattern));
    if pattern.is_exact() {
        return effects;
    }
    // Where it goes, another may decide that does not match all of its paths.
    let others: BTreeSet<_> = before.wide().chain(after.wide()).collect();
    for other in others.into_iter().filter(|other| *other != pattern) {
        if let Some(meeting) = meeting(pattern, other) {
            let shared = meeting.pattern.as_ref().unwrap_or(pattern);
            tell(&mut effects, shared, (before, after), &meeting.paths);
        }
    }
    effects
}

/// Adds what is decided differently at these paths of a pattern, and was not told yet: right below it, and further down,
/// where a `+` does not reach.
fn tell(
    effects: &mut Vec<Effect>,
    pattern: &PathPattern,
    (before, after): (&Acl, &Acl),
    paths: &[String],
) {
    for path in paths {
        let (before, after) = (before.decision(path), after.decision(path));
        if before == after {
            continue;
        }
        let effect = Effect::of(pattern.clone(), before, after);
        if !effects.iter().any(|known| known.is_like(&effect)) {
            effects.push(effect);
        }
    }
}

impl Acl {
    /// What is granted on a path, whatever the operation: the server's answer to `sys/capabilities`, with its conditions.
    pub fn decision(&self, path: &str) -> Decision {
        if self.is_root() {
            return Decision {
                capabilities: CapabilitySet::ALL,
                ..Decision::default()
            };
        }
        let winner = self.deciding_grant(path);
        let is_final = winner.is_some_and(|(pattern, grant)| {
            // No template comes before an exact deny.
            pattern.is_exact() && *grant == Grant::Deny
        });
        let mut decision = winner.map_or_else(Decision::default, |(_, grant)| of_grant(grant));
        if !is_final {
            decision.templated = self.templated_for(path);
        }
        decision
    }

    /// What the stanza for exactly this pattern says.
    pub fn said_of(&self, pattern: &PathPattern) -> Decision {
        let grant = self.grant_of(pattern);
        grant.map_or_else(Decision::default, of_grant)
    }

    /// The stanza that decides a path, without regard to templated ones.
    pub fn deciding_pattern(&self, path: &str) -> Option<&PathPattern> {
        self.deciding_grant(path).map(|(pattern, _)| pattern)
    }
}

fn of_grant(grant: &Grant) -> Decision {
    let constraints = match grant {
        Grant::Deny => Arc::default(),
        Grant::Allow(_, constraints) => constraints.clone(),
    };
    let attributes = constraints.attributes().into_iter();
    Decision {
        capabilities: grant.capabilities(),
        conditions: attributes
            .map(|(name, value)| format!("{name} = {value}"))
            .collect(),
        templated: Vec::new(),
        constraints,
    }
}
