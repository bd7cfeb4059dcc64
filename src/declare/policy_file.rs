//! `policies/*.hcl`: policies written by hand.

use super::file::Content;
use super::{Files, POLICIES, Unreadable};
use crate::diagnostics::{Diagnostic, Diagnostics, Place};
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

/// The policies that could be read, and whether those are all.
pub(super) fn load(
    files: &Files,
    unreadable: &[Unreadable],
    problems: &mut Diagnostics,
) -> (BTreeMap<PolicyName, Arc<PolicyFile>>, bool) {
    let mut policies = BTreeMap::new();
    let mut complete = !unreadable
        .iter()
        .any(|file| file.path.starts_with(POLICIES));
    for file in files.values() {
        let Content::Policy(read) = &file.content else {
            continue;
        };
        problems.append(file.problems.clone());
        complete &= read.is_some();
        policies.extend(read.clone());
    }
    (policies, complete)
}

pub(super) fn read(
    path: &str,
    text: &str,
    problems: &mut Diagnostics,
) -> Option<(PolicyName, Arc<PolicyFile>)> {
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
            Arc::new(PolicyFile {
                place,
                text: text.to_owned(),
                meaning,
            }),
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
