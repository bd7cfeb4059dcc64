//! What the role of a cluster is granted, by all of its policies together.

use crate::desire::{Cell, DesiredVault};
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
    let mut unseen = BTreeSet::new();
    let mut policies: Vec<&Policy> = Vec::new();
    for name in &cell.role.policies {
        let shared = vault.and_then(|vault| vault.policies.iter().find(|it| it.name == *name));
        if *name == cell.policy.name {
            policies.push(&cell.policy.meaning);
        } else if let Some(shared) = shared {
            policies.push(&shared.meaning);
        } else if let Some(read) = read.get(name) {
            policies.push(read);
        } else if name.as_str() != "default" {
            unseen.insert(name.clone());
        }
    }
    RoleAccess {
        acl: Acl::new(&policies),
        unseen,
    }
}
