//! Secrets, `ConfigMaps`, Leases and custom objects.

use super::super::decode;
use super::super::kinds::Kind;
use super::{Problems, meta, names};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

const DETAIL: &str = "field is immutable when `immutable` is set";

/// Of all values of a Secret or a `ConfigMap` together.
const MOST_DATA: usize = 1024 * 1024;

/// The finalizers of a namespace itself; the field is named by the index of one.
pub(super) fn namespace(object: &Value, field: impl Fn(usize) -> String, problems: &mut Problems) {
    let list = object["spec"]["finalizers"].as_array();
    for (index, finalizer) in list.into_iter().flatten().enumerate() {
        for wrong in names::qualified(finalizer.as_str().unwrap_or_default()) {
            problems.invalid(field(index), finalizer, &wrong);
        }
        meta::says_whose(finalizer, field(index), problems);
    }
}

/// What an object that says it is immutable may not change, and the type of a Secret.
pub(super) fn unchanged(kind: &Kind, object: &Value, before: &Value, problems: &mut Problems) {
    let bags: &[&str] = match kind.kind {
        "Secret" => {
            if object["type"] != before["type"] {
                problems.invalid("type", &object["type"], "field is immutable");
            }
            &["data"]
        }
        "ConfigMap" => &["data", "binaryData"],
        _ => return,
    };
    if before["immutable"] != true {
        return;
    }
    if object["immutable"] != true {
        problems.forbidden("immutable", DETAIL);
    }
    for bag in bags {
        if object.get(bag) != before.get(bag) {
            problems.forbidden(*bag, DETAIL);
        }
    }
}

fn values<'a>(object: &'a Value, bag: &str) -> impl Iterator<Item = (&'a String, &'a Value)> {
    object[bag].as_object().into_iter().flatten()
}

/// How many bytes a text in base64 stands for.
fn decoded(value: &Value) -> usize {
    let text = value.as_str().unwrap_or_default();
    let padding = text.bytes().rev().take_while(|byte| *byte == b'=').count();
    (text.len() / 4 * 3).saturating_sub(padding)
}

pub(super) fn secret(object: &Value, problems: &mut Problems) {
    let mut size = 0;
    for (key, value) in values(object, "data") {
        for wrong in names::data_key(key) {
            problems.invalid(format!("data[{key}]"), &key.as_str().into(), &wrong);
        }
        size += decoded(value);
    }
    if size > MOST_DATA {
        problems.too_long("data", MOST_DATA);
    }
    let has = |key: &str| object["data"].get(key).is_some();
    let mut require = |key: &str| {
        if !has(key) {
            problems.required(format!("data[{key}]"), "");
        }
    };
    match object["type"].as_str().unwrap_or_default() {
        "kubernetes.io/service-account-token" => {
            const NAME: &str = "kubernetes.io/service-account.name";
            let name = object["metadata"]["annotations"][NAME].as_str();
            if name.unwrap_or_default().is_empty() {
                problems.required(format!("metadata.annotations[{NAME}]"), "");
            }
        }
        "kubernetes.io/dockercfg" => docker(object, ".dockercfg", problems),
        "kubernetes.io/dockerconfigjson" => docker(object, ".dockerconfigjson", problems),
        "kubernetes.io/basic-auth" if !has("username") && !has("password") => {
            require("username");
            require("password");
        }
        "kubernetes.io/ssh-auth" => {
            const KEY: &str = "ssh-privatekey";
            if object["data"][KEY].as_str().unwrap_or_default().is_empty() {
                problems.required(format!("data[{KEY}]"), "");
            }
        }
        "kubernetes.io/tls" => {
            require("tls.crt");
            require("tls.key");
        }
        _ => {}
    }
}

fn docker(object: &Value, key: &str, problems: &mut Problems) {
    let field = format!("data[{key}]");
    let Some(value) = object["data"][key].as_str() else {
        problems.required(field, "");
        return;
    };
    let bytes = STANDARD.decode(value).unwrap_or_default();
    if let Some(wrong) = decode::not_an_object(&String::from_utf8_lossy(&bytes)) {
        problems.invalid(field, &"<secret contents redacted>".into(), &wrong);
    }
}

pub(super) fn config_map(object: &Value, problems: &mut Problems) {
    let mut size = 0;
    for (key, value) in values(object, "data") {
        let field = format!("data[{key}]");
        for wrong in names::data_key(key) {
            problems.invalid(field.as_str(), &key.as_str().into(), &wrong);
        }
        if object["binaryData"].get(key).is_some() {
            let detail = "duplicate of key present in binaryData";
            problems.invalid(field.as_str(), &key.as_str().into(), detail);
        }
        size += value.as_str().map_or(0, str::len);
    }
    for (key, value) in values(object, "binaryData") {
        for wrong in names::data_key(key) {
            problems.invalid(format!("binaryData[{key}]"), &key.as_str().into(), &wrong);
        }
        size += decoded(value);
    }
    if size > MOST_DATA {
        // The whole object, as the real one names it.
        problems.too_long("[]", MOST_DATA);
    }
}

pub(super) fn lease(object: &Value, problems: &mut Problems) {
    let spec = &object["spec"];
    let below = |name: &str, least: i64| spec[name].as_i64().is_some_and(|number| number < least);
    if below("leaseDurationSeconds", 1) {
        problems.invalid(
            "spec.leaseDurationSeconds",
            &spec["leaseDurationSeconds"],
            "must be greater than 0",
        );
    }
    if below("leaseTransitions", 0) {
        problems.invalid(
            "spec.leaseTransitions",
            &spec["leaseTransitions"],
            "must be greater than or equal to 0",
        );
    }
    if let Some(strategy) = spec["strategy"].as_str() {
        const FIELD: &str = "spec.strategy.strategy";
        const KNOWN: &str = "OldestEmulationVersion";
        if strategy.contains('/') {
            for wrong in names::qualified(strategy) {
                problems.invalid(FIELD, &spec["strategy"], &wrong);
            }
        } else if strategy != KNOWN {
            problems.unsupported(FIELD, &spec["strategy"], &[KNOWN]);
        }
    }
    let text = |name: &str| spec[name].as_str().unwrap_or_default();
    if !text("preferredHolder").is_empty() && text("strategy").is_empty() {
        problems.forbidden(
            "spec.preferredHolder",
            "may only be specified if `strategy` is defined",
        );
    }
}

/// Whatever stands in the spec and the status of a custom object, both are objects.
pub(super) fn custom(object: &Value, problems: &mut Problems) {
    for field in ["spec", "status"] {
        let value = &object[field];
        if object.get(field).is_none() || value.is_object() {
            continue;
        }
        let found = match value {
            Value::Null => "null",
            Value::Bool(_) => "boolean",
            Value::Number(number) if number.is_f64() => "number",
            Value::Number(_) => "integer",
            Value::String(_) => "string",
            Value::Array(_) => "array",
            Value::Object(_) => "object",
        };
        let message = format!(
            "Invalid value: \"{found}\": {field} in body must be of type object: \"{found}\""
        );
        problems.add("FieldValueTypeInvalid", message, field.to_owned());
    }
}
