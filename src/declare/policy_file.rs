//! `policies/*.hcl`: policies written by hand.

use super::{POLICIES, Unreadable};
use crate::diagnostics::{Diagnostic, Diagnostics, Place, Sources};
use crate::names::PolicyName;
use crate::policy::Policy;
use std::collections::BTreeMap;
use std::sync::Arc;

/// A policy of the repository; its name is the file's.
#[derive(Debug, Clone)]
pub struct PolicyFile {
    pub place: Place,
    pub text: String,
    pub meaning: Policy,
}

/// Policies that come with every Vault.
pub(super) const VAULTS_OWN: [&str; 2] = ["root", "default"];

pub(super) fn load(
    sources: &Sources,
    unreadable: &[Unreadable],
    problems: &mut Diagnostics,
) -> (BTreeMap<PolicyName, PolicyFile>, bool) {
    let mut policies = BTreeMap::new();
    let mut complete = !unreadable
        .iter()
        .any(|file| file.path.starts_with(POLICIES));
    for (path, text) in sources
        .iter()
        .filter(|(path, _)| path.starts_with(POLICIES))
    {
        match read(path, text, problems) {
            Some((name, policy)) => drop(policies.insert(name, policy)),
            None => complete = false,
        }
    }
    (policies, complete)
}

fn read(path: &str, text: &str, problems: &mut Diagnostics) -> Option<(PolicyName, PolicyFile)> {
    let place = Place::file(path);
    let stem = path.strip_prefix(POLICIES)?.strip_suffix(".hcl");
    let Some(stem) = stem.filter(|stem| !stem.contains('/')) else {
        problems.push(
            Diagnostic::error(&place, "only `policies/NAME.hcl` is read here")
                .hint("move the file, or remove it")
                .without_line(),
        );
        return None;
    };
    let name = PolicyName::parse(stem)
        .map_err(|error| {
            problems.push(
                Diagnostic::error(&place, error.wrong())
                    .hint(format!("rename the file: {}", error.rule))
                    .without_line(),
            );
        })
        .ok()?;
    if VAULTS_OWN.contains(&stem) {
        problems.push(
            Diagnostic::error(
                &place,
                format!("the policy `{stem}` is Vault's own and is not managed"),
            )
            .hint("rename the file, and name it in `policies:` of the clusters that need it")
            .without_line(),
        );
        return None;
    }
    match Policy::parse(text) {
        Ok(meaning) => Some((
            name,
            PolicyFile {
                place,
                text: text.to_owned(),
                meaning,
            },
        )),
        Err(errors) => {
            for error in &errors {
                let place = Place {
                    file: Arc::from(path),
                    line: error.line,
                    column: error.column,
                    length: 1,
                };
                let problem = Diagnostic::error(&place, error.message.clone());
                problems.push(match &error.hint {
                    Some(hint) => problem.hint(hint.clone()),
                    None => problem,
                });
            }
            None
        }
    }
}
