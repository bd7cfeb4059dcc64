//! Patches: what is sent is merged into the object as it is, by one of four rules.

use super::strategic;
use super::write;
use super::{Call, Written, apply};
use crate::sandbox::kubernetes::decode::{self, Decoded};
use crate::sandbox::kubernetes::kinds::Kind;
use crate::sandbox::kubernetes::options::{Of, Options};
use crate::sandbox::kubernetes::status::{Cause, Status};
use crate::sandbox::kubernetes::store::Store;
use crate::sandbox::kubernetes::{fields, json_patch};
use serde_json::{Map, Value, json};
use std::sync::Arc;

pub(super) const APPLY: &str = "application/apply-patch+yaml";
const JSON_PATCH: &str = "application/json-patch+json";
const MERGE_PATCH: &str = "application/merge-patch+json";
const STRATEGIC: &str = "application/strategic-merge-patch+json";

pub(super) fn patch(store: &mut Store, call: &Call<'_>) -> Result<Written, Status> {
    let media = call.media_type();
    let known = match media {
        APPLY | JSON_PATCH | MERGE_PATCH => true,
        STRATEGIC => !call.target.kind.custom,
        _ => false,
    };
    if !known {
        return Err(unknown_form(call.target.kind));
    }
    if media == APPLY {
        return apply::apply(store, call);
    }
    let mut options = Options::read(Of::Patch, call.asked)?;
    options
        .manager
        .subresource
        .clone_from(&call.target.subresource);
    let kind = call.target.kind;
    let before = store.get(&call.key(call.name())).cloned();
    let before = before.ok_or_else(|| call.not_found())?;
    let mut shown = Value::clone(&before);
    shown["apiVersion"] = kind.api_version().into();
    let (patched, shown) = patched(call, media, shown)?;
    let text = patched.to_string();
    let decoded = decode::decode_patched(kind, &text, options.validation);
    let decoded = decoded.map_err(|why| unfit(shown.as_deref().unwrap_or(&text), &why))?;
    let Decoded { object, warnings } = decoded;
    match changed(store, call, &options, &before, object) {
        Ok(object) => Ok(Written {
            code: 200,
            object,
            warnings,
        }),
        Err(status) => Err(status.warned(&warnings)),
    }
}

fn changed(
    store: &mut Store,
    call: &Call<'_>,
    options: &Options,
    before: &Arc<Value>,
    mut object: Value,
) -> Result<Arc<Value>, Status> {
    let kind = call.target.kind;
    write::match_namespace(call, &mut object)?;
    write::match_name(call, &object)?;
    write::keep_other_half(call, before, &mut object);
    let unread = decode::emptied(kind, &object);
    fields::updated(kind, Some(before), &mut object, &options.manager);
    write::changed(store, call, options, before, object, unread)
}

fn unknown_form(kind: &Kind) -> Status {
    if kind.custom {
        let message = format!(
            "the body of the request was in an unknown format - accepted media types include: {JSON_PATCH}, {MERGE_PATCH}, {APPLY}"
        );
        return Status::new(415, "UnsupportedMediaType", message);
    }
    let message = "415: Unsupported Media Type";
    Status::new(415, "UnsupportedMediaType", message).with_details(json!({}))
}

/// What a patch makes of the object, and how it is named if that is none of its kind: a strategic one by itself.
fn patched(
    call: &Call<'_>,
    media: &str,
    mut object: Value,
) -> Result<(Value, Option<String>), Status> {
    let text = call.text();
    let prefix = if media == STRATEGIC {
        ""
    } else {
        "error decoding patch: "
    };
    let patch = decode::parse(&text)
        .map_err(|why| Status::bad_request(format!("{prefix}{why}")))?
        .into_value();
    if media == MERGE_PATCH && patch.is_null() {
        return Err(Status::bad_request("Invalid JSON Patch"));
    }
    match media {
        JSON_PATCH => Ok((json_patch::apply(&patch, object)?, None)),
        MERGE_PATCH => {
            merge(&mut object, expect_map(&patch, prefix)?);
            Ok((object, None))
        }
        _ => {
            let patch = expect_map(&patch, prefix)?;
            let merged = strategic::merge(call.target.kind, object, patch)?;
            Ok((merged, Some(strategic::shown(patch))))
        }
    }
}

fn expect_map<'a>(patch: &'a Value, prefix: &str) -> Result<&'a Map<String, Value>, Status> {
    patch.as_object().ok_or_else(|| {
        Status::bad_request(format!(
            "{prefix}json: cannot unmarshal {} into Go value of type map[string]interface {{}}",
            json_patch::go_word(patch)
        ))
    })
}

/// RFC 7386.
fn merge(object: &mut Value, patch: &Map<String, Value>) {
    if !object.is_object() {
        *object = Value::Object(Map::new());
    }
    let Value::Object(fields) = object else {
        return;
    };
    for (name, value) in patch {
        match value {
            Value::Null => drop(fields.remove(name)),
            Value::Object(patch) => {
                merge(fields.entry(name.clone()).or_insert(Value::Null), patch);
            }
            value => drop(fields.insert(name.clone(), value.clone())),
        }
    }
}

/// What a patch made is not an object of its kind.
pub(super) fn unfit(shown: &str, why: &str) -> Status {
    let cause = Cause {
        reason: "FieldValueInvalid",
        message: format!("Invalid value: {}: {why}", Value::from(shown)),
        field: "patch".to_owned(),
    };
    let mut status = Status::invalid("", "", "", &[cause]);
    if let Some(details) = status.details.as_mut().and_then(Value::as_object_mut) {
        details.remove("kind");
    }
    status
}
