//! Whether a role may read a path, by the policies that a fleet gives it and by what was read of its other ones.

use crate::desire::{Cell, Desired, SecretLogin};
use crate::insight::{ReadPolicies, RoleAccess, role_access_with};
use crate::names::{MountPath, PolicyName, RoleName, VaultName};
use crate::policy::Capability;
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

/// What is known of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum MayRead {
    Yes,
    No,
    NotKnown { why: String },
}

type At<'a> = (&'a VaultName, &'a MountPath, &'a RoleName);

/// The roles of a fleet, by where they are.
pub(super) struct Roles<'a> {
    fleet: &'a Desired,
    read: &'a BTreeMap<VaultName, ReadPolicies>,
    cells: BTreeMap<At<'a>, &'a Cell>,
    /// Each put together once.
    known: RefCell<BTreeMap<At<'a>, Rc<RoleAccess>>>,
}

impl<'a> Roles<'a> {
    pub(super) fn of(fleet: &'a Desired, read: &'a BTreeMap<VaultName, ReadPolicies>) -> Self {
        let cells = fleet.cells.iter();
        let at = |cell: &'a Cell| ((&cell.vault, &cell.mount, &cell.role.name), cell);
        Self {
            fleet,
            read,
            cells: cells.map(|cell| at(cell)).collect(),
            known: RefCell::default(),
        }
    }

    /// Whether whoever logs in so may read this path; a path is as a policy has it.
    pub(super) fn may_read(&self, vault: &VaultName, login: &SecretLogin, path: &str) -> MayRead {
        let Some(access) = self.access(vault, login) else {
            return MayRead::NotKnown {
                why: "the role is none of this repository: what it may read is not known here"
                    .to_owned(),
            };
        };
        let decision = access.acl.decision(path);
        if let Some(unseen) = access.unseen.first() {
            let why = format!("the policy `{unseen}` of the role is not in this repository");
            return MayRead::NotKnown { why };
        }
        if let Some(pattern) = decision.templated.first() {
            let why = format!("only Vault can fill in `{pattern}`, which may decide");
            return MayRead::NotKnown { why };
        }
        match (
            decision.capabilities.contains(Capability::Read),
            decision.conditions.first(),
        ) {
            (false, _) => MayRead::No,
            (true, None) => MayRead::Yes,
            (true, Some(condition)) => MayRead::NotKnown {
                why: format!("the role may read it only under a condition: {condition}"),
            },
        }
    }

    /// Policies of a role that are not in the repository, and were not read.
    pub(super) fn unseen(&self, vault: &VaultName, login: &SecretLogin) -> BTreeSet<PolicyName> {
        let access = self.access(vault, login);
        access.map_or_else(BTreeSet::new, |access| access.unseen.clone())
    }

    fn access(&self, vault: &VaultName, login: &SecretLogin) -> Option<Rc<RoleAccess>> {
        let cell: &'a Cell = self.cells.get(&(vault, &login.mount, &login.role))?;
        let at = (&cell.vault, &cell.mount, &cell.role.name);
        if let Some(known) = self.known.borrow().get(&at) {
            return Some(Rc::clone(known));
        }
        let nothing = ReadPolicies::new();
        let read = self.read.get(vault).unwrap_or(&nothing);
        let in_vault = self.fleet.vaults.get(vault).map(AsRef::as_ref);
        let access = Rc::new(role_access_with(cell, in_vault, read));
        self.known.borrow_mut().insert(at, Rc::clone(&access));
        Some(access)
    }
}
