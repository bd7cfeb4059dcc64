//! Custom metadata: names and texts that people keep beside a secret.

use super::super::Flavour;
use super::super::call::Refusal;
use super::super::form;
use super::failed;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

const MOST: usize = 64;
const LONGEST_NAME: usize = 128;
const LONGEST_TEXT: usize = 512;
const FAILED: &str = "custom_metadata validation failed";

type Custom = BTreeMap<String, String>;

/// All of it, as it is written.
pub(super) fn written(
    given: Option<&Map<String, Value>>,
    flavour: Flavour,
) -> Result<Custom, Refusal> {
    let fields = given.into_iter().flatten();
    let custom = texts(fields, flavour)?;
    validated(&custom)?;
    Ok(custom)
}

/// A change to it, whose `null`s take away.
pub(super) fn checked(given: Option<&Map<String, Value>>, flavour: Flavour) -> Result<(), Refusal> {
    let fields = given.into_iter().flatten();
    validated(&texts(
        fields.filter(|(_, value)| !value.is_null()),
        flavour,
    )?)
}

/// `null` for all of it takes everything away.
pub(super) fn patch(
    custom: &mut Custom,
    given: Option<&Map<String, Value>>,
    flavour: Flavour,
) -> Result<(), Refusal> {
    let Some(given) = given else {
        custom.clear();
        return Ok(());
    };
    for (name, value) in given {
        match value {
            Value::Null => custom.remove(name),
            Value::String(text) => custom.insert(name.clone(), text.clone()),
            // What a write takes for a text, a patch does not.
            other => return Err(not_a_text(name, other, flavour)),
        };
    }
    Ok(())
}

fn not_a_text(name: &str, value: &Value, flavour: Flavour) -> Refusal {
    let kind = match value {
        Value::Bool(_) => "bool",
        _ => "number",
    };
    let place = match flavour {
        Flavour::OpenBao => format!(".custom_metadata.{name}"),
        Flavour::HashiCorp => "KeyMetadata.custom_metadata".to_owned(),
    };
    failed(&format!(
        "json: cannot unmarshal {kind} into Go struct field {place} of type string"
    ))
}

fn texts<'a>(
    fields: impl Iterator<Item = (&'a String, &'a Value)>,
    flavour: Flavour,
) -> Result<Custom, Refusal> {
    let texts = fields.map(|(name, value)| match form::text(value, flavour) {
        Ok(text) => Ok((name.clone(), text)),
        Err(reason) => Err(Refusal::invalid(format!("{FAILED}: {reason}"))),
    });
    texts.collect()
}

fn validated(custom: &Custom) -> Result<(), Refusal> {
    let mut faults = Vec::new();
    if custom.len() > MOST {
        faults.push(format!(
            "payload must contain at most {MOST} keys, provided {}",
            custom.len()
        ));
    } else {
        for (name, text) in custom {
            faults.extend(faults_of(name, text));
        }
    }
    let errors = match faults.len() {
        0 => return Ok(()),
        1 => "1 error".to_owned(),
        count => format!("{count} errors"),
    };
    let faults: String = faults
        .iter()
        .map(|fault| format!("\t* {FAILED}: {fault}\n"))
        .collect();
    Err(Refusal::invalid(format!("{errors} occurred:\n{faults}\n")))
}

fn faults_of(name: &str, text: &str) -> Vec<String> {
    let mut faults = Vec::new();
    if name.is_empty() || name.len() > LONGEST_NAME {
        let length = name.len();
        faults.push(format!(
            "length of key {name:?} is {length} but must be 0 < len(key) <= {LONGEST_NAME}"
        ));
    }
    if text.is_empty() || text.len() > LONGEST_TEXT {
        let length = text.len();
        faults.push(format!(
            "length of value for key {name:?} is {length} but must be 0 < len(value) <= {LONGEST_TEXT}"
        ));
    }
    if name.chars().any(char::is_control) {
        faults.push(format!(
            "key {name:?} ({name}) contains unprintable characters"
        ));
    }
    if text.chars().any(char::is_control) {
        faults.push(format!(
            "value for key {name:?} contains unprintable characters"
        ));
    }
    faults
}
