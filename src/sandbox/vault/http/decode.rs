//! The bodies and query strings of requests, and what is said of those that cannot be read.

mod fault;

use super::super::Flavour;
use super::super::call::Refusal;
use percent_encoding::percent_decode_str;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// `a=b&c`, as a query or a form; the last of a name wins.
pub(super) fn pairs(text: &str) -> BTreeMap<String, String> {
    let decoded = |part: &str| {
        let spaced = part.replace('+', " ");
        percent_decode_str(&spaced).decode_utf8_lossy().into_owned()
    };
    text.split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(name, value)| (decoded(name), decoded(value)))
        .collect()
}

/// An object, or nothing at all.
pub(super) fn json(body: &[u8], flavour: Flavour) -> Result<Map<String, Value>, Refusal> {
    if body.iter().all(u8::is_ascii_whitespace) {
        return Ok(Map::new());
    }
    let text = String::from_utf8_lossy(body);
    let mut stream = serde_json::Deserializer::from_str(&text).into_iter::<Value>();
    let first = stream.next();
    let error = match (flavour, fault::of(&text)) {
        (Flavour::OpenBao, Some(fault)) => fault,
        // What comes behind the first value is not read there.
        _ => match first {
            Some(Ok(Value::Object(fields))) => return Ok(fields),
            Some(Ok(Value::Null)) | None => return Ok(Map::new()),
            Some(Ok(other)) => format!(
                "json: cannot unmarshal {} into Go value of type map[string]interface {{}}",
                kind(&other)
            ),
            Some(Err(error)) => error.to_string(),
        },
    };
    Err(Refusal::invalid(match flavour {
        Flavour::OpenBao => format!("failed to decode JSON input: {error}"),
        Flavour::HashiCorp => "error parsing JSON".to_owned(),
    }))
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null | Value::Object(_) => "object",
        Value::Bool(_) => "bool",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
    }
}
