//! Strategic merge patch: a merge that knows which lists are merged, and by which field of their entries.

mod fit;

use crate::sandbox::kubernetes::kinds::Kind;
use crate::sandbox::kubernetes::schema::{ListType, Schema};
use crate::sandbox::kubernetes::status::Status;
use serde_json::{Map, Value};

const DIRECTIVE: &str = "$patch";
const DELETE_FROM: &str = "$deleteFromPrimitiveList/";
const ORDER_OF: &str = "$setElementOrder/";
const RETAIN: &str = "$retainKeys";

pub(super) fn merge(
    kind: &Kind,
    object: Value,
    patch: &Map<String, Value>,
) -> Result<Value, Status> {
    let Value::Object(mut fields) = object else {
        return Ok(object);
    };
    merge_fields(&mut fields, patch, &|name| kind.schema.field(name))?;
    let object = Value::Object(fields);
    match fit::wrong(&Schema::Struct(kind.schema), &object) {
        Some(why) => Err(super::patch::unfit(&shown(patch), &why)),
        None => Ok(object),
    }
}

/// A patch, as it stands in what is said of it.
pub(super) fn shown(patch: &Map<String, Value>) -> String {
    fit::go_text(&Value::Object(patch.clone()))
}

fn merge_value(
    value: &mut Value,
    patch: &Value,
    schema: Option<&'static Schema>,
) -> Result<(), Status> {
    match (&mut *value, patch, schema) {
        (Value::Object(fields), Value::Object(patch), Some(Schema::Struct(of))) => {
            merge_fields(fields, patch, &|name| of.field(name))
        }
        (Value::Object(fields), Value::Object(patch), Some(Schema::Map(of))) => {
            merge_fields(fields, patch, &|_| Some(*of))
        }
        (Value::Object(fields), Value::Object(patch), _) => merge_fields(fields, patch, &|_| None),
        (Value::Array(items), Value::Array(patch), Some(Schema::List(of, list))) => {
            expect_alike(items, patch, *list)?;
            match list {
                ListType::Map(key) => *value = merge_entries(items, patch, of, key)?,
                ListType::Set => *value = merge_set(items, patch),
                ListType::Atomic => items.clone_from(patch),
            }
            Ok(())
        }
        _ => {
            *value = fresh(patch).unwrap_or_default();
            Ok(())
        }
    }
}

/// What a patch sets where there was nothing of its kind: without nulls, and without what only says how to merge.
fn fresh(patch: &Value) -> Option<Value> {
    match patch {
        Value::Object(fields) if fields.get(DIRECTIVE).is_some_and(|said| !said.is_null()) => None,
        Value::Object(fields) => {
            let kept = fields.iter().filter(|(_, value)| !value.is_null());
            let kept = kept.filter_map(|(name, value)| Some((name.clone(), fresh(value)?)));
            Some(Value::Object(kept.collect()))
        }
        Value::Array(items) => Some(items.iter().filter_map(fresh).collect()),
        value => Some(value.clone()),
    }
}

fn merge_fields(
    fields: &mut Map<String, Value>,
    patch: &Map<String, Value>,
    schema: &dyn Fn(&str) -> Option<&'static Schema>,
) -> Result<(), Status> {
    match patch.get(DIRECTIVE) {
        None => {}
        Some(Value::String(said)) if said == "replace" => fields.clear(),
        Some(Value::String(said)) if said == "delete" => {
            fields.clear();
            return Ok(());
        }
        Some(said) => return Err(unknown(said, patch)),
    }
    if let Some(kept) = patch.get(RETAIN) {
        retain(fields, kept, patch)?;
    }
    for (name, patch) in patch {
        if let Some(list) = name.strip_prefix(DELETE_FROM) {
            delete_from(fields.get_mut(list), patch);
        } else if name == DIRECTIVE || name == RETAIN || name.starts_with(ORDER_OF) {
        } else if patch.is_null() {
            fields.remove(name);
        } else if let Some(value) = fields.get_mut(name) {
            merge_value(value, patch, schema(name))?;
        } else if let Some(value) = fresh(patch) {
            fields.insert(name.clone(), value);
        }
    }
    Ok(())
}

/// A directive that there is none of; what is no text is named by its type, as Go's printing does.
fn unknown(said: &Value, patch: &Map<String, Value>) -> Status {
    let said = match said {
        Value::String(text) => text.clone(),
        Value::Null => "%!s(<nil>)".to_owned(),
        other => format!("%!s({}={})", fit::name(other), fit::go_text(other)),
    };
    let patch = shown(patch);
    Status::internal(format!("unknown patch type: {said} in map: {patch}"))
}

fn retain(
    fields: &mut Map<String, Value>,
    kept: &Value,
    patch: &Map<String, Value>,
) -> Result<(), Status> {
    let is_kept = |name: &str| {
        let kept = kept.as_array();
        kept.is_some_and(|kept| kept.iter().any(|kept| kept == name))
    };
    let is_said = |(name, value): &(&String, &Value)| {
        let directs = name.starts_with(DELETE_FROM) || name.starts_with(ORDER_OF);
        !value.is_null() && !directs && *name != RETAIN
    };
    let mut said = patch.iter().filter(is_said);
    if !kept.is_array() || !said.all(|(name, _)| is_kept(name)) {
        return Err(Status::bad_request("invalid patch format of retainKeys"));
    }
    fields.retain(|name, _| is_kept(name));
    Ok(())
}

/// Lists that are merged hold one kind of thing.
fn expect_alike(before: &[Value], patch: &[Value], list: ListType) -> Result<(), Status> {
    let mut kinds = before.iter().chain(patch).map(fit::name);
    let first = kinds.next();
    if list == ListType::Atomic || kinds.all(|kind| Some(kind) == first) {
        return Ok(());
    }
    let text = |list: &[Value]| fit::go_text(&Value::Array(list.to_vec()));
    Err(Status::internal(format!(
        "list element types are not identical: [{} {}]",
        text(before),
        text(patch)
    )))
}

fn delete_from(list: Option<&mut Value>, gone: &Value) {
    if let (Some(Value::Array(list)), Value::Array(gone)) = (list, gone) {
        list.retain(|item| !gone.contains(item));
    }
}

fn merge_set(before: &[Value], patch: &[Value]) -> Value {
    let mut merged = before.to_vec();
    for item in patch {
        if !merged.contains(item) {
            merged.push(item.clone());
        }
    }
    ordered(before, patch, merged, |one, other| one == other)
}

fn merge_entries(
    before: &[Value],
    patch: &[Value],
    of: &'static Schema,
    key: &str,
) -> Result<Value, Status> {
    let replaces = |entry: &&Value| entry[DIRECTIVE] == "replace";
    if patch.iter().any(|entry| replaces(&entry)) {
        let kept = patch.iter().filter(|entry| !replaces(entry));
        return Ok(kept.cloned().collect());
    }
    let mut items = before.to_vec();
    for entry in patch {
        let Some(own) = entry.get(key) else {
            let text = fit::go_text(entry);
            return Err(Status::internal(format!(
                "map: {text} does not contain declared merge key: {key}"
            )));
        };
        let same = |item: &Value| item.get(key) == Some(own);
        if entry[DIRECTIVE] == "delete" {
            items.retain(|item| !same(item));
        } else if let (Some(said), Value::Object(patch)) = (entry.get(DIRECTIVE), entry) {
            return Err(unknown(said, patch));
        } else if let Some(item) = items.iter_mut().find(|item| same(item)) {
            merge_value(item, entry, Some(of))?;
        } else {
            items.push(entry.clone());
        }
    }
    Ok(ordered(before, patch, items, |one, other| {
        one.get(key) == other.get(key)
    }))
}

/// What the patch names comes first and in its order, unless the list had it behind something that the patch does not
/// name.
fn ordered(
    before: &[Value],
    patch: &[Value],
    merged: Vec<Value>,
    same: impl Fn(&Value, &Value) -> bool,
) -> Value {
    let place = |list: &[Value], item: &Value| list.iter().position(|known| same(known, item));
    let (mut named, others): (Vec<Value>, Vec<Value>) = merged
        .into_iter()
        .partition(|item| place(patch, item).is_some());
    named.sort_by_key(|item| place(patch, item));
    let (mut named, mut others) = (named.into_iter().peekable(), others.into_iter().peekable());
    let mut all = Vec::new();
    while let (Some(one), Some(other)) = (named.peek(), others.peek()) {
        let behind = matches!(
            (place(before, one), place(before, other)),
            (Some(one), Some(other)) if one > other
        );
        let next = if behind { others.next() } else { named.next() };
        all.extend(next);
    }
    all.extend(named);
    all.extend(others);
    Value::Array(all)
}
