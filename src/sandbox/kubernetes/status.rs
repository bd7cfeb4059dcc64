//! The errors of an API server: a `Status` with a code, a reason that programs read and a message that people read.

use serde_json::{Value, json};

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Status {
    pub code: u16,
    /// Empty where the real one gives none.
    pub reason: &'static str,
    pub message: String,
    pub details: Option<Value>,
    /// Where a list goes on that has become too old.
    pub next: Option<String>,
    /// What is said beside it, in `Warning` headers.
    pub warnings: Box<[String]>,
}

/// Why one field is not as it must be.
#[derive(Debug, Clone)]
pub(super) struct Cause {
    /// `FieldValueInvalid`.
    pub reason: &'static str,
    pub message: String,
    pub field: String,
}

impl Status {
    pub(super) fn new(code: u16, reason: &'static str, message: impl Into<String>) -> Self {
        Self {
            code,
            reason,
            message: message.into(),
            details: None,
            next: None,
            warnings: Box::default(),
        }
    }

    /// What was passed over in a body is also said when it is refused.
    #[must_use]
    pub(super) fn warned(self, warnings: &[String]) -> Self {
        Self {
            warnings: warnings.into(),
            ..self
        }
    }

    #[must_use]
    pub(super) fn with_details(self, details: Value) -> Self {
        Self {
            details: Some(details),
            ..self
        }
    }

    pub(super) fn bad_request(message: impl Into<String>) -> Self {
        Self::new(400, "BadRequest", message)
    }

    /// `resource` as messages name it: `secrets`, `clusterroles.rbac.authorization.k8s.io`.
    pub(super) fn not_found(resource: &str, group: &str, name: &str) -> Self {
        let qualified = qualified(resource, group);
        let mut details = json!({ "name": name, "kind": resource });
        if !group.is_empty() {
            details["group"] = group.into();
        }
        Self::new(404, "NotFound", format!("{qualified} \"{name}\" not found"))
            .with_details(details)
    }

    /// A path of a group that is served, and no resource of it.
    pub(super) fn no_such_resource() -> Self {
        let message = "the server could not find the requested resource";
        Self::new(404, "NotFound", message).with_details(json!({}))
    }

    pub(super) fn method_not_allowed() -> Self {
        let message = "the server does not allow this method on the requested resource";
        Self::new(405, "MethodNotAllowed", message).with_details(json!({}))
    }

    /// 409: the object is not as the request takes it to be.
    pub(super) fn conflict(resource: &str, group: &str, name: &str, why: &str) -> Self {
        let message = format!(
            "Operation cannot be fulfilled on {} \"{name}\": {why}",
            qualified(resource, group)
        );
        let mut details = json!({ "name": name, "kind": resource });
        if !group.is_empty() {
            details["group"] = group.into();
        }
        Self::new(409, "Conflict", message).with_details(details)
    }

    pub(super) fn already_exists(resource: &str, group: &str, name: &str) -> Self {
        let message = format!("{} \"{name}\" already exists", qualified(resource, group));
        let mut details = json!({ "name": name, "kind": resource });
        if !group.is_empty() {
            details["group"] = group.into();
        }
        Self::new(409, "AlreadyExists", message).with_details(details)
    }

    /// 422. The same cause twice is told once in the message, and twice in the details.
    pub(super) fn invalid(kind: &str, group: &str, name: &str, causes: &[Cause]) -> Self {
        let mut told: Vec<String> = Vec::new();
        for cause in causes {
            let text = format!("{}: {}", cause.field, cause.message);
            if !told.contains(&text) {
                told.push(text);
            }
        }
        let told = match told.as_slice() {
            [one] => one.clone(),
            several => format!("[{}]", several.join(", ")),
        };
        let of = qualified(kind, group);
        let details: Vec<Value> = causes
            .iter()
            .map(|cause| {
                json!({ "reason": cause.reason, "message": cause.message, "field": cause.field })
            })
            .collect();
        let mut details = json!({ "kind": kind, "causes": details });
        if !group.is_empty() {
            details["group"] = group.into();
        }
        if !name.is_empty() {
            details["name"] = name.into();
        }
        let message = format!("{of} \"{name}\" is invalid: {told}");
        Self::new(422, "Invalid", message).with_details(details)
    }

    /// 500 without a reason: what the real one did not expect.
    pub(super) fn internal(message: impl Into<String>) -> Self {
        Self::new(500, "", message)
    }

    /// A revision that is yet to come.
    pub(super) fn too_large(wanted: u64, current: u64) -> Self {
        let message = format!("Timeout: Too large resource version: {wanted}, current: {current}");
        Self::new(504, "Timeout", message).with_details(json!({
            "causes": [{ "reason": "ResourceVersionTooLarge", "message": "Too large resource version" }],
            "retryAfterSeconds": 1,
        }))
    }

    /// The body of the answer.
    pub(super) fn body(&self) -> Value {
        let mut body = json!({
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {},
            "status": "Failure",
            "message": self.message,
            "code": self.code,
        });
        if !self.reason.is_empty() {
            body["reason"] = self.reason.into();
        }
        if let Some(next) = &self.next {
            body["metadata"]["continue"] = next.as_str().into();
        }
        if let Some(details) = &self.details {
            body["details"] = details.clone();
        }
        body
    }
}

/// A resource with its group, as messages name it.
pub(super) fn qualified(resource: &str, group: &str) -> String {
    match group {
        "" => resource.to_owned(),
        group => format!("{resource}.{group}"),
    }
}
