//! The fields that an endpoint takes: read as leniently as the real servers read them, and refused in their words.
//!
//! Promise: what a form holds has the kind that its schema says. Absent: which values make sense, which is for the endpoint.

mod convert;
mod go;

use super::Flavour;
use super::call::{Answer, Call, Operation, Refusal, Secret};
use convert::convert;
pub(super) use go::{duration_text, value_text};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    LowerText,
    Flag,
    Number,
    Seconds,
    SignedSeconds,
    List,
    Map,
    /// An object of texts, or a list of `name=value`.
    Pairs,
    Items,
}

pub(super) type Schema = Vec<(&'static str, Kind)>;

#[derive(Debug, Clone)]
enum Field {
    Text(String),
    Flag(bool),
    Number(i64),
    List(Vec<String>),
    Map(Option<Map<String, Value>>),
    Pairs(Option<BTreeMap<String, String>>),
    Items(Vec<Value>),
}

#[derive(Debug, Default)]
pub(super) struct Form {
    fields: BTreeMap<&'static str, Field>,
    ignored: Vec<String>,
    replaced: bool,
}

impl Form {
    /// What a call says; `named` where the path itself says the field `name`. The error is the server's, without a frame.
    pub(super) fn read(
        call: &Call,
        schema: &Schema,
        named: bool,
        flavour: Flavour,
    ) -> Result<Self, String> {
        let mut form = Self::default();
        let given = match call.operation {
            Operation::Create | Operation::Update | Operation::Patch => call.body.clone(),
            _ => call
                .query
                .iter()
                .map(|(name, value)| (name.clone(), value.clone().into()))
                .collect(),
        };
        for (name, value) in &given {
            if named && name == "name" {
                form.replaced = !value.is_null();
                continue;
            }
            let Some((name, kind)) = schema.iter().find(|(known, _)| known == name) else {
                form.ignored.push(name.clone());
                continue;
            };
            let field = convert(name, *kind, value, flavour).map_err(|why| {
                let shown = match flavour {
                    Flavour::OpenBao => String::new(),
                    Flavour::HashiCorp => format!(" {}", value_text(value)),
                };
                format!("error converting input{shown} for field {name:?}: {why}")
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
        Self::read(call, schema, false, flavour)
            .map_err(|why| Refusal::invalid(format!("Field validation failed: {why}")))
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

    pub(super) fn list(&self, name: &str) -> Option<Vec<String>> {
        match self.fields.get(name)? {
            Field::List(list) => Some(list.clone()),
            _ => None,
        }
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
    pub(super) fn map(&self, name: &str) -> Option<Option<Map<String, Value>>> {
        match self.fields.get(name)? {
            Field::Map(map) => Some(map.clone()),
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
            let names = self.ignored.join(" ");
            warnings.push(format!(
                "Endpoint ignored these unrecognized parameters: [{names}]"
            ));
        }
        if self.replaced {
            warnings.push("Endpoint replaced the value of these parameters with the values captured from the endpoint's path: [name]".to_owned());
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
