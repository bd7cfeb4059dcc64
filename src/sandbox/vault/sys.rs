//! `sys/`: what the Vault says of itself, and what is mounted, granted and set apart in it.

mod api_lock;
mod capabilities;
mod health;
mod internal;
mod mounts;
mod namespaces;
mod plugin;
mod policies;
mod remount;
mod tune;

use super::Flavour;
use super::call::{Answer, Call, Operation, Refusal};
use super::core::Caller;
use super::state::State;
use jiff::Timestamp;

pub(super) use api_lock::check as check_lock;
pub(super) use internal::{internal, needs_no_token};

/// What anybody may ask of the server itself, without a namespace and without a token.
pub(super) fn open(state: &State, call: &Call, now: Timestamp) -> Option<Result<Answer, Refusal>> {
    health::answer(state, call, now)
}

pub(super) fn handle(
    state: &mut State,
    call: &Call,
    caller: &Caller,
    now: Timestamp,
) -> Result<Answer, Refusal> {
    let path = call.path.strip_prefix("sys/").unwrap_or_default();
    let lists = matches!(call.operation, Operation::List | Operation::Scan);
    let path = if lists {
        path.trim_end_matches('/')
    } else {
        path
    };
    if !call.namespace.is_empty() && OF_THE_SERVER.contains(&path) {
        return Err(Refusal::invalid(
            "operation only available in root namespace",
        ));
    }
    let (head, rest) = path
        .split_once('/')
        .map_or((path, None), |(head, rest)| (head, Some(rest)));
    match head {
        "mounts" => mounts::handle(state, call, "", rest),
        "auth" => mounts::handle(state, call, "auth/", rest),
        "policy" => policies::handle(state, call, policies::Endpoint::Old, rest, now),
        "policies" => of_policies(state, call, rest.unwrap_or_default(), now),
        "capabilities" | "capabilities-self" | "capabilities-accessor" if rest.is_none() => {
            capabilities::handle(state, call, caller, head, now)
        }
        "namespaces" => namespaces::handle(state, call, caller, rest, now),
        // Nothing is ever recorded.
        "audit" if rest.is_none() && call.operation == Operation::Read => {
            Ok(Answer::data(serde_json::json!({})))
        }
        "remount" => of_remount(state, call, rest),
        "internal" => internal(state, call, now),
        _ => Err(Refusal::unsupported_path()),
    }
}

/// Below `sys/policies`.
fn of_policies(
    state: &mut State,
    call: &Call,
    below: &str,
    now: Timestamp,
) -> Result<Answer, Refusal> {
    let is_openbao = state.flavour == Flavour::OpenBao;
    match below.split_once('/').unwrap_or((below, "")) {
        ("acl", name) => {
            let name = (!name.is_empty()).then_some(name);
            policies::handle(state, call, policies::Endpoint::Acl, name, now)
        }
        ("rgp" | "egp", _) if !is_openbao => Err(Refusal::new(404, "enterprise-only feature")),
        ("detailed", "acl") if is_openbao => policies::detailed(state, call, None),
        ("detailed", rest) if is_openbao => match rest.strip_prefix("acl/") {
            Some(below) if matches!(call.operation, Operation::List | Operation::Scan) => {
                policies::detailed(state, call, Some(below))
            }
            _ => Err(Refusal::unsupported_path()),
        },
        _ => Err(Refusal::unsupported_path()),
    }
}

fn of_remount(state: &mut State, call: &Call, below: Option<&str>) -> Result<Answer, Refusal> {
    match (below, call.operation) {
        (None, Operation::Update) => remount::remount(state, call),
        (Some(below), Operation::Read) => match below.strip_prefix("status/") {
            Some(id) => remount::status(state, id),
            None => Err(Refusal::unsupported_path()),
        },
        (None, _) => Err(Refusal::unsupported_operation()),
        (Some(_), _) => Err(Refusal::unsupported_path()),
    }
}

/// What only the whole server has.
const OF_THE_SERVER: [&str; 4] = ["health", "seal-status", "leader", "init"];

pub(super) fn is_of_the_server(path: &str) -> bool {
    let below = path.strip_prefix("sys/");
    below.is_some_and(|below| OF_THE_SERVER.contains(&below))
}

/// Paths that want `sudo` beside what the operation needs.
pub(super) fn is_guarded(call: &Call, flavour: Flavour) -> bool {
    let path = call.path.as_str();
    if let Some(path) = path.strip_prefix("auth/token/") {
        // OpenBao looks at the right to orphan others itself, and says so.
        return matches!(path, "accessors" | "accessors/")
            || (path == "revoke-orphan" && flavour == Flavour::HashiCorp);
    }
    let Some(path) = path.strip_prefix("sys/") else {
        return false;
    };
    path.starts_with("auth/")
        || path == "remount"
        || path == "audit"
        || path.starts_with("audit/")
        || path == "raw"
        || path.starts_with("raw/")
        || path == "rotate"
        || path == "seal"
        || path.starts_with("plugins/catalog/")
        || path.starts_with("leases/lookup/")
}
