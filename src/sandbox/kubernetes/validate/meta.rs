//! The metadata that objects of every kind have.

use super::super::kinds::Kind;
use super::{Problems, names};
use serde_json::Value;

const MOST_ANNOTATIONS: usize = 256 * 1024;
const LONGEST_MANAGER: usize = 128;

/// Says what is wrong with a name, or with the beginning of one.
pub(super) type NameCheck = fn(&str, bool) -> Vec<String>;

pub(super) fn check(kind: &Kind, object: &Value, name: NameCheck, problems: &mut Problems) {
    let metadata = &object["metadata"];
    let text = |field: &str| metadata[field].as_str().unwrap_or_default();
    let start = text("generateName");
    if !start.is_empty() {
        for wrong in name(start, true) {
            problems.invalid("metadata.generateName", &metadata["generateName"], &wrong);
        }
    }
    if text("name").is_empty() {
        problems.required("metadata.name", "name or generateName is required");
    } else {
        for wrong in name(text("name"), false) {
            problems.invalid("metadata.name", &metadata["name"], &wrong);
        }
    }
    let namespace = text("namespace");
    if !kind.namespaced {
        if !namespace.is_empty() {
            problems.forbidden("metadata.namespace", "not allowed on this type");
        }
    } else if namespace.is_empty() {
        problems.required("metadata.namespace", "");
    } else {
        for wrong in names::label(namespace, false) {
            problems.invalid("metadata.namespace", &metadata["namespace"], &wrong);
        }
    }
    if metadata["generation"]
        .as_i64()
        .is_some_and(|number| number < 0)
    {
        problems.invalid(
            "metadata.generation",
            &metadata["generation"],
            "must be greater than or equal to 0",
        );
    }
    labels(metadata, problems);
    annotations(metadata, problems);
    owners(metadata, problems);
    finalizers(metadata, problems);
    managers(metadata, problems);
}

pub(super) fn check_update(object: &Value, before: &Value, problems: &mut Problems) {
    let (metadata, before) = (&object["metadata"], &before["metadata"]);
    if before["deletionTimestamp"].is_string() {
        no_new_finalizers(metadata, before, problems);
    }
    for name in [
        "name",
        "namespace",
        "uid",
        "creationTimestamp",
        "deletionTimestamp",
        "deletionGracePeriodSeconds",
    ] {
        if metadata.get(name) != before.get(name) {
            let value = match name {
                "name" | "namespace" | "uid" => metadata[name].as_str().unwrap_or_default().into(),
                _ => metadata[name].clone(),
            };
            let field = format!("metadata.{name}");
            problems.invalid(field, &value, "field is immutable");
        }
    }
    labels(metadata, problems);
    annotations(metadata, problems);
    owners(metadata, problems);
    managers(metadata, problems);
}

fn no_new_finalizers(metadata: &Value, before: &Value, problems: &mut Problems) {
    let list = |metadata: &Value| {
        let list = metadata["finalizers"].as_array().cloned();
        list.unwrap_or_default()
    };
    let known = list(before);
    let mut new: Vec<String> = list(metadata)
        .iter()
        .filter(|finalizer| !known.contains(finalizer))
        .map(Value::to_string)
        .collect();
    new.sort();
    new.dedup();
    if !new.is_empty() {
        let detail = format!(
            "no new finalizers can be added if the object is being deleted, found new finalizers []string{{{}}}",
            new.join(", ")
        );
        problems.forbidden("metadata.finalizers", &detail);
    }
}

fn texts<'a>(metadata: &'a Value, field: &str) -> impl Iterator<Item = (&'a String, &'a Value)> {
    metadata[field].as_object().into_iter().flatten()
}

fn labels(metadata: &Value, problems: &mut Problems) {
    for (name, value) in texts(metadata, "labels") {
        for wrong in names::qualified(name) {
            problems.invalid("metadata.labels", &name.as_str().into(), &wrong);
        }
        for wrong in names::label_value(value.as_str().unwrap_or_default()) {
            problems.invalid("metadata.labels", value, &wrong);
        }
    }
}

fn annotations(metadata: &Value, problems: &mut Problems) {
    let mut size = 0;
    for (name, value) in texts(metadata, "annotations") {
        for wrong in names::qualified(&name.to_lowercase()) {
            problems.invalid("metadata.annotations", &name.as_str().into(), &wrong);
        }
        size += name.len() + value.as_str().map_or(0, str::len);
    }
    if size > MOST_ANNOTATIONS {
        problems.too_long("metadata.annotations", MOST_ANNOTATIONS);
    }
}

fn owners(metadata: &Value, problems: &mut Problems) {
    const FIELD: &str = "metadata.ownerReferences";
    let owners = &metadata["ownerReferences"];
    let mut controller: Option<String> = None;
    for owner in owners.as_array().into_iter().flatten() {
        let text = |name: &str| owner[name].as_str().unwrap_or_default();
        let version = text("apiVersion").rsplit('/').next().unwrap_or_default();
        if version.is_empty() || text("apiVersion").matches('/').count() > 1 {
            let field = format!("{FIELD}.apiVersion");
            problems.invalid(field, &owner["apiVersion"], "version must not be empty");
        }
        for name in ["kind", "name", "uid"] {
            if text(name).is_empty() {
                problems.invalid(format!("{FIELD}.{name}"), &"".into(), "must not be empty");
            }
        }
        if owner["controller"] == true {
            let this = format!("{}/{}", text("kind"), text("name"));
            match &controller {
                Some(first) => {
                    let detail = format!(
                        "Only one reference can have Controller set to true. Found \"true\" in references for {first} and {this}"
                    );
                    problems.invalid(FIELD, owners, &detail);
                }
                None => controller = Some(this),
            }
        }
    }
}

fn finalizers(metadata: &Value, problems: &mut Problems) {
    const FIELD: &str = "metadata.finalizers";
    let list = metadata["finalizers"].as_array();
    let list = list.map(Vec::as_slice).unwrap_or_default();
    for finalizer in list {
        for wrong in names::qualified(finalizer.as_str().unwrap_or_default()) {
            problems.invalid(FIELD, finalizer, &wrong);
        }
    }
    let has = |name: &str| list.iter().any(|finalizer| finalizer == name);
    if has("orphan") && has("foregroundDeletion") {
        problems.invalid(
            FIELD,
            &metadata["finalizers"],
            "finalizer orphan and foregroundDeletion cannot be both set",
        );
    }
}

/// Finalizers of built-in objects are well known, or say whose they are.
pub(super) fn check_built_in(object: &Value, problems: &mut Problems) {
    let list = object["metadata"]["finalizers"].as_array();
    for (index, finalizer) in list.into_iter().flatten().enumerate() {
        says_whose(finalizer, format!("metadata.finalizers[{index}]"), problems);
    }
}

pub(super) fn says_whose(finalizer: &Value, field: String, problems: &mut Problems) {
    let name = finalizer.as_str().unwrap_or_default();
    if !name.contains('/') && !matches!(name, "kubernetes" | "orphan" | "foregroundDeletion") {
        problems.invalid(
            field,
            finalizer,
            "name is neither a standard finalizer name nor is it fully qualified",
        );
    }
}

fn managers(metadata: &Value, problems: &mut Problems) {
    let entries = metadata["managedFields"].as_array();
    for (index, entry) in entries.into_iter().flatten().enumerate() {
        let name = entry["manager"].as_str().unwrap_or_default();
        if name.len() > LONGEST_MANAGER {
            let field = format!("metadata.managedFields[{index}].manager");
            problems.too_long(field, LONGEST_MANAGER);
        }
    }
}
