//! The fields that an endpoint takes: read as leniently as the real servers read them, and refused in their words.
//!
//! Promise: what a form holds has the kind that its schema says. Absent: which values make sense, which is for the endpoint.

mod convert;
mod go;
mod single;

use super::Flavour;
use super::call::{Answer, Call, Operation, Refusal, Secret};
use convert::convert;
pub(super) use convert::{number_of, seconds_of, text};
pub(super) use go::{duration_text, value_text};
use jiff::Timestamp;
use serde_json::{Map, Value};
pub(super) use single::duration;
use std::collections::BTreeMap;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    LowerText,
    Flag,
    Number,
    Seconds,
    SignedSeconds,
    Moment,
    List,
    /// A list, or a text that is one item of it, whatever commas are in it.
    Texts,
    Map,
    /// An object of texts, or a list of `name=value`.
    Pairs,
    Items,
    /// A list of numbers, or a text with commas.
    Numbers,
}

pub(super) type Schema = [(&'static str, Kind)];

#[derive(Debug, Clone)]
enum Field {
    Text(String),
    Flag(bool),
    Number(i64),
    Moment(Timestamp),
    List(Vec<String>),
    Map(Option<Map<String, Value>>),
    Pairs(Option<BTreeMap<String, String>>),
    Items(Vec<Value>),
    Numbers(Vec<i64>),
}

#[derive(Debug, Default)]
pub(super) struct Form {
    fields: BTreeMap<&'static str, Field>,
    ignored: Vec<String>,
    /// The field that the path says, when it was sent all the same.
    replaced: Option<&'static str>,
}

impl Form {
    /// What a call says; `named` is the field that its path says. `told_apart` is whether the endpoint tells `create` from
    /// `update`: then a write that cannot be read is refused by the question whether something is there, without a frame.
    pub(super) fn read(
        call: &Call,
        schema: &Schema,
        named: Option<&'static str>,
        told_apart: bool,
        flavour: Flavour,
    ) -> Result<Self, Refusal> {
        let mut form = Self::default();
        let given = match call.operation {
            Operation::Create | Operation::Update | Operation::Patch => call.body.clone(),
            _ => call
                .query
                .iter()
                .map(|(name, value)| (name.clone(), value.clone().into()))
                .collect(),
        };
        let writes = matches!(call.operation, Operation::Create | Operation::Update);
        for (name, value) in &given {
            if let Some(named) = named.filter(|named| named == name) {
                form.replaced = (!value.is_null()).then_some(named);
                continue;
            }
            let Some((name, kind)) = schema.iter().find(|(known, _)| known == name) else {
                form.ignored.push(name.clone());
                continue;
            };
            let field = convert(name, *kind, value, flavour).map_err(|why| {
                let error = unreadable(name, value, &why, flavour);
                if told_apart && writes {
                    Refusal::invalid(error)
                } else {
                    not_valid(&error)
                }
            })?;
            if let Some(field) = field {
                form.fields.insert(name, field);
            }
        }
        form.ignored.sort_unstable();
        Ok(form)
    }

    /// As most endpoints read it.
    pub(super) fn validated(
        call: &Call,
        schema: &Schema,
        flavour: Flavour,
    ) -> Result<Self, Refusal> {
        Self::read(call, schema, None, false, flavour)
    }

    pub(super) fn text(&self, name: &str) -> Option<String> {
        match self.fields.get(name)? {
            Field::Text(text) => Some(text.clone()),
            _ => None,
        }
    }

    /// The text, or none.
    pub(super) fn text_or_empty(&self, name: &str) -> String {
        self.text(name).unwrap_or_default()
    }

    pub(super) fn flag(&self, name: &str) -> Option<bool> {
        match self.fields.get(name)? {
            Field::Flag(flag) => Some(*flag),
            _ => None,
        }
    }

    /// A number, or a number of seconds.
    pub(super) fn number(&self, name: &str) -> Option<i64> {
        match self.fields.get(name)? {
            Field::Number(number) => Some(*number),
            _ => None,
        }
    }

    pub(super) fn moment(&self, name: &str) -> Option<Timestamp> {
        match self.fields.get(name)? {
            Field::Moment(moment) => Some(*moment),
            _ => None,
        }
    }

    /// How many entries of a list are asked for; all of them where it is not said.
    pub(super) fn limit(&self) -> usize {
        let limit = self
            .number("limit")
            .and_then(|limit| usize::try_from(limit).ok());
        limit.filter(|limit| *limit > 0).unwrap_or(usize::MAX)
    }

    pub(super) fn list(&self, name: &str) -> Option<Vec<String>> {
        match self.fields.get(name)? {
            Field::List(list) => Some(list.clone()),
            _ => None,
        }
    }

    pub(super) fn numbers(&self, name: &str) -> &[i64] {
        match self.fields.get(name) {
            Some(Field::Numbers(numbers)) => numbers,
            _ => &[],
        }
    }

    pub(super) fn has_any(&self, names: &[&str]) -> bool {
        names.iter().any(|name| self.fields.contains_key(name))
    }

    pub(super) fn items(&self, name: &str) -> Vec<Value> {
        match self.fields.get(name) {
            Some(Field::Items(items)) => items.clone(),
            _ => Vec::new(),
        }
    }

    #[expect(
        clippy::option_option,
        reason = "not sent, sent as null, and sent are three things"
    )]
    pub(super) fn map(&self, name: &str) -> Option<Option<&Map<String, Value>>> {
        match self.fields.get(name)? {
            Field::Map(map) => Some(map.as_ref()),
            _ => None,
        }
    }

    #[expect(
        clippy::option_option,
        reason = "not sent, sent as null, and sent are three things"
    )]
    pub(super) fn pairs(&self, name: &str) -> Option<Option<BTreeMap<String, String>>> {
        match self.fields.get(name)? {
            Field::Pairs(pairs) => Some(pairs.clone()),
            _ => None,
        }
    }

    /// What is said about fields that had no effect.
    pub(super) fn warnings(&self) -> Vec<String> {
        let mut warnings = Vec::new();
        if !self.ignored.is_empty() {
            warnings.push(unrecognized(&self.ignored));
        }
        if let Some(name) = self.replaced {
            warnings.push(format!(
                "Endpoint replaced the value of these parameters with the values captured from the endpoint's path: [{name}]"
            ));
        }
        warnings
    }

    /// An answer with data, and what is said about fields without effect; only an answer that says something says that.
    pub(super) fn answer(&self, data: Value) -> Answer {
        Answer::Secret(Box::new(Secret {
            data: Some(data),
            warnings: self.warnings(),
            ..Secret::default()
        }))
    }

    /// An answer that says something says also which fields had no effect.
    pub(super) fn warn(&self, mut answer: Answer) -> Answer {
        if let Answer::Secret(secret) = &mut answer
            && secret.status.is_none()
        {
            secret.warnings.extend(self.warnings());
        }
        answer
    }

    /// A list with this data: of none, there is nothing to be found, unless there is something else to say.
    pub(super) fn list_of(&self, data: Map<String, Value>) -> Result<Answer, Refusal> {
        if data.is_empty() && self.warnings().is_empty() {
            return Err(Refusal::not_found());
        }
        Ok(self.answer(data.into()))
    }

    /// Done, with warnings where there are any.
    pub(super) fn done(&self, mut warnings: Vec<String>) -> Answer {
        if warnings.is_empty() {
            return Answer::Empty;
        }
        warnings.extend(self.warnings());
        Answer::Secret(Box::new(Secret {
            warnings,
            ..Secret::default()
        }))
    }
}

/// Why a field cannot be read, without a frame.
fn unreadable(name: &str, value: &Value, why: &str, flavour: Flavour) -> String {
    let shown = match flavour {
        Flavour::OpenBao => String::new(),
        Flavour::HashiCorp => format!(" {}", value_text(value)),
    };
    format!("error converting input{shown} for field {name:?}: {why}")
}

fn not_valid(error: &str) -> Refusal {
    Refusal::invalid(format!("Field validation failed: {error}"))
}

fn unrecognized(names: &[String]) -> String {
    let names = names.join(" ");
    format!("Endpoint ignored these unrecognized parameters: [{names}]")
}
