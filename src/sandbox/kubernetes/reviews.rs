//! The objects that are questions: `TokenReview`, `SubjectAccessReview` and its kin, `SelfSubjectReview`, and the
//! `token` of a service account. Nothing of them is stored.

mod access;
mod kinds;
mod token_request;
mod token_review;

use super::authn::Credentials;
use super::decode::{self, FieldValidation};
use super::fields::{self, Manager};
use super::kinds::Kind;
use super::metadata::moment;
use super::request::{Attributes, User};
use super::status::Status;
use super::store::Store;
use jiff::Timestamp;
use serde_json::{Map, Value, json};

/// A question and who asks it.
#[derive(Debug)]
pub(super) struct Question<'a> {
    pub credentials: &'a Credentials,
    pub store: &'a Store,
    pub user: &'a User,
    pub wanted: &'a Attributes,
    pub text: &'a str,
    pub validation: FieldValidation,
    /// As `managedFields` names who writes.
    pub manager: &'a str,
    pub now: Timestamp,
}

/// The object with its answer, or why there is none, and what is to be said in `Warning` headers.
#[derive(Debug)]
pub(super) struct Answered {
    pub object: Result<Value, Status>,
    pub warnings: Vec<String>,
}

/// The kind of question that a path asks, if it is one of these.
pub(super) fn kind(wanted: &Attributes) -> Option<&'static Kind> {
    let path = (
        wanted.group.as_str(),
        wanted.version.as_str(),
        wanted.resource.as_str(),
        wanted.subresource.as_deref(),
    );
    match path {
        ("", "v1", "serviceaccounts", Some("token")) => Some(&kinds::TOKEN_REQUEST),
        (group, version, resource, None) => kinds::REVIEWS
            .iter()
            .find(|kind| (kind.group, kind.version, kind.resource) == (group, version, resource))
            .filter(|kind| wanted.name.is_none() && kind.namespaced == wanted.namespace.is_some()),
        _ => None,
    }
}

/// Whether there is a question of this group and version.
pub(super) fn serves(group: &str, version: &str) -> bool {
    kinds::REVIEWS
        .iter()
        .any(|kind| (kind.group, kind.version) == (group, version))
}

/// The answer to a question that `kind` is the kind of.
pub(super) fn answer(asked: &Question<'_>, kind: &'static Kind) -> Result<Answered, Status> {
    let decoded = decode::decode(kind, asked.text, asked.validation)?;
    Ok(Answered {
        object: answered(asked, kind, decoded.object),
        warnings: decoded.warnings,
    })
}

fn answered(asked: &Question<'_>, kind: &'static Kind, mut object: Value) -> Result<Value, Status> {
    if !object["metadata"].is_object() {
        object["metadata"] = json!({});
    }
    in_namespace(&mut object, asked.wanted.namespace.as_deref())?;
    token_request::default(kind, &mut object);
    fields::updated(kind, None, &mut object, &asked.manager(kind));
    match kind.kind {
        "TokenRequest" => token_request::answer(asked, object),
        "TokenReview" => token_review::answer(asked, object),
        "SelfSubjectReview" => Ok(who_am_i(asked)),
        "SelfSubjectRulesReview" => access::rules(asked, &object),
        _ => access::review(asked, kind, object),
    }
}

impl Question<'_> {
    fn manager(&self, kind: &Kind) -> Manager {
        let subresource = (kind.kind == "TokenRequest").then(|| "token".to_owned());
        Manager {
            name: self.manager.to_owned(),
            subresource,
            force: false,
            now: self.now,
        }
    }
}

/// An object is of the namespace that its path names.
fn in_namespace(object: &mut Value, namespace: Option<&str>) -> Result<(), Status> {
    let namespace = namespace.unwrap_or_default();
    let said = object["metadata"]["namespace"].as_str().unwrap_or_default();
    if !said.is_empty() && said != namespace {
        return Err(Status::bad_request(
            "the namespace of the provided object does not match the namespace sent on the request",
        ));
    }
    if !namespace.is_empty() {
        object["metadata"]["namespace"] = namespace.into();
    }
    Ok(())
}

fn who_am_i(asked: &Question<'_>) -> Value {
    json!({
        "kind": "SelfSubjectReview",
        "apiVersion": "authentication.k8s.io/v1",
        "metadata": { "creationTimestamp": moment(asked.now) },
        "status": { "userInfo": user_info(asked.user) },
    })
}

fn user_info(user: &User) -> Value {
    let mut fields = Map::new();
    for (field, text) in [("username", &user.name), ("uid", &user.uid)] {
        if !text.is_empty() {
            fields.insert(field.to_owned(), text.as_str().into());
        }
    }
    if !user.groups.is_empty() {
        fields.insert("groups".to_owned(), json!(user.groups));
    }
    if !user.extra.is_empty() {
        fields.insert("extra".to_owned(), json!(user.extra));
    }
    Value::Object(fields)
}

/// A field that is not as it must be: its reason, place and message.
#[derive(Debug)]
struct Cause {
    reason: &'static str,
    field: &'static str,
    message: String,
}

impl Cause {
    fn invalid(field: &'static str, value: &str, why: &str) -> Self {
        Self {
            reason: "FieldValueInvalid",
            field,
            message: format!("Invalid value: {value}: {why}"),
        }
    }
}

/// 422; `Ok` when there are no causes.
fn valid(kind: &str, group: &str, name: &str, causes: &[Cause]) -> Result<(), Status> {
    let said: Vec<String> = causes
        .iter()
        .map(|cause| format!("{}: {}", cause.field, cause.message))
        .collect();
    let said = match said.as_slice() {
        [] => return Ok(()),
        [one] => one.clone(),
        many => format!("[{}]", many.join(", ")),
    };
    let causes: Vec<Value> = causes
        .iter()
        .map(|cause| {
            json!({ "reason": cause.reason, "message": cause.message, "field": cause.field })
        })
        .collect();
    let mut details = json!({ "group": group, "causes": causes });
    for (field, text) in [("kind", kind), ("name", name)] {
        if !text.is_empty() {
            details[field] = text.into();
        }
    }
    let message = format!("{kind}.{group} \"{name}\" is invalid: {said}");
    Err(Status::new(422, "Invalid", message).with_details(details))
}

fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    value[field].as_str().unwrap_or_default()
}

fn texts(value: &Value) -> Vec<String> {
    let items = value.as_array().into_iter().flatten();
    items
        .filter_map(|item| Some(item.as_str()?.to_owned()))
        .collect()
}
