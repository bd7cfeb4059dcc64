//! Whether a merged object is one of its kind, in the words of the step that turns maps into Go's structs: it looks at the
//! fields in the order of the struct, and is wider in some things and narrower in others than reading JSON is.

use crate::sandbox::kubernetes::decode::fault;
use crate::sandbox::kubernetes::json_patch::go_word;
use crate::sandbox::kubernetes::schema::{Schema, Struct};
use serde_json::{Map, Value};

/// The first thing that is of another type.
pub(super) fn wrong(schema: &Schema, value: &Value) -> Option<String> {
    match (schema, value) {
        (_, Value::Null) | (Schema::Anything, _) => None,
        (Schema::Struct(of), Value::Object(fields)) => in_struct(of, fields),
        (Schema::Struct(_), _) => Some(format!("cannot restore struct from: {}", name(value))),
        (Schema::Map(inner), Value::Object(fields)) => {
            fields.values().find_map(|value| wrong(inner, value))
        }
        (Schema::Map(_), _) => Some(format!("cannot restore map from {}", name(value))),
        (Schema::List(inner, _), Value::Array(items)) => {
            items.iter().find_map(|value| wrong(inner, value))
        }
        (Schema::Bytes, Value::Array(items)) => {
            let all = items.iter().all(Value::is_number);
            (!all).then(|| "unrecognized type: uint8".to_owned())
        }
        (Schema::Bytes, Value::String(_)) => {
            fault(*schema, value).map(|why| format!("error decoding from json: {why}"))
        }
        (Schema::List(..) | Schema::Bytes, _) => {
            Some(format!("cannot restore slice from {}", name(value)))
        }
        (Schema::Time | Schema::MicroTime, Value::String(_)) => fault(*schema, value),
        (Schema::Time | Schema::MicroTime, _) => Some(format!(
            "json: cannot unmarshal {} into Go value of type string",
            go_word(value)
        )),
        _ => in_scalar(schema, value),
    }
}

fn in_struct(of: &Struct, fields: &Map<String, Value>) -> Option<String> {
    let there = |name| fields.get(name).unwrap_or(&Value::Null);
    of.fields
        .iter()
        .find_map(|field| wrong(&field.schema, there(field.name)))
}

fn in_scalar(schema: &Schema, value: &Value) -> Option<String> {
    let other = |kind: String| Some(format!("unrecognized type: {kind}"));
    match (schema, value) {
        (Schema::Text | Schema::Named(_), Value::String(_)) => None,
        (Schema::Boolean, Value::Bool(_)) => None,
        (Schema::Boolean, _) => other("bool".to_owned()),
        (Schema::Integer(bits), Value::Number(number)) => {
            let whole = number.as_f64().is_some_and(|number| number.fract() == 0.0);
            (!whole).then(|| format!("cannot convert float64 to int{bits}"))
        }
        (Schema::Integer(bits), _) => other(format!("int{bits}")),
        (Schema::Named(of), Value::Number(number)) if !number.is_f64() => {
            Some(format!("cannot convert int64 to {of}"))
        }
        (Schema::Text, Value::Number(number)) if !number.is_f64() => {
            Some("cannot convert int64 to string".to_owned())
        }
        _ => other("string".to_owned()),
    }
}

/// The kind of a value, as Go calls it.
pub(super) fn name(value: &Value) -> &'static str {
    match value {
        Value::Null => "nil",
        Value::Bool(_) => "bool",
        Value::Number(number) if number.is_f64() => "float64",
        Value::Number(_) => "int64",
        Value::String(_) => "string",
        Value::Array(_) => "slice",
        Value::Object(_) => "map",
    }
}

/// As Go prints a map.
pub(super) fn go_text(value: &Value) -> String {
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
        Value::Number(number) => match number.as_f64() {
            Some(float) if number.is_f64() => go_float(float),
            _ => number.to_string(),
        },
        Value::Bool(is) => is.to_string(),
    }
}

fn go_float(number: f64) -> String {
    let size = number.abs();
    if size == 0.0 || (1e-4..1e21).contains(&size) {
        return number.to_string();
    }
    let text = format!("{number:e}");
    let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let (sign, exponent) = match exponent.strip_prefix('-') {
        Some(exponent) => ('-', exponent),
        None => ('+', exponent),
    };
    format!("{digits}e{sign}{exponent:0>2}")
}
