//! Making tokens out of tokens.

use super::answer::auth;
use super::grant::{self, Limits, Wish};
use crate::sandbox::vault::call::{Answer, Call, Refusal, Secret};
use crate::sandbox::vault::core::Caller;
use crate::sandbox::vault::mounts;
use crate::sandbox::vault::state::State;
use crate::sandbox::vault::tokens::Token;
use crate::sandbox::vault::{fields, form};
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

/// Policies that the server keeps for itself.
const NOT_ASSIGNABLE: [&str; 2] = ["response-wrapping", "control-group"];

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
    let last_use = |known: &Token| known.uses_left < 0;
    if state.tokens.get(&parent.id).is_none_or(last_use) {
        let error = "parent token lookup failed: no parent found";
        return Err(Refusal::invalid(error));
    }
    if parent.uses > 0 {
        let error = "restricted use token cannot generate child tokens";
        return Err(Refusal::invalid(error));
    }
    let words = caller.access.capabilities(&call.namespace, &call.path);
    let sudo = caller.access.root || words.contains(&"sudo");
    let wish = wish(state, call, caller, sudo)?;
    let mut warnings = Vec::new();
    if wish.id.is_some() {
        // The same words as the servers', by which scripts know it.
        warnings.push(
            "Supplying a custom ID for the token uses the weaker SHA1 hashing instead of the more secure SHA2-256 HMAC for token obfuscation. SHA1 hashed tokens on the wire leads to less secure lookups."
                .to_owned(),
        );
    }
    let limits = limits(state, call);
    let token = grant::token(state, &call.namespace, wish, &limits, now, &mut warnings);
    let home = state.namespaces.get(&call.namespace);
    let missing = token.policies.iter().filter(|name| {
        *name != "root" && !home.is_some_and(|home| home.policies.contains_key(*name))
    });
    warnings.extend(missing.map(|name| format!("Policy {name:?} does not exist")));
    warnings.extend(form::ignored(call, &KNOWN));
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

fn wish(state: &State, call: &Call, caller: &Caller, sudo: bool) -> Result<Wish, Refusal> {
    let parent = &caller.token;
    let flavour = state.flavour;
    let flag = |name: &str| call.body.get(name).and_then(fields::flag);
    if call.namespace != parent.namespace && !sudo {
        let error =
            "root or sudo privileges required to directly generate a token in a child namespace";
        return Err(Refusal::invalid(error));
    }
    let uses = form::integer(call, "num_uses", flavour)?.unwrap_or(0);
    let uses =
        u64::try_from(uses).map_err(|_| Refusal::invalid("number of uses cannot be negative"))?;
    let batch = match call.text("type").unwrap_or_default() {
        "" | "service" => false,
        "batch" => true,
        _ => return Err(Refusal::invalid("invalid 'token_type' value")),
    };
    if call
        .text("entity_alias")
        .is_some_and(|alias| !alias.is_empty())
    {
        let error = "'entity_alias' is only allowed in combination with token role";
        return Err(Refusal::invalid(error));
    }
    let id = id(state, call, sudo)?;
    let policies = policies(call, caller, sudo)?;
    let orphan = call.path.ends_with("create-orphan");
    let no_parent = flag("no_parent") == Some(true);
    if no_parent && !sudo {
        let error = "root or sudo privileges required to create orphan token";
        return Err(Refusal::invalid(error));
    }
    let explicit_max_ttl = duration(call, "explicit_max_ttl")?;
    let period = duration(call, "period")?;
    if period > 0 && !sudo {
        let error = "root or sudo privileges required to create periodic token";
        return Err(Refusal::invalid(error));
    }
    let ttl = if call.body.contains_key("ttl") {
        duration(call, "ttl")?
    } else {
        duration(call, "lease")?
    };
    let root = policies.iter().any(|policy| policy == "root");
    if root
        && !batch
        && parent.expires.is_some()
        && ttl == 0
        && period == 0
        && explicit_max_ttl == 0
    {
        let error = "expiring root tokens cannot create non-expiring root tokens";
        return Err(Refusal::invalid(error));
    }
    let wish = Wish {
        policies,
        meta: meta(call),
        display_name: display_name(call),
        path: call.path.clone(),
        parent: (!orphan && !no_parent).then(|| parent.id.clone()),
        ttl,
        max_ttl: 0,
        explicit_max_ttl,
        period,
        num_uses: uses,
        batch,
        renewable: flag("renewable").unwrap_or(true),
        entity_id: if orphan || no_parent {
            String::new()
        } else {
            parent.entity_id.clone()
        },
        id,
    };
    if batch {
        of_batch(wish, root)
    } else {
        Ok(wish)
    }
}

/// What a token without a record can be.
fn of_batch(wish: Wish, root: bool) -> Result<Wish, Refusal> {
    let set = [
        ("explicit_max_ttl", wish.explicit_max_ttl),
        ("num_uses", wish.num_uses),
        ("period", wish.period),
    ];
    if let Some((name, _)) = set.iter().find(|(_, value)| *value > 0) {
        let error = format!("batch tokens cannot have {name:?} set");
        return Err(Refusal::invalid(error));
    }
    if root {
        return Err(Refusal::invalid("batch tokens cannot be root tokens"));
    }
    Ok(wish)
}

/// The text that the caller wants for the token.
fn id(state: &State, call: &Call, sudo: bool) -> Result<Option<String>, Refusal> {
    let Some(id) = call.text("id").filter(|id| !id.is_empty()) else {
        return Ok(None);
    };
    let refused = |error: &str| Err(Refusal::invalid(error));
    if !sudo {
        return refused("root or sudo privileges required to specify token id");
    }
    if !call.namespace.is_empty() {
        return refused("token IDs can only be manually specified in the root namespace");
    }
    if id.starts_with("s.") {
        return refused("custom token ID cannot have the 's.' prefix");
    }
    if id.starts_with("hvs.") {
        return refused("custom token ID cannot have the 'hvs.' prefix");
    }
    if id.contains('.') {
        return refused("custom token ID cannot have a '.' in the value");
    }
    if state.tokens.get(id).is_some() {
        return refused("cannot create a token with a duplicate ID");
    }
    Ok(Some(id.to_owned()))
}

/// Those that are asked for, when the parent has them as well; only root and sudo may give what they have not.
fn policies(call: &Call, caller: &Caller, sudo: bool) -> Result<Vec<String>, Refusal> {
    let parent = &caller.token.policies;
    let asked = match call.body.get("policies") {
        Some(Value::String(one)) => vec![one.clone()],
        Some(value) => fields::list(value),
        None => Vec::new(),
    };
    let no_default = call.body.get("no_default_policy").and_then(fields::flag) == Some(true);
    let abroad = call.namespace != caller.token.namespace;
    let mut policies = grant::sorted(&asked);
    if policies.is_empty() && !abroad {
        policies.clone_from(parent);
    } else if sudo {
        if !no_default {
            policies.push("default".to_owned());
        }
    } else {
        if !policies.iter().all(|policy| parent.contains(policy)) {
            return Err(Refusal::invalid("child policies must be subset of parent"));
        }
        if !no_default && parent.iter().any(|policy| policy == "default") {
            policies.push("default".to_owned());
        }
    }
    let mut policies = grant::sorted(&policies);
    if no_default {
        // Also where it is asked for by its name.
        policies.retain(|policy| policy != "default");
    }
    if let Some(kept) = policies
        .iter()
        .find(|policy| NOT_ASSIGNABLE.contains(&policy.as_str()))
    {
        return Err(Refusal::invalid(format!("cannot assign policy {kept:?}")));
    }
    if policies.iter().any(|policy| policy == "root") {
        if !caller.token.is_root() {
            let error = "root tokens may not be created without parent token being root";
            return Err(Refusal::invalid(error));
        }
        if abroad {
            let error = "root tokens may not be created from a parent namespace";
            return Err(Refusal::invalid(error));
        }
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

/// A map of texts, or `a=b`.
fn meta(call: &Call) -> Option<BTreeMap<String, String>> {
    match call.body.get("meta")? {
        Value::Object(fields) => {
            let texts = fields
                .iter()
                .map(|(name, value)| (name.clone(), fields::text(value).unwrap_or_default()));
            Some(texts.collect())
        }
        Value::String(text) => {
            let (name, value) = text.split_once('=')?;
            Some(BTreeMap::from([(name.to_owned(), value.to_owned())]))
        }
        _ => None,
    }
}

fn display_name(call: &Call) -> String {
    let Some(asked) = call.text("display_name").filter(|name| !name.is_empty()) else {
        return "token".to_owned();
    };
    let letter = |letter: char| {
        if letter.is_ascii_alphanumeric() {
            letter
        } else {
            '-'
        }
    };
    let name: String = asked.chars().map(letter).collect();
    let name = format!("token-{name}");
    name.strip_suffix('-').unwrap_or(&name).to_owned()
}
