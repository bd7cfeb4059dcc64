//! The policy of a cluster's role: derived from what its declarations read, or granted in so many words.

use super::DesiredSecret;
use crate::declare::Access;
use crate::diagnostics::{Diagnostic, Diagnostics, Place};
use crate::names::{PolicyName, RoleName};
use crate::policy::{self, Capability, Policy};
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
        None | Some(Access::Derived) => derived(role, secrets),
        Some(Access::Grants(grants)) => policy::render(grants.iter().map(|grant| {
            (
                grant.path.as_str(),
                grant
                    .capabilities
                    .iter()
                    .filter_map(|word| Capability::from_word(word))
                    .collect::<Vec<_>>(),
            )
        })),
    };
    match policy::parse(&text) {
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

/// Read on exactly the paths that the role's declarations use.
fn derived(role: &RoleName, secrets: &[DesiredSecret]) -> String {
    let paths: BTreeSet<String> = secrets
        .iter()
        .filter(|secret| secret.login.role == *role)
        .flat_map(DesiredSecret::references)
        .map(crate::observe::KvReference::api_path)
        .collect();
    policy::render(
        paths
            .iter()
            .map(|path| (path.as_str(), vec![Capability::Read])),
    )
}
