//! Claims that a role asks for, and those that it takes over.

use super::super::claims::glob;
use super::super::form::value_text;
use super::role::Role;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// A claim by its name, or by a JSON pointer.
pub(super) fn claim(claims: &Map<String, Value>, name: &str) -> Option<Value> {
    let found = if name.starts_with('/') {
        Value::Object(claims.clone()).pointer(name).cloned()
    } else {
        claims.get(name).cloned()
    };
    match found? {
        Value::Null => None,
        Value::String(one) if name == "aud" => Some(vec![one].into()),
        Value::Number(number) => {
            #[expect(
                clippy::cast_possible_truncation,
                reason = "numbers in claims are cut to whole ones"
            )]
            let whole = number.as_f64().map(|number| number as i64);
            whole.map(Value::from)
        }
        other => Some(other),
    }
}

/// A list, or the list of one.
pub(super) fn as_list(value: &Value) -> Option<Vec<Value>> {
    match value {
        Value::Array(items) => Some(items.clone()),
        Value::String(_) | Value::Bool(_) | Value::Number(_) => Some(vec![value.clone()]),
        Value::Null | Value::Object(_) => None,
    }
}

pub(super) fn check(role: &Role, claims: &Map<String, Value>) -> Result<(), String> {
    let bound = role.bound_claims.iter().flatten();
    for (name, wanted) in bound {
        let Some(found) = claim(claims, name) else {
            return Err(format!("claim {name:?} is missing"));
        };
        let not = "is not a string, bool, int or list";
        let Some(actual) = as_list(&found) else {
            return Err(format!("received claim {not}: {}", value_text(&found)));
        };
        let Some(wanted) = as_list(wanted) else {
            return Err(format!("bound claim {not}: {}", value_text(wanted)));
        };
        let listed = found.is_array();
        let globs = role.bound_claims_type == "glob";
        let same = |wanted: &Value, actual: &Value| match (globs, wanted, actual) {
            (true, Value::String(wanted), Value::String(actual)) => glob(wanted, actual),
            (true, ..) => false,
            // Numbers inside of a list are read in another way than those that are bound, and never match.
            (false, Value::Number(_), _) if listed => false,
            (false, wanted, actual) => wanted == actual,
        };
        let is_found = wanted
            .iter()
            .any(|wanted| actual.iter().any(|actual| same(wanted, actual)));
        if !is_found {
            return Err(format!(
                "claim {name:?} does not match any associated bound claim values"
            ));
        }
    }
    Ok(())
}

/// Who logs in.
pub(super) fn user(role: &Role, claims: &Map<String, Value>) -> Result<String, String> {
    let name = &role.user_claim;
    let found = if role.user_claim_json_pointer {
        claim(claims, name)
    } else {
        claims.get(name).filter(|value| !value.is_null()).cloned()
    };
    match found {
        None => Err(format!("claim {name:?} not found in token")),
        Some(Value::String(user)) => Ok(user),
        Some(_) => Err(format!("claim {name:?} could not be converted to string")),
    }
}

pub(super) fn metadata(
    role: &Role,
    claims: &Map<String, Value>,
) -> Result<BTreeMap<String, String>, String> {
    let mut metadata = BTreeMap::new();
    for (source, target) in role.claim_mappings.iter().flatten() {
        match claim(claims, source) {
            None => {}
            Some(Value::String(text)) => {
                metadata.insert(target.clone(), text);
            }
            Some(_) => return Err(format!("error converting claim '{source}' to string")),
        }
    }
    Ok(metadata)
}

pub(super) fn check_groups(role: &Role, claims: &Map<String, Value>) -> Result<(), String> {
    let name = &role.groups_claim;
    if name.is_empty() {
        return Ok(());
    }
    let Some(found) = claim(claims, name) else {
        return Err(format!(
            "failed to fetch groups: {name:?} claim not found in token"
        ));
    };
    let Some(groups) = as_list(&found) else {
        return Err(format!(
            "{name:?} claim could not be converted to string list"
        ));
    };
    match groups.iter().find(|group| !group.is_string()) {
        None => Ok(()),
        Some(group) => Err(format!(
            "value {} in groups claim could not be parsed as string",
            value_text(group)
        )),
    }
}
