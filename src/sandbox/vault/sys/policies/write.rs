//! Policies are written, whole or in part.

mod wording;

use super::{Form, is_kept};
use crate::policy::Policy;
use crate::sandbox::vault::Flavour;
use crate::sandbox::vault::call::{Answer, Call, Refusal, Secret};
use crate::sandbox::vault::policies::{Stored, dialect, stored};
use crate::sandbox::vault::state::Namespace;
use crate::sandbox::vault::tokens::after;
use crate::sandbox::vault::{fields, form};
use jiff::Timestamp;
use serde_json::Value;

const FLAGS: [&str; 3] = [
    "cas_required",
    "allow_slashes_in_identity_templates",
    "allow_wildcards_in_identity_templates",
];

pub(super) fn write(
    home: &mut Namespace,
    call: &Call,
    name: &str,
    form: Form,
    flavour: Flavour,
    now: Timestamp,
) -> Result<Answer, Refusal> {
    let expiration = match flavour {
        Flavour::OpenBao => expiration(call, now)?,
        Flavour::HashiCorp => None,
    };
    let cas = match flavour {
        Flavour::OpenBao => form::integer(call, "cas", flavour)?,
        Flavour::HashiCorp => None,
    };
    let given = form::string(call, "policy", flavour)?.filter(|text| !text.is_empty());
    let deprecated = match form {
        Form::Old if given.is_none() => form::string(call, "rules", flavour)?,
        _ => None,
    };
    let deprecated = deprecated.filter(|text| !text.is_empty());
    let Some(text) = given.as_ref().or(deprecated.as_ref()) else {
        let error = "'policy' parameter not supplied or empty";
        return Err(Refusal::invalid(error));
    };
    let (text, meaning) = read(text, flavour)?;
    may_change(name, flavour)?;
    let mut new = stored(&text, meaning, now);
    if flavour == Flavour::OpenBao {
        let known = home.policies.get(name);
        set_flags(&mut new, call);
        let required = new.cas_required || known.is_some_and(|known| known.cas_required);
        check_version(cas, required, known)?;
        new.version = known.map_or(1, |known| known.version + 1);
        new.expiration = expiration;
    }
    home.policies.insert(name.to_owned(), new);
    if deprecated.is_none() {
        return Ok(Answer::Empty);
    }
    Ok(Answer::warning(
        "'rules' is deprecated, please use 'policy' instead",
    ))
}

/// What is not said stays as it is.
pub(super) fn patch(
    home: &mut Namespace,
    call: &Call,
    name: &str,
    now: Timestamp,
) -> Result<Answer, Refusal> {
    let flavour = Flavour::OpenBao;
    let expiration = expiration(call, now)?;
    let cas = form::integer(call, "cas", flavour)?;
    let given = form::string(call, "policy", flavour)?.filter(|text| !text.is_empty());
    may_change(name, flavour)?;
    let Some(known) = home.policies.get(name) else {
        return Err(Refusal::invalid("policy not found"));
    };
    check_version(cas, false, Some(known))?;
    let mut new = known.clone();
    if let Some(text) = given {
        (new.text, new.meaning) = read(&text, flavour)?;
    }
    set_flags(&mut new, call);
    if call.body.contains_key("expiration") || call.body.contains_key("ttl") {
        new.expiration = expiration;
    }
    new.version += 1;
    new.modified = now;
    home.policies.insert(name.to_owned(), new);
    Ok(Answer::Secret(Box::<Secret>::default()))
}

fn may_change(name: &str, flavour: Flavour) -> Result<(), Refusal> {
    if name == "root" || is_kept(name, flavour) {
        return Err(Refusal::invalid(format!("cannot update {name:?} policy")));
    }
    Ok(())
}

/// What a text says; it may come in base64.
fn read(text: &str, flavour: Flavour) -> Result<(String, Policy), Refusal> {
    use base64::Engine as _;
    let decoded = base64::engine::general_purpose::STANDARD.decode(text).ok();
    let decoded = decoded.and_then(|bytes| String::from_utf8(bytes).ok());
    let text = decoded.unwrap_or_else(|| text.to_owned());
    let meaning = Policy::parse_for(dialect(flavour), &text).map_err(|errors| {
        let why = wording::of(&text, &errors, flavour);
        Refusal::invalid(format!("failed to parse policy: {why}"))
    })?;
    Ok((text, meaning))
}

fn set_flags(policy: &mut Stored, call: &Call) {
    let [required, slashes, wildcards] =
        FLAGS.map(|name| call.body.get(name).and_then(fields::flag));
    policy.cas_required = required.unwrap_or(policy.cas_required);
    policy.allow_slashes = slashes.unwrap_or(policy.allow_slashes);
    policy.allow_wildcards = wildcards.unwrap_or(policy.allow_wildcards);
}

fn check_version(
    asked: Option<i64>,
    required: bool,
    known: Option<&Stored>,
) -> Result<(), Refusal> {
    let version = known.map_or(0, |known| i64::try_from(known.version).unwrap_or(i64::MAX));
    match asked {
        None if required => {
            let error = "check-and-set parameter required for this call";
            Err(Refusal::invalid(error))
        }
        Some(-1) if known.is_some() => {
            let error = "check-and-set parameter set to -1 on existing entry";
            Err(Refusal::invalid(error))
        }
        Some(asked) if asked != -1 && asked != version => Err(Refusal::invalid(format!(
            "check-and-set parameter {asked} did not match the current version {version}"
        ))),
        _ => Ok(()),
    }
}

fn expiration(call: &Call, now: Timestamp) -> Result<Option<Timestamp>, Refusal> {
    let flavour = Flavour::OpenBao;
    let ttl = form::duration(call, "ttl", flavour)?.filter(|ttl| *ttl > 0);
    let Some(given) = call.body.get("expiration").filter(|given| !given.is_null()) else {
        return Ok(ttl.map(|ttl| after(now, ttl)));
    };
    let end = match given {
        Value::Number(seconds) => seconds
            .as_i64()
            .and_then(|seconds| Timestamp::from_second(seconds).ok()),
        other => other.as_str().and_then(|text| text.parse().ok()),
    };
    let Some(end) = end else {
        let why = "could not parse string as date and time";
        return Err(form::invalid("expiration", given, why, flavour));
    };
    if ttl.is_some() {
        let error = "cannot supply both 'expiration' and 'ttl' for policies";
        return Err(Refusal::invalid(error));
    }
    if end <= now {
        let error = "refusing to update policy as expiration time has already elapsed";
        return Err(Refusal::invalid(error));
    }
    Ok(Some(end))
}
