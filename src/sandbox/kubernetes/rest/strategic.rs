//! Strategic merge patch: a merge that knows which lists are merged, and by which field of their entries.

use crate::sandbox::kubernetes::kinds::Kind;
use crate::sandbox::kubernetes::schema::{ListType, Schema, Struct};
use crate::sandbox::kubernetes::status::Status;
use serde_json::{Map, Value};

const DIRECTIVE: &str = "$patch";
const DELETE_FROM: &str = "$deleteFromPrimitiveList/";
const ORDER_OF: &str = "$setElementOrder/";
const RETAIN: &str = "$retainKeys";

pub(super) fn merge(
    kind: &Kind,
    mut object: Value,
    patch: &Map<String, Value>,
) -> Result<Value, Status> {
    for field in kind.schema.fields {
        if let Some(value) = patch.get(field.name)
            && let Some(why) = not_of(&field.schema, value)
        {
            let shown = go_text(&Value::Object(patch.clone()));
            return Err(super::patch::unfit(&shown, &why));
        }
    }
    merge_fields(&mut object, patch, &|name| of_struct(kind.schema, name));
    Ok(object)
}

/// Why a value cannot be one of this schema, for the mistakes that are seen before the merge.
fn not_of(schema: &Schema, value: &Value) -> Option<String> {
    let is_map = matches!(schema, Schema::Map(_) | Schema::Struct(_));
    let scalar = match value {
        Value::Number(number) if number.is_f64() => "float64",
        Value::Number(_) => "int64",
        Value::String(_) => "string",
        Value::Bool(_) => "bool",
        _ => return None,
    };
    is_map.then(|| format!("cannot restore map from {scalar}"))
}

/// As Go prints a map.
fn go_text(value: &Value) -> String {
    match value {
        Value::Object(fields) => {
            let fields: Vec<String> = fields
                .iter()
                .map(|(name, value)| format!("{name}:{}", go_text(value)))
                .collect();
            format!("map[{}]", fields.join(" "))
        }
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(go_text).collect();
            format!("[{}]", items.join(" "))
        }
        Value::String(text) => text.clone(),
        Value::Null => "<nil>".to_owned(),
        other => other.to_string(),
    }
}

fn of_struct(of: &'static Struct, name: &str) -> Option<&'static Schema> {
    of.field(name)
}

fn merge_value(value: &mut Value, patch: &Value, schema: Option<&'static Schema>) {
    match (patch, schema) {
        (Value::Object(patch), Some(Schema::Struct(of))) => {
            merge_fields(value, patch, &|name| of_struct(of, name));
        }
        (Value::Object(patch), Some(Schema::Map(of))) => merge_fields(value, patch, &|_| Some(*of)),
        (Value::Object(patch), _) => merge_fields(value, patch, &|_| None),
        (Value::Array(patch), Some(Schema::List(of, ListType::Map(key)))) => {
            merge_entries(value, patch, of, key);
        }
        (Value::Array(patch), Some(Schema::List(_, ListType::Set))) => merge_set(value, patch),
        (patch, _) => *value = patch.clone(),
    }
}

fn merge_fields(
    value: &mut Value,
    patch: &Map<String, Value>,
    schema: &dyn Fn(&str) -> Option<&'static Schema>,
) {
    if !value.is_object() {
        *value = Value::Object(Map::new());
    }
    let Value::Object(fields) = value else { return };
    match patch.get(DIRECTIVE).and_then(Value::as_str) {
        Some("replace") => fields.clear(),
        Some("delete") => return fields.clear(),
        _ => {}
    }
    if let Some(Value::Array(kept)) = patch.get(RETAIN) {
        fields.retain(|name, _| kept.iter().any(|kept| kept == name.as_str()));
    }
    for (name, patch) in patch {
        if let Some(list) = name.strip_prefix(DELETE_FROM) {
            delete_from(fields.get_mut(list), patch);
        } else if name == DIRECTIVE || name == RETAIN || name.starts_with(ORDER_OF) {
        } else if patch.is_null() {
            fields.remove(name);
        } else {
            merge_value(
                fields.entry(name.clone()).or_insert(Value::Null),
                patch,
                schema(name),
            );
        }
    }
}

fn delete_from(list: Option<&mut Value>, gone: &Value) {
    if let (Some(Value::Array(list)), Value::Array(gone)) = (list, gone) {
        list.retain(|item| !gone.contains(item));
    }
}

fn merge_set(value: &mut Value, patch: &[Value]) {
    let before = value.as_array().cloned().unwrap_or_default();
    let mut merged = before.clone();
    for item in patch {
        if !merged.contains(item) {
            merged.push(item.clone());
        }
    }
    *value = ordered(&before, patch, merged, |one, other| one == other);
}

fn merge_entries(value: &mut Value, patch: &[Value], of: &'static Schema, key: &str) {
    let directive = |entry: &Value| {
        entry
            .get(DIRECTIVE)
            .and_then(Value::as_str)
            .map(str::to_owned)
    };
    let replaces = |entry: &&Value| directive(entry).as_deref() == Some("replace");
    if patch.iter().any(|entry| replaces(&entry)) {
        let kept = patch.iter().filter(|entry| !replaces(entry));
        *value = kept.cloned().collect();
        return;
    }
    if !value.is_array() {
        *value = Value::Array(Vec::new());
    }
    let before = value.as_array().cloned().unwrap_or_default();
    let Value::Array(items) = value else { return };
    for entry in patch {
        let same = |item: &Value| item.get(key).is_some() && item.get(key) == entry.get(key);
        if directive(entry).as_deref() == Some("delete") {
            items.retain(|item| !same(item));
        } else if let Some(item) = items.iter_mut().find(|item| same(item)) {
            merge_value(item, entry, Some(of));
        } else {
            items.push(entry.clone());
        }
    }
    let merged = std::mem::take(items);
    *value = ordered(&before, patch, merged, |one, other| {
        one.get(key) == other.get(key)
    });
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
