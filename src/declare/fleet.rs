//! `fleet.yaml`, kind Fleet: the installation, its Vaults, defaults for clusters, and limits.
//!
//! A repository without one is a fleet of one Vault, the one that `VAULT_ADDR` names.

use super::cluster::{CaSource, ClusterSpec};
use super::document::{OWN_API, kind_of};
use crate::diagnostics::{Diagnostic, Diagnostics, Place};
use crate::names::{InstallationName, MountPath, VaultName};
use crate::observe::KvEngine;
use crate::yaml::{self, Fields, Node};
use std::collections::BTreeMap;

#[derive(Debug, Clone)]
pub struct Fleet {
    pub place: Place,
    /// What the marks of this installation carry.
    pub installation: InstallationName,
    pub vaults: BTreeMap<VaultName, VaultSpec>,
    pub default_vault: VaultName,
    pub defaults: ClusterSpec,
    pub deletes: DeleteLimit,
}

/// A Vault of the fleet.
#[derive(Debug, Clone)]
pub struct VaultSpec {
    pub place: Place,
    /// `None`: the one that `VAULT_ADDR` names.
    pub address: Option<String>,
    pub namespace: Option<String>,
    pub certificate_authority: Option<CaSource>,
    pub kv_mounts: Vec<KvMount>,
    /// Whether mounts and policies that someone else made may be taken over.
    pub adopt: bool,
}

/// A KV engine that the fleet keeps mounted.
#[derive(Debug, Clone)]
pub struct KvMount {
    pub place: Place,
    pub path: MountPath,
    pub engine: KvEngine,
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
        }
    }
}

/// Reads `fleet.yaml`; with errors in it the implied fleet stands in, so that the other files are checked too, and
/// nothing is made of any of them.
pub(super) fn load(text: Option<&str>, problems: &mut Diagnostics) -> Fleet {
    let implied = Fleet::implied();
    let Some(text) = text else { return implied };
    let documents = yaml::parse("fleet.yaml", text, problems);
    let Some(node) = documents.documents.first() else {
        return implied;
    };
    if let Some(second) = documents.documents.get(1) {
        problems.error(&second.place, "fleet.yaml holds one document, the Fleet");
    }
    read(node, &implied, problems).unwrap_or(implied)
}

fn read(node: &Node, implied: &Fleet, problems: &mut Diagnostics) -> Option<Fleet> {
    let (api, kind) = kind_of(node, problems)?;
    if (api, kind) != (OWN_API, "Fleet") {
        problems.push(Diagnostic::error(
            &node.place,
            format!(
                "fleet.yaml must hold `kind: Fleet` of `{OWN_API}`, but holds `{kind}` of `{api}`"
            ),
        ));
        return None;
    }
    let mut top = Fields::of(node, "a Fleet", problems)?;
    top.optional("apiVersion");
    top.optional("kind");
    let metadata = top.required("metadata", problems);
    let spec = top.optional("spec");
    top.finish(problems);
    let mut metadata = Fields::of(metadata?, "metadata", problems)?;
    let installation = metadata
        .required("name", problems)
        .and_then(|name| name.parsed("name", InstallationName::parse, problems));
    metadata.finish(problems);
    let mut fleet = Fleet {
        place: node.place.clone(),
        installation: installation?,
        ..implied.clone()
    };
    let Some(mut spec) = spec.and_then(|spec| Fields::of(spec, "spec", problems)) else {
        return Some(fleet);
    };
    if let Some(node) = spec.optional("vaults") {
        fleet.vaults = vaults(node, problems);
    }
    if let Some(node) = spec.optional("defaults") {
        fleet.defaults = ClusterSpec::read(node, "defaults", problems).unwrap_or_default();
    }
    if let Some(node) = spec.optional("limits") {
        fleet.deletes = limits(node, problems);
    }
    spec.unsupported(&["schedules", "sinks", "mode", "suspend"], problems);
    spec.finish(problems);
    fleet.default_vault = default_vault(&fleet, problems)?;
    Some(fleet)
}

fn default_vault(fleet: &Fleet, problems: &mut Diagnostics) -> Option<VaultName> {
    if let Some((name, place)) = &fleet.defaults.vault {
        if !fleet.vaults.contains_key(name) {
            problems.error(place, format!("no Vault is called `{name}` in this fleet"));
        }
        Some(name.clone())
    } else {
        let first = fleet.vaults.keys().next().cloned();
        if first.is_none() {
            problems.error(&fleet.place, "`vaults` names no Vault");
        }
        first
    }
}

fn vaults(node: &Node, problems: &mut Diagnostics) -> BTreeMap<VaultName, VaultSpec> {
    let mut vaults = BTreeMap::new();
    if Fields::of(node, "vaults", problems).is_none() {
        return vaults;
    }
    for entry in node.entries() {
        let name = VaultName::parse(&entry.key).map_err(|error| {
            problems.push(
                Diagnostic::error(
                    &entry.place,
                    format!("{:?} is not a {}", error.text, error.what),
                )
                .hint(error.rule),
            );
        });
        if let (Ok(name), Some(vault)) = (name, vault(&entry.value, &entry.place, problems)) {
            vaults.insert(name, vault);
        }
    }
    vaults
}

fn vault(node: &Node, place: &Place, problems: &mut Diagnostics) -> Option<VaultSpec> {
    let mut fields = Fields::of(node, "a Vault", problems)?;
    let mut vault = VaultSpec {
        place: place.clone(),
        address: fields.text("address", problems).map(str::to_owned),
        namespace: fields.text("namespace", problems).map(str::to_owned),
        certificate_authority: fields
            .optional("certificateAuthority")
            .and_then(|node| CaSource::read(node, problems)),
        kv_mounts: Vec::new(),
        adopt: fields.boolean("adopt", problems).unwrap_or(false),
    };
    for item in fields.list("kvMounts", problems) {
        vault.kv_mounts.extend(kv_mount(item, problems));
    }
    fields.finish(problems);
    Some(vault)
}

fn kv_mount(node: &Node, problems: &mut Diagnostics) -> Option<KvMount> {
    let mut fields = Fields::of(node, "an entry of `kvMounts`", problems)?;
    let path = fields
        .required("path", problems)
        .and_then(|path| path.parsed("path", MountPath::parse, problems));
    let engine = match fields.text("version", problems) {
        None | Some("2") => KvEngine::V2,
        Some("1") => KvEngine::V1,
        Some(_) => {
            problems.error(&fields.place_of("version"), "`version` must be 1 or 2");
            KvEngine::V2
        }
    };
    let place = fields.place_of("path");
    fields.finish(problems);
    Some(KvMount {
        place,
        path: path?,
        engine,
    })
}

fn limits(node: &Node, problems: &mut Diagnostics) -> DeleteLimit {
    let mut limit = DeleteLimit::default();
    let Some(mut fields) = Fields::of(node, "limits", problems) else {
        return limit;
    };
    if let Some(mut deletes) = fields
        .optional("deletes")
        .and_then(|node| Fields::of(node, "deletes", problems))
    {
        limit.percent = deletes
            .number("percent", problems)
            .unwrap_or(limit.percent)
            .min(100);
        limit.count = deletes.number("count", problems).unwrap_or(limit.count);
        deletes.finish(problems);
    }
    fields.finish(problems);
    limit
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_file_the_fleet_is_one_vault() {
        let mut problems = Diagnostics::default();
        let fleet = load(None, &mut problems);
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
