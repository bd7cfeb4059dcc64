//! `sys/namespaces`, which the community edition of `HashiCorp` Vault has not.

use super::api_lock;
use crate::sandbox::vault::Flavour;
use crate::sandbox::vault::call::{Answer, Call, Operation, Refusal};
use crate::sandbox::vault::core::Caller;
use crate::sandbox::vault::form::{Form, Kind};
use crate::sandbox::vault::mounts::new_namespace;
use crate::sandbox::vault::state::{Namespace, State, random_text};
use jiff::Timestamp;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

const RESERVED: [&str; 6] = ["root", "sys", "audit", "auth", "cubbyhole", "identity"];

pub(super) fn handle(
    state: &mut State,
    call: &Call,
    caller: &Caller,
    rest: Option<&str>,
    now: Timestamp,
) -> Result<Answer, Refusal> {
    let lists = matches!(call.operation, Operation::List | Operation::Scan);
    if state.flavour == Flavour::HashiCorp {
        return Err(if rest.is_some() == lists {
            Refusal::unsupported_operation()
        } else {
            Refusal::new(404, "enterprise-only feature")
        });
    }
    let Some(name) = rest
        .map(|rest| rest.trim_matches('/'))
        .filter(|name| !name.is_empty())
    else {
        return match call.operation {
            Operation::List => list(state, call, false),
            Operation::Scan => list(state, call, true),
            _ => Err(Refusal::unsupported_operation()),
        };
    };
    if lists {
        return Err(Refusal::unsupported_operation());
    }
    if let Some(answer) = api_lock::handle(state, call, caller, name) {
        return answer;
    }
    let schema = [("custom_metadata", Kind::Map)];
    let form = Form::read(call, &schema, Some("path"), false, state.flavour)?;
    one(state, call, name, &form, now).map(|answer| form.warn(answer))
}

fn one(
    state: &mut State,
    call: &Call,
    name: &str,
    form: &Form,
    now: Timestamp,
) -> Result<Answer, Refusal> {
    if name.contains('/') {
        return Err(Refusal::invalid("namespace name cannot contain /"));
    }
    let path = format!("{}{name}/", call.namespace);
    match call.operation {
        Operation::Read => match state.namespaces.get(&path) {
            Some(namespace) => Ok(Answer::data(shown(&path, namespace))),
            None => Err(Refusal::not_found()),
        },
        Operation::Patch => patch(state, form, &path),
        Operation::Delete => delete(state, &path),
        _ => create(state, call, name, form, now),
    }
}

fn shown(path: &str, namespace: &Namespace) -> Value {
    json!({
        "custom_metadata": namespace.custom_metadata,
        "id": namespace.id,
        "locked": namespace.unlock_key.is_some(),
        "path": path,
        "tainted": false,
        "uuid": namespace.uuid,
    })
}

fn list(state: &State, call: &Call, deep: bool) -> Result<Answer, Refusal> {
    let mut keys = Vec::new();
    let mut entries = Map::new();
    for (path, namespace) in &state.namespaces {
        let Some(below) = path.strip_prefix(call.namespace.as_str()) else {
            continue;
        };
        if below.is_empty() || (!deep && below.matches('/').count() > 1) {
            continue;
        }
        keys.push(below.to_owned());
        entries.insert(below.to_owned(), shown(path, namespace));
    }
    if keys.is_empty() {
        return if deep {
            Ok(Answer::data(json!({})))
        } else {
            Err(Refusal::not_found())
        };
    }
    Ok(Answer::data(json!({ "keys": keys, "key_info": entries })))
}

fn create(
    state: &mut State,
    call: &Call,
    name: &str,
    form: &Form,
    now: Timestamp,
) -> Result<Answer, Refusal> {
    let flavour = state.flavour;
    let path = format!("{}{name}/", call.namespace);
    let metadata = metadata(form)?;
    if !state.namespaces.contains_key(&path) {
        may_be(state, call, name)?;
    }
    let namespace = state
        .namespaces
        .entry(path.clone())
        .or_insert_with(|| new_namespace(flavour, random_text(6), now));
    namespace.custom_metadata = metadata;
    Ok(Answer::data(shown(&path, namespace)))
}

/// Whether a namespace may have this name.
fn may_be(state: &State, call: &Call, name: &str) -> Result<(), Refusal> {
    if RESERVED.contains(&name) {
        let name = format!("{name}/");
        let error = format!("{name:?} is a reserved path and cannot be used as a namespace name");
        return Err(Refusal::invalid(error));
    }
    if name.contains(char::is_whitespace) {
        let error =
            format!("{name:?} contains space characters that cannot be used in a namespace name");
        return Err(Refusal::invalid(error));
    }
    if let Some(wildcard) = name.chars().find(|letter| matches!(letter, '+' | '*')) {
        let error = format!(
            "{name:?} contains wildcard characters that cannot be used in a namespace name: '{wildcard}'"
        );
        return Err(Refusal::invalid(error));
    }
    let home = state.namespaces.get(&call.namespace);
    let below = format!("{name}/");
    let mount = home.and_then(|home| home.mounts.keys().find(|mount| mount.starts_with(&below)));
    match mount {
        Some(mount) => {
            let error = format!("new namespace conflicts with existing mount: {mount}");
            Err(Refusal::invalid(error))
        }
        None => Ok(()),
    }
}

fn metadata(form: &Form) -> Result<BTreeMap<String, String>, Refusal> {
    let Some(fields) = form.map("custom_metadata").flatten() else {
        return Ok(BTreeMap::new());
    };
    let texts = fields.iter().map(|(name, value)| match value {
        Value::String(text) => Ok((name.clone(), text.clone())),
        _ => Err(Refusal::invalid("custom_metadata values must be strings")),
    });
    texts.collect()
}

fn patch(state: &mut State, form: &Form, path: &str) -> Result<Answer, Refusal> {
    let Some(namespace) = state.namespaces.get_mut(path) else {
        return Err(Refusal::invalid("namespace not found"));
    };
    let mut metadata = namespace.custom_metadata.clone();
    let given = form.map("custom_metadata");
    if given == Some(None) {
        metadata.clear();
    }
    if let Some(fields) = given.flatten() {
        for (name, value) in fields {
            match value {
                Value::String(text) => drop(metadata.insert(name.clone(), text.clone())),
                Value::Null => drop(metadata.remove(name)),
                other => {
                    let error = format!(
                        "metadata patch can only have string or null values, got {}",
                        go_type(other)
                    );
                    return Err(Refusal::invalid(error));
                }
            }
        }
    }
    namespace.custom_metadata = metadata;
    Ok(Answer::data(shown(path, namespace)))
}

fn go_type(value: &Value) -> &'static str {
    match value {
        Value::Bool(_) => "bool",
        Value::Number(_) => "json.Number",
        Value::Array(_) => "[]interface {}",
        _ => "map[string]interface {}",
    }
}

fn delete(state: &mut State, path: &str) -> Result<Answer, Refusal> {
    if !state.namespaces.contains_key(path) {
        return Ok(Answer::warning("requested namespace does not exist"));
    }
    let mut others = state.namespaces.keys();
    if others.any(|other| other != path && other.starts_with(path)) {
        let error = "unable to delete namespace containing child namespaces";
        return Err(Refusal::invalid(error));
    }
    state.namespaces.remove(path);
    state.tokens.revoke_where(|token| token.namespace == path);
    Ok(Answer::data(json!({ "status": "in-progress" })))
}
