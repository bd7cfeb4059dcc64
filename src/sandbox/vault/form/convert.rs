//! A value as the kind that a field has, or why it cannot be that.

use super::super::Flavour;
use super::super::fields;
use super::go;
use super::{Field, Kind, value_text};
use jiff::Timestamp;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

pub(super) fn convert(
    name: &str,
    kind: Kind,
    value: &Value,
    flavour: Flavour,
) -> Result<Option<Field>, String> {
    Ok(Some(match kind {
        Kind::Text => Field::Text(text(value, flavour)?),
        Kind::LowerText => Field::Text(text(value, flavour)?.to_lowercase()),
        Kind::Flag => Field::Flag(flag(value, flavour)?),
        Kind::Number => Field::Number(number("", value, flavour)?),
        Kind::Seconds | Kind::SignedSeconds => match value {
            Value::Null => return Ok(None),
            value => Field::Number(seconds(value, kind, flavour)?),
        },
        Kind::Moment => match value {
            Value::Null => return Ok(None),
            value => Field::Moment(moment(value)?),
        },
        Kind::List => Field::List(list(value)?),
        Kind::Texts => Field::List(whole_texts(value, flavour)?),
        Kind::Map => Field::Map(map(value, flavour)?),
        Kind::Pairs => Field::Pairs(pairs(name, value, flavour)?),
        Kind::Items => Field::Items(match value {
            Value::Null => Vec::new(),
            Value::Array(items) => items.clone(),
            Value::Object(fields) if fields.is_empty() => Vec::new(),
            other => vec![other.clone()],
        }),
        Kind::Numbers => Field::Numbers(numbers(value, flavour)?),
    }))
}

/// `at` is where in a list the value stands.
fn unconvertible(at: &str, wanted: &str, value: &Value, flavour: Flavour) -> String {
    let mut why = format!(
        "'{at}' expected type '{wanted}', got unconvertible type '{}'",
        go::type_name(value)
    );
    if flavour == Flavour::HashiCorp {
        why.push_str(&format!(", value: '{}'", value_text(value)));
    }
    why
}

pub(in crate::sandbox::vault) fn text(value: &Value, flavour: Flavour) -> Result<String, String> {
    match value {
        Value::Null => Ok(String::new()),
        value => fields::text(value).ok_or_else(|| unconvertible("", "string", value, flavour)),
    }
}

fn unparsable(at: &str, wanted: &str, text: &str, why: &str, flavour: Flavour) -> String {
    let function = if wanted == "bool" {
        "ParseBool"
    } else {
        "ParseInt"
    };
    match flavour {
        Flavour::OpenBao => {
            format!("'{at}' cannot parse value as '{wanted}': strconv.{function}: {why}")
        }
        Flavour::HashiCorp => format!(
            "cannot parse '{at}' as {wanted}: strconv.{function}: parsing {}: {why}",
            go::quoted(text)
        ),
    }
}

fn flag(value: &Value, flavour: Flavour) -> Result<bool, String> {
    let text = match value {
        Value::Null => return Ok(false),
        Value::Bool(flag) => return Ok(*flag),
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        value => return Err(unconvertible("", "bool", value, flavour)),
    };
    let flag = fields::flag(&Value::from(text.as_str()));
    flag.ok_or_else(|| unparsable("", "bool", &text, "invalid syntax", flavour))
}

/// The whole number that a value is taken for.
pub(in crate::sandbox::vault) fn number_of(value: &Value) -> Option<i64> {
    number("", value, Flavour::default()).ok()
}

fn number(at: &str, value: &Value, flavour: Flavour) -> Result<i64, String> {
    let text = match value {
        Value::Null => return Ok(0),
        Value::Bool(flag) => return Ok(i64::from(*flag)),
        Value::String(text) if text.is_empty() => return Ok(0),
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        value => return Err(unconvertible(at, "int", value, flavour)),
    };
    go::parse_int(&text).map_err(|why| unparsable(at, "int", &text, why, flavour))
}

fn numbers(value: &Value, flavour: Flavour) -> Result<Vec<i64>, String> {
    let items = match value {
        Value::Array(items) => items.clone(),
        Value::Null => Vec::new(),
        Value::Object(map) if map.is_empty() => Vec::new(),
        Value::String(text) if text.is_empty() => Vec::new(),
        Value::String(text) => text.split(',').map(Value::from).collect(),
        other => vec![other.clone()],
    };
    let (mut numbers, mut wrong) = (Vec::new(), Vec::new());
    for (index, item) in items.iter().enumerate() {
        match number(&format!("[{index}]"), item, flavour) {
            Ok(number) => numbers.push(number),
            Err(why) => wrong.push(why),
        }
    }
    if wrong.is_empty() {
        return Ok(numbers);
    }
    Err(match flavour {
        Flavour::OpenBao => several_newer(&wrong),
        Flavour::HashiCorp => several(&wrong),
    })
}

/// What is wrong with the items of a list, as the older library says it.
fn several(wrong: &[String]) -> String {
    let count = wrong.len();
    format!("{count} error(s) decoding:\n\n* {}", wrong.join("\n* "))
}

fn several_newer(wrong: &[String]) -> String {
    format!(
        "decoding failed due to the following error(s):\n\n{}",
        wrong.join("\n")
    )
}

/// The longest time that fits into 64 bits of nanoseconds.
const LONGEST: i64 = i64::MAX / 1_000_000_000;

/// The time that a value is taken for, in seconds.
pub(in crate::sandbox::vault) fn seconds_of(value: &Value, flavour: Flavour) -> Option<i64> {
    seconds(value, Kind::SignedSeconds, flavour).ok()
}

fn seconds(value: &Value, kind: Kind, flavour: Flavour) -> Result<i64, String> {
    let seconds = fields::seconds(value)?;
    if flavour == Flavour::OpenBao && seconds.abs() > LONGEST {
        return Err(
            "multiplication of durations resulted in overflow, one operand may be too large"
                .to_owned(),
        );
    }
    if seconds.abs() > LONGEST && has_unit(value) {
        return Err(format!("time: invalid duration {}", value_text(value)));
    }
    // What does not fit, the older one lets run over.
    let seconds = seconds.wrapping_mul(1_000_000_000) / 1_000_000_000;
    if kind == Kind::Seconds && seconds < 0 {
        return Err(format!("cannot provide negative value '{seconds}'"));
    }
    Ok(seconds)
}

/// Whether it is a text that ends in a unit of Go; `d` and `w` are none.
fn has_unit(value: &Value) -> bool {
    let text = value.as_str().unwrap_or_default();
    text.ends_with(['h', 'm', 's'])
}

/// A date and time, or seconds since 1970.
fn moment(value: &Value) -> Result<Timestamp, String> {
    let (text, is_number) = match value {
        Value::Number(number) => (number.to_string(), true),
        Value::String(text) => (text.clone(), false),
        _ => return Err("could not parse time from input type".to_owned()),
    };
    match text.parse::<i64>() {
        Ok(seconds) => Timestamp::from_second(seconds).map_err(|error| error.to_string()),
        Err(_) if is_number => Err(format!(
            "strconv.ParseInt: parsing {text:?}: invalid syntax"
        )),
        Err(_) => text
            .parse()
            .map_err(|_| "could not parse string as date and time".to_owned()),
    }
}

fn list(value: &Value) -> Result<Vec<String>, String> {
    let items = match value {
        Value::Null => return Ok(Vec::new()),
        Value::String(text) if text.is_empty() => return Ok(Vec::new()),
        Value::String(text) => {
            return Ok(text.split(',').map(|part| part.trim().to_owned()).collect());
        }
        Value::Array(items) => items.clone(),
        Value::Object(fields) if fields.is_empty() => return Ok(Vec::new()),
        other => vec![other.clone()],
    };
    let texts = texts(&items).map_err(|wrong| wrong_texts(&wrong))?;
    Ok(texts.iter().map(|text| text.trim().to_owned()).collect())
}

fn whole_texts(value: &Value, flavour: Flavour) -> Result<Vec<String>, String> {
    let items = match value {
        Value::Null => return Ok(Vec::new()),
        Value::String(text) if text.is_empty() => return Ok(Vec::new()),
        Value::Object(fields) if fields.is_empty() => return Ok(Vec::new()),
        Value::Array(items) => items.clone(),
        other => vec![other.clone()],
    };
    texts(&items).map_err(|wrong| match flavour {
        Flavour::OpenBao => wrong_texts_newer(&wrong),
        Flavour::HashiCorp => wrong_texts(&wrong),
    })
}

/// Every item as a text, or what is wrong with some: where they stand, and why not.
fn texts(items: &[Value]) -> Result<Vec<String>, Vec<(usize, &Value)>> {
    let (mut texts, mut wrong) = (Vec::new(), Vec::new());
    for (index, item) in items.iter().enumerate() {
        match (item, fields::text(item)) {
            (Value::Null, _) => texts.push(String::new()),
            (_, Some(text)) => texts.push(text),
            (_, None) => wrong.push((index, item)),
        }
    }
    if wrong.is_empty() {
        Ok(texts)
    } else {
        Err(wrong)
    }
}

/// As the library that reads lists says it in both flavours, and the older one everywhere.
fn wrong_texts(wrong: &[(usize, &Value)]) -> String {
    several(&unconvertible_texts(wrong, Flavour::HashiCorp))
}

/// As the newer library says it.
fn wrong_texts_newer(wrong: &[(usize, &Value)]) -> String {
    several_newer(&unconvertible_texts(wrong, Flavour::OpenBao))
}

fn unconvertible_texts(wrong: &[(usize, &Value)], flavour: Flavour) -> Vec<String> {
    wrong
        .iter()
        .map(|(index, item)| unconvertible(&format!("[{index}]"), "string", item, flavour))
        .collect()
}

fn map(value: &Value, flavour: Flavour) -> Result<Option<Map<String, Value>>, String> {
    if value.is_null() {
        return Ok(None);
    }
    let mut map = Map::new();
    gather("", value, &mut map, flavour)?;
    Ok(Some(map))
}

/// An object, or a list of objects, which are taken together; `at` is where in the list one stands.
fn gather(
    at: &str,
    value: &Value,
    map: &mut Map<String, Value>,
    flavour: Flavour,
) -> Result<(), String> {
    match value {
        Value::Null => {}
        Value::Object(fields) => map.extend(fields.clone()),
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                gather(&format!("{at}[{index}]"), item, map, flavour)?;
            }
        }
        value => {
            return Err(match flavour {
                Flavour::OpenBao => unconvertible(at, "map[string]interface {}", value, flavour),
                Flavour::HashiCorp => {
                    format!("'{at}' expected a map, got '{}'", go::kind_name(value))
                }
            });
        }
    }
    Ok(())
}

fn merged(items: &[Value]) -> Map<String, Value> {
    let maps = items.iter().filter_map(Value::as_object);
    maps.flat_map(Map::clone).collect()
}

fn pairs(
    field: &str,
    value: &Value,
    flavour: Flavour,
) -> Result<Option<BTreeMap<String, String>>, String> {
    let as_texts = |fields: &Map<String, Value>| {
        let pairs = fields.iter().map(|(name, value)| {
            let text = if value.is_null() {
                Some(String::new())
            } else {
                fields::text(value)
            };
            Some((name.clone(), text?))
        });
        pairs.collect::<Option<BTreeMap<_, _>>>()
    };
    let found = match value {
        Value::Null => return Ok(None),
        Value::Object(fields) => as_texts(fields),
        Value::Array(items) if items.iter().all(Value::is_object) => as_texts(&merged(items)),
        _ => None,
    };
    if found.is_some() {
        return Ok(found);
    }
    let items = match value {
        Value::Array(items) => items.clone(),
        other => vec![other.clone()],
    };
    let mut pairs = BTreeMap::new();
    let texts = texts(&items).map_err(|wrong| match flavour {
        Flavour::OpenBao => wrong_texts_newer(&wrong),
        Flavour::HashiCorp => wrong_texts(&wrong),
    })?;
    for (index, text) in texts.into_iter().enumerate() {
        match text.split_once('=') {
            Some((name, value)) if !name.is_empty() => {
                pairs.insert(name.to_owned(), value.to_owned());
            }
            _ => {
                return Err(match flavour {
                    Flavour::OpenBao => {
                        format!("invalid key pair at index {index} in field {field:?}")
                    }
                    Flavour::HashiCorp => format!("invalid key pair {}", go::quoted(&text)),
                });
            }
        }
    }
    Ok(Some(pairs))
}
