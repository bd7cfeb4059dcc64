//! A mount moves to another path with everything that it holds.

use crate::sandbox::vault::Flavour;
use crate::sandbox::vault::call::{Answer, Call, Refusal, Secret};
use crate::sandbox::vault::state::{State, new_uuid};
use serde_json::json;

const PROTECTED: [&str; 4] = ["sys/", "cubbyhole/", "identity/", "auth/token/"];
const NO_PLACE: [&str; 4] = ["sys/", "cubbyhole/", "identity/", "auth/"];

/// A move is over when it is asked for again.
pub(super) fn status(state: &State, id: &str) -> Result<Answer, Refusal> {
    let Some((from, to)) = state.moves.get(id) else {
        return Err(Refusal::not_found());
    };
    Ok(Answer::data(json!({
        "migration_id": id,
        "migration_info": { "source_mount": from, "target_mount": to, "status": "success" },
    })))
}

pub(super) fn remount(state: &mut State, call: &Call) -> Result<Answer, Refusal> {
    let named = |field: &str| {
        let path = call.text(field).unwrap_or_default().trim_matches('/');
        (!path.is_empty()).then(|| format!("{path}/"))
    };
    let (Some(from), Some(to)) = (named("from"), named("to")) else {
        let error = "both 'from' and 'to' path must be specified as a string";
        return Err(Refusal::invalid(error));
    };
    let Some(home) = state.namespaces.get_mut(&call.namespace) else {
        return Err(Refusal::denied());
    };
    if PROTECTED.contains(&from.as_str()) {
        return Err(Refusal::invalid(format!("cannot remount {from:?}")));
    }
    let auth = from.starts_with("auth/");
    let stays = auth == to.starts_with("auth/");
    let protected = NO_PLACE.iter().any(|place| to.starts_with(place));
    if !stays || (protected && !auth) || to == "auth/token/" {
        return Err(Refusal::invalid(format!(
            "cannot remount to destination {to}"
        )));
    }
    if !home.mounts.contains_key(&from) {
        return Err(Refusal::invalid(format!("no matching mount at {from:?}")));
    }
    let taken = home
        .mounts
        .keys()
        .any(|known| known.starts_with(&to) || to.starts_with(known.as_str()));
    if taken {
        return Err(Refusal::invalid(format!("path already in use at {to:?}")));
    }
    if let Some(mount) = home.mounts.remove(&from) {
        home.mounts.insert(to.clone(), mount);
    }
    let id = new_uuid();
    state.moves.insert(id.clone(), (from, to));
    let server = match state.flavour {
        Flavour::OpenBao => "OpenBao",
        Flavour::HashiCorp => "Vault",
    };
    Ok(Answer::Secret(Box::new(Secret {
        data: Some(json!({ "migration_id": id })),
        warnings: vec![format!(
            "Mount move has been queued. Progress will be reported in {server}'s server log, tagged with the returned migration_id"
        )],
        ..Secret::default()
    })))
}
