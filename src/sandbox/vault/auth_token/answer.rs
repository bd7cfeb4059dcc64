//! How a token is shown: to the one who gets it, and to those who look it up.

use crate::sandbox::vault::tokens::Token;
use jiff::Timestamp;
use serde_json::{Value, json};

/// The `auth` of an answer that hands out or renews a token.
pub(in crate::sandbox::vault) fn auth(token: &Token, now: Timestamp) -> Value {
    let mut auth = json!({
        "client_token": token.id,
        "accessor": token.accessor,
        "policies": token.policies,
        "token_policies": token.policies,
        "metadata": token.meta,
        "lease_duration": token.ttl(now),
        "renewable": token.renewable,
        "entity_id": token.entity_id,
        "token_type": kind(token),
        "orphan": token.born_orphan,
        "mfa_requirement": null,
        "num_uses": token.uses,
    });
    if let Some(fields) = auth.as_object_mut()
        && token.policies.is_empty()
    {
        fields.remove("token_policies");
    }
    auth
}

/// The `data` of a lookup.
pub(super) fn shown(token: &Token, now: Timestamp) -> Value {
    let mut shown = json!({
        "accessor": token.accessor,
        "creation_time": token.created.as_second(),
        "creation_ttl": token.creation_ttl,
        "display_name": token.display_name,
        "entity_id": token.entity_id,
        "expire_time": token.expires.map(|end| end.to_string()),
        "explicit_max_ttl": token.explicit_max_ttl,
        "id": token.id,
        "issue_time": token.created.to_string(),
        "meta": token.meta,
        "num_uses": token.uses_left,
        "orphan": token.parent.is_none(),
        "path": token.path,
        "policies": token.policies,
        "renewable": token.renewable,
        "ttl": token.ttl(now),
        "type": kind(token),
    });
    // What a batch token carries has no empty lists.
    if token.batch && token.policies.is_empty() {
        shown["policies"] = Value::Null;
    }
    if token.period > 0 {
        shown["period"] = token.period.into();
    }
    if let Some(role) = &token.role {
        shown["role"] = role.as_str().into();
    }
    if !token.bound_cidrs.is_empty() {
        shown["bound_cidrs"] = json!(token.bound_cidrs);
    }
    if let Some(renewed) = token.renewed {
        shown["last_renewal"] = renewed.to_string().into();
        shown["last_renewal_time"] = renewed.as_second().into();
    }
    if !token.namespace.is_empty() {
        shown["namespace_path"] = token.namespace.clone().into();
    }
    shown
}

fn kind(token: &Token) -> &'static str {
    if token.batch { "batch" } else { "service" }
}
