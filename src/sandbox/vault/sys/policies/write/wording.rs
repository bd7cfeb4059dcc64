//! Why a text is no policy, in the servers' words where they are known; a text that is no HCL is told in ours.

use crate::policy::{ParseError, ParseErrors};
use crate::sandbox::vault::Flavour;

pub(super) fn of(text: &str, errors: &ParseErrors, flavour: Flavour) -> String {
    let Some(first) = errors.iter().next() else {
        return errors.to_string();
    };
    let unknown: Vec<(&ParseError, &str)> = errors
        .iter()
        .filter_map(|error| Some((error, quoted_after(&error.message, "a path has no key ")?)))
        .collect();
    if !unknown.is_empty() {
        return unknown_keys(text, &unknown, flavour);
    }
    if let Some(key) = quoted_after(&first.message, "a policy has no key ") {
        // The servers count no lines there.
        return format!("1 error occurred:\n\t* invalid key {key} on line 0\n\n");
    }
    let path = path_before(text, first);
    let inside = match flavour {
        Flavour::OpenBao => format!("path {path:?}: "),
        Flavour::HashiCorp => String::new(),
    };
    let both = format!("{inside}path {path:?}: ");
    let message = first.message.as_str();
    if let Some(word) = quoted_after(message, "unknown capability ") {
        return format!("{both}invalid capability {word}");
    }
    if let Some(word) = quoted_after(message, "unknown policy ") {
        return format!("{both}invalid policy {word}");
    }
    if message.starts_with("'+*'") {
        return format!("{both}invalid use of wildcards ('+*' is forbidden)");
    }
    if message.starts_with("'{{' and '}}'") {
        return format!(
            "{inside}failed to validate policy templating: unbalanced templating characters"
        );
    }
    if message == "list_scan_response_keys_filter_path needs the capability list" {
        return format!(
            "{inside}list_scan_response_keys_filter_path needs to be used on a path with the list capability"
        );
    }
    if message == "list_scan_response_keys_filter_path gives the same path for every name" {
        return format!(
            "{inside}list_scan_response_keys_filter_path resulted in same path for two different keys"
        );
    }
    if message == "max_wrapping_ttl is less than min_wrapping_ttl" {
        return format!("{inside}max_wrapping_ttl cannot be less than min_wrapping_ttl");
    }
    errors.to_string()
}

fn unknown_keys(text: &str, unknown: &[(&ParseError, &str)], flavour: Flavour) -> String {
    let path = unknown
        .first()
        .map(|(error, _)| path_before(text, error))
        .unwrap_or_default();
    let (outside, inside) = match flavour {
        Flavour::OpenBao => (format!("path {path:?}: "), String::new()),
        Flavour::HashiCorp => (String::new(), format!("path {path:?}: ")),
    };
    let count = match unknown.len() {
        1 => "1 error occurred".to_owned(),
        more => format!("{more} errors occurred"),
    };
    let lines: String = unknown
        .iter()
        .map(|(error, key)| format!("\t* {inside}invalid key {key} on line {}\n", error.line))
        .collect();
    format!("{outside}{count}:\n{lines}\n")
}

/// The quoted word of a message that begins so, with its quotes.
fn quoted_after<'a>(message: &'a str, start: &str) -> Option<&'a str> {
    let rest = message.strip_prefix(start)?;
    let end = rest.get(1..)?.find('"')? + 2;
    rest.get(..end)
}

/// The path of the stanza that a fault is in: the last label before it, or the one that the fault is.
fn path_before(text: &str, error: &ParseError) -> String {
    let lines = text.lines().take(error.line).enumerate().map(|(at, line)| {
        if at + 1 == error.line {
            line.chars().take(error.column).collect::<String>()
        } else {
            line.to_owned()
        }
    });
    let before = lines.collect::<Vec<_>>().join("\n");
    let Some(start) = before.rfind("path \"") else {
        return String::new();
    };
    let label = text.get(start + "path \"".len()..).unwrap_or_default();
    label.split('"').next().unwrap_or_default().to_owned()
}
