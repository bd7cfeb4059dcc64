//! Giving tokens back.

use super::lookup::of_accessor;
use crate::sandbox::vault::call::{Answer, Call, Refusal};
use crate::sandbox::vault::core::Caller;
use crate::sandbox::vault::state::State;

pub(super) fn revoke(state: &mut State, call: &Call) -> Result<Answer, Refusal> {
    let id = named(call)?.to_owned();
    if state.tokens.get(&id).is_some_and(|token| token.batch) {
        return Err(Refusal::invalid("batch tokens cannot be revoked"));
    }
    state.tokens.revoke(&id);
    Ok(Answer::Empty)
}

pub(super) fn revoke_self(state: &mut State, caller: &Caller) -> Result<Answer, Refusal> {
    if caller.token.batch {
        return Err(Refusal::invalid("batch tokens cannot be revoked"));
    }
    state.tokens.revoke(&caller.token.id);
    Ok(Answer::Empty)
}

pub(super) fn revoke_accessor(state: &mut State, call: &Call) -> Result<Answer, Refusal> {
    let accessor = call.text("accessor").unwrap_or_default();
    if !accessor.is_empty() && state.tokens.of_accessor(accessor).is_none() {
        return Ok(Answer::warning("No token found with this accessor"));
    }
    let id = of_accessor(state, call)?.id.clone();
    state.tokens.revoke(&id);
    Ok(Answer::Empty)
}

pub(super) fn revoke_orphan(
    state: &mut State,
    call: &Call,
    caller: &Caller,
) -> Result<Answer, Refusal> {
    let id = named(call)?.to_owned();
    let words = caller.access.capabilities(&call.namespace, &call.path);
    if !caller.access.root && !words.contains(&"sudo") {
        let error = "root or sudo privileges required to revoke and orphan";
        return Err(Refusal::invalid(error));
    }
    match state.tokens.get(&id) {
        None => Err(Refusal::invalid("token to revoke not found")),
        Some(token) if token.batch => Err(Refusal::invalid("batch tokens cannot be revoked")),
        Some(_) => {
            state.tokens.revoke_alone(&id);
            Ok(Answer::Empty)
        }
    }
}

fn named(call: &Call) -> Result<&str, Refusal> {
    let id = call.text("token").filter(|id| !id.is_empty());
    id.ok_or_else(|| Refusal::invalid("missing token ID"))
}
