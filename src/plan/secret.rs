//! Secrets: first from metadata alone, then, for those that need it, from values.

use super::change::{
    Action, Cause, Change, Concern, FieldChange, Kind, Reason, Scope, Target, Waiting, Write,
};
use super::mount::concerns;
use super::sheet::Sheet;
use super::value;
use crate::apply::SecretWrite;
use crate::desire::{Cell, DesiredSecret, SecretId};
use crate::mark::{INSTALLATION_LABEL, MANAGER, Owner};
use crate::names::{InstallationName, Namespace, ObjectName};
use crate::observe::freshness::{self, Freshness, SYNC_ANNOTATION, SyncRecord, Why};
use crate::observe::live::{KvVersion, LiveMeta, LiveSecret, LiveSecretMeta, Observed};
use crate::observe::seen::SeenSecret;
use crate::observe::{FailureClass, KvEngine, KvReference};
use crate::policy::{Access, Acl, Capability};
use crate::secret::SecretBytes;
use std::collections::{BTreeMap, BTreeSet};

/// Whether a cluster can log in and read, now and once this plan is applied.
pub(super) struct Gate {
    /// `None` when logging in should work now; else what it waits for.
    pub(super) waits: Option<String>,
    /// `None` when the role's policies cannot be read: then Vault is asked.
    pub(super) now: Option<Acl>,
    pub(super) then: Option<Acl>,
    /// The role and its policies, for messages.
    pub(super) role: String,
    pub(super) grants: String,
}

pub(super) fn target(cell: &Cell, id: &SecretId) -> Target {
    Target {
        scope: Scope::Cluster(cell.cluster.clone()),
        kind: Kind::Secret,
        name: id.to_string(),
    }
}

/// Everything that metadata says of the cell's Secrets.
pub(super) struct Metadata<'a> {
    pub(super) cell: &'a Cell,
    pub(super) installation: &'a InstallationName,
    pub(super) secrets: &'a BTreeMap<SecretId, Observed<LiveMeta>>,
    pub(super) versions: &'a BTreeMap<KvReference, Observed<KvVersion>>,
    pub(super) missing_namespaces: &'a BTreeSet<String>,
    /// Compare every Secret's data, whatever its metadata says.
    pub(super) full: bool,
}

/// Which Secrets have to be looked into; the others are settled on the sheet.
pub(super) fn sift(
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
        let synced_at = observed
            .present()
            .and_then(SyncRecord::read)
            .map(|record| record.at);
        sheet.secrets.insert(desired.id.to_string(), synced_at);
        if let Observed::Unknown(failure) = observed {
            sheet.unread(target, failure);
            continue;
        }
        let freshness =
            freshness::judge(desired, metadata.installation, observed, metadata.versions);
        if !settled_without_reading(metadata, desired, observed, &target, gate, sheet) {
            match freshness {
                Freshness::InSync if metadata.full => {
                    drop(to_read.insert(desired.id.clone(), Why::VersionUnknown));
                }
                Freshness::InSync => {}
                Freshness::Look(why) => match &gate.waits {
                    Some(waits) => sheet.waiting.push(waiting(desired, target, waits)),
                    None if cannot_yet(metadata.cell, desired, gate) => {
                        let waits = format!("once the policy of {} is written", gate.role);
                        sheet.waiting.push(waiting(desired, target, &waits));
                    }
                    None => drop(to_read.insert(desired.id.clone(), why)),
                },
            }
        }
    }
    to_read
}

fn waiting(desired: &DesiredSecret, target: Target, waits: &str) -> Waiting {
    Waiting {
        target,
        summary: summary_of_keys(desired),
        why: format!("value read {waits}"),
        place: Some(desired.place.clone()),
    }
}

/// What will stop this Secret whatever is read: its paths are forbidden or empty, or its namespace is not there.
fn settled_without_reading(
    metadata: &Metadata<'_>,
    desired: &DesiredSecret,
    observed: &Observed<LiveMeta>,
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
    if let Observed::Present(meta) = observed
        && meta.terminating
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
    for assignment in &desired.assignments {
        let path = assignment.from.api_path();
        if desired.login.role == metadata.cell.role.name && forbidden(gate.then.as_ref(), &path) {
            let why = format!("{} may not read {path}: {}", gate.role, gate.grants);
            let hint = "grant the path in `access`, or refer to a path that is granted";
            sheet.blocked(
                target.clone(),
                why,
                Some(hint.to_owned()),
                Some(403),
                Some(&assignment.place),
            );
            return true;
        }
        if let Some(why) = empty(&assignment.from, metadata.versions) {
            let hint = "write the value in Vault, or refer to another path; a Secret that is there stays as it is";
            sheet.blocked(
                target.clone(),
                format!("{path} {why}"),
                Some(hint.to_owned()),
                Some(404),
                Some(&assignment.place),
            );
            return true;
        }
    }
    false
}

fn empty(
    reference: &KvReference,
    versions: &BTreeMap<KvReference, Observed<KvVersion>>,
) -> Option<String> {
    if reference.version == KvEngine::V1 {
        return None;
    }
    match versions.get(reference)? {
        Observed::Absent => Some("is not there".to_owned()),
        Observed::Present(version) if version.gone => {
            Some(format!("is deleted (version {})", version.number))
        }
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
            .any(|assignment| forbidden(gate.now.as_ref(), &assignment.from.api_path()))
}

fn summary_of_keys(desired: &DesiredSecret) -> String {
    use crate::declare::Destination;
    let names: Vec<&str> = desired
        .assignments
        .iter()
        .map(|assignment| match &assignment.into {
            Destination::EveryKey => "all of a secret",
            Destination::Key { name, .. } => name.as_str(),
        })
        .collect();
    format!(
        "{} {}",
        if names.len() == 1 { "key" } else { "keys" },
        names.join(", ")
    )
}

/// Plans a Secret whose values were read.
pub(super) fn plan(
    cell: &Cell,
    installation: &InstallationName,
    desired: &DesiredSecret,
    why: &Why,
    seen: &SeenSecret,
    now: &str,
    sheet: &mut Sheet,
) {
    let target = target(cell, &desired.id);
    let data = match value::data(desired, &seen.values) {
        Ok(data) => data,
        Err(unmade) => {
            return sheet.blocked(
                target,
                unmade.why,
                unmade.hint,
                unmade.status,
                Some(&desired.place),
            );
        }
    };
    let record = record(cell, desired, &data, seen, now);
    match &seen.live {
        Observed::Unknown(failure) => sheet.unread(target, failure),
        Observed::Absent => {
            let write = write(desired, installation, data, &record, None);
            let summary = named_keys(&write);
            let write = Write::Secret {
                secret: write,
                take_over: false,
            };
            sheet.change(Change {
                target,
                action: Action::Create,
                fields: Vec::new(),
                summary,
                reason: Reason::Missing,
                cause: Cause::Pending,
                concerns: Vec::new(),
                place: Some(desired.place.clone()),
                write,
            });
        }
        Observed::Present(live) => compare(
            cell,
            installation,
            desired,
            why,
            live,
            data,
            &record,
            target,
            sheet,
        ),
    }
}

fn named_keys(write: &SecretWrite) -> String {
    let keys: Vec<&str> = write.data.keys().map(String::as_str).collect();
    format!(
        "{} {}",
        if keys.len() == 1 { "key" } else { "keys" },
        keys.join(", ")
    )
}

fn record(
    cell: &Cell,
    desired: &DesiredSecret,
    data: &BTreeMap<String, SecretBytes>,
    seen: &SeenSecret,
    now: &str,
) -> SyncRecord {
    let version = |reference: &KvReference| {
        seen.values
            .get(reference)
            .and_then(|value| value.as_ref().ok())
            .and_then(|value| value.version)
    };
    SyncRecord {
        mapping: desired.mapping_digest(),
        versions: desired
            .references()
            .into_iter()
            .map(|reference| (reference.api_path(), version(reference)))
            .collect(),
        keys: data.keys().cloned().collect(),
        cluster: Some(cell.cluster.to_string()),
        at: now.to_owned(),
    }
}

fn write(
    desired: &DesiredSecret,
    installation: &InstallationName,
    data: BTreeMap<String, SecretBytes>,
    record: &SyncRecord,
    live: Option<&LiveMeta>,
) -> SecretWrite {
    let mut annotations = desired.annotations.clone();
    annotations.insert(
        SYNC_ANNOTATION.to_owned(),
        serde_json::to_string(record).unwrap_or_default(),
    );
    SecretWrite {
        namespace: desired.id.namespace.clone(),
        name: desired.id.name.clone(),
        kind: "Opaque".to_owned(),
        labels: freshness::labels(desired, installation),
        annotations,
        data,
        resource_version: live.map(|meta| meta.resource_version.clone()),
    }
}

#[expect(
    clippy::too_many_arguments,
    reason = "both sides of one comparison; a struct would only rename them"
)]
fn compare(
    cell: &Cell,
    installation: &InstallationName,
    desired: &DesiredSecret,
    why: &Why,
    live: &LiveSecret,
    data: BTreeMap<String, SecretBytes>,
    record: &SyncRecord,
    target: Target,
    sheet: &mut Sheet,
) {
    let owner = owner(&live.meta, installation);
    let keys = key_changes(&data, live, &owner);
    let adopts = owner == Owner::Unmarked && cell.adopt;
    if keys.is_empty() && owner == Owner::Unmarked && !adopts {
        // It holds what is declared: in sync, though someone else made it.
        return;
    }
    let mut fields = keys;
    fields.extend(metadata_changes(desired, installation, &live.meta, why));
    let was = SyncRecord::read(&live.meta);
    let same_record = was.as_ref().is_some_and(|was| {
        was.mapping == record.mapping && was.versions == record.versions && was.keys == record.keys
    });
    if fields.is_empty() && same_record {
        return;
    }
    if live.immutable && !fields.is_empty() {
        let hint = format!(
            "kubectl -n {} delete secret {}; the next run makes it anew",
            desired.id.namespace, desired.id.name
        );
        return sheet.blocked(
            target,
            "it is immutable and holds something else".to_owned(),
            Some(hint),
            Some(422),
            Some(&desired.place),
        );
    }
    let mut concerns = concerns(&owner, cell.adopt);
    if let (Owner::Unmarked, Some(controller), false) =
        (&owner, &live.meta.owned_by_controller, cell.adopt)
    {
        concerns = vec![Concern::ControllerOwned(controller.clone())];
    }
    let cause = cause(&owner, adopts, why, record, was.as_ref(), &live.meta);
    let summary = if fields.is_empty() {
        "same values".to_owned()
    } else {
        String::new()
    };
    let mut secret = write(desired, installation, data, record, Some(&live.meta));
    secret.kind.clone_from(&live.kind);
    let write = Write::Secret {
        secret,
        take_over: takes_over(&owner, adopts, &live.meta, why),
    };
    sheet.change(Change {
        target,
        action: Action::Update,
        fields,
        summary,
        reason: Reason::Differs,
        cause,
        concerns,
        place: Some(desired.place.clone()),
        write,
    });
}

/// Fields that keyfleet wrote and somebody edited are taken back; anyone else's only on adoption.
fn takes_over(owner: &Owner, adopts: bool, meta: &LiveMeta, why: &Why) -> bool {
    let was_written = *owner == Owner::Us && SyncRecord::read(meta).is_some();
    adopts
        || was_written && matches!(why, Why::Edited(_))
        || *owner == Owner::Us && matches!(why, Why::NoVersions | Why::VersionUnknown)
}

fn owner(meta: &LiveMeta, installation: &InstallationName) -> Owner {
    match Owner::of_labels(&meta.labels, installation) {
        Owner::Unmarked if meta.managers.iter().any(|manager| manager.name == MANAGER) => Owner::Us,
        other => other,
    }
}

/// Which keys differ, by name. Keys that are nobody's here are left, except ones that keyfleet itself wrote before.
fn key_changes(
    data: &BTreeMap<String, SecretBytes>,
    live: &LiveSecret,
    owner: &Owner,
) -> Vec<FieldChange> {
    let mut fields = Vec::new();
    let mut change = |key: &str, what: &str| {
        fields.push(FieldChange {
            field: format!("key {key} {what}"),
            before: None,
            after: None,
        });
    };
    for (key, value) in data {
        match live.data.get(key) {
            None => change(key, "added"),
            Some(other) if !other.same(value) => change(key, "changed"),
            Some(_) => {}
        }
    }
    if *owner == Owner::Us {
        let recorded = SyncRecord::read(&live.meta)
            .map(|record| record.keys)
            .unwrap_or_default();
        for key in live
            .data
            .keys()
            .filter(|key| recorded.contains(*key) && !data.contains_key(*key))
        {
            change(key, "removed");
        }
    }
    fields
}

/// Labels and annotations that are not as declared.
fn metadata_changes(
    desired: &DesiredSecret,
    installation: &InstallationName,
    meta: &LiveMeta,
    why: &Why,
) -> Vec<FieldChange> {
    let wanted = freshness::labels(desired, installation);
    let labels = wanted
        .iter()
        .filter(|(name, value)| meta.labels.get(*name) != Some(value))
        .map(|(name, value)| FieldChange {
            field: format!("label {name}"),
            before: meta.labels.get(name).cloned(),
            after: Some(value.clone()),
        });
    let annotations = desired
        .annotations
        .iter()
        .filter(|(name, value)| meta.annotations.get(*name) != Some(value))
        .map(|(name, value)| FieldChange {
            field: format!("annotation {name}"),
            before: meta.annotations.get(name).cloned(),
            after: Some(value.clone()),
        });
    let mut fields: Vec<FieldChange> = labels.chain(annotations).collect();
    if matches!(why, Why::Edited(edited) if edited == &["annotation"]) {
        fields.push(FieldChange {
            field: format!("annotation {SYNC_ANNOTATION}"),
            before: None,
            after: Some("keyfleet's record".to_owned()),
        });
    }
    fields
}

fn cause(
    owner: &Owner,
    adopts: bool,
    why: &Why,
    record: &SyncRecord,
    was: Option<&SyncRecord>,
    meta: &LiveMeta,
) -> Cause {
    if adopts {
        return Cause::Adopt;
    }
    if *owner != Owner::Us {
        return Cause::Unrecorded;
    }
    let moved = was.and_then(|was| {
        let path = record
            .versions
            .iter()
            .find(|(path, version)| was.versions.get(*path) != Some(version));
        path.map(|(path, version)| (was.versions.get(path).copied().flatten(), *version))
    });
    match (why, moved) {
        (Why::MappingChanged, _) => Cause::Pending,
        (_, Some((from, to))) => Cause::Rotation { from, to },
        (Why::NoVersions, None) if !edited_by_others(meta) => Cause::Rotation {
            from: None,
            to: None,
        },
        _ => super::rbac::drift(meta),
    }
}

fn edited_by_others(meta: &LiveMeta) -> bool {
    meta.managers
        .iter()
        .any(|manager| manager.name != MANAGER && !manager.data_keys.is_empty())
}

/// Secrets that carry this installation's label and that nobody declares any more.
pub(super) fn plan_undeclared(
    cell: &Cell,
    installation: &InstallationName,
    marked: &[LiveSecretMeta],
    sheet: &mut Sheet,
) {
    let declared: BTreeSet<String> = cell
        .secrets
        .iter()
        .map(|secret| secret.id.to_string())
        .collect();
    for live in marked {
        let name = format!("{}/{}", live.namespace, live.name);
        let ours = live.meta.labels.get(INSTALLATION_LABEL).map(String::as_str)
            == Some(installation.as_str());
        if !ours || declared.contains(&name) || live.meta.terminating {
            continue;
        }
        // A copied label does not make a Secret ours: keyfleet must have written it.
        if !live
            .meta
            .managers
            .iter()
            .any(|manager| manager.name == MANAGER)
        {
            sheet.note(
                &Scope::Cluster(cell.cluster.clone()),
                format!("secret {name} carries keyfleet's label, but keyfleet never wrote it"),
                "remove the label",
                None,
            );
            continue;
        }
        // Two clusters of the repository that connect to one would delete each other's Secrets.
        let made_for = SyncRecord::read(&live.meta).and_then(|record| record.cluster);
        if let Some(other) = made_for.filter(|made_for| *made_for != cell.cluster.as_str()) {
            sheet.warn(
                &Scope::Cluster(cell.cluster.clone()),
                format!("secret {name} was made for the cluster {other}, and stays"),
                "see whether `connect` of both leads to the same cluster; if this one was renamed, delete the Secret",
                Some(&cell.place),
            );
            continue;
        }
        let (Ok(namespace), Ok(object)) = (
            Namespace::parse(&live.namespace),
            ObjectName::parse(&live.name),
        ) else {
            continue;
        };
        let target = Target {
            scope: Scope::Cluster(cell.cluster.clone()),
            kind: Kind::Secret,
            name,
        };
        let concerns = if cell.complete {
            Vec::new()
        } else {
            vec![Concern::IncompleteSource]
        };
        let write = Write::DeleteSecret {
            namespace,
            name: object,
            uid: live.meta.uid.clone(),
            resource_version: live.meta.resource_version.clone(),
        };
        sheet.change(Change {
            target,
            action: Action::Delete,
            fields: Vec::new(),
            summary: "no longer declared".to_owned(),
            reason: Reason::NoLongerDeclared,
            cause: Cause::Pending,
            concerns,
            place: None,
            write,
        });
    }
}

/// A failed login, told once for the cluster and as a status for each Secret that needed it.
pub(super) fn login_failed(
    cell: &Cell,
    ids: impl Iterator<Item = SecretId>,
    failure: &crate::observe::Failure,
    sheet: &mut Sheet,
) {
    for id in ids {
        let place = cell
            .secrets
            .iter()
            .find(|secret| secret.id == id)
            .map(|secret| &secret.place);
        let hint = match failure.class {
            FailureClass::Forbidden => Some("see whether the role is bound to this service account, and whether Vault reaches the cluster's API server with its CA".to_owned()),
            _ => failure.hint.clone(),
        };
        sheet.blocked(
            target(cell, &id),
            format!("{} could not log in: {}", cell.cluster, failure.why),
            hint,
            failure.status,
            place,
        );
    }
}
