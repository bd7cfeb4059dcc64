//! What the auth methods with roles have in common: where things stand below their mount, and the list of roles.

use super::Flavour;
use super::backend::Step;
use super::call::{Answer, Call, Refusal};
use super::form::{Form, Kind};
use serde_json::json;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Place<'p> {
    Config,
    Login,
    Roles,
    Role(&'p str),
    Nowhere,
}

impl<'p> Place<'p> {
    pub(super) fn of(path: &'p str) -> Self {
        match path {
            "config" => Self::Config,
            "login" => Self::Login,
            "role" | "role/" => Self::Roles,
            _ => match path.strip_prefix("role/") {
                Some(name) if is_name(name) => Self::Role(name),
                _ => Self::Nowhere,
            },
        }
    }
}

/// Letters, digits and `_`, with `-` and `.` inside.
fn is_name(name: &str) -> bool {
    let word = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    let inner = |letter: char| word(letter) || letter == '-' || letter == '.';
    name.starts_with(word) && name.ends_with(word) && name.chars().all(inner)
}

/// A path without a token says no without a frame.
pub(super) fn unsupported_login() -> Refusal {
    Refusal::new(405, "unsupported operation")
}

pub(super) fn list<'n>(
    call: &Call,
    names: impl Iterator<Item = &'n String>,
    flavour: Flavour,
) -> Result<Step, Refusal> {
    let schema = match flavour {
        Flavour::OpenBao => vec![("after", Kind::Text), ("limit", Kind::Number)],
        Flavour::HashiCorp => Vec::new(),
    };
    let form = Form::validated(call, &schema, flavour)?;
    let after = form.text_or_empty("after");
    let limit = form.number("limit").unwrap_or_default();
    let limit = match limit {
        ..=0 => usize::MAX,
        limit => usize::try_from(limit).unwrap_or(usize::MAX),
    };
    let keys: Vec<&String> = names.filter(|name| **name > after).take(limit).collect();
    if keys.is_empty() {
        // An answer that has something to say is one, also without keys.
        return if form.warnings().is_empty() {
            Err(Refusal::not_found())
        } else {
            Ok(form.answer(json!({})).into())
        };
    }
    Ok(form.answer(json!({ "keys": keys })).into())
}

/// A write that leaves nothing to say.
pub(super) fn written() -> Step {
    Answer::Empty.into()
}
