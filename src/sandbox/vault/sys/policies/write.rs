//! Policies are written, whole or in part.

mod wording;

use super::is_kept;
use crate::policy::Policy;
use crate::sandbox::vault::Flavour;
use crate::sandbox::vault::call::{Answer, Refusal, Secret};
use crate::sandbox::vault::form::Form;
use crate::sandbox::vault::policies::{Stored, dialect, stored};
use crate::sandbox::vault::state::Namespace;
use crate::sandbox::vault::tokens::after;
use jiff::Timestamp;

pub(super) fn write(
    home: &mut Namespace,
    name: &str,
    form: &Form,
    flavour: Flavour,
    now: Timestamp,
) -> Result<Answer, Refusal> {
    let expiration = expiration(form, now)?;
    let given = |field| form.text(field).filter(|text| !text.is_empty());
    let (text, is_deprecated) = match given("policy") {
        Some(text) => (text, false),
        None => (given("rules").ok_or_else(nothing_given)?, true),
    };
    let (text, meaning) = read(&text, flavour)?;
    may_change(name, flavour)?;
    let mut new = stored(&text, meaning, now);
    if flavour == Flavour::OpenBao {
        let known = home.policies.get(name);
        set_flags(&mut new, form);
        let required = new.cas_required || known.is_some_and(|known| known.cas_required);
        check_version(form.number("cas"), required, known)?;
        new.version = known.map_or(1, |known| known.version + 1);
        new.expiration = expiration;
    }
    home.policies.insert(name.to_owned(), new);
    if !is_deprecated {
        return Ok(Answer::Empty);
    }
    Ok(Answer::warning(
        "'rules' is deprecated, please use 'policy' instead",
    ))
}

fn nothing_given() -> Refusal {
    Refusal::invalid("'policy' parameter not supplied or empty")
}

/// What is not said stays as it is.
pub(super) fn patch(
    home: &mut Namespace,
    name: &str,
    form: &Form,
    now: Timestamp,
) -> Result<Answer, Refusal> {
    let flavour = Flavour::OpenBao;
    let expiration = expiration(form, now)?;
    may_change(name, flavour)?;
    let Some(known) = home.policies.get(name) else {
        return Err(Refusal::invalid("policy not found"));
    };
    check_version(form.number("cas"), false, Some(known))?;
    let mut new = known.clone();
    if let Some(text) = form.text("policy").filter(|text| !text.is_empty()) {
        (new.text, new.meaning) = read(&text, flavour)?;
    }
    set_flags(&mut new, form);
    if form.has_any(&["expiration", "ttl"]) {
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

fn set_flags(policy: &mut Stored, form: &Form) {
    for (name, flag) in [
        ("cas_required", &mut policy.cas_required),
        (
            "allow_slashes_in_identity_templates",
            &mut policy.allow_slashes,
        ),
        (
            "allow_wildcards_in_identity_templates",
            &mut policy.allow_wildcards,
        ),
    ] {
        *flag = form.flag(name).unwrap_or(*flag);
    }
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

fn expiration(form: &Form, now: Timestamp) -> Result<Option<Timestamp>, Refusal> {
    let ttl = form.number("ttl").and_then(|ttl| u64::try_from(ttl).ok());
    let ttl = ttl.filter(|ttl| *ttl > 0);
    let Some(end) = form.moment("expiration") else {
        return Ok(ttl.map(|ttl| after(now, ttl)));
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
