//! `sys/policy`, `sys/policies/acl` and `sys/policies/detailed/acl`.

use crate::policy::Policy;
use crate::sandbox::vault::Flavour;
use crate::sandbox::vault::call::{Answer, Call, Operation, Refusal};
use crate::sandbox::vault::fields;
use crate::sandbox::vault::policies::{Stored, dialect, stored};
use crate::sandbox::vault::state::{Namespace, State};
use jiff::Timestamp;
use serde_json::{Map, Value, json};

/// The path of old calls a text `rules` and its list `policies`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Old,
    Acl,
}

pub(super) fn handle(
    state: &mut State,
    call: &Call,
    form: Form,
    name: Option<&str>,
    now: Timestamp,
) -> Result<Answer, Refusal> {
    let flavour = state.flavour;
    let Some(home) = state.namespaces.get_mut(&call.namespace) else {
        return Err(Refusal::denied());
    };
    let Some(name) = name.filter(|name| !name.is_empty()) else {
        return match (call.operation, form) {
            (Operation::List, _) | (Operation::Read, Form::Old) => Ok(list(home, call, form)),
            _ => Err(Refusal::unsupported_operation()),
        };
    };
    let name = name.to_lowercase();
    match call.operation {
        Operation::Read => read(home, &name, form, flavour),
        Operation::Update => write(home, call, &name, flavour, now),
        Operation::Delete => delete(home, &name),
        _ => Err(Refusal::unsupported_operation()),
    }
}

fn names(home: &Namespace) -> Vec<String> {
    let mut names: Vec<String> = home.policies.keys().cloned().collect();
    // The one policy without a text exists in the root namespace only.
    if home.id == "root" {
        names.push("root".to_owned());
    }
    names
}

fn list(home: &Namespace, _call: &Call, form: Form) -> Answer {
    let names = names(home);
    Answer::data(match form {
        Form::Acl => json!({ "keys": names }),
        Form::Old => json!({ "keys": names, "policies": names }),
    })
}

fn read(home: &Namespace, name: &str, form: Form, flavour: Flavour) -> Result<Answer, Refusal> {
    match shown(home, name, form, flavour) {
        Some(policy) => Ok(Answer::data(policy)),
        None => Err(Refusal::not_found()),
    }
}

fn shown(home: &Namespace, name: &str, form: Form, flavour: Flavour) -> Option<Value> {
    let known = home.policies.get(name);
    if known.is_none() && !(name == "root" && home.id == "root") {
        return None;
    }
    let text = match form {
        Form::Old => "rules",
        Form::Acl => "policy",
    };
    let mut shown = Map::new();
    shown.insert("name".to_owned(), name.into());
    shown.insert(
        text.to_owned(),
        known.map_or("", |policy| &policy.text).into(),
    );
    if flavour == Flavour::OpenBao {
        let flag = |of: fn(&Stored) -> bool| Value::from(known.is_some_and(of));
        let flags = [
            ("cas_required", flag(|policy| policy.cas_required)),
            (
                "allow_slashes_in_identity_templates",
                flag(|policy| policy.allow_slashes),
            ),
            (
                "allow_wildcards_in_identity_templates",
                flag(|policy| policy.allow_wildcards),
            ),
        ];
        shown.extend(flags.map(|(name, flag)| (name.to_owned(), flag)));
        let version = known.map_or(0, |policy| policy.version);
        shown.insert("version".to_owned(), version.into());
        if let Some(policy) = known {
            shown.insert("modified".to_owned(), policy.modified.to_string().into());
        }
        if let Some(end) = known.and_then(|policy| policy.expiration) {
            shown.insert("expiration".to_owned(), end.to_string().into());
        }
    }
    Some(Value::Object(shown))
}

fn write(
    home: &mut Namespace,
    call: &Call,
    name: &str,
    flavour: Flavour,
    now: Timestamp,
) -> Result<Answer, Refusal> {
    let given = call.text("policy").filter(|text| !text.is_empty());
    let given = given.or_else(|| call.text("rules").filter(|text| !text.is_empty()));
    let Some(text) = given else {
        let error = "'policy' parameter not supplied or empty";
        return Err(Refusal::invalid(error));
    };
    let decoded = decoded(text);
    let text = decoded.as_deref().unwrap_or(text);
    if name == "root" {
        return Err(Refusal::invalid("cannot update \"root\" policy"));
    }
    let meaning = Policy::parse_for(dialect(flavour), text)
        .map_err(|errors| Refusal::invalid(format!("failed to parse policy: {errors}")))?;
    let mut new = stored(text, meaning, now);
    if flavour == Flavour::OpenBao {
        let known = home.policies.get(name);
        check_version(call, known)?;
        new.version = known.map_or(1, |known| known.version + 1);
        let flag = |name: &str| call.body.get(name).and_then(fields::flag) == Some(true);
        new.cas_required = flag("cas_required");
        new.allow_slashes = flag("allow_slashes_in_identity_templates");
        new.allow_wildcards = flag("allow_wildcards_in_identity_templates");
        new.expiration = expiration(call, now)?;
    }
    home.policies.insert(name.to_owned(), new);
    Ok(Answer::Empty)
}

/// A text may come in base64.
fn decoded(text: &str) -> Option<String> {
    use base64::Engine as _;
    let bytes = base64::engine::general_purpose::STANDARD
        .decode(text)
        .ok()?;
    String::from_utf8(bytes).ok()
}

fn check_version(call: &Call, known: Option<&Stored>) -> Result<(), Refusal> {
    let asked = call.body.get("cas").and_then(Value::as_i64);
    let version = known.map_or(-1, |known| i64::try_from(known.version).unwrap_or(i64::MAX));
    match asked {
        None if known.is_some_and(|known| known.cas_required) => Err(Refusal::invalid(
            "check-and-set parameter required for this call",
        )),
        Some(asked) if asked != version => Err(Refusal::invalid(
            "check-and-set parameter did not match the current version",
        )),
        _ => Ok(()),
    }
}

fn expiration(call: &Call, now: Timestamp) -> Result<Option<Timestamp>, Refusal> {
    if let Some(text) = call.text("expiration").filter(|text| !text.is_empty()) {
        let end = text.parse::<Timestamp>();
        return end
            .map(Some)
            .map_err(|error| Refusal::invalid(error.to_string()));
    }
    let Some(ttl) = call.body.get("ttl") else {
        return Ok(None);
    };
    let seconds = fields::seconds(ttl).map_err(Refusal::invalid)?;
    let seconds = u64::try_from(seconds).unwrap_or(0);
    Ok((seconds > 0).then(|| crate::sandbox::vault::tokens::after(now, seconds)))
}

fn delete(home: &mut Namespace, name: &str) -> Result<Answer, Refusal> {
    match name {
        "root" => Err(Refusal::invalid("cannot delete \"root\" policy")),
        "default" => Err(Refusal::invalid("cannot delete default policy")),
        _ => {
            home.policies.remove(name);
            Ok(Answer::Empty)
        }
    }
}

/// All policies with their texts in one answer.
pub(super) fn detailed(state: &State, call: &Call) -> Result<Answer, Refusal> {
    if !matches!(call.operation, Operation::List | Operation::Scan) {
        return Err(Refusal::unsupported_operation());
    }
    let Some(home) = state.namespaces.get(&call.namespace) else {
        return Err(Refusal::denied());
    };
    let names = names(home);
    let entries = names
        .iter()
        .filter_map(|name| Some((name.clone(), shown(home, name, Form::Acl, state.flavour)?)));
    let entries: Map<String, Value> = entries.collect();
    Ok(Answer::data(json!({ "keys": names, "key_info": entries })))
}
