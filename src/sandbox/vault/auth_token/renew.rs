//! Renewing tokens.

use super::MOUNT;
use super::answer::auth;
use super::grant::{self, Limits, go_time};
use super::lookup::of_accessor;
use super::roles;
use crate::sandbox::vault::call::{Answer, Call, Refusal, Secret};
use crate::sandbox::vault::core::Caller;
use crate::sandbox::vault::form;
use crate::sandbox::vault::mounts::{self, SYSTEM_TTL};
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
    // By the accessor, the reason stays unsaid, unless the server is to blame.
    let mut answer = extended.map_err(|refusal| match refusal.status {
        500 => refusal,
        _ => Refusal::several(400, "invalid request"),
    })?;
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
    let bounds = bounds(state, token)?;
    let mut warnings = Vec::new();
    let ttl = renewed(state, token, &bounds, asked, now, &mut warnings);
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

/// What holds a renewal down, in seconds.
struct Bounds {
    period: u64,
    explicit_max_ttl: u64,
}

/// Those of the token, or those that its role has now.
fn bounds(state: &State, token: &Token) -> Result<Bounds, Refusal> {
    let Some(name) = &token.role else {
        return Ok(Bounds {
            period: token.period,
            explicit_max_ttl: token.explicit_max_ttl,
        });
    };
    let gone = || {
        let error = format!(
            "failed to renew entry: original token role {name:?} could not be found, not renewing"
        );
        Refusal::several(500, &error)
    };
    let role = roles::get(state, &token.namespace, name).ok_or_else(gone)?;
    Ok(Bounds {
        period: role.period(),
        explicit_max_ttl: role.explicit_max_ttl(),
    })
}

/// Those of the mount that made a token.
fn limits(state: &State, token: &Token) -> Limits {
    if token.path.starts_with(MOUNT) {
        return grant::limits(state);
    }
    let home = state.namespaces.get(&token.namespace);
    let place = home.and_then(|home| home.place_of(&token.path));
    let mount = home
        .zip(place)
        .and_then(|(home, place)| home.mounts.get(place));
    Limits {
        default: mount.map_or(SYSTEM_TTL, |mount| {
            mounts::default_ttl(mount.default_lease_ttl)
        }),
        max: mount.map_or(SYSTEM_TTL, |mount| mounts::max_ttl(mount.max_lease_ttl)),
    }
}

/// The time that a renewal gets: what is asked for, up to what the token may have since it was made.
fn renewed(
    state: &State,
    token: &Token,
    bounds: &Bounds,
    asked: u64,
    now: Timestamp,
    warnings: &mut Vec<String>,
) -> u64 {
    let Limits { default, max } = limits(state, token);
    // Both in whole seconds, as the servers count.
    let age = now.as_second().saturating_sub(token.created.as_second());
    let age = u64::try_from(age).unwrap_or(0);
    let (wished, limit) = if bounds.period > 0 {
        let limit = match bounds.explicit_max_ttl {
            0 => max,
            explicit => explicit,
        };
        let period = grant::capped_period(bounds.period, limit, warnings);
        if bounds.explicit_max_ttl == 0 {
            return period;
        }
        (period, limit)
    } else {
        let wished = match asked {
            0 if token.granted_ttl > 0 => token.granted_ttl,
            0 => default,
            asked => asked,
        };
        let limit = match bounds.explicit_max_ttl {
            0 => max,
            explicit => max.min(explicit),
        };
        (wished, limit)
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
