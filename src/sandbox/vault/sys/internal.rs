//! `sys/internal/ui/…`: what command lines ask before they know which engine a path belongs to.

use super::mounts::of_table;
use crate::sandbox::vault::Flavour;
use crate::sandbox::vault::access::Access;
use crate::sandbox::vault::call::{Answer, Call, Operation, Refusal};
use crate::sandbox::vault::mounts::shown;
use crate::sandbox::vault::state::State;
use crate::sandbox::vault::tokens::Token;
use jiff::Timestamp;
use serde_json::{Map, Value, json};

pub(in crate::sandbox::vault) fn needs_no_token(path: &str) -> bool {
    let path = path.strip_prefix("sys/internal/ui/").unwrap_or_default();
    path == "mounts" || path.starts_with("mounts/") || path == "namespaces"
}

pub(in crate::sandbox::vault) fn internal(
    state: &State,
    call: &Call,
    now: Timestamp,
) -> Result<Answer, Refusal> {
    let path = call
        .path
        .strip_prefix("sys/internal/ui/")
        .unwrap_or_default();
    if !needs_no_token(&call.path) {
        return Err(Refusal::unsupported_path());
    }
    if call.operation != Operation::Read {
        return Err(Refusal::unsupported_operation());
    }
    let token = call.token.as_deref().and_then(|id| state.tokens.get(id));
    let home = |token: &&Token| call.namespace.starts_with(&token.namespace);
    let access = token
        .filter(home)
        .map(|token| Access::of(state, token, now));
    match path.strip_prefix("mounts/") {
        Some("") => Err(Refusal::new(404, "unsupported path")),
        // A token of elsewhere is told what one is that nothing is granted to.
        Some(_) if token.is_none() => Err(Refusal::denied()),
        Some(path) => mount(state, call, access.as_ref(), path),
        None if path == "namespaces" => namespaces(state, call, token),
        None if token.is_none() && call.token.is_some() => Err(Refusal::denied()),
        None => Ok(Answer::data(mounts(state, call, access.as_ref()))),
    }
}

fn mounts(state: &State, call: &Call, access: Option<&Access>) -> Value {
    let Some(home) = state.namespaces.get(&call.namespace) else {
        return Value::Null;
    };
    let table = |table: &str| {
        let mut entries = Map::new();
        for (path, mount) in of_table(home, table) {
            let full = format!("{table}{path}");
            let open = mount.tuned.get("listing_visibility");
            let open = open.and_then(Value::as_str) == Some("unauth");
            if access.is_some_and(|access| access.sees(&call.namespace, &full)) {
                entries.insert(path.to_owned(), shown(&full, mount, state.flavour));
            } else if open {
                let entry = json!({
                    "type": mount.kind,
                    "description": mount.description,
                    "options": mount.options,
                });
                entries.insert(path.to_owned(), entry);
            }
        }
        entries
    };
    json!({ "auth": table("auth/"), "secret": table("") })
}

fn mount(
    state: &State,
    call: &Call,
    access: Option<&Access>,
    path: &str,
) -> Result<Answer, Refusal> {
    let path = format!("{}/", path.trim_end_matches('/'));
    // The path may begin with namespaces below that of the call.
    let whole = format!("{}{path}", call.namespace);
    let mut starts = whole.rmatch_indices('/').map(|(slash, _)| &whole[..=slash]);
    let below = starts.find(|start| state.namespaces.contains_key(*start));
    let namespace = below.filter(|below| below.len() >= call.namespace.len());
    let namespace = namespace.unwrap_or(&call.namespace);
    let home = state.namespaces.get(namespace);
    let found = home.and_then(|home| {
        let place = home.place_of(&whole[namespace.len()..])?;
        Some((place, home.mounts.get(place)?))
    });
    let refused = || {
        let error = format!(
            "preflight capability check returned 403, please ensure client's policies grant access to path {path:?}"
        );
        Refusal::new(403, error)
    };
    let Some((at, mount)) = found else {
        return Err(refused());
    };
    // From another namespace, the whole path counts, and is looked for below that of the call.
    let seen = if namespace == call.namespace {
        at.to_owned()
    } else {
        format!("{namespace}{at}")
    };
    if !access.is_some_and(|access| access.sees(&call.namespace, &seen)) {
        return Err(refused());
    }
    let mut entry = shown(at, mount, state.flavour);
    // An auth method is named as `sys/auth` names it.
    entry["path"] = seen.trim_start_matches("auth/").into();
    Ok(Answer::data(entry))
}

/// A token of a namespace below sees the way to it only.
fn namespaces(state: &State, call: &Call, token: Option<&Token>) -> Result<Answer, Refusal> {
    let Some(token) = token else {
        return Err(match (state.flavour, &call.token) {
            (_, None) => Refusal::new(500, "client token empty"),
            _ => Refusal::denied(),
        });
    };
    let is_home = call.namespace.starts_with(&token.namespace);
    let below = state.namespaces.keys().filter_map(|path| {
        let seen = is_home || token.namespace.starts_with(path.as_str());
        let path = path.strip_prefix(call.namespace.as_str())?;
        (seen && path.matches('/').count() == 1).then(|| path.to_owned())
    });
    let keys: Vec<String> = below.collect();
    Ok(Answer::data(match (state.flavour, keys.is_empty()) {
        (Flavour::HashiCorp, _) => json!({ "keys": [""] }),
        (Flavour::OpenBao, true) => json!({}),
        (Flavour::OpenBao, false) => json!({ "keys": keys }),
    }))
}
