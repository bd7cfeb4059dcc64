//! The fields that an endpoint declares, read as the real servers read them: leniently, with what cannot be read refused
//! in their words.
//!
//! What stands in a body comes from clients of every language, so `"5"`, `5` and `true` are all numbers. Where the two
//! flavours tell an error differently, each tells it its own way.

mod decode;

use super::Flavour;
use super::call::{Answer, Call, Operation, Refusal};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// What a field holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    Int,
    Bool,
    Map,
    /// A list of numbers, or a text with commas.
    Ints,
    /// A duration of zero or more.
    Seconds,
    /// A duration that may be below zero.
    SignedSeconds,
}

#[derive(Debug, Clone, PartialEq)]
enum Field {
    Text(String),
    Int(i64),
    Bool(bool),
    /// `null` is a map too, but none.
    Map(Option<Map<String, Value>>),
    Ints(Vec<i64>),
}

pub(super) type Schema = &'static [(&'static str, Kind)];

/// The fields of one call that could be read, and what is to be said of the others.
#[derive(Debug, Default)]
pub(super) struct Fields {
    known: BTreeMap<&'static str, Field>,
    warnings: Vec<String>,
}

impl Fields {
    /// `told_apart` is whether the endpoint tells `create` from `update`: then a write that cannot be read is refused
    /// by the question whether something is there, in other words.
    pub(super) fn read(
        call: &Call,
        schema: Schema,
        told_apart: bool,
        flavour: Flavour,
    ) -> Result<Self, Refusal> {
        let raw = raw(call);
        let mut known = BTreeMap::new();
        for (name, kind) in schema {
            let Some(value) = raw.get(*name) else {
                continue;
            };
            match decode::field(value, *kind, flavour) {
                Ok(field) => known.extend(field.map(|field| (*name, field))),
                Err(reason) => {
                    let input = match flavour {
                        Flavour::OpenBao => "input".to_owned(),
                        Flavour::HashiCorp => format!("input {}", decode::go(value)),
                    };
                    let error = format!("error converting {input} for field {name:?}: {reason}");
                    let writes = matches!(call.operation, Operation::Create | Operation::Update);
                    return Err(Refusal::invalid(if told_apart && writes {
                        error
                    } else {
                        format!("Field validation failed: {error}")
                    }));
                }
            }
        }
        let warnings = warnings(&raw, schema);
        Ok(Self { known, warnings })
    }

    pub(super) fn text(&self, name: &str) -> Option<&str> {
        match self.known.get(name)? {
            Field::Text(text) => Some(text),
            _ => None,
        }
    }

    pub(super) fn int(&self, name: &str) -> Option<i64> {
        match self.known.get(name)? {
            Field::Int(number) => Some(*number),
            _ => None,
        }
    }

    pub(super) fn flag(&self, name: &str) -> Option<bool> {
        match self.known.get(name)? {
            Field::Bool(flag) => Some(*flag),
            _ => None,
        }
    }

    /// `Some(None)` is `null`.
    #[expect(
        clippy::option_option,
        reason = "a field that is absent, one that is null and a map are three things to the engine"
    )]
    pub(super) fn map(&self, name: &str) -> Option<Option<&Map<String, Value>>> {
        match self.known.get(name)? {
            Field::Map(map) => Some(map.as_ref()),
            _ => None,
        }
    }

    pub(super) fn ints(&self, name: &str) -> &[i64] {
        match self.known.get(name) {
            Some(Field::Ints(numbers)) => numbers,
            _ => &[],
        }
    }

    pub(super) fn has_any(&self, names: &[&str]) -> bool {
        names.iter().any(|name| self.known.contains_key(name))
    }

    /// An answer that says something says also which fields it did not read.
    pub(super) fn warn(self, mut answer: Answer) -> Answer {
        if let Answer::Secret(secret) = &mut answer
            && secret.status.is_none()
        {
            secret.warnings.extend(self.warnings);
        }
        answer
    }

    /// A list of these names: of none, there is nothing to be found, unless there is something else to say.
    pub(super) fn list(self, data: Map<String, Value>) -> Result<Answer, Refusal> {
        if data.is_empty() && self.warnings.is_empty() {
            return Err(Refusal::not_found());
        }
        Ok(self.warn(Answer::data(data.into())))
    }
}

/// The whole number that a value is taken for.
pub(super) fn int(value: &Value) -> Option<i64> {
    decode::int(value).ok()
}

/// The text that a value is taken for; the reason where it is none.
pub(super) fn text(value: &Value, flavour: Flavour) -> Result<String, String> {
    decode::text(value).map_err(|fault| fault.told("", flavour))
}

/// What is read: the body of what writes, the query of what does not.
fn raw(call: &Call) -> Map<String, Value> {
    match call.operation {
        Operation::Create | Operation::Update | Operation::Patch => call.body.clone(),
        Operation::Read | Operation::List | Operation::Scan | Operation::Delete => {
            let query = call.query.iter();
            query
                .map(|(name, text)| (name.clone(), text.as_str().into()))
                .collect()
        }
    }
}

fn warnings(raw: &Map<String, Value>, schema: Schema) -> Vec<String> {
    let mut ignored: Vec<&str> = raw.keys().map(String::as_str).collect();
    ignored.retain(|name| *name != "path" && schema.iter().all(|(known, _)| known != name));
    ignored.sort_unstable();
    let mut warnings = Vec::new();
    if !ignored.is_empty() {
        warnings.push(format!(
            "Endpoint ignored these unrecognized parameters: [{}]",
            ignored.join(" ")
        ));
    }
    if raw.get("path").is_some_and(|path| !path.is_null()) {
        warnings.push(
            "Endpoint replaced the value of these parameters with the values captured from the endpoint's path: [path]"
                .to_owned(),
        );
    }
    warnings
}
