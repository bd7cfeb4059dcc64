//! Small readings of an object's metadata.

use jiff::Timestamp;
use serde_json::{Map, Value};

pub(super) fn text<'a>(object: &'a Value, field: &str) -> &'a str {
    object["metadata"][field].as_str().unwrap_or_default()
}

/// The metadata, made where there is none.
pub(super) fn of(object: &mut Value) -> &mut Map<String, Value> {
    if !object.is_object() {
        *object = Value::Object(Map::new());
    }
    let metadata = &mut object["metadata"];
    if !metadata.is_object() {
        *metadata = Value::Object(Map::new());
    }
    // It was made one just above.
    match metadata {
        Value::Object(fields) => fields,
        _ => unreachable!("metadata is an object"),
    }
}

pub(super) fn labels(object: &Value) -> Option<&Map<String, Value>> {
    object["metadata"]["labels"].as_object()
}

/// The version that a writer says the object has; 0 is any.
pub(super) fn version(object: &Value) -> Result<u64, String> {
    match text(object, "resourceVersion") {
        "" => Ok(0),
        text => text.parse().map_err(|_| unreadable(text)),
    }
}

/// As Go says that a text is no number.
pub(super) fn unreadable(text: &str) -> String {
    format!("strconv.ParseUint: parsing {text:?}: invalid syntax")
}

pub(super) fn finalizers(object: &Value) -> Vec<&str> {
    let list = object["metadata"]["finalizers"].as_array();
    list.into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect()
}

pub(super) fn is_being_deleted(object: &Value) -> bool {
    !text(object, "deletionTimestamp").is_empty()
}

/// A time as objects have it: whole seconds.
pub(super) fn moment(now: Timestamp) -> String {
    now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}
