//! A value as the real servers read it: leniently. What a whole request declares is a [`Form`](super::form::Form).

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
