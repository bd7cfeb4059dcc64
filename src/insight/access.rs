//! What the role of a cluster is granted, by all of its policies together.

use crate::desire::{Cell, DesiredVault};
use crate::diagnostics::Place;
use crate::names::PolicyName;
use crate::policy::{Acl, Policy};
use std::collections::{BTreeMap, BTreeSet};

/// What a role is granted, as far as the repository tells.
#[derive(Debug, Clone)]
pub struct RoleAccess {
    pub acl: Acl,
    /// Policies of the role that are no file of the repository, so that nobody here knows what they grant. Vault's own
    /// `default` is none of them: it lets a token look at itself and at nothing of a fleet's.
    pub unseen: BTreeSet<PolicyName>,
}

/// Policies that were read from Vault.
pub type ReadPolicies = BTreeMap<PolicyName, Policy>;

/// A policy of a role, and where it is written.
pub(super) struct Source<'a> {
    pub(super) name: &'a PolicyName,
    pub(super) meaning: &'a Policy,
    /// Where it is in the repository, and its text where a person wrote that.
    pub(super) written: Option<(&'a Place, Option<&'a str>)>,
}

/// The policies of a cluster's role, put together as Vault does. Rules that expire are taken to hold.
pub fn role_access(cell: &Cell, vault: Option<&DesiredVault>) -> RoleAccess {
    role_access_with(cell, vault, &ReadPolicies::new())
}

/// The same with what was read of the policies that are no file of the repository.
pub fn role_access_with(
    cell: &Cell,
    vault: Option<&DesiredVault>,
    read: &ReadPolicies,
) -> RoleAccess {
    let (sources, unseen) = sources(cell, vault, read);
    let policies: Vec<&Policy> = sources.iter().map(|source| source.meaning).collect();
    RoleAccess {
        acl: Acl::new(&policies),
        unseen: unseen.into_iter().cloned().collect(),
    }
}

/// The policies of a cluster's role that are known, and the names of the others.
pub(super) fn sources<'a>(
    cell: &'a Cell,
    vault: Option<&'a DesiredVault>,
    read: &'a ReadPolicies,
) -> (Vec<Source<'a>>, BTreeSet<&'a PolicyName>) {
    let (mut sources, mut unseen) = (Vec::new(), BTreeSet::new());
    for name in &cell.role.policies {
        let shared = vault.and_then(|vault| vault.policies.iter().find(|it| it.name == *name));
        let (meaning, written) = if *name == cell.policy.name {
            (&cell.policy.meaning, Some((&cell.policy.place, None)))
        } else if let Some(shared) = shared {
            let written = (&shared.place, Some(shared.text.as_str()));
            (shared.meaning.as_ref(), Some(written))
        } else if let Some(read) = read.get(name) {
            (read, None)
        } else {
            if name.as_str() != "default" {
                unseen.insert(name);
            }
            continue;
        };
        sources.push(Source {
            name,
            meaning,
            written,
        });
    }
    (sources, unseen)
}
