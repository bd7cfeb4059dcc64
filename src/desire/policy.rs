//! The policy of a cluster's role: derived from what its declarations read, or granted in so many words.

use super::DesiredSecret;
use crate::declare::{Access, Declarations, Grant as AccessGrant};
use crate::diagnostics::{Diagnostic, Diagnostics, Place};
use crate::names::{PolicyName, RoleName};
use crate::policy::{Capability, Grant, PathPattern, Policy, Rule, render};
use crate::yaml::nearest;
use std::collections::BTreeSet;

/// A policy as it should be.
#[derive(Debug, Clone)]
pub struct DesiredPolicy {
    pub place: Place,
    pub name: PolicyName,
    /// The policy text without its mark.
    pub text: String,
    pub meaning: Policy,
    /// Whether its access was asked for; without that, a policy that someone else made stays as it is.
    pub explicit: bool,
    /// Whether it follows from the declarations, and so shrinks when one of them cannot be read.
    pub derived: bool,
}

pub(super) fn resolve(
    name: PolicyName,
    access: Option<&Access>,
    role: &RoleName,
    secrets: &[DesiredSecret],
    place: Place,
    problems: &mut Diagnostics,
) -> Option<DesiredPolicy> {
    let text = match access {
        None | Some(Access::Derived) => text_of(
            derived(role, secrets)
                .iter()
                .map(|path| (path.as_str(), Grant::of([Capability::Read]))),
        ),
        Some(Access::Grants(grants)) => text_of(
            grants
                .iter()
                .map(|grant| (grant.path.as_str(), granted(grant))),
        ),
    };
    match Policy::parse(&text) {
        Ok(meaning) => Some(DesiredPolicy {
            place,
            name,
            text,
            meaning,
            explicit: super::is_explicit(access),
            derived: !matches!(access, Some(Access::Grants(_))),
        }),
        Err(errors) => {
            let why = errors
                .iter()
                .next()
                .map(|error| error.message.clone())
                .unwrap_or_default();
            problems.push(Diagnostic::error(
                &place,
                format!("this access makes no valid policy: {why}"),
            ));
            None
        }
    }
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

/// The paths that the role's declarations read.
fn derived(role: &RoleName, secrets: &[DesiredSecret]) -> BTreeSet<String> {
    secrets
        .iter()
        .filter(|secret| secret.login.role == *role)
        .flat_map(DesiredSecret::references)
        .map(crate::observe::KvReference::api_path)
        .collect()
}

/// A policy text that grants this on these paths.
fn text_of<'a>(grants: impl Iterator<Item = (&'a str, Grant)>) -> String {
    let rules: Vec<Rule> = grants
        .filter_map(|(path, grant)| {
            Some(Rule {
                pattern: PathPattern::parse(path).ok()?,
                expires: None,
                grant,
            })
        })
        .collect();
    // A policy of no text at all is refused by the server.
    let comment = rules.is_empty().then_some("grants nothing");
    render(&rules, comment)
}
