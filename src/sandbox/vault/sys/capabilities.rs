//! What a token may do on a path, as it is asked for.

use crate::sandbox::vault::access::Access;
use crate::sandbox::vault::auth_token;
use crate::sandbox::vault::call::{Answer, Call, Operation, Refusal};
use crate::sandbox::vault::core::Caller;
use crate::sandbox::vault::fields;
use crate::sandbox::vault::state::State;
use crate::sandbox::vault::tokens::Token;
use jiff::Timestamp;
use serde_json::{Map, Value};

pub(super) fn handle(
    state: &State,
    call: &Call,
    caller: &Caller,
    whose: &str,
    now: Timestamp,
) -> Result<Answer, Refusal> {
    if call.operation != Operation::Update {
        return Err(Refusal::unsupported_operation());
    }
    let paths = paths(call);
    let token = token(state, call, caller, whose)?;
    let Some(paths) = paths else {
        return Err(Refusal::invalid("paths must be supplied"));
    };
    if paths.iter().any(String::is_empty) {
        return Err(Refusal::several(400, "missing path"));
    }
    let access = Access::of(state, token, now);
    let mut data = Map::new();
    for path in &paths {
        let words = access.capabilities(&call.namespace, path);
        if paths.len() == 1 {
            data.insert("capabilities".to_owned(), words.clone().into());
        }
        data.insert(path.clone(), Value::from(words));
    }
    Ok(Answer::data(Value::Object(data)))
}

fn paths(call: &Call) -> Option<Vec<String>> {
    let asked = |name: &str| call.body.get(name).map(fields::list);
    let paths = asked("paths").filter(|paths| !paths.is_empty());
    paths
        .or_else(|| asked("path"))
        .filter(|paths| !paths.is_empty())
}

fn token<'a>(
    state: &'a State,
    call: &Call,
    caller: &'a Caller,
    whose: &str,
) -> Result<&'a Token, Refusal> {
    match whose {
        "capabilities-self" => {
            // On its last use, a token is no longer found.
            let token = state.tokens.get(&caller.token.id);
            let token = token.filter(|token| token.uses_left >= 0);
            token.ok_or_else(|| Refusal::several(400, "invalid token"))
        }
        "capabilities" => {
            let id = call.text("token").unwrap_or_default();
            if id.is_empty() {
                return Err(Refusal::several(500, "no token found"));
            }
            let token = state.tokens.get(id);
            token.ok_or_else(|| Refusal::several(400, "invalid token"))
        }
        _ => {
            if call.text("accessor").unwrap_or_default().is_empty() {
                return Err(Refusal::invalid("missing accessor"));
            }
            auth_token::of_accessor(state, call)
        }
    }
}
