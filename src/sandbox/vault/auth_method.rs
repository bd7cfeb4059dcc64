//! What the auth methods with roles have in common: where things stand below their mount, and their roles.

use super::Flavour;
use super::backend::{Step, Surroundings};
use super::call::{Answer, Call, Operation, Refusal};
use super::form::{Form, Kind};
use super::names;
use serde_json::Value;
use std::collections::BTreeMap;

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

/// What a role of an auth method is, beside being one of several.
pub(super) trait Role: Clone + Default {
    fn schema(flavour: Flavour) -> Vec<(&'static str, Kind)>;

    /// What is wrong with it after a write, or what is to be warned of.
    fn update(&mut self, form: &Form, mount_max: u64) -> Result<Vec<String>, Refusal>;

    fn shown(&self, flavour: Flavour) -> Value;
}

/// The roles of a mount, by name in lower case.
#[derive(Debug, Default)]
pub(super) struct Roles<R>(BTreeMap<String, R>);

impl<R: Role> Roles<R> {
    pub(super) fn get(&self, name: &str) -> Option<&R> {
        self.0.get(&name.to_lowercase())
    }

    /// Whether there is a role at this path; `None` where the path is of something else.
    pub(super) fn exists(&self, path: &str) -> Option<bool> {
        match Place::of(path) {
            Place::Role(name) => Some(self.get(name).is_some()),
            _ => None,
        }
    }

    pub(super) fn list(&self, call: &Call, flavour: Flavour) -> Result<Step, Refusal> {
        let schema = match flavour {
            Flavour::OpenBao => vec![("after", Kind::Text), ("limit", Kind::Number)],
            Flavour::HashiCorp => Vec::new(),
        };
        let form = Form::validated(call, &schema, flavour)?;
        let after = form.text_or_empty("after");
        let names = self
            .0
            .keys()
            .filter(|name| **name > after)
            .take(form.limit());
        let data = names::keys(names.cloned().collect());
        form.list_of(data).map(Step::from)
    }

    pub(super) fn handle(
        &mut self,
        name: &str,
        call: &Call,
        around: &Surroundings,
    ) -> Result<Step, Refusal> {
        let (flavour, key) = (around.flavour, name.to_lowercase());
        let read = || Form::read(call, &R::schema(flavour), Some("name"), true, flavour);
        match call.operation {
            Operation::Read => {
                let form = read()?;
                let role = self.0.get(&key).ok_or_else(Refusal::not_found)?;
                Ok(form.answer(role.shown(flavour)).into())
            }
            Operation::Create | Operation::Update => {
                let form = read()?;
                let mut role = self.0.get(&key).cloned().unwrap_or_default();
                let warnings = role.update(&form, around.max_ttl)?;
                self.0.insert(key, role);
                Ok(form.done(warnings).into())
            }
            Operation::Delete => {
                self.0.remove(&key);
                Ok(written())
            }
            _ => Err(Refusal::unsupported_operation()),
        }
    }
}

/// Letters, digits and `_`, with `-` and `.` inside.
pub(super) fn is_name(name: &str) -> bool {
    let word = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    let inner = |letter: char| word(letter) || letter == '-' || letter == '.';
    name.starts_with(word) && name.ends_with(word) && name.chars().all(inner)
}

/// A path without a token says no without a frame.
pub(super) fn unsupported_login() -> Refusal {
    Refusal::new(405, "unsupported operation")
}

/// A write that leaves nothing to say.
pub(super) fn written() -> Step {
    Answer::Empty.into()
}
