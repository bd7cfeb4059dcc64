//! The fields of a request as the real servers read them: leniently.

use super::Flavour;
use super::call::{Call, Refusal};
use serde_json::Value;

/// A number of seconds, or a text such as `90`, `1h30m`, `2d`; what is wrong with it is said as Go says it.
pub(super) fn seconds(value: &Value) -> Result<i64, String> {
    match value {
        Value::Null => Ok(0),
        Value::Number(number) => text_seconds(&number.to_string()),
        Value::String(text) => text_seconds(text),
        _ => Err("could not parse duration from input".to_owned()),
    }
}

fn text_seconds(text: &str) -> Result<i64, String> {
    if text.is_empty() {
        return Ok(0);
    }
    if let Ok(number) = text.parse::<i64>() {
        return Ok(number);
    }
    if let Some(days) = text.strip_suffix('d') {
        let number = days.parse::<i64>();
        return number
            .map(|days| days.saturating_mul(86_400))
            .map_err(|_| format!("strconv.ParseInt: parsing {days:?}: invalid syntax"));
    }
    go_duration(text).map(|seconds| {
        #[expect(
            clippy::cast_possible_truncation,
            reason = "seconds of a duration are far below the limits"
        )]
        let whole = seconds.trunc() as i64;
        whole
    })
}

fn go_duration(text: &str) -> Result<f64, String> {
    let invalid = || format!("time: invalid duration {text:?}");
    let (sign, mut rest) = match text.strip_prefix('-') {
        Some(rest) => (-1.0, rest),
        None => (1.0, text.strip_prefix('+').unwrap_or(text)),
    };
    if rest == "0" {
        return Ok(0.0);
    }
    if rest.is_empty() {
        return Err(invalid());
    }
    let mut total = 0.0;
    while !rest.is_empty() {
        let (number, behind) = leading_number(rest).ok_or_else(invalid)?;
        rest = behind;
        let letters = rest
            .find(|c: char| c.is_ascii_digit() || c == '.')
            .unwrap_or(rest.len());
        let unit = &rest[..letters];
        rest = &rest[letters..];
        total += number
            * match unit {
                "" => return Err(format!("time: missing unit in duration {text:?}")),
                "ns" => 1e-9,
                "us" | "µs" | "μs" => 1e-6,
                "ms" => 1e-3,
                "s" => 1.0,
                "m" => 60.0,
                "h" => 3600.0,
                _ => return Err(format!("time: unknown unit {unit:?} in duration {text:?}")),
            };
    }
    Ok(sign * total)
}

/// The number at the start of a text, and what stands behind it.
fn leading_number(text: &str) -> Option<(f64, &str)> {
    let digits =
        |text: &str| text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let whole = digits(text);
    // More than fits is no number.
    if whole > 0 {
        text.get(..whole)?.parse::<i64>().ok()?;
    }
    let end = match text.get(whole..)?.strip_prefix('.') {
        Some(fraction) => whole + 1 + digits(fraction),
        None => whole,
    };
    let number = text.get(..end)?.parse().ok()?;
    Some((number, text.get(end..)?))
}

/// A list, or a text with commas; empty parts do not count.
pub(super) fn list(value: &Value) -> Vec<String> {
    match value {
        Value::String(text) => text
            .split(',')
            .map(str::trim)
            .filter(|part| !part.is_empty())
            .map(str::to_owned)
            .collect(),
        Value::Array(items) => items.iter().filter_map(text).collect(),
        Value::Null => Vec::new(),
        other => text(other).into_iter().collect(),
    }
}

/// A text, or what is written as one.
pub(super) fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(true) => Some("1".to_owned()),
        Value::Bool(false) => Some("0".to_owned()),
        _ => None,
    }
}

pub(super) fn flag(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(flag) => Some(*flag),
        Value::String(text) => match text.as_str() {
            "1" | "t" | "T" | "true" | "TRUE" | "True" => Some(true),
            "0" | "f" | "F" | "false" | "FALSE" | "False" | "" => Some(false),
            _ => None,
        },
        Value::Number(number) => number.as_f64().map(|number| number != 0.0),
        Value::Null => Some(false),
        _ => None,
    }
}

/// Why a field cannot be what it is to be.
pub(super) fn invalid(name: &str, value: &Value, why: &str, flavour: Flavour) -> Refusal {
    let shown = match flavour {
        Flavour::OpenBao => String::new(),
        Flavour::HashiCorp => format!(" {}", go(value)),
    };
    Refusal::invalid(format!(
        "Field validation failed: error converting input{shown} for field {name:?}: {why}"
    ))
}

/// A value as Go prints it.
fn go(value: &Value) -> String {
    match value {
        Value::Null => "<nil>".to_owned(),
        Value::Bool(flag) => flag.to_string(),
        Value::Number(number) => number.to_string(),
        Value::String(text) => text.clone(),
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(go).collect();
            format!("[{}]", items.join(" "))
        }
        Value::Object(fields) => {
            let fields: Vec<String> = fields
                .iter()
                .map(|(name, value)| format!("{name}:{}", go(value)))
                .collect();
            format!("map[{}]", fields.join(" "))
        }
    }
}

/// A field that is a time in seconds.
pub(super) fn duration(call: &Call, name: &str, flavour: Flavour) -> Result<Option<u64>, Refusal> {
    let Some(value) = call.body.get(name) else {
        return Ok(None);
    };
    let seconds = seconds(value).map_err(|why| invalid(name, value, &why, flavour))?;
    if let Ok(seconds) = u64::try_from(seconds) {
        Ok(Some(seconds))
    } else {
        let why = format!("cannot provide negative value '{seconds}'");
        Err(invalid(name, value, &why, flavour))
    }
}

/// A field that is a whole number.
pub(super) fn integer(call: &Call, name: &str, flavour: Flavour) -> Result<Option<i64>, Refusal> {
    let Some(value) = call.body.get(name) else {
        return Ok(None);
    };
    match value {
        Value::Null => Ok(Some(0)),
        Value::Bool(flag) => Ok(Some(i64::from(*flag))),
        Value::Number(number) if number.is_i64() => Ok(number.as_i64()),
        Value::String(text) if text.is_empty() => Ok(Some(0)),
        value => {
            let shown = text(value).unwrap_or_default();
            if let Ok(number) = shown.parse() {
                Ok(Some(number))
            } else {
                let why = match flavour {
                    Flavour::OpenBao => {
                        "'' cannot parse value as 'int': strconv.ParseInt: invalid syntax"
                            .to_owned()
                    }
                    Flavour::HashiCorp => format!(
                        "cannot parse '' as int: strconv.ParseInt: parsing {shown:?}: invalid syntax"
                    ),
                };
                Err(invalid(name, value, &why, flavour))
            }
        }
    }
}

/// A field that is a text.
pub(super) fn string(call: &Call, name: &str, flavour: Flavour) -> Result<Option<String>, Refusal> {
    let Some(value) = call.body.get(name) else {
        return Ok(None);
    };
    let kind = match value {
        Value::Null => return Ok(Some(String::new())),
        Value::Object(_) => "map[string]interface {}",
        Value::Array(_) => "[]interface {}",
        value => return Ok(text(value)),
    };
    let mut why = format!("'' expected type 'string', got unconvertible type '{kind}'");
    if flavour == Flavour::HashiCorp {
        why.push_str(&format!(", value: '{}'", go(value)));
    }
    Err(invalid(name, value, &why, flavour))
}

/// The warning on fields that an endpoint does not know.
pub(super) fn ignored(call: &Call, known: &[&str]) -> Option<String> {
    let unknown: Vec<&str> = call
        .body
        .keys()
        .map(String::as_str)
        .chain(call.query.keys().map(String::as_str))
        .filter(|name| !known.contains(name))
        .collect();
    if unknown.is_empty() {
        return None;
    }
    let mut unknown = unknown;
    unknown.sort_unstable();
    Some(format!(
        "Endpoint ignored these unrecognized parameters: [{}]",
        unknown.join(" ")
    ))
}
