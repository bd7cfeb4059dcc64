//! The options of a write, from its query: what is asked beside the object itself.

use super::decode::FieldValidation;
use super::fields::Manager;
use super::http::Asked;
use super::query::Query;
use super::status::{Cause, Status};
use axum::http::HeaderMap;
use axum::http::header::USER_AGENT;

/// The longest name of a field manager, in bytes.
const LONGEST_MANAGER: usize = 128;

#[derive(Debug)]
pub(super) struct Options {
    pub dry_run: bool,
    pub validation: FieldValidation,
    pub manager: Manager,
}

/// Which options a verb takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Of {
    Create,
    Update,
    Patch,
    Apply,
}

impl Options {
    pub(super) fn read(of: Of, asked: &Asked<'_>) -> Result<Self, Status> {
        let query = &asked.query;
        let named = query.get("fieldManager");
        let mut causes = Causes::default();
        match (of, named) {
            (Of::Apply, None) => causes.add(
                "FieldValueRequired",
                "fieldManager",
                "Required value: is required for apply patch",
            ),
            (Of::Patch, _) if query.has("force") => causes.add(
                "FieldValueForbidden",
                "force",
                "Forbidden: may not be specified for non-apply patch",
            ),
            _ => {}
        }
        causes.check_manager(named.unwrap_or_default());
        let dry_run = causes.check_dry_run(&query.all("dryRun"));
        let validation = causes.check_validation(query);
        causes.none(match of {
            Of::Create => "CreateOptions",
            Of::Update => "UpdateOptions",
            Of::Patch | Of::Apply => "PatchOptions",
        })?;
        Ok(Self {
            dry_run,
            validation,
            manager: Manager {
                name: named.map_or_else(|| from_agent(asked.headers), ToOwned::to_owned),
                subresource: None,
                force: of == Of::Apply && query.flag("force") == Some(true),
                now: asked.now,
            },
        })
    }
}

/// A client that names no manager is known by the first word of its `User-Agent`.
fn from_agent(headers: &HeaderMap) -> String {
    let agent = headers
        .get(USER_AGENT)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let name: String = agent
        .split('/')
        .next()
        .unwrap_or_default()
        .chars()
        .take(LONGEST_MANAGER)
        .collect();
    if name.is_empty() {
        "unknown".to_owned()
    } else {
        name
    }
}

/// What is wrong with options, all of it.
#[derive(Debug, Default)]
pub(super) struct Causes(Vec<Cause>);

impl Causes {
    pub(super) fn add(&mut self, reason: &'static str, field: &str, message: impl Into<String>) {
        self.0.push(Cause {
            reason,
            message: message.into(),
            field: field.to_owned(),
        });
    }

    pub(super) fn none(self, options: &str) -> Result<(), Status> {
        if self.0.is_empty() {
            return Ok(());
        }
        Err(Status::invalid(options, "meta.k8s.io", "", &self.0))
    }

    fn check_manager(&mut self, name: &str) {
        if name.len() > LONGEST_MANAGER {
            let message = "Too long: may not be more than 128 bytes";
            self.add("FieldValueTooLong", "fieldManager", message);
        }
        for (position, character) in name.char_indices() {
            if character.is_control() {
                let message = format!(
                    "Invalid value: {name:?}: invalid character U+{:04X} (at position {position})",
                    u32::from(character)
                );
                self.add("FieldValueInvalid", "fieldManager", message);
            }
        }
    }

    /// Whether it is one; `All` is all that can be asked.
    pub(super) fn check_dry_run(&mut self, wanted: &[&str]) -> bool {
        if wanted.iter().any(|word| *word != "All") {
            let message = format!("Unsupported value: {wanted:?}: supported values: \"All\"")
                .replace("\", \"", "\",\"");
            self.add("FieldValueNotSupported", "dryRun", message);
        }
        !wanted.is_empty()
    }

    fn check_validation(&mut self, query: &Query) -> FieldValidation {
        match query.get("fieldValidation") {
            None | Some("Warn") => FieldValidation::Warn,
            Some("Ignore") => FieldValidation::Ignore,
            Some("Strict") => FieldValidation::Strict,
            Some(other) => {
                let message = format!(
                    "Unsupported value: {other:?}: supported values: \"\", \"Ignore\", \"Strict\", \"Warn\""
                );
                self.add("FieldValueNotSupported", "fieldValidation", message);
                FieldValidation::Warn
            }
        }
    }
}
