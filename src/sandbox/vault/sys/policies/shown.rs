//! A policy as it is shown.

use super::Endpoint;
use crate::sandbox::vault::Flavour;
use crate::sandbox::vault::policies::Stored;
use crate::sandbox::vault::state::Namespace;
use serde_json::{Map, Value};

pub(super) fn policy(
    home: &Namespace,
    name: &str,
    endpoint: Endpoint,
    flavour: Flavour,
) -> Option<Value> {
    let known = home.policies.get(name);
    if known.is_none() && name != "root" {
        return None;
    }
    let text = match endpoint {
        Endpoint::Old => "rules",
        Endpoint::Acl => "policy",
    };
    let mut shown = Map::new();
    shown.insert("name".to_owned(), name.into());
    let written = known.map_or("", |policy| policy.text.as_str());
    shown.insert(text.to_owned(), written.into());
    if flavour == Flavour::OpenBao {
        shown.extend(more(known));
    }
    Some(Value::Object(shown))
}

/// What only `OpenBao` says of a policy.
fn more(known: Option<&Stored>) -> Map<String, Value> {
    let flag = |of: fn(&Stored) -> bool| Value::from(known.is_some_and(of));
    let version = known.map_or(0, |policy| policy.version);
    let modified = known.map(|policy| ("modified", policy.modified.to_string().into()));
    let end = known.and_then(|policy| policy.expiration);
    let end = end.map(|end| ("expiration", end.to_string().into()));
    let always = [
        ("cas_required", flag(|policy| policy.cas_required)),
        (
            "allow_slashes_in_identity_templates",
            flag(|policy| policy.allow_slashes),
        ),
        (
            "allow_wildcards_in_identity_templates",
            flag(|policy| policy.allow_wildcards),
        ),
        ("version", version.into()),
    ];
    let all = always.into_iter().chain(modified).chain(end);
    all.map(|(name, value)| (name.to_owned(), value)).collect()
}
