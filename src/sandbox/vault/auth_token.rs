//! `auth/token/`: tokens are made, looked up, renewed and given back.

pub(super) mod answer;
mod create;
pub(super) mod grant;
mod lookup;
mod renew;
mod revoke;

use super::call::{Answer, Call, Operation, Refusal};
use super::core::Caller;
use super::state::State;
use jiff::Timestamp;
pub(super) use lookup::of_accessor;

pub(super) fn handle(
    state: &mut State,
    call: &Call,
    caller: &Caller,
    now: Timestamp,
) -> Result<Answer, Refusal> {
    let path = call.path.strip_prefix("auth/token/").unwrap_or_default();
    let update = call.operation == Operation::Update;
    let read = call.operation == Operation::Read;
    match path {
        "create" | "create-orphan" if update => create::create(state, call, caller, now),
        "lookup" if update || read => lookup::lookup(state, call, caller, now),
        "lookup-self" if update || read => Ok(lookup::lookup_self(state, caller, now)),
        "lookup-accessor" if update => lookup::lookup_accessor(state, call, now),
        "renew" if update => renew::renew(state, call, now),
        "renew-self" if update => renew::renew_self(state, call, caller, now),
        "renew-accessor" if update => renew::renew_accessor(state, call, now),
        "revoke" if update => revoke::revoke(state, call),
        "revoke-self" if update => revoke::revoke_self(state, caller),
        "revoke-accessor" if update => revoke::revoke_accessor(state, call),
        "revoke-orphan" if update => revoke::revoke_orphan(state, call, caller),
        "accessors/" if call.operation == Operation::List => lookup::accessors(state, call),
        // Roles of tokens are not made here.
        "roles/" if call.operation == Operation::List => Err(Refusal::not_found()),
        "create" | "create-orphan" | "lookup" | "lookup-self" | "lookup-accessor" | "renew"
        | "renew-self" | "renew-accessor" | "revoke" | "revoke-self" | "revoke-accessor"
        | "revoke-orphan" | "accessors" | "roles" => Err(Refusal::unsupported_operation()),
        _ => role(path, call.operation),
    }
}

/// What is asked of roles, of which there are none.
fn role(path: &str, operation: Operation) -> Result<Answer, Refusal> {
    let named = |prefix: &str| {
        let name = path.strip_prefix(prefix)?;
        (!name.is_empty() && !name.ends_with('/')).then_some(name)
    };
    match (named("create/"), named("roles/"), operation) {
        (Some(role), _, Operation::Update) => Err(Refusal::invalid(format!("unknown role {role}"))),
        (_, Some(_), Operation::Read) => Err(Refusal::not_found()),
        (_, Some(_), Operation::Delete) => Ok(Answer::Empty),
        (None, None, _) => Err(Refusal::unsupported_path()),
        _ => Err(Refusal::unsupported_operation()),
    }
}
