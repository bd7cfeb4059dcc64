//! Who owns which field: managedFields after every write, and server-side apply with its conflicts.
//!
//! What is merged how is the schema's: a struct field by field, a map key by key, a list entry by entry where its entries can
//! be told from each other, and everything else as one. One who applies owns what they applied, and takes away what they
//! applied before and do not any more; one who writes otherwise owns what they changed.

mod check;
mod compare;
mod conflict;
mod entries;
mod merge;
mod set;
mod shape;

use super::decode;
use super::kinds::Kind;
use super::schema::Schema;
use super::status::Status;
pub(super) use check::named;
use compare::{Comparison, compare, fields_of};
use entries::{Entry, Operation, Owner};
use jiff::Timestamp;
use serde_json::{Value, json};
use set::{Element, Set};

/// Who writes, and through what.
#[derive(Debug, Clone)]
pub(super) struct Manager {
    pub name: String,
    pub subresource: Option<String>,
    /// Take fields from other managers (`force=true`).
    pub force: bool,
    pub now: Timestamp,
}

/// What an apply makes.
#[derive(Debug)]
pub(super) struct Applied {
    pub object: Value,
    /// What is said of it and never read back; `null` where that is nothing.
    pub unread: Value,
}

const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// Sets `metadata.managedFields` of `after`, which an update, a create or a patch other than apply made of `before`.
pub(super) fn updated(kind: &Kind, before: Option<&Value>, after: &mut Value, by: &Manager) {
    let sent = sent_entries(before, after, by.subresource.is_some());
    if let Some(metadata) = after.get_mut("metadata").and_then(Value::as_object_mut) {
        metadata.remove("managedFields");
    }
    // Of an object that nobody is tracked on, nobody is: only an apply starts that.
    if sent.is_empty() && before.is_some() {
        decode::stored(kind, after);
        return;
    }
    let empty;
    let before = if let Some(before) = before {
        before
    } else {
        empty = decode::empty(kind);
        &empty
    };
    let owner = owner_of(kind, by, Operation::Update);
    let entries = after_update(kind, before, after, sent, owner, by.now);
    entries::write(after, entries);
    decode::stored(kind, after);
    keep_times(before, after);
}

/// The object that applying `applied` to `before` makes, with its managedFields; conflicts are a 409.
pub(super) fn applied(
    kind: &Kind,
    before: Option<&Value>,
    applied: Value,
    by: &Manager,
) -> Result<Applied, Status> {
    let empty;
    let before = if let Some(before) = before {
        before
    } else {
        empty = decode::empty(kind);
        &empty
    };
    check::applicable(kind, &applied)?;
    let mut known = entries::read(before).unwrap_or_default();
    if known.is_empty() {
        let owner = Owner {
            manager: "before-first-apply".to_owned(),
            ..owner_of(kind, by, Operation::Update)
        };
        let nothing = decode::empty(kind);
        known = after_update(kind, &nothing, before, known, owner, by.now);
    }
    let (mut after, entries) = take_over(kind, before, &applied, known, by)?;
    let unread = unread(kind, &after);
    decode::converted(kind, &applied, &mut after)?;
    entries::write(&mut after, entries);
    if by.name == "kubectl" {
        note_last_applied(&mut after, applied);
    }
    decode::stored(kind, &mut after);
    keep_times(before, &mut after);
    Ok(Applied {
        object: after,
        unread,
    })
}

/// Where nothing but times changed, nothing changed: the times stay as they were.
pub(super) fn keep_times(before: &Value, after: &mut Value) {
    const PLACE: &str = "/metadata/managedFields";
    let (Some(Value::Array(old)), Some(Value::Array(new))) =
        (before.pointer(PLACE), after.pointer(PLACE))
    else {
        return;
    };
    let same_entry = |(old, new): (&Value, &Value)| {
        let (Some(old), Some(new)) = (old.as_object(), new.as_object()) else {
            return false;
        };
        let names = old.keys().chain(new.keys()).filter(|name| *name != "time");
        names.into_iter().all(|name| old.get(name) == new.get(name))
    };
    if old == new || old.len() != new.len() || !old.iter().zip(new).all(same_entry) {
        return;
    }
    let same_field = |(old, new): (Option<&Value>, Option<&Value>)| {
        let names = [old, new]
            .into_iter()
            .flatten()
            .filter_map(Value::as_object);
        let mut names = names.flat_map(serde_json::Map::keys);
        names.all(|name| {
            let get = |value: Option<&'_ Value>| value.and_then(|value| value.get(name).cloned());
            matches!(name.as_str(), "managedFields" | "metadata") || get(old) == get(new)
        })
    };
    if same_field((Some(before), Some(after)))
        && same_field((before.get("metadata"), after.get("metadata")))
    {
        after["metadata"]["managedFields"] = Value::Array(old.clone());
    }
}

/// The entries to go on from: what was sent, unless it says nothing, and none where the sender wants none.
fn sent_entries(before: Option<&Value>, after: &Value, subresource: bool) -> Vec<Entry> {
    let live = || before.and_then(entries::read).unwrap_or_default();
    if subresource {
        return live();
    }
    match after.pointer("/metadata/managedFields") {
        Some(Value::Array(sent)) if sent.is_empty() || sent[..] == [json!({})] => Vec::new(),
        _ => match entries::read(after) {
            Some(sent) if !sent.is_empty() => sent,
            _ => live(),
        },
    }
}

fn owner_of(kind: &Kind, by: &Manager, operation: Operation) -> Owner {
    let manager = match by.name.as_str() {
        "" => "unknown",
        name => name,
    };
    Owner {
        operation,
        manager: manager.to_owned(),
        api_version: match operation {
            Operation::Apply => String::new(),
            Operation::Update => kind.api_version(),
        },
        subresource: by.subresource.clone().unwrap_or_default(),
    }
}

fn after_update(
    kind: &Kind,
    before: &Value,
    after: &Value,
    mut entries: Vec<Entry>,
    owner: Owner,
    now: Timestamp,
) -> Vec<Entry> {
    let changes = changes(kind, &owner.subresource, before, after);
    give_up(&mut entries, &changes, None);
    let taken = changes.modified.union(&changes.added);
    let taken = taken.difference(&never_owned());
    if taken.is_empty() {
        return entries;
    }
    let time = Some(now_text(now));
    match entries.iter_mut().find(|entry| entry.owner == owner) {
        Some(entry) => {
            entry.fields = std::mem::take(&mut entry.fields).union(&taken);
            entry.time = time;
        }
        None => entries.push(Entry {
            api_version: kind.api_version(),
            owner,
            time,
            fields: taken,
        }),
    }
    entries::put_together(&mut entries);
    entries
}

/// Others give up what was changed or removed; who has nothing left is no manager any more.
fn give_up(entries: &mut Vec<Entry>, changes: &Comparison, except: Option<&Owner>) {
    for entry in entries.iter_mut() {
        if Some(&entry.owner) != except {
            let fields = std::mem::take(&mut entry.fields);
            let fields = fields.difference(&changes.modified);
            entry.fields = fields
                .difference(&changes.added)
                .difference(&changes.removed);
        }
    }
    entries.retain(|entry| !entry.fields.is_empty());
}

fn changes(kind: &Kind, subresource: &str, before: &Value, after: &Value) -> Comparison {
    let changes = compare(Schema::Struct(kind.schema), before, after);
    match reset(kind, subresource) {
        None => changes,
        Some(reset) => Comparison {
            added: changes.added.without(&reset),
            modified: changes.modified.without(&reset),
            removed: changes.removed.without(&reset),
        },
    }
}

/// What a write there cannot change: the status here, and everything declared there.
fn reset(kind: &Kind, subresource: &str) -> Option<Set> {
    let field = match subresource {
        "status" => "spec",
        _ if kind.status => "status",
        _ => return None,
    };
    let mut set = Set::default();
    set.insert(&[Element::Field(field.to_owned())]);
    Some(set)
}

/// What is the server's, or says which object it is.
fn never_owned() -> Set {
    let field = |name: &str| Element::Field(name.to_owned());
    let mut set = Set::default();
    for name in ["apiVersion", "kind", "metadata"] {
        set.insert(&[field(name)]);
    }
    for name in [
        "name",
        "namespace",
        "creationTimestamp",
        "selfLink",
        "uid",
        "clusterName",
        "generation",
        "managedFields",
        "resourceVersion",
    ] {
        set.insert(&[field("metadata"), field(name)]);
    }
    set
}

/// The merged object and who owns what of it.
fn take_over(
    kind: &Kind,
    before: &Value,
    applied: &Value,
    mut entries: Vec<Entry>,
    by: &Manager,
) -> Result<(Value, Vec<Entry>), Status> {
    let schema = Schema::Struct(kind.schema);
    let owner = owner_of(kind, by, Operation::Apply);
    let mut fields = fields_of(schema, applied);
    if let Some(reset) = reset(kind, &owner.subresource) {
        fields = fields.without(&reset);
    }
    let place = entries.iter().position(|entry| entry.owner == owner);
    let last = place.map(|place| entries.remove(place));
    let merged = merge::merge(schema, before, applied);
    let after = match &last {
        Some(last) if !last.fields.is_empty() => {
            let kept = entries
                .iter()
                .fold(fields.clone(), |all, entry| all.union(&entry.fields));
            prune(schema, &merged, &last.fields, kept)
        }
        _ => merged,
    };
    let made = changes(kind, &owner.subresource, before, &after);
    let wanted = made.modified.clone().union(&made.added);
    let conflicts = conflict::conflicts(&entries, &wanted);
    if !by.force && !conflicts.is_empty() {
        let allowed = allowed_conflicts(kind, before, by);
        let left = conflict::without(conflicts, &allowed);
        if !left.is_empty() {
            return Err(conflict::refused(&left));
        }
    }
    give_up(&mut entries, &made, None);
    let fields = fields.difference(&never_owned());
    if !fields.is_empty() {
        let time = if *before == after {
            last.and_then(|last| last.time)
        } else {
            Some(now_text(by.now))
        };
        entries.push(Entry {
            owner,
            api_version: kind.api_version(),
            time,
            fields,
        });
    }
    Ok((after, entries))
}

/// What is said of an object and never read back, as an object that holds only that; `null` where that is nothing. It is
/// where nothing is in what is said: in the metadata of custom objects, and in the lists of roles.
pub(super) fn unread(kind: &Kind, object: &Value) -> Value {
    if !kind.custom {
        return decode::emptied(kind, object);
    }
    let metadata = object["metadata"].as_object().into_iter().flatten();
    let empty = metadata.filter(|(_, value)| shape::is_empty(Some(value)));
    let empty: serde_json::Map<String, Value> = empty
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    if empty.is_empty() {
        Value::Null
    } else {
        json!({ "metadata": empty })
    }
}

/// Takes away what was applied before, is not any more, and is nobody else's.
fn prune(schema: Schema, merged: &Value, last: &Set, owned: Set) -> Value {
    let close = |set: Set| set.close(Some(schema), &shape::step);
    let all = close(fields_of(schema, merged));
    let last = close(last.clone());
    let pruned = merge::remove(schema, merged, &last);
    let left = close(fields_of(schema, &pruned)).union(&close(owned));
    let pruned = merge::remove(schema, merged, &all.clone().difference(&left));
    let left = close(fields_of(schema, &pruned));
    let gone = all.difference(&left).intersection(&last);
    merge::remove(schema, merged, &gone)
}

/// kubectl may take over what it put there itself before it applied through the server.
fn allowed_conflicts(kind: &Kind, before: &Value, by: &Manager) -> Set {
    let last = before["metadata"]["annotations"][LAST_APPLIED].as_str();
    let last = last.and_then(|text| serde_json::from_str::<Value>(text).ok());
    match last {
        Some(last) if by.name == "kubectl" && last["apiVersion"] == kind.api_version() => {
            let schema = Schema::Struct(kind.schema);
            let changes = compare(schema, &last, before);
            let fields = fields_of(schema, &last).difference(&changes.modified);
            fields
                .difference(&changes.added)
                .difference(&changes.removed)
        }
        _ => Set::default(),
    }
}

/// kubectl's own record of what it applied follows, where there is one.
fn note_last_applied(after: &mut Value, mut applied: Value) {
    let annotations = after.pointer_mut("/metadata/annotations");
    let Some(record) = annotations.and_then(|annotations| annotations.get_mut(LAST_APPLIED)) else {
        return;
    };
    if record.as_str().is_some_and(str::is_empty) {
        return;
    }
    let own = applied.pointer_mut("/metadata/annotations");
    if let Some(annotations) = own.and_then(Value::as_object_mut) {
        annotations.remove(LAST_APPLIED);
    }
    *record = format!("{applied}\n").into();
}

fn now_text(now: Timestamp) -> String {
    now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}
