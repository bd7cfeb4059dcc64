//! Making tokens out of tokens.

use super::answer::auth;
use super::grant::{self, Limits, Wish};
use crate::sandbox::vault::call::{Answer, Call, Refusal, Secret};
use crate::sandbox::vault::core::Caller;
use crate::sandbox::vault::fields;
use crate::sandbox::vault::mounts;
use crate::sandbox::vault::state::State;
use jiff::Timestamp;
use serde_json::Value;
use std::collections::BTreeMap;

const KNOWN: [&str; 15] = [
    "id",
    "policies",
    "meta",
    "no_parent",
    "no_default_policy",
    "renewable",
    "lease",
    "ttl",
    "explicit_max_ttl",
    "display_name",
    "num_uses",
    "period",
    "type",
    "entity_alias",
    "role_name",
];

pub(super) fn create(
    state: &mut State,
    call: &Call,
    caller: &Caller,
    now: Timestamp,
) -> Result<Answer, Refusal> {
    let parent = &caller.token;
    if parent.batch {
        return Err(Refusal::invalid("batch tokens cannot create more tokens"));
    }
    if parent.num_uses > 0 {
        let error = "restricted use token cannot generate child tokens";
        return Err(Refusal::invalid(error));
    }
    let sudo = caller.access.root
        || caller
            .access
            .capabilities(&call.namespace, &call.path)
            .contains(&"sudo");
    let wish = wish(call, caller, sudo)?;
    let mut warnings = Vec::new();
    let limits = limits(state, call);
    let token = grant::token(state, &call.namespace, wish, &limits, now, &mut warnings);
    warnings.extend(fields::ignored(call, &KNOWN));
    let auth = auth(&token, now);
    state.tokens.add(token);
    Ok(Answer::Secret(Box::new(Secret {
        auth: Some(auth),
        warnings,
        ..Secret::default()
    })))
}

fn limits(state: &State, call: &Call) -> Limits {
    let home = state.namespaces.get(&call.namespace);
    let mount = home.and_then(|home| home.mounts.get("auth/token/"));
    let own = |ttl: fn(&crate::sandbox::vault::state::Mount) -> u64| mount.map_or(0, ttl);
    Limits {
        default: mounts::default_ttl(own(|mount| mount.default_lease_ttl)),
        max: mounts::max_ttl(own(|mount| mount.max_lease_ttl)),
    }
}

fn wish(call: &Call, caller: &Caller, sudo: bool) -> Result<Wish, Refusal> {
    let parent = &caller.token;
    let flag = |name: &str| call.body.get(name).and_then(fields::flag);
    let batch = match call.text("type").unwrap_or_default() {
        "" | "service" => false,
        "batch" => true,
        other => {
            let error = format!("unsupported token type {other:?}");
            return Err(Refusal::invalid(error));
        }
    };
    let orphan = call.path.ends_with("create-orphan") || flag("no_parent") == Some(true);
    if flag("no_parent") == Some(true) && !call.path.ends_with("create-orphan") && !sudo {
        let error = "root or sudo privileges required to create orphan token";
        return Err(Refusal::invalid(error));
    }
    let id = call
        .text("id")
        .filter(|id| !id.is_empty())
        .map(str::to_owned);
    if id.is_some() && !sudo {
        let error = "root or sudo privileges required to specify token id";
        return Err(Refusal::invalid(error));
    }
    let policies = policies(call, caller, sudo)?;
    let period = duration(call, "period")?;
    if period > 0 && !sudo {
        let error = "root or sudo privileges required to create periodic token";
        return Err(Refusal::invalid(error));
    }
    let ttl = match call.body.contains_key("ttl") {
        true => duration(call, "ttl")?,
        false => duration(call, "lease")?,
    };
    Ok(Wish {
        policies,
        meta: meta(call)?,
        display_name: display_name(call),
        path: call.path.clone(),
        parent: (!orphan).then(|| parent.id.clone()),
        ttl,
        max_ttl: 0,
        explicit_max_ttl: duration(call, "explicit_max_ttl")?,
        period,
        num_uses: count(call)?,
        batch,
        renewable: flag("renewable").unwrap_or(true),
        entity_id: match orphan {
            true => String::new(),
            false => parent.entity_id.clone(),
        },
        id,
    })
}

/// Those that are asked for, when the parent has them as well; only root and sudo may give what they have not.
fn policies(call: &Call, caller: &Caller, sudo: bool) -> Result<Vec<String>, Refusal> {
    let parent = &caller.token.policies;
    let asked = call
        .body
        .get("policies")
        .map(fields::list)
        .unwrap_or_default();
    let no_default = call.body.get("no_default_policy").and_then(fields::flag) == Some(true);
    let mut policies = grant::sorted(asked);
    let has_default = parent.iter().any(|policy| policy == "default");
    if policies.is_empty() {
        policies.clone_from(parent);
    } else if sudo {
        if !no_default {
            policies.push("default".to_owned());
        }
    } else {
        if !policies.iter().all(|policy| parent.contains(policy)) {
            return Err(Refusal::invalid("child policies must be subset of parent"));
        }
        if !no_default && has_default {
            policies.push("default".to_owned());
        }
    }
    let policies = grant::sorted(policies);
    let root = policies.iter().any(|policy| policy == "root");
    if root && !caller.token.is_root() {
        let error = "root tokens may not be created without parent token being root";
        return Err(Refusal::invalid(error));
    }
    Ok(policies)
}

fn duration(call: &Call, field: &str) -> Result<u64, Refusal> {
    let Some(value) = call.body.get(field) else {
        return Ok(0);
    };
    let seconds = fields::seconds(value).map_err(Refusal::invalid)?;
    u64::try_from(seconds).map_err(|_| Refusal::invalid(format!("{field} must be positive")))
}

fn count(call: &Call) -> Result<u64, Refusal> {
    let asked = call.body.get("num_uses").and_then(Value::as_i64);
    u64::try_from(asked.unwrap_or(0))
        .map_err(|_| Refusal::invalid("number of uses cannot be negative"))
}

fn meta(call: &Call) -> Result<Option<BTreeMap<String, String>>, Refusal> {
    let Some(Value::Object(fields)) = call.body.get("meta") else {
        return Ok(None);
    };
    let texts = fields.iter().map(|(name, value)| {
        let text = value.as_str().map(str::to_owned);
        text.map(|text| (name.clone(), text))
            .ok_or_else(|| Refusal::invalid("expected a map of texts"))
    });
    texts.collect::<Result<_, _>>().map(Some)
}

fn display_name(call: &Call) -> String {
    let Some(asked) = call.text("display_name").filter(|name| !name.is_empty()) else {
        return "token".to_owned();
    };
    let letter = |letter: char| match letter.is_ascii_alphanumeric() {
        true => letter,
        false => '-',
    };
    let name: String = asked.chars().map(letter).collect();
    let name = format!("token-{name}");
    name.strip_suffix('-').unwrap_or(&name).to_owned()
}
