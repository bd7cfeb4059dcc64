//! A fleet, looked up from any end: each cluster with what its role is granted and what its declarations read.

use super::{RoleAccess, role_access};
use crate::desire::{Assignment, Cell, Desired, DesiredSecret};
use crate::policy::{Capability, PathPattern};
use std::collections::BTreeMap;

/// One cluster of the fleet, as somebody asks about it.
pub struct Entry<'a> {
    pub cell: &'a Cell,
    pub access: RoleAccess,
    /// What its own role reads, by the path as a policy has it.
    pub reads: BTreeMap<String, Vec<Read<'a>>>,
}

/// A value that a declaration asks for.
#[derive(Clone, Copy)]
pub struct Read<'a> {
    pub secret: &'a DesiredSecret,
    pub assignment: &'a Assignment,
}

/// What the repository says of whether a role may read a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum MayRead {
    Yes,
    No,
    /// An identity template, or a policy that is not in the repository, decides.
    Unknown,
}

impl<'a> Entry<'a> {
    /// Every cluster of a fleet, in order.
    pub fn all(fleet: &'a Desired) -> Vec<Self> {
        let cells = fleet.cells.iter();
        cells
            .map(|cell| {
                let vault = fleet.vaults.get(&cell.vault).map(AsRef::as_ref);
                Self {
                    cell,
                    access: role_access(cell, vault),
                    reads: reads(cell),
                }
            })
            .collect()
    }

    /// `mount/role`.
    pub fn role(&self) -> String {
        format!("{}/{}", self.cell.mount, self.cell.role.name)
    }

    pub fn may_read(&self, path: &str) -> MayRead {
        let decision = self.access.acl.decision(path);
        if !decision.templated.is_empty() {
            return MayRead::Unknown;
        }
        match decision.capabilities.contains(Capability::Read) {
            true => MayRead::Yes,
            false if self.access.unseen.is_empty() => MayRead::No,
            false => MayRead::Unknown,
        }
    }

    /// The stanzas that grant more than the declarations of this cluster use: those that no read of theirs is decided by,
    /// and every pattern, which also grants what nobody has written yet.
    pub fn beyond(&self) -> impl Iterator<Item = &PathPattern> {
        let acl = &self.access.acl;
        let decides = |pattern: &PathPattern| {
            let mut paths = self.reads.keys();
            paths.any(|path| acl.deciding_pattern(path) == Some(pattern))
        };
        let granting = acl.granting();
        granting.filter(move |pattern| !pattern.is_exact() || !decides(pattern))
    }
}

fn reads(cell: &Cell) -> BTreeMap<String, Vec<Read<'_>>> {
    let mut reads: BTreeMap<String, Vec<Read<'_>>> = BTreeMap::new();
    for secret in cell
        .secrets
        .iter()
        .filter(|it| it.login.role == cell.role.name)
    {
        for assignment in &secret.assignments {
            let read = Read { secret, assignment };
            reads
                .entry(assignment.from.api_path())
                .or_default()
                .push(read);
        }
    }
    reads
}
