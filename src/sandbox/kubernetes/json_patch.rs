//! RFC 6902, as the API server reads it: it is lenient where its library is.

use super::status::Status;
use serde_json::{Value, json};

/// Operations in one patch.
const MOST_OPERATIONS: usize = 10_000;

/// The object that the patch makes.
pub(super) fn apply(patch: &Value, mut object: Value) -> Result<Value, Status> {
    if patch.is_null() {
        return Ok(object);
    }
    let Value::Array(operations) = patch else {
        return Err(Status::bad_request(format!(
            "error decoding patch: json: cannot unmarshal {} into Go value of type []handlers.jsonPatchOp",
            go_word(patch)
        )));
    };
    if operations.len() > MOST_OPERATIONS {
        return Err(Status::new(
            413,
            "RequestEntityTooLarge",
            format!(
                "The allowed maximum operations in a JSON patch is {MOST_OPERATIONS}, got {}",
                operations.len()
            ),
        ));
    }
    if let Some(other) = operations.iter().find(|operation| !operation.is_object()) {
        return Err(Status::bad_request(format!(
            "error decoding patch: json: cannot unmarshal {} into Go value of type handlers.jsonPatchOp",
            go_word(other)
        )));
    }
    for operation in operations {
        step(&mut object, operation).ok_or_else(rejected)?;
    }
    Ok(object)
}

fn rejected() -> Status {
    let message = "the server rejected our request due to an error in our request";
    Status::new(422, "Invalid", message).with_details(json!({}))
}

/// `None` where the operation cannot be done.
fn step(object: &mut Value, operation: &Value) -> Option<()> {
    let text = |field: &str| operation.get(field)?.as_str();
    let path = text("path")?;
    let value = || operation.get("value").cloned().unwrap_or(Value::Null);
    match text("op")? {
        "add" => add(object, path, value()),
        "remove" => remove(object, path).map(drop),
        "replace" => replace(object, path, value()),
        "move" => {
            let taken = remove(object, text("from")?)?;
            add(object, path, taken)
        }
        "copy" => {
            let copied = object.pointer(text("from")?)?.clone();
            add(object, path, copied)
        }
        "test" => {
            let found = object.pointer(path).unwrap_or(&Value::Null);
            (*found == value()).then_some(())
        }
        _ => None,
    }
}

fn parent<'a>(object: &'a mut Value, path: &str) -> Option<(&'a mut Value, String)> {
    let (parent, last) = path.rsplit_once('/')?;
    let last = last.replace("~1", "/").replace("~0", "~");
    Some((object.pointer_mut(parent)?, last))
}

fn add(object: &mut Value, path: &str, value: Value) -> Option<()> {
    let (parent, last) = parent(object, path)?;
    match parent {
        Value::Object(fields) => drop(fields.insert(last, value)),
        Value::Array(items) if last == "-" => items.push(value),
        Value::Array(items) => {
            let index: usize = last.parse().ok()?;
            (index <= items.len()).then(|| items.insert(index, value))?;
        }
        _ => return None,
    }
    Some(())
}

/// A field that is not there is put there, as the library does; an entry of a list must be.
fn replace(object: &mut Value, path: &str, value: Value) -> Option<()> {
    let (parent, last) = parent(object, path)?;
    match parent {
        Value::Object(fields) => drop(fields.insert(last, value)),
        Value::Array(items) => *items.get_mut(last.parse::<usize>().ok()?)? = value,
        _ => return None,
    }
    Some(())
}

fn remove(object: &mut Value, path: &str) -> Option<Value> {
    let (parent, last) = parent(object, path)?;
    match parent {
        Value::Object(fields) => fields.remove(&last),
        Value::Array(items) => {
            let index: usize = last.parse().ok()?;
            (index < items.len()).then(|| items.remove(index))
        }
        _ => None,
    }
}

/// What Go's reader calls a value of JSON.
pub(super) fn go_word(value: &Value) -> &'static str {
    match value {
        Value::Array(_) => "array",
        Value::Object(_) => "object",
        Value::String(_) => "string",
        Value::Number(_) => "number",
        Value::Bool(_) => "bool",
        Value::Null => "null",
    }
}
