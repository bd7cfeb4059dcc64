//! Looking at tokens.

use super::answer::shown;
use crate::sandbox::vault::call::{Answer, Call, Refusal};
use crate::sandbox::vault::core::Caller;
use crate::sandbox::vault::state::State;
use crate::sandbox::vault::tokens::Token;
use jiff::Timestamp;
use serde_json::Value;

pub(super) fn lookup(
    state: &State,
    call: &Call,
    caller: &Caller,
    now: Timestamp,
) -> Result<Answer, Refusal> {
    let asked = call
        .text("token")
        .or(call.query.get("token").map(String::as_str));
    let asked = asked.filter(|id| !id.is_empty());
    let id = asked.unwrap_or(&caller.token.id);
    match state
        .tokens
        .get(id)
        .filter(|token| below(call, &token.namespace))
    {
        Some(token) => {
            let mut shown = shown(token, now);
            // From below, nobody sees when a token of above was issued.
            if !token.namespace.starts_with(&call.namespace)
                && let Some(fields) = shown.as_object_mut()
            {
                fields.remove("issue_time");
                fields.remove("renewable");
            }
            Ok(Answer::data(shown))
        }
        None => Err(Refusal::new(403, "bad token")),
    }
}

pub(super) fn lookup_self(state: &State, caller: &Caller, now: Timestamp) -> Answer {
    // As it is after this use of it.
    let token = state.tokens.get(&caller.token.id).unwrap_or(&caller.token);
    Answer::data(shown(token, now))
}

pub(super) fn lookup_accessor(
    state: &State,
    call: &Call,
    now: Timestamp,
) -> Result<Answer, Refusal> {
    let token = of_accessor(state, call)?;
    let mut shown = shown(token, now);
    // Whoever has the accessor only is not told the token.
    shown["id"] = Value::from("");
    Ok(Answer::data(shown))
}

/// The token whose accessor a call names.
pub(in crate::sandbox::vault) fn of_accessor<'a>(
    state: &'a State,
    call: &Call,
) -> Result<&'a Token, Refusal> {
    let accessor = call.text("accessor").unwrap_or_default();
    if accessor.is_empty() {
        return Err(Refusal::several(400, "missing accessor"));
    }
    match state.tokens.of_accessor(accessor) {
        None => Err(Refusal::several(400, "invalid accessor")),
        Some(token) if token.namespace != call.namespace => Err(Refusal::several(
            500,
            "cannot lookup token in different namespace",
        )),
        Some(token) => Ok(token),
    }
}

pub(super) fn accessors(state: &State, call: &Call) -> Result<Answer, Refusal> {
    let tokens = state.tokens.all();
    let here = tokens.filter(|token| token.namespace == call.namespace);
    let mut accessors: Vec<String> = here
        .map(|token| token.accessor.clone())
        .filter(|accessor| !accessor.is_empty())
        .collect();
    accessors.sort();
    Answer::keys(&accessors)
}

fn below(call: &Call, namespace: &str) -> bool {
    namespace.starts_with(&call.namespace) || call.namespace.starts_with(namespace)
}
