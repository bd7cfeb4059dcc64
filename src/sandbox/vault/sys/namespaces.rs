//! `sys/namespaces`, which the community edition of `HashiCorp` Vault has not.

use crate::sandbox::vault::Flavour;
use crate::sandbox::vault::call::{Answer, Call, Operation, Refusal};
use crate::sandbox::vault::mounts::new_namespace;
use crate::sandbox::vault::state::{Namespace, State, random_text};
use jiff::Timestamp;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

pub(super) fn handle(
    state: &mut State,
    call: &Call,
    rest: Option<&str>,
    now: Timestamp,
) -> Result<Answer, Refusal> {
    if state.flavour == Flavour::HashiCorp {
        return Err(Refusal::new(404, "enterprise-only feature"));
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
    let path = format!("{}{name}/", call.namespace);
    match call.operation {
        Operation::Read => match state.namespaces.get(&path) {
            Some(namespace) => Ok(Answer::data(shown(&path, namespace))),
            None => Err(Refusal::not_found()),
        },
        Operation::Create | Operation::Update => create(state, call, &path, now),
        Operation::Patch => patch(state, call, &path),
        Operation::Delete => delete(state, &path),
        Operation::List | Operation::Scan => Err(Refusal::unsupported_operation()),
    }
}

fn shown(path: &str, namespace: &Namespace) -> Value {
    json!({
        "custom_metadata": namespace.custom_metadata,
        "id": namespace.id,
        "locked": false,
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
        return Err(Refusal::not_found());
    }
    Ok(Answer::data(json!({ "keys": keys, "key_info": entries })))
}

fn create(state: &mut State, call: &Call, path: &str, now: Timestamp) -> Result<Answer, Refusal> {
    let flavour = state.flavour;
    let metadata = metadata(call);
    let namespace = state
        .namespaces
        .entry(path.to_owned())
        .or_insert_with(|| new_namespace(flavour, random_text(6), now));
    namespace.custom_metadata = metadata;
    Ok(Answer::data(shown(path, namespace)))
}

fn metadata(call: &Call) -> BTreeMap<String, String> {
    let Some(Value::Object(fields)) = call.body.get("custom_metadata") else {
        return BTreeMap::new();
    };
    let texts = fields
        .iter()
        .filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned())));
    texts.collect()
}

fn patch(state: &mut State, call: &Call, path: &str) -> Result<Answer, Refusal> {
    let Some(namespace) = state.namespaces.get_mut(path) else {
        return Err(Refusal::not_found());
    };
    if let Some(Value::Object(fields)) = call.body.get("custom_metadata") {
        for (name, value) in fields {
            match value.as_str() {
                Some(text) => {
                    let text = text.to_owned();
                    namespace.custom_metadata.insert(name.clone(), text);
                }
                None => drop(namespace.custom_metadata.remove(name)),
            }
        }
    }
    Ok(Answer::data(shown(path, namespace)))
}

fn delete(state: &mut State, path: &str) -> Result<Answer, Refusal> {
    if state.namespaces.remove(path).is_none() {
        return Ok(super::super::call::Answer::Secret(Box::new(
            crate::sandbox::vault::call::Secret {
                warnings: vec!["requested namespace does not exist".to_owned()],
                ..crate::sandbox::vault::call::Secret::default()
            },
        )));
    }
    let gone = path.to_owned();
    state.tokens.revoke_where(|token| token.namespace == gone);
    Ok(Answer::data(json!({ "status": "in-progress" })))
}
