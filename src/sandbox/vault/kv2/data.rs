//! Values: reading, writing and patching them, deleting the newest, and their keys without them.

use super::super::Flavour;
use super::super::backend::Surroundings;
use super::super::call::{Answer, Call, Refusal};
use super::super::form::{self, Form, Kind, Schema};
use super::config::Config;
use super::secret::{Secret, Version, time};
use super::{Kv2, failed, name, nothing_there, patch};
use serde_json::{Map, Value, json};

pub(super) const SCHEMA: &Schema = &[
    ("version", Kind::Number),
    ("options", Kind::Map),
    ("data", Kind::Map),
];
const SUBKEYS: &Schema = &[("depth", Kind::Number), ("version", Kind::Number)];

impl Kv2 {
    pub(super) fn read(
        &self,
        call: &Call,
        path: &str,
        around: &Surroundings,
    ) -> Result<Answer, Refusal> {
        let fields = Form::read(call, SCHEMA, Some("path"), true, around.flavour)?;
        self.shown(path, &fields, "data", around, Value::from)
            .map(|answer| fields.warn(answer))
    }

    pub(super) fn subkeys(
        &self,
        call: &Call,
        path: &str,
        around: &Surroundings,
    ) -> Result<Answer, Refusal> {
        let fields = Form::read(call, SUBKEYS, Some("path"), false, around.flavour)?;
        let depth = fields.number("depth").unwrap_or(0);
        let keys = |data: Map<String, Value>| without_values(data, depth, 2).into();
        self.shown(path, &fields, "subkeys", around, keys)
            .map(|answer| fields.warn(answer))
    }

    /// A version below `field`, beside what is known about it; of one that is gone, only that.
    fn shown(
        &self,
        path: &str,
        fields: &Form,
        field: &str,
        around: &Surroundings,
        show: impl FnOnce(Map<String, Value>) -> Value,
    ) -> Result<Answer, Refusal> {
        let secret = self.secrets.get(name(path));
        let secret = secret.ok_or_else(Refusal::not_found)?;
        let asked = fields.number("version").unwrap_or(0);
        let (number, version) = secret.version(asked).ok_or_else(Refusal::not_found)?;
        let metadata = about(secret, number, version);
        if version.is_gone(around.now) {
            return Err(Refusal {
                data: Some(json!({ field: null, "metadata": metadata })),
                ..Refusal::not_found()
            });
        }
        if path.ends_with('/') {
            return Err(failed("could not find version data"));
        }
        let data = version.data().map_or(Value::Null, show);
        Ok(Answer::data(json!({ field: data, "metadata": metadata })))
    }

    pub(super) fn write(
        &mut self,
        call: &Call,
        path: &str,
        around: &Surroundings,
    ) -> Result<Answer, Refusal> {
        let fields = Form::read(call, SCHEMA, Some("path"), true, around.flavour)?;
        let Some(data) = fields.map("data") else {
            return Err(Refusal::invalid("no data provided"));
        };
        check_and_set(&fields, &self.config, self.secrets.get(path))?;
        let secret = self.secrets.entry(path.to_owned()).or_default();
        secret.add(data, around.now, &self.config);
        let newest = newest(secret);
        Ok(fields.warn(Answer::data(newest)))
    }

    pub(super) fn patch(
        &mut self,
        call: &Call,
        path: &str,
        around: &Surroundings,
    ) -> Result<Answer, Refusal> {
        let fields = Form::read(call, SCHEMA, Some("path"), true, around.flavour)?;
        let Some(change) = fields.map("data") else {
            return Err(Refusal::invalid("no data provided"));
        };
        let Some(secret) = self.secrets.get_mut(path) else {
            return Ok(nothing_there());
        };
        check_and_set(&fields, &self.config, Some(secret))?;
        let Some((number, version)) = secret.version(0) else {
            return Ok(nothing_there());
        };
        if version.is_gone(around.now) {
            return Err(Refusal {
                data: Some(about(secret, number, version)),
                ..Refusal::not_found()
            });
        }
        let Some(mut data) = version.data() else {
            return Err(failed("resource does not exist"));
        };
        let patched = match change {
            Some(change) => {
                patch::merge(&mut data, change);
                Some(&data)
            }
            None if around.flavour == Flavour::HashiCorp => {
                return Err(failed("Invalid JSON Patch"));
            }
            None => None,
        };
        secret.add(patched, around.now, &self.config);
        let newest = newest(secret);
        Ok(fields.warn(Answer::data(newest)))
    }

    /// Marks the newest version; older ones are deleted by number.
    pub(super) fn delete(
        &mut self,
        call: &Call,
        path: &str,
        around: &Surroundings,
    ) -> Result<Answer, Refusal> {
        Form::read(call, SCHEMA, Some("path"), true, around.flavour)?;
        if let Some(secret) = self.secrets.get_mut(name(path))
            && let Some(version) = secret.version_mut(secret.current)
            && !version.is_gone(around.now)
        {
            version.deletion = Some(around.now);
        }
        Ok(Answer::Empty)
    }
}

/// A secret that is not there has the version 0.
fn check_and_set(fields: &Form, config: &Config, secret: Option<&Secret>) -> Result<(), Refusal> {
    let options = fields.map("options").flatten();
    let current = secret.map_or(0, |secret| secret.current);
    let settings = secret.and_then(Secret::settings);
    let required = config.cas_required || settings.is_some_and(|settings| settings.cas_required);
    match options.and_then(|options| options.get("cas")) {
        Some(cas) => match form::number_of(cas) {
            None => Err(Refusal::invalid("error parsing check-and-set parameter")),
            Some(cas) if u64::try_from(cas) == Ok(current) => Ok(()),
            Some(_) => Err(Refusal::invalid(
                "check-and-set parameter did not match the current version",
            )),
        },
        None if required => Err(Refusal::invalid(
            "check-and-set parameter required for this call",
        )),
        None => Ok(()),
    }
}

fn newest(secret: &Secret) -> Value {
    let newest = secret.version(0);
    newest.map_or(Value::Null, |(number, version)| {
        about(secret, number, version)
    })
}

fn about(secret: &Secret, number: u64, version: &Version) -> Value {
    json!({
        "version": number,
        "created_time": time(Some(version.created)),
        "deletion_time": time(version.deletion),
        "destroyed": version.destroyed,
        "custom_metadata": super::metadata::custom(secret),
    })
}

/// Each value `null`; maps stay maps down to a depth, of which 0 is without end.
fn without_values(data: Map<String, Value>, deepest: i64, depth: i64) -> Map<String, Value> {
    let emptied = data.into_iter().map(|(name, value)| match value {
        Value::Object(inner) if !inner.is_empty() && (deepest == 0 || depth <= deepest) => {
            (name, without_values(inner, deepest, depth + 1).into())
        }
        _ => (name, Value::Null),
    });
    emptied.collect()
}
