//! Renewing tokens.

use super::answer::auth;
use super::grant::go_time;
use super::lookup::of_accessor;
use crate::sandbox::vault::call::{Answer, Call, Refusal, Secret};
use crate::sandbox::vault::core::Caller;
use crate::sandbox::vault::form;
use crate::sandbox::vault::mounts;
use crate::sandbox::vault::state::State;
use crate::sandbox::vault::tokens::Token;
use jiff::Timestamp;

pub(super) fn renew(state: &mut State, call: &Call, now: Timestamp) -> Result<Answer, Refusal> {
    let Some(id) = call.text("token").filter(|id| !id.is_empty()) else {
        return Err(Refusal::invalid("missing token ID"));
    };
    let Some(token) = state.tokens.get(id).cloned() else {
        return Err(Refusal::invalid("token not found"));
    };
    extend(state, call, &token, now)
}

pub(super) fn renew_self(
    state: &mut State,
    call: &Call,
    caller: &Caller,
    now: Timestamp,
) -> Result<Answer, Refusal> {
    extend(state, call, &caller.token, now)
}

pub(super) fn renew_accessor(
    state: &mut State,
    call: &Call,
    now: Timestamp,
) -> Result<Answer, Refusal> {
    let token = of_accessor(state, call)?.clone();
    let extended = extend(state, call, &token, now);
    // By the accessor, the reason stays unsaid.
    let mut answer = extended.map_err(|_| Refusal::several(400, "invalid request"))?;
    if let Answer::Secret(secret) = &mut answer
        && let Some(auth) = &mut secret.auth
    {
        auth["client_token"] = "".into();
    }
    Ok(answer)
}

fn extend(
    state: &mut State,
    call: &Call,
    token: &Token,
    now: Timestamp,
) -> Result<Answer, Refusal> {
    if token.batch {
        return Err(Refusal::invalid("batch tokens cannot be renewed"));
    }
    let asked = form::duration(call, "increment", state.flavour)?.unwrap_or(0);
    let last_use = |known: &Token| known.uses_left < 0;
    if state.tokens.get(&token.id).is_none_or(last_use) {
        return Err(Refusal::invalid("token not found"));
    }
    if !token.renewable {
        return Err(Refusal::invalid("lease is not renewable"));
    }
    let mut warnings = Vec::new();
    let ttl = renewed(state, token, asked, now, &mut warnings);
    state.tokens.set_end(&token.id, now, ttl);
    let Some(token) = state.tokens.get_mut(&token.id) else {
        return Err(Refusal::invalid("token not found"));
    };
    token.renewed = Some(now);
    Ok(Answer::Secret(Box::new(Secret {
        auth: Some(auth(token, now)),
        warnings,
        ..Secret::default()
    })))
}

/// The time that a renewal gets: what is asked for, up to what the token may have since it was made.
fn renewed(
    state: &State,
    token: &Token,
    asked: u64,
    now: Timestamp,
    warnings: &mut Vec<String>,
) -> u64 {
    let mount = state
        .namespaces
        .get(&token.namespace)
        .and_then(|home| {
            let mounts = home.mounts.iter();
            mounts
                .filter(|(path, _)| token.path.starts_with(path.as_str()))
                .max_by_key(|(path, _)| path.len())
        })
        .map(|(_, mount)| mount);
    let default = mount.map_or(mounts::SYSTEM_TTL, |mount| {
        mounts::default_ttl(mount.default_lease_ttl)
    });
    let max = mount.map_or(mounts::SYSTEM_TTL, |mount| {
        mounts::max_ttl(mount.max_lease_ttl)
    });
    // Both in whole seconds, as the servers count.
    let age = now.as_second().saturating_sub(token.created.as_second());
    let age = u64::try_from(age).unwrap_or(0);
    let wished = match (token.period, asked) {
        (0, 0) if token.granted_ttl > 0 => token.granted_ttl,
        (0, 0) => default,
        (0, asked) => asked,
        (period, _) => period,
    };
    let limit = match (token.period, token.explicit_max_ttl) {
        (0, 0) => max,
        (0, explicit) => max.min(explicit),
        (_, 0) => return wished.min(max),
        (_, explicit) => explicit,
    };
    let left = limit.saturating_sub(age);
    if wished > left {
        warnings.push(format!(
            "TTL of {:?} exceeded the effective max_ttl of {:?}; TTL value is capped accordingly",
            go_time(wished),
            go_time(left)
        ));
        return left;
    }
    wished
}
