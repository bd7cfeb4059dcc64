//! What metadata alone says of a cell's Secrets: which are settled, and which have to be looked into.

use super::{target, waiting};
use crate::declare::KvMount;
use crate::desire::{Assignment, Cell, DesiredSecret, SecretId};
use crate::names::InstallationName;
use crate::observe::freshness::{self, Freshness, Why};
use crate::observe::live::{LiveMount, Observed};
use crate::observe::seen::{KvVersions, SeenSecret};
use crate::observe::{Failure, KvReference};
use crate::plan::change::{Scope, Target};
use crate::plan::sheet::{Sheet, Synced};
use crate::policy::{Access, Acl, Capability};
use crate::yaml::nearest;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Whether a cluster can log in and read, now and once this plan is applied.
pub(in crate::plan) struct Gate {
    /// What could not be read of the login, so that nobody knows whether it works.
    pub(in crate::plan) unknown: Option<Failure>,
    /// `None` when logging in should work now; else what it waits for.
    pub(in crate::plan) waits: Option<String>,
    /// `None` when the role's policies cannot be read: then Vault is asked.
    pub(in crate::plan) now: Option<Arc<Acl>>,
    pub(in crate::plan) then: Option<Arc<Acl>>,
    /// The role and its policies, for messages.
    pub(in crate::plan) role: String,
    pub(in crate::plan) grants: String,
}

/// Everything that metadata says of the cell's Secrets.
pub(in crate::plan) struct Metadata<'a> {
    pub(in crate::plan) cell: &'a Cell,
    pub(in crate::plan) installation: &'a InstallationName,
    pub(in crate::plan) secrets: &'a BTreeMap<SecretId, Observed<SeenSecret>>,
    pub(in crate::plan) versions: &'a KvVersions,
    /// The engines that the Vault has, where that could be read, and those that are declared.
    pub(in crate::plan) engines: Option<&'a BTreeMap<String, LiveMount>>,
    pub(in crate::plan) declared_engines: &'a [KvMount],
    pub(in crate::plan) missing_namespaces: &'a BTreeSet<String>,
    /// Compare every Secret's data, whatever its metadata says.
    pub(in crate::plan) full: bool,
}

/// Which Secrets have to be looked into; the others are settled on the sheet.
pub(in crate::plan) fn sift(
    metadata: &Metadata<'_>,
    gate: &Gate,
    sheet: &mut Sheet,
) -> BTreeMap<SecretId, Why> {
    let mut to_read = BTreeMap::new();
    for desired in &metadata.cell.secrets {
        sheet.looked_at += 1;
        let observed = metadata
            .secrets
            .get(&desired.id)
            .unwrap_or(&Observed::Absent);
        let target = target(metadata.cell, &desired.id);
        let record = observed.present().and_then(|seen| seen.record.as_ref());
        let synced = record.map(|record| Synced {
            at: record.at.clone(),
            versions: record.versions.clone(),
        });
        sheet.secrets.insert(desired.id.to_string(), synced);
        if let Observed::Unknown(failure) = observed {
            sheet.unread(target, failure);
            continue;
        }
        let freshness =
            freshness::judge(desired, metadata.installation, observed, metadata.versions);
        note_foreign_keys(metadata.cell, desired, observed, sheet);
        if !settled_without_reading(metadata, desired, observed, &target, gate, sheet) {
            match freshness {
                Freshness::InSync if metadata.full => {
                    drop(to_read.insert(desired.id.clone(), Why::VersionUnknown));
                }
                Freshness::InSync => {}
                Freshness::Look(why) => match (&gate.unknown, &gate.waits) {
                    (Some(failure), _) => sheet.unread(target, failure),
                    (None, Some(waits)) => sheet
                        .waiting
                        .push(waiting(desired, observed, target, waits)),
                    (None, None) if cannot_yet(metadata.cell, desired, gate) => {
                        let waits = format!("once the policy of {} is written", gate.role);
                        sheet
                            .waiting
                            .push(waiting(desired, observed, target, &waits));
                    }
                    (None, None) => drop(to_read.insert(desired.id.clone(), why)),
                },
            }
        }
    }
    to_read
}

/// Keys that somebody added to a Secret of keyfleet: they stay, and are named.
fn note_foreign_keys(
    cell: &Cell,
    desired: &DesiredSecret,
    observed: &Observed<SeenSecret>,
    sheet: &mut Sheet,
) {
    let Observed::Present(SeenSecret {
        meta,
        record: Some(record),
    }) = observed
    else {
        return;
    };
    for manager in meta.others() {
        let foreign: Vec<&str> = manager
            .data_keys
            .iter()
            .filter(|key| !record.keys.contains(*key))
            .map(String::as_str)
            .collect();
        if !foreign.is_empty() {
            let text = format!(
                "secret {}: {} added {}, which is not declared and stays",
                desired.id,
                manager.name,
                foreign.join(", ")
            );
            sheet.note(
                &Scope::Cluster(cell.cluster.clone()),
                text,
                "declare it, or remove it by hand",
                Some(&desired.place),
            );
        }
    }
}

/// What will stop this Secret whatever is read: its paths are forbidden or empty, or its namespace is not there.
fn settled_without_reading(
    metadata: &Metadata<'_>,
    desired: &DesiredSecret,
    observed: &Observed<SeenSecret>,
    target: &Target,
    gate: &Gate,
    sheet: &mut Sheet,
) -> bool {
    let namespace = desired.id.namespace.as_str();
    if metadata.missing_namespaces.contains(namespace)
        && namespace != metadata.cell.service_account.namespace.as_str()
    {
        let hint = format!(
            "kubectl create namespace {namespace}; keyfleet makes no namespaces for Secrets"
        );
        sheet.blocked(
            target.clone(),
            format!("there is no namespace {namespace}"),
            Some(hint),
            Some(404),
            Some(&desired.place),
        );
        return true;
    }
    if let Observed::Present(seen) = observed
        && seen.meta.terminating
    {
        sheet.blocked(
            target.clone(),
            "it is being deleted".to_owned(),
            None,
            None,
            Some(&desired.place),
        );
        return true;
    }
    let stop = desired
        .assignments
        .iter()
        .find_map(|assignment| Some((assignment, stops(assignment, metadata, desired, gate)?)));
    let Some((assignment, stop)) = stop else {
        return false;
    };
    sheet.blocked(
        target.clone(),
        format!("{}: {}", assignment.into, stop.why),
        Some(stop.hint),
        Some(stop.status),
        Some(&assignment.place),
    );
    true
}

/// Why a value will not come, by what Vault would answer.
struct Stop {
    why: String,
    hint: String,
    status: u16,
}

fn stops(
    assignment: &Assignment,
    metadata: &Metadata<'_>,
    desired: &DesiredSecret,
    gate: &Gate,
) -> Option<Stop> {
    let path = assignment.from.api_path();
    if desired.login.role == metadata.cell.role.name && forbidden(gate.then.as_deref(), &path) {
        return Some(Stop {
            why: format!("{} may not read {path}: {}", gate.role, gate.grants),
            hint: "grant the path in `access`, or refer to a path that is granted".to_owned(),
            status: 403,
        });
    }
    let why = empty(&assignment.from, metadata.versions)?;
    let hint = "write the value in Vault, undelete it, or refer to another path; a Secret that is there stays as it is";
    let (why, hint) = without_mount(&assignment.from, metadata)
        .unwrap_or_else(|| (format!("{path} {why}"), hint.to_owned()));
    Some(Stop {
        why,
        hint,
        status: 404,
    })
}

/// What to say of a value that is not there because its mount is not, nor declared. A mount that only a namespace below has
/// is not seen either, so that this alone stops nothing.
fn without_mount(from: &KvReference, metadata: &Metadata<'_>) -> Option<(String, String)> {
    let mount = from.mount.as_str();
    let declared = metadata.declared_engines.iter();
    let known = || {
        let there = metadata.engines.into_iter().flat_map(BTreeMap::keys);
        let declared = declared.clone().map(|engine| engine.path.as_str());
        there.map(String::as_str).chain(declared)
    };
    if metadata.engines.is_none() || known().any(|known| known == mount) {
        return None;
    }
    let hint = "declare it in `kvMounts` of fleet.yaml, or refer to another";
    let hint = match nearest(mount, known()) {
        Some(near) => format!("did you mean `{near}`? else {hint}"),
        None => hint.to_owned(),
    };
    let why = format!("{} is not there, nor is a mount {mount}", from.api_path());
    Some((why, hint))
}

fn empty(reference: &KvReference, versions: &KvVersions) -> Option<String> {
    match versions.of(reference)? {
        Observed::Absent => Some("is not there".to_owned()),
        Observed::Present(version) if version.gone => Some(format!(
            "is deleted or destroyed (version {})",
            version.number
        )),
        Observed::Present(_) | Observed::Unknown(_) => None,
    }
}

fn forbidden(acl: Option<&Acl>, path: &str) -> bool {
    acl.is_some_and(|acl| match acl.capabilities(path) {
        Access::Granted(capabilities) => !capabilities.contains(Capability::Read),
        Access::Denied => true,
        Access::Unknown { .. } => false,
    })
}

/// Forbidden now, granted once this plan is applied. Of another role than the cluster's own, Vault is asked.
fn cannot_yet(cell: &Cell, desired: &DesiredSecret, gate: &Gate) -> bool {
    desired.login.role == cell.role.name
        && desired
            .assignments
            .iter()
            .any(|assignment| forbidden(gate.now.as_deref(), &assignment.from.api_path()))
}
