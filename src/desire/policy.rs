//! The policy of a cluster's role: derived from what its declarations read, or granted in so many words.

use super::DesiredSecret;
use crate::declare::{Access, Declarations, Grant as AccessGrant};
use crate::diagnostics::{Diagnostic, Diagnostics, Place};
use crate::names::{PolicyName, RoleName};
use crate::policy::{Capability, Grant, PathPattern, Policy, Rule, render};
use crate::yaml::nearest;
use std::collections::{BTreeMap, HashSet};

/// Where a policy comes from; decides what may be done about one that is there already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// The cluster file says nothing of access: derived for a new cluster, and as it is where someone else made it.
    Default,
    /// `access: derived`.
    Derived,
    /// `access` lists the grants.
    Granted,
    /// A file below `policies/`.
    File,
}

impl Origin {
    /// Whether it follows from the declarations, and so shrinks when one of them cannot be read.
    pub fn is_derived(self) -> bool {
        matches!(self, Self::Default | Self::Derived)
    }
}

/// A policy as it should be.
#[derive(Debug, Clone)]
pub struct DesiredPolicy {
    pub place: Place,
    pub name: PolicyName,
    /// The policy text without its mark.
    pub text: String,
    pub meaning: Policy,
    pub origin: Origin,
}

pub(super) fn resolve(
    name: PolicyName,
    access: Option<&Access>,
    role: &RoleName,
    secrets: &[DesiredSecret],
    place: Place,
    problems: &mut Diagnostics,
) -> Option<DesiredPolicy> {
    let rules: Option<Vec<Rule>> = match access {
        None | Some(Access::Derived) => derived(role, secrets, problems),
        Some(Access::Grants(grants)) => grants
            .iter()
            .map(|grant| explicit(grant, problems))
            .collect(),
    };
    let rules = rules?;
    Some(DesiredPolicy {
        place,
        name,
        text: render(&rules, None),
        meaning: rules.into_iter().collect(),
        origin: match access {
            None => Origin::Default,
            Some(Access::Derived) => Origin::Derived,
            Some(Access::Grants(_)) => Origin::Granted,
        },
    })
}

/// A grant as the file writes it: a pattern, with `*` and `+` where somebody wrote them.
fn explicit(grant: &AccessGrant, problems: &mut Diagnostics) -> Option<Rule> {
    let pattern = PathPattern::parse(&grant.path);
    let pattern = pattern
        .map_err(|error| {
            problems.error(
                &grant.place,
                format!("this is no path of a policy: {error}"),
            );
        })
        .ok()?;
    Some(Rule {
        pattern,
        expires: None,
        grant: granted(grant),
    })
}

/// Further policies of a role need not be files here, but a slip of the pen would take access away.
pub(super) fn check_further(
    named: &[(PolicyName, Place)],
    declarations: &Declarations,
    problems: &mut Diagnostics,
) {
    let files = || declarations.policies.keys().map(PolicyName::as_str);
    let unknown = named.iter().filter(|(name, _)| {
        name.as_str() != "default" && !declarations.policies.contains_key(name)
    });
    for (name, place) in unknown.filter(|_| declarations.policies_complete) {
        let said = format!("the policy `{name}` is no file below policies/");
        problems.push(match nearest(name.as_str(), files()) {
            Some(near) => Diagnostic::warning(place, said).hint(format!("did you mean `{near}`?")),
            None => Diagnostic::note(place, said)
                .hint("the role gets it as Vault has it; keyfleet does not manage it"),
        });
    }
}

fn granted(grant: &AccessGrant) -> Grant {
    if grant.capabilities.iter().any(|word| word == "deny") {
        return Grant::Deny;
    }
    Grant::of(
        grant
            .capabilities
            .iter()
            .filter_map(|word| Capability::from_word(word)),
    )
}

/// Read on exactly the paths that the role's declarations use: never a pattern, whatever a path looks like.
fn derived(
    role: &RoleName,
    secrets: &[DesiredSecret],
    problems: &mut Diagnostics,
) -> Option<Vec<Rule>> {
    let assignments = secrets
        .iter()
        .filter(|secret| secret.login.role == *role)
        .flat_map(|secret| &secret.assignments);
    // Most paths are read for several keys.
    let mut known = HashSet::new();
    let assignments = assignments.filter(|assignment| known.insert(&assignment.from));
    let rules = assignments.map(|assignment| {
        let pattern = PathPattern::exact(&assignment.from.api_path());
        let pattern = pattern
            .map_err(|error| {
                problems.error(
                    &assignment.place,
                    format!("this path cannot be granted exactly: {error}"),
                );
            })
            .ok()?;
        Some((
            pattern.to_string(),
            Rule {
                pattern,
                expires: None,
                grant: Grant::of([Capability::Read]),
            },
        ))
    });
    // Each path once, in order: the text of a policy must not depend on the order of files.
    let rules: Option<BTreeMap<String, Rule>> = rules.collect();
    rules.map(|rules| rules.into_values().collect())
}
