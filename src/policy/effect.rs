//! What two sets of policies grant differently, decided as the server decides it.
//!
//! A stanza that says something else is looked at where it decides alone: at a path of its own that no other stanza names.
//! One that changes nothing there, because another decides all the same, has no effect and is not told.

use super::acl::Acl;
use super::capability::CapabilitySet;
use super::path::PathPattern;
use super::rule::{Constraints, Grant};
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

/// A name that nobody gives: it stands for every name that no stanza spells out.
const ANY: &str = "\u{f8ff}";

/// Every stanza with an effect, in the order of their patterns.
pub fn effects(before: &Acl, after: &Acl) -> Vec<Effect> {
    let changed = before.differing(after).into_iter();
    let mut effects: Vec<Effect> = changed
        .filter_map(|pattern| effect(before, after, pattern))
        .collect();
    if before.is_root() != after.is_root() {
        let all = |acl: &Acl| Decision {
            capabilities: if acl.is_root() {
                CapabilitySet::ALL
            } else {
                CapabilitySet::EMPTY
            },
            ..Decision::default()
        };
        effects.extend(PathPattern::parse("*").ok().map(|pattern| Effect {
            pattern,
            before: all(before),
            after: all(after),
            widens: after.is_root(),
        }));
    }
    effects
}

fn effect(before: &Acl, after: &Acl, pattern: &PathPattern) -> Option<Effect> {
    let effect = |before: Decision, after: Decision| Effect {
        pattern: pattern.clone(),
        widens: after.lets_through_beyond(&before),
        before,
        after,
    };
    if pattern.is_templated() {
        // Nobody can say which paths that is.
        let said = |acl: &Acl| Decision {
            templated: vec![pattern.clone()],
            ..acl.said_of(pattern)
        };
        return Some(effect(said(before), said(after)));
    }
    let probes = probes(pattern).into_iter();
    let decisions = probes.map(|path| (before.decision(&path), after.decision(&path)));
    let mut different = decisions.filter(|(before, after)| before != after);
    different
        .next()
        .map(|(before, after)| effect(before, after))
}

/// Paths of a pattern that no other pattern names: one right below it, and one further down.
fn probes(pattern: &PathPattern) -> Vec<String> {
    let text = pattern.to_string();
    if pattern.is_exact() {
        return vec![text];
    }
    let (text, is_open) = match text.strip_suffix('*') {
        Some(text) => (text, true),
        None => (text.as_str(), false),
    };
    let segments: Vec<&str> = text
        .split('/')
        .map(|segment| if segment == "+" { ANY } else { segment })
        .collect();
    let near = segments.join("/");
    if is_open {
        vec![format!("{near}{ANY}"), format!("{near}{ANY}/{ANY}")]
    } else {
        vec![near]
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
