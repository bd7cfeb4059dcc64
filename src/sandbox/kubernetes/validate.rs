//! What a decoded object must fulfil before it is stored: names, data keys, immutable fields (422 with causes).

mod core;
mod meta;
mod names;
mod rbac;

use super::kinds::Kind;
use super::status::Status;
use serde_json::{Value, json};

/// What is wrong, field by field; the same may be found more than once, and is told as often.
#[derive(Debug, Default)]
struct Problems(Vec<Problem>);

#[derive(Debug)]
struct Problem {
    reason: &'static str,
    message: String,
    field: String,
}

pub(super) fn create(kind: &Kind, object: &Value) -> Result<(), Status> {
    let mut problems = Problems::default();
    whole(kind, object, &mut problems);
    if kind.kind == "Namespace" {
        core::namespace(object, |_| "spec.finalizers".to_owned(), &mut problems);
    }
    problems.refuse(kind, object)?;
    meta::check(kind, object, names::path_segment, &mut problems);
    problems.refuse(kind, object)
}

pub(super) fn update(kind: &Kind, object: &Value, before: &Value) -> Result<(), Status> {
    let mut problems = Problems::default();
    meta::check(kind, object, names::path_segment, &mut problems);
    meta::check_update(object, before, &mut problems);
    let kept = |problems: &mut Problems| {
        meta::check_update(object, before, problems);
        if !kind.custom {
            meta::check_built_in(object, problems);
        }
    };
    match kind.kind {
        _ if kind.custom => {
            kept(&mut problems);
            core::custom(object, &mut problems);
        }
        "Namespace" => {
            whole(kind, object, &mut problems);
            kept(&mut problems);
            let field = |index| format!("spec.finalizers[{index}]");
            core::namespace(object, field, &mut problems);
        }
        "Lease" => {
            kept(&mut problems);
            core::lease(object, &mut problems);
        }
        // Roles and bindings are looked at twice.
        "ClusterRole" | "Role" | "ClusterRoleBinding" | "RoleBinding" => {
            whole(kind, object, &mut problems);
            whole(kind, object, &mut problems);
            kept(&mut problems);
            if kind.kind.ends_with("Binding") {
                rbac::same_role(object, before, &mut problems);
            }
        }
        _ => {
            kept(&mut problems);
            core::unchanged(kind, object, before, &mut problems);
            whole(kind, object, &mut problems);
        }
    }
    problems.refuse(kind, object)
}

fn whole(kind: &Kind, object: &Value, problems: &mut Problems) {
    let name = match kind.kind {
        _ if kind.custom => names::subdomain,
        "Namespace" => names::label,
        "ClusterRole" | "Role" | "ClusterRoleBinding" | "RoleBinding" => names::path_segment,
        _ => names::subdomain,
    };
    meta::check(kind, object, name, problems);
    if !kind.custom {
        meta::check_built_in(object, problems);
    }
    match kind.kind {
        _ if kind.custom => core::custom(object, problems),
        "Secret" => core::secret(object, problems),
        "ConfigMap" => core::config_map(object, problems),
        "Lease" => core::lease(object, problems),
        "ClusterRole" | "Role" => rbac::role(kind, object, problems),
        "ClusterRoleBinding" | "RoleBinding" => rbac::binding(kind, object, problems),
        _ => {}
    }
}

impl Problems {
    fn invalid(&mut self, field: impl Into<String>, value: &Value, detail: &str) {
        let value = match value {
            Value::String(text) => format!("{text:?}"),
            other => other.to_string(),
        };
        let message = format!("Invalid value: {value}: {detail}");
        self.add("FieldValueInvalid", message, field.into());
    }

    fn required(&mut self, field: impl Into<String>, detail: &str) {
        let message = match detail {
            "" => "Required value".to_owned(),
            detail => format!("Required value: {detail}"),
        };
        self.add("FieldValueRequired", message, field.into());
    }

    fn forbidden(&mut self, field: impl Into<String>, detail: &str) {
        let message = format!("Forbidden: {detail}");
        self.add("FieldValueForbidden", message, field.into());
    }

    fn too_long(&mut self, field: impl Into<String>, most: usize) {
        let message = format!("Too long: may not be more than {most} bytes");
        self.add("FieldValueTooLong", message, field.into());
    }

    fn unsupported(&mut self, field: impl Into<String>, value: &Value, supported: &[&str]) {
        let supported: Vec<String> = supported.iter().map(|value| format!("{value:?}")).collect();
        let value = value.as_str().unwrap_or_default();
        let message = format!(
            "Unsupported value: {value:?}: supported values: {}",
            supported.join(", ")
        );
        self.add("FieldValueNotSupported", message, field.into());
    }

    fn add(&mut self, reason: &'static str, message: String, field: String) {
        self.0.push(Problem {
            reason,
            message,
            field,
        });
    }

    /// In the message the same is told once.
    fn refuse(&self, kind: &Kind, object: &Value) -> Result<(), Status> {
        if self.0.is_empty() {
            return Ok(());
        }
        let mut told: Vec<String> = Vec::new();
        for Problem { message, field, .. } in &self.0 {
            let text = format!("{field}: {message}");
            if !told.contains(&text) {
                told.push(text);
            }
        }
        let told = match &told[..] {
            [one] => one.clone(),
            many => format!("[{}]", many.join(", ")),
        };
        let name = object["metadata"]["name"].as_str().unwrap_or_default();
        let qualified = match kind.group {
            "" => kind.kind.to_owned(),
            group => format!("{}.{group}", kind.kind),
        };
        let causes = self.0.iter().map(|problem| {
            json!({ "reason": problem.reason, "message": problem.message, "field": problem.field })
        });
        let causes: Vec<Value> = causes.collect();
        let mut details = json!({ "kind": kind.kind, "causes": causes });
        if !name.is_empty() {
            details["name"] = name.into();
        }
        if !kind.group.is_empty() {
            details["group"] = kind.group.into();
        }
        let message = format!("{qualified} {name:?} is invalid: {told}");
        Err(Status::new(422, "Invalid", message).with_details(details))
    }
}
