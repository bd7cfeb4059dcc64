//! `fleet.yaml`, kind Fleet: the installation, its Vaults, defaults for clusters, and limits.
//!
//! A repository without one is a fleet of one Vault, the one that `VAULT_ADDR` names.

mod vault;

pub(crate) use vault::vault_address;

use super::cluster::ClusterSpec;
use super::document::is_own_kind;
use super::{FLEET_FILE, Files, OperationSpec, Unmatched, Unreadable, rules};
use crate::diagnostics::{Diagnostic, Diagnostics, Place, Severity};
use crate::names::{InstallationName, VaultName};
use crate::yaml::{self, Fields, Node, nearest};
use std::collections::BTreeMap;

pub use vault::{KvMount, VaultSpec};

#[derive(Debug, Clone)]
pub struct Fleet {
    pub place: Place,
    /// What the marks of this installation carry.
    pub installation: InstallationName,
    pub vaults: BTreeMap<VaultName, VaultSpec>,
    pub default_vault: VaultName,
    pub defaults: ClusterSpec,
    pub deletes: DeleteLimit,
    /// What declarations of a namespace may reference for which there is no rule, where the file says.
    pub unmatched: Option<Unmatched>,
    /// What holds for every cluster, and for what they share.
    pub operation: OperationSpec,
    /// False when `fleet.yaml` could not be understood whole: then nothing can be planned, and what is missing in a
    /// cluster file may be given here.
    pub whole: bool,
}

/// How many deletes of one cluster pass without being looked at: the greater of the two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DeleteLimit {
    pub percent: u64,
    pub count: u64,
}

impl Default for DeleteLimit {
    fn default() -> Self {
        Self {
            percent: 5,
            count: 10,
        }
    }
}

impl DeleteLimit {
    /// The number of deletes that pass, of so many objects.
    pub fn of(self, objects: usize) -> usize {
        let share =
            objects.saturating_mul(usize::try_from(self.percent).unwrap_or(usize::MAX)) / 100;
        share.max(usize::try_from(self.count).unwrap_or(usize::MAX))
    }
}

impl Fleet {
    /// What holds without a `fleet.yaml`.
    fn implied() -> Self {
        let main = VaultName::main();
        let place = Place::file("fleet.yaml");
        let vault = VaultSpec {
            place: place.clone(),
            address: None,
            namespace: None,
            certificate_authority: None,
            kv_mounts: Vec::new(),
            adopt: false,
        };
        Self {
            place,
            installation: InstallationName::implied(),
            vaults: BTreeMap::from([(main.clone(), vault)]),
            default_vault: main,
            defaults: ClusterSpec::default(),
            deletes: DeleteLimit::default(),
            unmatched: None,
            operation: OperationSpec::default(),
            whole: true,
        }
    }

    /// Whether it is clear which Vault a cluster belongs to that names none.
    pub(super) fn has_default_vault(&self) -> bool {
        self.vaults.len() == 1 || self.default_vault == VaultName::main()
    }

    /// Says that a Vault is not one of the fleet's.
    pub(super) fn check_vault(&self, name: &VaultName, place: &Place, problems: &mut Diagnostics) {
        if self.vaults.contains_key(name) {
            return;
        }
        let known = || self.vaults.keys().map(VaultName::as_str);
        let hint = match nearest(name.as_str(), known()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("it has {}", known().collect::<Vec<_>>().join(", ")),
        };
        problems.push(
            Diagnostic::error(place, format!("no Vault is called `{name}` in this fleet"))
                .hint(hint),
        );
    }
}

/// Reads `fleet.yaml`. With errors in it the fleet is not whole, and serves only to find further problems.
pub(super) fn load(files: &Files, unreadable: &[Unreadable], problems: &mut Diagnostics) -> Fleet {
    let before = problems.count(Severity::Error);
    let file = files.get(FLEET_FILE);
    let read = file.and_then(|file| read_file(&file.text, problems));
    if files.contains_key("fleet.yml") {
        let problem = Diagnostic::error(&Place::file("fleet.yml"), "this file is not read");
        problems.push(problem.hint("rename it to fleet.yaml").without_line());
    }
    let hidden = unreadable.iter().any(|unread| unread.path == FLEET_FILE);
    let mut fleet = read.unwrap_or_else(Fleet::implied);
    fleet.whole = !hidden && problems.count(Severity::Error) == before;
    fleet
}

fn read_file(text: &str, problems: &mut Diagnostics) -> Option<Fleet> {
    let documents = yaml::parse(FLEET_FILE, text, problems);
    let Some(node) = documents.documents.first() else {
        if documents.whole {
            let problem = Diagnostic::error(&Place::file(FLEET_FILE), "fleet.yaml is empty");
            problems.push(problem.hint("write a Fleet into it, or remove it for a fleet of the one Vault that VAULT_ADDR names").without_line());
        }
        return None;
    };
    if let Some(second) = documents.documents.get(1) {
        problems.push(
            Diagnostic::error(&second.place, "fleet.yaml holds one document, the Fleet")
                .hint("move this one below clusters/ or groups/, or remove it"),
        );
    }
    read(node, problems)
}

fn read(node: &Node, problems: &mut Diagnostics) -> Option<Fleet> {
    if !is_own_kind(node, "Fleet", FLEET_FILE, problems) {
        return None;
    }
    let mut top = Fields::of(node, "a Fleet", problems)?;
    top.optional("apiVersion");
    top.optional("kind");
    let metadata = top.required("metadata", problems);
    let spec = top.optional("spec");
    top.finish(problems);
    let mut fleet = Fleet {
        place: node.place.clone(),
        ..Fleet::implied()
    };
    if let Some(mut metadata) = metadata.and_then(|node| Fields::of(node, "metadata", problems)) {
        let name = metadata.required("name", problems);
        metadata.finish(problems);
        if let Some(name) =
            name.and_then(|name| name.parsed("name", InstallationName::parse, problems))
        {
            fleet.installation = name;
        }
    }
    if let Some(spec) = spec.and_then(|spec| Fields::of(spec, "spec", problems)) {
        read_spec(spec, &mut fleet, problems);
    }
    Some(fleet)
}

fn read_spec(mut spec: Fields<'_>, fleet: &mut Fleet, problems: &mut Diagnostics) {
    if let Some(node) = spec.optional("vaults") {
        fleet.vaults = vault::read_all(node, problems);
    }
    if let Some(node) = spec.optional("defaults") {
        fleet.defaults = ClusterSpec::read_defaults(node, problems).unwrap_or_default();
    }
    if let Some(node) = spec.optional("limits") {
        fleet.deletes = limits(node, problems);
    }
    if let Some(node) = spec.optional("rules") {
        fleet.unmatched = rules::read_unmatched(node, problems);
    }
    fleet.operation = OperationSpec::read(&mut spec, problems);
    spec.unsupported(&["schedules", "sinks"], problems);
    spec.finish(problems);
    if let Some(vault) = default_vault(fleet, problems) {
        fleet.default_vault = vault;
    }
}

/// The Vault of a cluster that names none: the one that `defaults` names, or `main`, or the only one.
fn default_vault(fleet: &Fleet, problems: &mut Diagnostics) -> Option<VaultName> {
    if let Some((name, place)) = &fleet.defaults.vault {
        fleet.check_vault(name, place, problems);
        return Some(name.clone());
    }
    let main = VaultName::main();
    if fleet.vaults.contains_key(&main) {
        return Some(main);
    }
    fleet.vaults.keys().next().cloned()
}

fn limits(node: &Node, problems: &mut Diagnostics) -> DeleteLimit {
    let mut limit = DeleteLimit::default();
    let Some(mut fields) = Fields::of(node, "limits", problems) else {
        return limit;
    };
    let deletes = fields.optional("deletes");
    fields.finish(problems);
    let Some(mut deletes) = deletes.and_then(|node| Fields::of(node, "deletes", problems)) else {
        return limit;
    };
    let percent = deletes.optional("percent");
    if let Some(number) = deletes.number("percent", problems) {
        limit.percent = number;
        if let Some(node) = percent.filter(|_| number > 100) {
            let wrong = format!("{number} percent is more than everything");
            problems
                .push(Diagnostic::error(&node.place, wrong).hint("write a number from 0 to 100"));
        }
    }
    limit.count = deletes.number("count", problems).unwrap_or(limit.count);
    deletes.finish(problems);
    limit
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_file_the_fleet_is_one_vault() {
        let mut problems = Diagnostics::default();
        let fleet = load(&Files::new(), &[], &mut problems);
        assert!(fleet.whole);
        assert!(problems.is_empty());
        assert_eq!(
            fleet
                .vaults
                .keys()
                .map(VaultName::as_str)
                .collect::<Vec<_>>(),
            ["main"]
        );
    }

    #[test]
    fn the_greater_of_share_and_count_passes() {
        let limit = DeleteLimit::default();
        assert_eq!((limit.of(20), limit.of(1000)), (10, 50));
    }
}
