//! A Secret whose values were read: what it holds beside what it should hold. Values are compared in constant time and
//! named by their keys only.

use super::{keys, sources, target};
use crate::apply::SecretWrite;
use crate::desire::{Cell, DesiredSecret};
use crate::mark::Owner;
use crate::names::InstallationName;
use crate::observe::KvReference;
use crate::observe::freshness::{self, SYNC_ANNOTATION, SyncRecord, Why};
use crate::observe::live::{LiveMeta, LiveSecret, Observed};
use crate::observe::seen::SeenValues;
use crate::plan::change::{Action, Cause, Change, Concern, FieldChange, Reason, Write};
use crate::plan::mount::concerns;
use crate::plan::rbac;
use crate::plan::sheet::Sheet;
use crate::plan::value::{self, Unmade};
use crate::secret::SecretBytes;
use std::collections::BTreeMap;

/// A Secret with everything that was seen for it.
#[derive(Clone, Copy)]
pub(in crate::plan) struct Look<'a> {
    pub(in crate::plan) cell: &'a Cell,
    pub(in crate::plan) installation: &'a InstallationName,
    pub(in crate::plan) desired: &'a DesiredSecret,
    /// Why metadata was not enough.
    pub(in crate::plan) why: &'a Why,
    pub(in crate::plan) seen: &'a SeenValues,
    /// The time of this pass, for the record.
    pub(in crate::plan) now: &'a str,
}

/// Plans a Secret whose values were read.
pub(in crate::plan) fn plan(look: &Look<'_>, sheet: &mut Sheet) {
    let desired = look.desired;
    let target = target(look.cell, &desired.id);
    let data = match value::data(desired, &look.seen.values) {
        Ok(data) => data,
        Err(Unmade::Unread(failure)) => return sheet.unread(target, &failure),
        Err(Unmade::Blocked { why, hint, status }) => {
            return sheet.blocked(target, why, hint, status, Some(&desired.place));
        }
    };
    match look.seen.live.get(&desired.id) {
        Some(Observed::Present(live)) => compare(look, live, data, sheet),
        Some(Observed::Unknown(failure)) => sheet.unread(target, failure),
        Some(Observed::Absent) | None => create(look, data, sheet),
    }
}

fn create(look: &Look<'_>, data: BTreeMap<String, SecretBytes>, sheet: &mut Sheet) {
    let record = record(look, &data);
    let secret = write(look, data, &record, None);
    sheet.change(Change {
        target: target(look.cell, &look.desired.id),
        action: Action::Create,
        fields: Vec::new(),
        summary: keys(secret.data.keys().map(String::as_str)),
        reason: Reason::Missing,
        cause: Cause::Pending,
        concerns: Vec::new(),
        place: Some(look.desired.place.clone()),
        write: Write::Secret {
            secret,
            take_over: false,
            made_from: record.versions,
        },
    });
}

fn record(look: &Look<'_>, data: &BTreeMap<String, SecretBytes>) -> SyncRecord {
    let version = |reference: &KvReference| {
        let value = value::read(look.desired, reference, &look.seen.values)?;
        value.as_ref().ok()?.version
    };
    let references = look.desired.references().into_iter();
    SyncRecord {
        mapping: look.desired.mapping_digest.clone(),
        versions: references
            .map(|reference| (reference.api_path(), version(reference)))
            .collect(),
        keys: data.keys().cloned().collect(),
        cluster: Some(look.cell.cluster.to_string()),
        at: look.now.to_owned(),
    }
}

fn write(
    look: &Look<'_>,
    data: BTreeMap<String, SecretBytes>,
    record: &SyncRecord,
    live: Option<&LiveMeta>,
) -> SecretWrite {
    let desired = look.desired;
    let mut annotations = desired.annotations.clone();
    annotations.insert(
        SYNC_ANNOTATION.to_owned(),
        serde_json::to_string(record).unwrap_or_default(),
    );
    SecretWrite {
        namespace: desired.id.namespace.clone(),
        name: desired.id.name.clone(),
        kind: "Opaque".to_owned(),
        labels: freshness::labels(desired, look.installation),
        annotations,
        data,
        resource_version: live.map(|meta| meta.resource_version.clone()),
    }
}

fn compare(
    look: &Look<'_>,
    live: &LiveSecret,
    data: BTreeMap<String, SecretBytes>,
    sheet: &mut Sheet,
) {
    let (cell, desired) = (look.cell, look.desired);
    let owner = live.meta.owner(look.installation);
    let adopts = owner == Owner::Unmarked && cell.adopt;
    let mut fields = key_changes(&data, live, &owner);
    if fields.is_empty() && owner == Owner::Unmarked && !adopts {
        // It holds what is declared: in sync, though someone else made it.
        return;
    }
    fields.extend(metadata_changes(
        desired,
        look.installation,
        &live.meta,
        look.why,
    ));
    let record = record(look, &data);
    let was = SyncRecord::read(&live.meta);
    if fields.is_empty() && was.as_ref().is_some_and(|was| was.says_the_same(&record)) {
        return;
    }
    if live.immutable && !fields.is_empty() {
        return immutable(look, sheet);
    }
    let mut concerns = concerns(&owner, cell.adopt);
    if let (Owner::Unmarked, Some(controller), false) =
        (&owner, &live.meta.owned_by_controller, cell.adopt)
    {
        concerns = vec![Concern::ControllerOwned(controller.clone())];
    }
    let cause = cause(&owner, adopts, look.why, &record, was.as_ref(), &live.meta);
    if let Some(was) = &was {
        fields.extend(sources(was, desired));
    }
    let summary = if fields.is_empty() {
        "same values".to_owned()
    } else {
        String::new()
    };
    // Without a record nobody can tell the keys apart; keyfleet wrote this Secret, so they are its own.
    let is_ours = |was: &SyncRecord| is_ours_to_take_back(was, &live.meta, &data);
    let take_over = adopts || owner == Owner::Us && was.as_ref().is_none_or(is_ours);
    let mut secret = write(look, data, &record, Some(&live.meta));
    secret.kind.clone_from(&live.kind);
    sheet.change(Change {
        target: target(cell, &desired.id),
        action: Action::Update,
        fields,
        summary,
        reason: Reason::Differs,
        cause,
        concerns,
        place: Some(desired.place.clone()),
        write: Write::Secret {
            secret,
            take_over,
            made_from: record.versions,
        },
    });
}

fn immutable(look: &Look<'_>, sheet: &mut Sheet) {
    let (id, place) = (&look.desired.id, &look.desired.place);
    let hint = format!(
        "kubectl -n {} delete secret {}; the next run makes it anew",
        id.namespace, id.name
    );
    let why = "it is immutable and holds something else".to_owned();
    sheet.blocked(
        target(look.cell, id),
        why,
        Some(hint),
        Some(422),
        Some(place),
    );
}

/// Keys that keyfleet wrote and somebody edited are taken back. A key that somebody else added, and that is declared only
/// now, is theirs: the server refuses it and names them.
fn is_ours_to_take_back(
    was: &SyncRecord,
    meta: &LiveMeta,
    data: &BTreeMap<String, SecretBytes>,
) -> bool {
    let others = meta.others();
    others
        .flat_map(|manager| &manager.data_keys)
        .all(|key| !data.contains_key(key) || was.keys.contains(key))
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
        // A hand is told of first, also when Vault has a newer value.
        (Why::Edited(_), _) => rbac::drift(meta),
        (_, Some((from, to))) => Cause::Rotation { from, to },
        (Why::NoVersions, None) if !edited_by_others(meta, was) => Cause::Rotation {
            from: None,
            to: None,
        },
        _ => rbac::drift(meta),
    }
}

/// Whether somebody else wrote a key that keyfleet had written.
fn edited_by_others(meta: &LiveMeta, was: Option<&SyncRecord>) -> bool {
    let ours = |key: &String| was.is_none_or(|was| was.keys.contains(key));
    let mut others = meta.others();
    others.any(|manager| manager.data_keys.iter().any(ours))
}
