use super::super::{Flavour, fields};
use super::{Field, Kind};
use serde_json::{Map, Value};

/// Why a value is not what a field wants.
#[derive(Debug)]
pub(super) enum Fault {
    /// A text that is not a number or a flag.
    Syntax {
        of: &'static str,
        parser: &'static str,
        text: String,
        reason: &'static str,
    },
    /// A value of another shape.
    Shape { of: &'static str, value: Value },
}

/// `None` where the value is as good as absent.
pub(super) fn field(value: &Value, kind: Kind, flavour: Flavour) -> Result<Option<Field>, String> {
    let told = |fault: Fault| fault.told("", flavour);
    let field = match kind {
        Kind::Text => Field::Text(text(value).map_err(told)?),
        Kind::Int => Field::Int(int(value).map_err(told)?),
        Kind::Bool => Field::Bool(flag(value).map_err(told)?),
        Kind::Map => Field::Map(map(value, flavour)?),
        Kind::Ints => Field::Ints(ints(value, flavour)?),
        Kind::Seconds | Kind::SignedSeconds => {
            if value.is_null() {
                return Ok(None);
            }
            let seconds = seconds(value)?;
            if seconds < 0 && kind == Kind::Seconds {
                return Err(format!("cannot provide negative value '{seconds}'"));
            }
            Field::Int(seconds)
        }
    };
    Ok(Some(field))
}

fn seconds(value: &Value) -> Result<i64, String> {
    match value {
        // As a text: 1.5 lacks its unit.
        Value::Number(number) => fields::seconds(&Value::from(number.to_string())),
        other => fields::seconds(other),
    }
}

pub(super) fn text(value: &Value) -> Result<String, Fault> {
    match value {
        Value::Null => Ok(String::new()),
        value => fields::text(value).ok_or_else(|| shape("string", value)),
    }
}

pub(super) fn int(value: &Value) -> Result<i64, Fault> {
    match value {
        Value::Null => Ok(0),
        Value::Bool(flag) => Ok(i64::from(*flag)),
        Value::Number(number) => text_int(&number.to_string()),
        Value::String(text) => text_int(text),
        other => Err(shape("int", other)),
    }
}

/// With the base that the text begins with, as in `0x10`.
fn text_int(text: &str) -> Result<i64, Fault> {
    if text.is_empty() {
        return Ok(0);
    }
    let (sign, digits) = match text.strip_prefix(['-', '+']) {
        Some(digits) if text.starts_with('-') => ("-", digits),
        Some(digits) => ("", digits),
        None => ("", text),
    };
    let lower = digits.to_ascii_lowercase();
    let based = [("0x", 16), ("0b", 2), ("0o", 8), ("0", 8)]
        .into_iter()
        .find_map(|(prefix, base)| Some((lower.strip_prefix(prefix)?, base)))
        .filter(|(digits, _)| !digits.is_empty());
    let (digits, base) = based.unwrap_or((&lower, 10));
    let fault = |reason| Fault::Syntax {
        of: "int",
        parser: "ParseInt",
        text: text.to_owned(),
        reason,
    };
    if !digits.starts_with(|c: char| c.is_digit(base)) {
        return Err(fault("invalid syntax"));
    }
    i64::from_str_radix(&format!("{sign}{digits}"), base).map_err(|error| match error.kind() {
        std::num::IntErrorKind::PosOverflow | std::num::IntErrorKind::NegOverflow => {
            fault("value out of range")
        }
        _ => fault("invalid syntax"),
    })
}

fn flag(value: &Value) -> Result<bool, Fault> {
    let text = match value {
        Value::Null => return Ok(false),
        Value::Bool(flag) => return Ok(*flag),
        Value::Number(number) => number.to_string(),
        Value::String(text) => text.clone(),
        other => return Err(shape("bool", other)),
    };
    fields::flag(&Value::from(text.as_str())).ok_or(Fault::Syntax {
        of: "bool",
        parser: "ParseBool",
        text,
        reason: "invalid syntax",
    })
}

/// An object, or a list of objects that are one after the other put together.
fn map(value: &Value, flavour: Flavour) -> Result<Option<Map<String, Value>>, String> {
    match value {
        Value::Null => Ok(None),
        Value::Object(map) => Ok(Some(map.clone())),
        Value::Array(items) => {
            let mut whole = Map::new();
            for (index, item) in items.iter().enumerate() {
                match item {
                    Value::Object(map) => whole.extend(map.clone()),
                    Value::Null => {}
                    other => return Err(no_map(&format!("[{index}]"), other, flavour)),
                }
            }
            Ok(Some(whole))
        }
        other => Err(no_map("", other, flavour)),
    }
}

fn no_map(place: &str, value: &Value, flavour: Flavour) -> String {
    match flavour {
        Flavour::OpenBao => {
            let shape = Fault::Shape {
                of: "map[string]interface {}",
                value: value.clone(),
            };
            shape.told(place, flavour)
        }
        // To that server a number is a text.
        Flavour::HashiCorp => {
            let found = match value {
                Value::Number(_) => "string",
                other => go_type(other),
            };
            format!("'{place}' expected a map, got '{found}'")
        }
    }
}

fn ints(value: &Value, flavour: Flavour) -> Result<Vec<i64>, String> {
    let items = match value {
        Value::Array(items) => items.clone(),
        Value::Null => Vec::new(),
        Value::Object(map) if map.is_empty() => Vec::new(),
        Value::String(text) if text.is_empty() => Vec::new(),
        Value::String(text) => text.split(',').map(Value::from).collect(),
        other => vec![other.clone()],
    };
    let mut numbers = Vec::new();
    let mut faults = Vec::new();
    for (index, item) in items.iter().enumerate() {
        match int(item) {
            Ok(number) => numbers.push(number),
            Err(fault) => faults.push(fault.told(&format!("[{index}]"), flavour)),
        }
    }
    if faults.is_empty() {
        return Ok(numbers);
    }
    Err(match flavour {
        Flavour::OpenBao => format!(
            "decoding failed due to the following error(s):\n\n{}",
            faults.join("\n")
        ),
        Flavour::HashiCorp => format!(
            "{} error(s) decoding:\n\n* {}",
            faults.len(),
            faults.join("\n* ")
        ),
    })
}

fn shape(of: &'static str, value: &Value) -> Fault {
    let value = value.clone();
    Fault::Shape { of, value }
}

impl Fault {
    pub(super) fn told(&self, place: &str, flavour: Flavour) -> String {
        match (self, flavour) {
            (
                Self::Syntax {
                    of, parser, reason, ..
                },
                Flavour::OpenBao,
            ) => {
                format!("'{place}' cannot parse value as '{of}': strconv.{parser}: {reason}")
            }
            (
                Self::Syntax {
                    of,
                    parser,
                    text,
                    reason,
                },
                Flavour::HashiCorp,
            ) => format!(
                "cannot parse '{place}' as {of}: strconv.{parser}: parsing {text:?}: {reason}"
            ),
            (Self::Shape { of, value }, _) => {
                let found = go_type(value);
                let shown = match flavour {
                    Flavour::OpenBao => String::new(),
                    Flavour::HashiCorp => format!(", value: '{}'", go(value)),
                };
                format!("'{place}' expected type '{of}', got unconvertible type '{found}'{shown}")
            }
        }
    }
}

fn go_type(value: &Value) -> &'static str {
    match value {
        Value::Null => "<nil>",
        Value::Bool(_) => "bool",
        Value::Number(_) => "json.Number",
        Value::String(_) => "string",
        Value::Array(_) => "[]interface {}",
        Value::Object(_) => "map[string]interface {}",
    }
}

/// A value as Go prints it.
pub(super) fn go(value: &Value) -> String {
    match value {
        Value::Null => "<nil>".to_owned(),
        Value::String(text) => text.clone(),
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(go).collect();
            format!("[{}]", items.join(" "))
        }
        Value::Object(map) => {
            let mut fields: Vec<String> = map
                .iter()
                .map(|(name, value)| format!("{name}:{}", go(value)))
                .collect();
            fields.sort();
            format!("map[{}]", fields.join(" "))
        }
        other => other.to_string(),
    }
}
