//! Tokens for those who have logged in.

use crate::sandbox::vault::auth_token::{answer, grant};
use crate::sandbox::vault::call::{Answer, Call, Login, Refusal, Secret};
use crate::sandbox::vault::mounts;
use crate::sandbox::vault::state::{State, new_uuid};
use jiff::Timestamp;

pub(super) fn token(
    state: &mut State,
    call: &Call,
    path: &str,
    login: Login,
    now: Timestamp,
) -> Result<Answer, Refusal> {
    let namespace = state.namespaces.get(&call.namespace);
    let Some(mount) = namespace.and_then(|namespace| namespace.mounts.get(path)) else {
        return Err(Refusal::denied());
    };
    let limits = grant::Limits {
        default: mounts::default_ttl(mount.default_lease_ttl),
        max: mounts::max_ttl(mount.max_lease_ttl),
    };
    let configured = mount.tuned.get("token_type").and_then(|kind| kind.as_str());
    let batch = batch(configured, &login.token_type);
    let alias = (mount.accessor.clone(), login.alias_name.clone());
    let entity_id = if login.alias_name.is_empty() {
        String::new()
    } else {
        state.entities.entry(alias).or_insert_with(new_uuid).clone()
    };
    let mut warnings = login.warnings.clone();
    let mount_name = path.trim_start_matches("auth/").trim_end_matches('/');
    let mut policies = login.policies;
    if !login.no_default_policy {
        policies.push("default".to_owned());
    }
    let meta = (!login.metadata.is_empty()).then_some(login.metadata);
    let wish = grant::Wish {
        policies: grant::sorted(&policies),
        meta,
        display_name: format!("{mount_name}-{}", login.display_name),
        path: call.path.clone(),
        parent: None,
        ttl: login.ttl,
        max_ttl: login.max_ttl,
        explicit_max_ttl: login.explicit_max_ttl,
        period: login.period,
        num_uses: login.num_uses,
        bound_cidrs: login.bound_cidrs,
        batch,
        renewable: true,
        entity_id,
        id: None,
        role: None,
    };
    let token = grant::token(state, &call.namespace, wish, &limits, now, &mut warnings);
    let auth = answer::auth(&token, now);
    state.tokens.add(token);
    Ok(Answer::Secret(Box::new(Secret {
        auth: Some(auth),
        warnings,
        ..Secret::default()
    })))
}

/// The mount may settle the kind of its tokens; otherwise the role says it.
fn batch(mount: Option<&str>, role: &str) -> bool {
    match (mount, role) {
        (Some("batch"), _) => true,
        (Some("service"), _) => false,
        (_, "batch") => true,
        (_, "service") => false,
        (Some("default-batch"), _) => true,
        _ => false,
    }
}
