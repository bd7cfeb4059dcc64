//! `auth/token/`: tokens are made, looked up, renewed and given back; roles say what those are like that are made by them.

pub(super) mod answer;
mod create;
pub(super) mod grant;
mod lookup;
mod policies;
mod renew;
mod revoke;
mod role;
mod roles;

use super::Flavour;
use super::call::{Answer, Call, Operation, Refusal, Secret};
use super::core::Caller;
use super::state::State;
use jiff::Timestamp;
pub(super) use lookup::of_accessor;
pub(super) use role::Role;
pub(super) use roles::told_apart;

const MOUNT: &str = "auth/token/";

pub(super) fn handle(
    state: &mut State,
    call: &Call,
    caller: &Caller,
    now: Timestamp,
) -> Result<Answer, Refusal> {
    let path = call.path.strip_prefix(MOUNT).unwrap_or_default();
    let update = call.operation == Operation::Update;
    let read = call.operation == Operation::Read;
    match path {
        "create" | "create-orphan" if update => create::create(state, call, caller, None, now),
        "lookup" if update || read => lookup::lookup(state, call, caller, now),
        "lookup-self" if update || read => Ok(lookup::lookup_self(state, caller, now)),
        "lookup-accessor" if update => lookup::lookup_accessor(state, call, now),
        "renew" if update => renew::renew(state, call, now),
        "renew-self" if update => renew::renew_self(state, call, caller, now),
        "renew-accessor" if update => renew::renew_accessor(state, call, now),
        "revoke" if update => revoke::revoke(state, call),
        "revoke-self" if update => revoke::revoke_self(state, caller),
        "revoke-accessor" if update => revoke::revoke_accessor(state, call),
        "tidy" if update => Ok(tidied(state.flavour)),
        "revoke-orphan" if update => revoke::revoke_orphan(state, call, caller),
        "accessors/" if call.operation == Operation::List => lookup::accessors(state, call),
        "roles/" if call.operation == Operation::List => roles::list(state, call),
        "create" | "create-orphan" | "lookup" | "lookup-self" | "lookup-accessor" | "renew"
        | "renew-self" | "renew-accessor" | "revoke" | "revoke-self" | "revoke-accessor"
        | "revoke-orphan" | "tidy" | "accessors" | "roles" | "roles/" => {
            Err(Refusal::unsupported_operation())
        }
        _ => of_role(state, call, caller, now),
    }
}

/// There is nothing to be tidied: a token that is gone leaves nothing behind.
fn tidied(flavour: Flavour) -> Answer {
    let server = match flavour {
        Flavour::OpenBao => "OpenBao",
        Flavour::HashiCorp => "Vault",
    };
    let warning = format!(
        "Tidy operation successfully started. Any information from the operation will be printed to {server}'s server logs."
    );
    Answer::Secret(Box::new(Secret {
        warnings: vec![warning],
        status: Some(202),
        mount_type: (flavour == Flavour::HashiCorp).then(String::new),
        ..Secret::default()
    }))
}

/// What is asked of a role by its name.
fn of_role(
    state: &mut State,
    call: &Call,
    caller: &Caller,
    now: Timestamp,
) -> Result<Answer, Refusal> {
    let made = roles::name_of(&call.path, "auth/token/create/");
    let role = roles::name_of(&call.path, "auth/token/roles/");
    match (made, role, call.operation) {
        (Some(name), _, Operation::Update) => create::create(state, call, caller, Some(name), now),
        (_, Some(name), _) => roles::handle(state, call, name),
        (Some(_), None, _) => Err(Refusal::unsupported_operation()),
        (None, None, _) => Err(Refusal::unsupported_path()),
    }
}
