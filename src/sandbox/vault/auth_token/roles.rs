//! `auth/token/roles/`: roles are written, read, listed and taken away.

use super::grant;
use super::role::{Role, SCHEMA};
use crate::sandbox::vault::auth_method::is_name;
use crate::sandbox::vault::call::{Answer, Call, Operation, Refusal};
use crate::sandbox::vault::form::Form;
use crate::sandbox::vault::names;
use crate::sandbox::vault::state::State;
use serde_json::Value;

/// The role that a path is of.
pub(super) fn name_of<'p>(path: &'p str, prefix: &str) -> Option<&'p str> {
    path.strip_prefix(prefix).filter(|name| is_name(name))
}

pub(super) fn get<'s>(state: &'s State, namespace: &str, name: &str) -> Option<&'s Role> {
    state.namespaces.get(namespace)?.token_roles.get(name)
}

/// Whether a write makes a role or changes one, which is asked before the policies are.
pub(in crate::sandbox::vault) fn told_apart(
    state: &State,
    call: &Call,
) -> Result<Operation, Refusal> {
    let Some(name) = name_of(&call.path, "auth/token/roles/") else {
        return Ok(Operation::Update);
    };
    read(state, call)?;
    Ok(match get(state, &call.namespace, name) {
        None => Operation::Create,
        Some(_) => Operation::Update,
    })
}

pub(super) fn list(state: &State, call: &Call) -> Result<Answer, Refusal> {
    let form = Form::validated(call, &[], state.flavour)?;
    let home = state.namespaces.get(&call.namespace);
    let roles = home.map(|home| home.token_roles.keys().cloned().collect());
    form.list_of(names::keys(roles.unwrap_or_default()))
}

pub(super) fn handle(state: &mut State, call: &Call, name: &str) -> Result<Answer, Refusal> {
    match call.operation {
        Operation::Read => {
            let form = read(state, call)?;
            let role = get(state, &call.namespace, name).ok_or_else(Refusal::not_found)?;
            Ok(form.answer(role.shown(name)))
        }
        Operation::Create | Operation::Update => write(state, call, name),
        Operation::Delete => {
            if let Some(home) = state.namespaces.get_mut(&call.namespace) {
                home.token_roles.remove(name);
            }
            Ok(Answer::Empty)
        }
        _ => Err(Refusal::unsupported_operation()),
    }
}

fn read(state: &State, call: &Call) -> Result<Form, Refusal> {
    Form::read(call, &SCHEMA, Some("role_name"), true, state.flavour)
}

fn write(state: &mut State, call: &Call, name: &str) -> Result<Answer, Refusal> {
    let form = read(state, call)?;
    let kind = match call.body.get("token_type") {
        Some(Value::Null) => {
            return Err(Refusal::invalid("Invalid 'token_type' value: null"));
        }
        Some(_) => form.text("token_type"),
        None => None,
    };
    // The type is judged apart from the rest.
    let mut rest = call.clone();
    rest.body.remove("token_type");
    let fields = read(state, &rest)?;
    let max = grant::limits(state).max;
    let mut role = get(state, &call.namespace, name)
        .cloned()
        .unwrap_or_default();
    let warnings = role.update(&fields, kind.as_deref(), max, state.flavour)?;
    if let Some(home) = state.namespaces.get_mut(&call.namespace) {
        home.token_roles.insert(name.to_owned(), role);
    }
    Ok(form.done(warnings))
}
