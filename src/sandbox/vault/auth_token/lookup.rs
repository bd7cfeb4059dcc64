//! Looking at tokens.

use super::answer::shown;
use crate::sandbox::vault::call::{Answer, Call, Refusal};
use crate::sandbox::vault::core::Caller;
use crate::sandbox::vault::state::State;
use jiff::Timestamp;
use serde_json::Value;

pub(super) fn lookup(
    state: &State,
    call: &Call,
    caller: &Caller,
    now: Timestamp,
) -> Result<Answer, Refusal> {
    let asked = call.text("token").filter(|id| !id.is_empty());
    let id = asked.unwrap_or(&caller.token.id);
    match state
        .tokens
        .get(id)
        .filter(|token| below(call, &token.namespace))
    {
        Some(token) => Ok(Answer::data(shown(token, now))),
        None => Err(Refusal::new(403, "bad token")),
    }
}

pub(super) fn lookup_self(
    state: &State,
    caller: &Caller,
    now: Timestamp,
) -> Result<Answer, Refusal> {
    // As it is after this use of it.
    let token = state.tokens.get(&caller.token.id).unwrap_or(&caller.token);
    let mut token = token.clone();
    if token.num_uses == u64::MAX {
        token.num_uses = 0;
    }
    Ok(Answer::data(shown(&token, now)))
}

pub(super) fn lookup_accessor(
    state: &State,
    call: &Call,
    now: Timestamp,
) -> Result<Answer, Refusal> {
    let accessor = call.text("accessor").unwrap_or_default();
    if accessor.is_empty() {
        return Err(Refusal::invalid("missing accessor"));
    }
    let found = state.tokens.of_accessor(accessor);
    let Some(token) = found.filter(|token| below(call, &token.namespace)) else {
        return Err(Refusal::new(403, "invalid accessor"));
    };
    let mut shown = shown(token, now);
    // Whoever has the accessor only is not told the token.
    shown["id"] = Value::from("");
    Ok(Answer::data(shown))
}

pub(super) fn accessors(state: &State, call: &Call) -> Result<Answer, Refusal> {
    let tokens = state.tokens.all();
    let here = tokens.filter(|token| token.namespace == call.namespace);
    let mut accessors: Vec<String> = here
        .map(|token| token.accessor.clone())
        .filter(|accessor| !accessor.is_empty())
        .collect();
    accessors.sort();
    Answer::keys(accessors)
}

fn below(call: &Call, namespace: &str) -> bool {
    namespace.starts_with(&call.namespace) || call.namespace.starts_with(namespace)
}
