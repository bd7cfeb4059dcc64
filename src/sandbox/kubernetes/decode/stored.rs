//! What the server makes of an object beside what was said: defaults before it is looked at, and what is lost on the way into
//! the store.

use super::super::kinds::Kind;
use super::super::schema::{Empty, Schema};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

const RBAC: &str = "rbac.authorization.k8s.io";

/// Fills in what the server itself puts where nothing was said (`type: Opaque`), and brings `stringData` into `data`.
pub(super) fn default(kind: &Kind, object: &mut Value) {
    let Some(fields) = object.as_object_mut() else {
        return;
    };
    fields.insert("apiVersion".to_owned(), kind.api_version().into());
    fields.insert("kind".to_owned(), kind.kind.into());
    match kind.kind {
        "Secret" => {
            fields.entry("type").or_insert_with(|| "Opaque".into());
            if let Some(Value::Object(texts)) = fields.remove("stringData") {
                let data = fields.entry("data").or_insert_with(|| json!({}));
                for (name, text) in texts {
                    data[name] = STANDARD.encode(text.as_str().unwrap_or_default()).into();
                }
            }
        }
        "Namespace" => {
            let name = object["metadata"]["name"].clone();
            if name.as_str().is_some_and(|name| !name.is_empty()) {
                object["metadata"]["labels"]["kubernetes.io/metadata.name"] = name;
            }
        }
        "ClusterRoleBinding" | "RoleBinding" => {
            let role = object.get_mut("roleRef").and_then(Value::as_object_mut);
            if let Some(role) = role.filter(|role| role.get("apiGroup") == Some(&"".into())) {
                role.insert("apiGroup".to_owned(), RBAC.into());
            }
            let subjects = object.get_mut("subjects").and_then(Value::as_array_mut);
            for subject in subjects.into_iter().flatten() {
                let unsaid = subject["apiGroup"].as_str().is_none_or(str::is_empty);
                if unsaid && matches!(subject["kind"].as_str(), Some("User" | "Group")) {
                    subject["apiGroup"] = RBAC.into();
                }
            }
        }
        _ => {}
    }
}

/// What does not come back from the store.
pub(in crate::sandbox::kubernetes) fn stored(kind: &Kind, object: &mut Value) {
    match (kind.group, kind.kind) {
        (RBAC, _) => without_empty_lists(Schema::Struct(kind.schema), object),
        ("coordination.k8s.io", _) => {
            // Behind a gate that is closed.
            if let Some(Value::Object(spec)) = object.get_mut("spec") {
                spec.remove("strategy");
                spec.remove("preferredHolder");
            }
        }
        ("", "ServiceAccount") => {
            let secrets = object.get_mut("secrets").and_then(Value::as_array_mut);
            for secret in secrets.into_iter().flatten() {
                *secret = match secret.get("name") {
                    Some(name) => json!({ "name": name }),
                    None => json!({}),
                };
            }
        }
        _ => {}
    }
}

/// The fields of which storing them makes something else: an empty list of a role is stored as none.
pub(in crate::sandbox::kubernetes) fn emptied(kind: &Kind, object: &Value) -> Value {
    if kind.group != RBAC {
        return Value::Null;
    }
    let mut stored = object.clone();
    without_empty_lists(Schema::Struct(kind.schema), &mut stored);
    let fields = object.as_object().into_iter().flatten();
    let emptied: Map<String, Value> = fields
        .filter(|(name, value)| stored[*name] != **value)
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    if emptied.is_empty() {
        Value::Null
    } else {
        emptied.into()
    }
}

/// Lists that are always shown are shown empty as `null`, once they were stored.
fn without_empty_lists(schema: Schema, value: &mut Value) {
    match (schema, value) {
        (Schema::Struct(inner), Value::Object(fields)) => {
            for field in inner.fields {
                match fields.get_mut(field.name) {
                    Some(Value::Array(items))
                        if items.is_empty() && field.empty == Empty::Shown =>
                    {
                        fields.insert(field.name.to_owned(), Value::Null);
                    }
                    Some(value) => without_empty_lists(field.schema, value),
                    None => {}
                }
            }
        }
        (Schema::List(inner, _), Value::Array(items)) => {
            for item in items {
                without_empty_lists(*inner, item);
            }
        }
        _ => {}
    }
}
