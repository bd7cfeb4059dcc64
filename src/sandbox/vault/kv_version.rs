//! The version of a KV mount, which may be raised and never lowered.

use super::Flavour;
use super::call::{Answer, Refusal};
use super::fields;
use super::state::Mount;
use jiff::Timestamp;
use serde_json::Value;
use std::collections::BTreeMap;

/// Tunes the options of a mount: those given are added to those it has. A version that is raised is warned of.
pub(super) fn tune(
    mount: &mut Mount,
    given: &BTreeMap<String, String>,
    flavour: Flavour,
    now: Timestamp,
) -> Result<Answer, Refusal> {
    let known = mount.options.clone().unwrap_or_default();
    let before = known.get("version").and_then(fields::text);
    let mut answer = Answer::Empty;
    if let Some(asked) = given.get("version") {
        let before = before.and_then(|before| before.parse::<u32>().ok());
        let (before, asked) = (before.unwrap_or(0), asked.parse::<u32>().unwrap_or(0));
        if !(1..=2).contains(&asked) {
            let error = format!("invalid version provided: {asked}");
            return Err(Refusal::invalid(error));
        }
        if asked < before {
            let error = format!("cannot downgrade mount from version {before}");
            return Err(Refusal::invalid(error));
        }
        if asked > before {
            answer = Answer::warning(&upgrading(before, asked, flavour));
        }
        let upgraded = mount.backend.as_ref().filter(|_| asked == 2);
        if let Some(upgraded) = upgraded.and_then(|backend| backend.upgraded(now)) {
            mount.backend = Some(upgraded);
        }
    }
    let given = given
        .iter()
        .map(|(name, value)| (name.clone(), Value::from(value.as_str())));
    let mut options = known;
    options.extend(given);
    mount.options = Some(options);
    Ok(answer)
}

fn upgrading(before: u32, asked: u32, flavour: Flavour) -> String {
    // OpenBao does not tell it.
    let asked = match flavour {
        Flavour::OpenBao => 0,
        Flavour::HashiCorp => asked,
    };
    format!(
        "Upgrading mount from version {before} to version {asked}. This mount will be unavailable for a brief period \
         and will resume service shortly."
    )
}
