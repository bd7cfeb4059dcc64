//! A fleet, looked up from any end: each cluster with what its role is granted and what its declarations read.

use super::access::{Source, sources};
use super::{Known, ReadPolicies, RoleAccess};
use crate::desire::{Assignment, Cell, Desired, DesiredSecret};
use crate::policy::{Acl, Capability, Grant, PathPattern, Policy};
use std::collections::{BTreeMap, BTreeSet};

/// One cluster of the fleet, as somebody asks about it.
pub struct Entry<'a> {
    pub cell: &'a Cell,
    pub access: RoleAccess,
    /// The policies that this is put together from.
    pub(super) policies: Vec<Source<'a>>,
    /// What its own role reads, by the path as a policy has it.
    pub reads: BTreeMap<String, Vec<Read<'a>>>,
}

/// A value that a declaration asks for.
#[derive(Clone, Copy)]
pub struct Read<'a> {
    pub secret: &'a DesiredSecret,
    pub assignment: &'a Assignment,
}

/// What is known of whether a role may read a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum MayRead {
    Yes,
    No,
    /// An identity template, or a policy that nobody here has read, may decide: it may grant, and it may deny.
    Unknown,
}

impl<'a> Entry<'a> {
    /// Every cluster of a fleet, in order, with what else is known of its policies.
    pub fn all(fleet: &'a Desired, known: &'a Known) -> Vec<Self> {
        static NOTHING: ReadPolicies = ReadPolicies::new();
        let cells = fleet.cells.iter();
        cells
            .map(|cell| {
                let vault = fleet.vaults.get(&cell.vault).map(AsRef::as_ref);
                let read = known.policies.get(&cell.vault).unwrap_or(&NOTHING);
                let (policies, unseen) = sources(cell, vault, read);
                let meanings: Vec<&Policy> = policies.iter().map(|it| it.meaning).collect();
                Self {
                    cell,
                    access: RoleAccess {
                        acl: Acl::new(&meanings),
                        unseen: unseen.into_iter().cloned().collect(),
                    },
                    policies,
                    reads: reads(cell),
                }
            })
            .collect()
    }

    /// `mount/role`.
    pub fn role(&self) -> String {
        format!("{}/{}", self.cell.mount, self.cell.role.name)
    }

    /// By the name of the cluster, or by its role.
    pub(super) fn is_called(&self, name: &str) -> bool {
        self.cell.cluster.as_str() == name || self.role() == name
    }

    pub(super) fn policy_names(&self) -> BTreeSet<String> {
        let policies = self.cell.role.policies.iter();
        policies.map(ToString::to_string).collect()
    }

    pub(super) fn unseen(&self) -> BTreeSet<String> {
        self.access.unseen.iter().map(ToString::to_string).collect()
    }

    pub fn may_read(&self, path: &str) -> MayRead {
        let acl = &self.access.acl;
        let rule = acl.deciding_rule(path, Capability::Read);
        if rule.is_some_and(|rule| rule.grant == Grant::Deny && rule.pattern.is_exact()) {
            // Whatever else is granted elsewhere: no stanza comes before it, and no other for the same path undoes it.
            return MayRead::No;
        }
        let decision = acl.decision(path);
        if !decision.templated.is_empty() || !self.access.unseen.is_empty() {
            return MayRead::Unknown;
        }
        if decision.capabilities.contains(Capability::Read) {
            MayRead::Yes
        } else {
            MayRead::No
        }
    }

    /// The stanzas that grant more than the declarations of this cluster use: those that no read of theirs is decided by,
    /// and every pattern, which also grants what nobody has written yet.
    pub fn beyond(&self) -> impl Iterator<Item = &PathPattern> {
        let acl = &self.access.acl;
        let paths = self.reads.keys();
        let deciding: BTreeSet<&PathPattern> = paths
            .filter_map(|path| acl.deciding_pattern(path))
            .collect();
        let granting = acl.granting();
        granting.filter(move |pattern| !pattern.is_exact() || !deciding.contains(pattern))
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
