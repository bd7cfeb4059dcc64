//! KV version 1, and `generic`, which is the same: what was written last, and nothing of before.

use super::Flavour;
use super::backend::{Backend, Step, Surroundings};
use super::call::{Answer, Call, Operation, Refusal};
use super::form::{Form, seconds_of};
use super::kv2::Kv2;
use super::names;
use jiff::Timestamp;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// Values are kept as JSON text: many small maps would take several times as much.
#[derive(Debug, Default)]
pub(super) struct Kv1 {
    entries: BTreeMap<String, Box<str>>,
}

impl Backend for Kv1 {
    fn exists(&self, path: &str) -> Option<bool> {
        Some(self.entries.contains_key(path))
    }

    fn upgraded(&self, now: Timestamp) -> Option<Box<dyn Backend>> {
        Some(Box::new(Kv2::from_kv1(self, now)))
    }

    fn handle(&mut self, call: &Call, around: &Surroundings) -> Result<Step, Refusal> {
        let path = call.path.as_str();
        let said = || said(call, around);
        let answer = match call.operation {
            Operation::Read => said()?.warn(self.read(path, around)?),
            Operation::List => said()?.list_of(names::keys(names::children(
                &self.entries,
                path,
                "",
                usize::MAX,
            )))?,
            Operation::Scan => {
                let keys = names::keys(names::below(&self.entries, path));
                said()?.warn(Answer::data(keys.into()))
            }
            Operation::Create | Operation::Update => self.write(path, &call.body)?,
            Operation::Delete => {
                self.entries.remove(path);
                Answer::Empty
            }
            Operation::Patch => return Err(Refusal::unsupported_operation()),
        };
        Ok(answer.into())
    }
}

impl Kv1 {
    fn read(&self, path: &str, around: &Surroundings) -> Result<Answer, Refusal> {
        let entry = self.entries.get(path).ok_or_else(Refusal::not_found)?;
        let data = parsed(entry);
        let lease = data.get("ttl").or_else(|| data.get("lease"));
        let lease = lease.and_then(|value| seconds_of(value, around.flavour));
        let mut answer = Answer::data(data.into());
        if let Answer::Secret(secret) = &mut answer {
            secret.lease_duration = lease.unwrap_or(around.default_ttl);
        }
        Ok(answer)
    }

    fn write(&mut self, path: &str, body: &Map<String, Value>) -> Result<Answer, Refusal> {
        if path.is_empty() {
            return Err(Refusal::invalid("missing path"));
        }
        if body.is_empty() {
            return Err(Refusal::invalid("missing data fields"));
        }
        self.entries.insert(path.to_owned(), text(body));
        Ok(Answer::Empty)
    }

    /// Everything there is, for the version 2 that this mount becomes.
    pub(super) fn values(&self) -> impl Iterator<Item = (&str, Map<String, Value>)> {
        let entries = self.entries.iter();
        entries.map(|(path, text)| (path.as_str(), parsed(text)))
    }
}

/// What is said beside an answer; `HashiCorp`'s takes any parameter.
pub(super) fn said(call: &Call, around: &Surroundings) -> Result<Form, Refusal> {
    let mut known = call.clone();
    if around.flavour == Flavour::HashiCorp {
        known.query.retain(|name, _| name == "path");
    }
    Form::read(&known, &[], Some("path"), false, around.flavour)
}

pub(super) fn text(map: &Map<String, Value>) -> Box<str> {
    serde_json::to_string(map)
        .unwrap_or_default()
        .into_boxed_str()
}

/// The map that [`text`] made.
pub(super) fn parsed(text: &str) -> Map<String, Value> {
    serde_json::from_str(text).unwrap_or_default()
}
