//! Label and field selectors: which objects a list or a watch is about.

mod labels;

use super::kinds::{self, Kind};
use super::metadata;
use super::query::Query;
use super::status::Status;
use labels::Requirement;
use serde_json::Value;

#[derive(Debug, Clone, Default)]
pub(super) struct Selectors {
    labels: Vec<Requirement>,
    fields: Vec<Term>,
}

/// `metadata.name=a`
#[derive(Debug, Clone)]
struct Term {
    field: String,
    value: String,
    equal: bool,
}

impl Selectors {
    pub(super) fn read(kind: &Kind, query: &Query) -> Result<Self, Status> {
        let labels = labels::read(query.get("labelSelector").unwrap_or_default());
        let fields = terms(query.get("fieldSelector").unwrap_or_default());
        let selectors = Self {
            labels: labels.map_err(Status::bad_request)?,
            fields: fields.map_err(Status::bad_request)?,
        };
        for term in &selectors.fields {
            check_field(kind, &term.field).map_err(Status::bad_request)?;
        }
        Ok(selectors)
    }

    pub(super) fn match_object(&self, object: &Value) -> bool {
        let labels = metadata::labels(object);
        self.labels
            .iter()
            .all(|requirement| requirement.match_labels(labels))
            && self.fields.iter().all(|term| {
                let mut value = object;
                for part in term.field.split('.') {
                    value = &value[part];
                }
                let value = value.as_str().unwrap_or_default();
                (value == term.value) == term.equal
            })
    }

    /// Whether every object is one of these.
    pub(super) fn match_all(&self) -> bool {
        self.labels.is_empty() && self.fields.is_empty()
    }
}

/// The one name that a field selector asks for: such a list is of that object, also to RBAC.
pub(super) fn name_asked(query: &Query) -> Option<String> {
    let terms = terms(query.get("fieldSelector")?).ok()?;
    let mut names = terms
        .into_iter()
        .filter(|term| term.equal && term.field == "metadata.name");
    match (names.next(), names.next()) {
        (Some(term), None) => Some(term.value),
        _ => None,
    }
}

fn check_field(kind: &Kind, field: &str) -> Result<(), String> {
    let metadata = ["metadata.name", "metadata.namespace"].contains(&field);
    if let Some(known) = kinds::selected(kind) {
        return match kind.kind {
            _ if metadata || known.contains(&field) => Ok(()),
            "Job" => Err(format!("field label {field:?} not supported for Job")),
            _ => Err(format!("field label not supported: {field}")),
        };
    }
    let unsupported = || Err(format!("field label not supported: {field}"));
    match kind.resource {
        "secrets" if metadata || field == "type" => Ok(()),
        "namespaces" if matches!(field, "metadata.name" | "status.phase") => Ok(()),
        "secrets" | "namespaces" => unsupported(),
        _ if metadata => Ok(()),
        _ if kind.custom => unsupported(),
        _ => Err(format!(
            "\"{field}\" is not a known field selector: only \"metadata.name\", \"metadata.namespace\""
        )),
    }
}

fn terms(text: &str) -> Result<Vec<Term>, String> {
    let mut terms = Vec::new();
    for part in split(text) {
        if part.is_empty() {
            continue;
        }
        let (field, equal, value) = cut(part)
            .ok_or_else(|| format!("invalid selector: '{text}'; can't understand '{part}'"))?;
        terms.push(Term {
            field: field.to_owned(),
            value: unescaped(value)?,
            equal,
        });
    }
    Ok(terms)
}

/// At commas that no backslash stands before.
fn split(text: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let (mut start, mut escaped) = (0, false);
    for (index, letter) in text.char_indices() {
        match letter {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            ',' => {
                parts.push(&text[start..index]);
                start = index + 1;
            }
            _ => {}
        }
    }
    parts.push(&text[start..]);
    parts
}

/// Field, whether it is to be equal, and value.
fn cut(part: &str) -> Option<(&str, bool, &str)> {
    for (index, _) in part.char_indices() {
        let rest = &part[index..];
        for (operator, equal) in [("!=", false), ("==", true), ("=", true)] {
            if let Some(value) = rest.strip_prefix(operator) {
                return Some((&part[..index], equal, value));
            }
        }
    }
    None
}

fn unescaped(value: &str) -> Result<String, String> {
    let mut plain = String::new();
    let mut letters = value.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '\\' => match letters.next() {
                Some(letter @ ('\\' | ',' | '=')) => plain.push(letter),
                Some(letter) => {
                    return Err(format!(
                        "invalid field selector: invalid escape sequence: \\{letter}"
                    ));
                }
                None => {
                    return Err("invalid field selector: invalid escape sequence: \\".to_owned());
                }
            },
            ',' | '=' => {
                return Err(format!(
                    "invalid field selector: unescaped character in value: {}",
                    u32::from(letter)
                ));
            }
            letter => plain.push(letter),
        }
    }
    Ok(plain)
}
