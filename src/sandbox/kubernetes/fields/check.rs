//! Whether what is applied can be an object of its kind at all, field by field.

use super::super::kinds::Kind;
use super::super::schema::{ListType, Schema};
use super::super::status::Status;
use super::shape::key_of;
use serde_json::Value;

/// What cannot be is an error of the server, as the real one answers it.
pub(super) fn applicable(kind: &Kind, applied: &Value) -> Result<(), Status> {
    let text = |name: &str| applied[name].as_str().unwrap_or_default();
    if text("apiVersion") != kind.api_version() || text("kind") != kind.kind {
        let identity = identity(text("apiVersion"), text("kind"));
        return Err(Status::bad_request(format!(
            "invalid object type: {identity}"
        )));
    }
    let metadata = &applied["metadata"];
    if metadata["managedFields"].is_array() {
        return Err(Status::bad_request("metadata.managedFields must be nil"));
    }
    let mut wrong = Vec::new();
    check(Schema::Struct(kind.schema), "", applied, &mut wrong);
    let told = match &wrong[..] {
        [] => return Ok(()),
        [one] => one.clone(),
        many => format!("errors:\n  {}", many.join("\n  ")),
    };
    Err(Status::new(
        500,
        "",
        format!(
            "failed to create typed patch object ({}): {told}",
            named(kind, applied)
        ),
    ))
}

/// `namespace/name; group/version, Kind=kind`.
pub(in super::super) fn named(kind: &Kind, object: &Value) -> String {
    let text = |name: &str| object["metadata"][name].as_str().unwrap_or_default();
    format!(
        "{}/{}; {}",
        text("namespace"),
        text("name"),
        identity(&kind.api_version(), kind.kind)
    )
}

fn identity(api_version: &str, kind: &str) -> String {
    let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
    format!("{group}/{version}, Kind={kind}")
}

fn check(schema: Schema, path: &str, value: &Value, wrong: &mut Vec<String>) {
    let mut refuse = |what: String| {
        wrong.push(match path {
            "" => what,
            path => format!("{path}: {what}"),
        });
    };
    match (schema, value) {
        (_, Value::Null) | (Schema::Anything, _) => {}
        (Schema::Struct(inner), Value::Object(fields)) => {
            for (name, value) in fields {
                match inner.field(name) {
                    Some(field) => check(*field, &format!("{path}.{name}"), value, wrong),
                    None => wrong.push(format!("{path}.{name}: field not declared in schema")),
                }
            }
        }
        (Schema::Map(inner), Value::Object(fields)) => {
            for (name, value) in fields {
                check(*inner, &format!("{path}.{name}"), value, wrong);
            }
        }
        (Schema::List(inner, list), Value::Array(items)) => {
            entries(*inner, list, path, items, wrong);
        }
        (Schema::Struct(_) | Schema::Map(_), _) => {
            refuse(format!("expected map, got &{{{}}}", go(value)));
        }
        (Schema::List(..), _) => refuse(format!("expected list, got &{{{}}}", go(value))),
        (Schema::Boolean, Value::Bool(_)) | (Schema::Integer(_), Value::Number(_)) => {}
        (Schema::Boolean, _) => refuse(format!("expected boolean, got &{{{}}}", go(value))),
        (Schema::Integer(_), _) => refuse(format!(
            "expected numeric (int or float), got {}",
            go_type(value)
        )),
        (_, Value::String(_)) => {}
        _ => refuse(format!(
            "expected string, got &value.valueUnstructured{{Value:{}}}",
            go_syntax(value)
        )),
    }
}

fn entries(inner: Schema, list: ListType, path: &str, items: &[Value], wrong: &mut Vec<String>) {
    let mut seen: Vec<String> = Vec::new();
    for (index, item) in items.iter().enumerate() {
        let element = match list {
            ListType::Atomic => format!("[{index}]"),
            ListType::Set => match item {
                Value::Null => {
                    wrong.push(format!("{path}: element {index}: associative list without keys has an element that's an explicit null"));
                    return;
                }
                Value::Object(_) => {
                    wrong.push(format!("{path}: element {index}: associative list without keys has an element that's a map type"));
                    return;
                }
                Value::Array(_) => {
                    wrong.push(format!("{path}: element {index}: not supported: associative list with lists as elements"));
                    return;
                }
                item => format!("[={item}]"),
            },
            ListType::Map(key) => match item {
                Value::Null => {
                    wrong.push(format!("{path}: element {index}: associative list with keys may not have a null element"));
                    return;
                }
                Value::Object(_) => {
                    if let Some(value) = key_of(key, inner, item) {
                        format!("[{key}={value}]")
                    } else {
                        wrong.push(format!("{path}: element {index}: associative list with keys has an element that omits all key fields [{key:?}] (and doesn't have default values for any key fields)"));
                        return;
                    }
                }
                _ => {
                    wrong.push(format!("{path}: element {index}: associative list with keys may not have non-map elements"));
                    return;
                }
            },
        };
        if list != ListType::Atomic && seen.contains(&element) {
            wrong.push(format!("{path}: duplicate entries for key {element}"));
        }
        check(inner, &format!("{path}{element}"), item, wrong);
        seen.push(element);
    }
}

/// As Go prints a value.
fn go(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => "<nil>".to_owned(),
        Value::Array(items) => {
            format!("[{}]", items.iter().map(go).collect::<Vec<_>>().join(" "))
        }
        Value::Object(fields) => {
            let fields = fields
                .iter()
                .map(|(name, value)| format!("{name}:{}", go(value)));
            format!("map[{}]", fields.collect::<Vec<_>>().join(" "))
        }
        other => other.to_string(),
    }
}

/// As Go would write it in a program.
fn go_syntax(value: &Value) -> String {
    match value {
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(go_syntax).collect();
            format!("[]interface {{}}{{{}}}", items.join(", "))
        }
        Value::Object(fields) => {
            let fields: Vec<String> = fields
                .iter()
                .map(|(name, value)| format!("{name:?}:{}", go_syntax(value)))
                .collect();
            format!("map[string]interface {{}}{{{}}}", fields.join(", "))
        }
        other => other.to_string(),
    }
}

fn go_type(value: &Value) -> &'static str {
    match value {
        Value::Null => "<nil>",
        Value::Bool(_) => "bool",
        Value::Number(number) if number.is_f64() => "float64",
        Value::Number(_) => "int64",
        Value::String(_) => "string",
        Value::Array(_) => "[]interface {}",
        Value::Object(_) => "map[string]interface {}",
    }
}
