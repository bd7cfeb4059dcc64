//! The `token` of a service account.

use super::super::authn::{self, ISSUER, Wanted};
use super::super::kinds::Kind;
use super::super::metadata::moment;
use super::super::status::Status;
use super::super::store::Key;
use super::{Cause, Question, text, texts, valid};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

const GROUP: &str = "authentication.k8s.io";
const KIND: &str = "TokenRequest";
const AN_HOUR: i64 = 3_600;
const SHORTEST: i64 = 600;
const LONGEST: i64 = 1 << 32;

/// Fills in how long a token is good where nothing was said.
pub(super) fn default(kind: &Kind, object: &mut Value) {
    if kind.kind == KIND && object["spec"]["expirationSeconds"].is_null() {
        object["spec"]["expirationSeconds"] = AN_HOUR.into();
    }
}

pub(super) fn answer(asked: &Question<'_>, mut object: Value) -> Result<Value, Status> {
    let namespace = asked.wanted.namespace.as_deref().unwrap_or_default();
    let name = asked.wanted.name.as_deref().unwrap_or_default();
    find(asked, "namespaces", "", namespace)?;
    let said = text(&object["metadata"], "name");
    if !said.is_empty() && said != name {
        let why = "must match the service account name if specified";
        let cause = Cause::invalid("metadata.name", &format!("{said:?}"), why);
        valid(KIND, GROUP, name, &[cause])?;
    }
    let uid = find(asked, "serviceaccounts", namespace, name)?;
    let said = text(&object["metadata"], "uid");
    if !said.is_empty() && said != uid {
        return Err(conflict(
            GROUP,
            KIND,
            name,
            &format!(
                "the UID in the token request ({said}) does not match the UID of the service account ({uid})"
            ),
        ));
    }
    let mut audiences = texts(&object["spec"]["audiences"]);
    if audiences.is_empty() {
        audiences.push(ISSUER.to_owned());
    }
    let lasts = object["spec"]["expirationSeconds"]
        .as_i64()
        .unwrap_or(AN_HOUR);
    in_bounds(lasts)?;
    let bound = bound(asked, &object["spec"]["boundObjectRef"], namespace)?;
    let wanted = Wanted {
        namespace,
        name,
        uid: &uid,
        secret: bound
            .as_ref()
            .map(|(name, uid)| (name.as_str(), uid.as_str())),
        audiences: &audiences,
        seconds: lasts,
    };
    let token = authn::issue(asked.credentials, &wanted, asked.now).map_err(|failure| {
        Status::new(
            500,
            "InternalError",
            format!("failed to generate token: {failure}"),
        )
    })?;
    let ends = asked.now.checked_add(SignedDuration::from_secs(lasts));
    let ends = ends.unwrap_or(Timestamp::MAX);
    let metadata = &mut object["metadata"];
    metadata["name"] = name.into();
    metadata["uid"] = uid.clone().into();
    metadata["creationTimestamp"] = moment(asked.now).into();
    object["spec"]["audiences"] = json!(audiences);
    if object["spec"]["boundObjectRef"].is_null() {
        object["spec"]["boundObjectRef"] = Value::Null;
    }
    // It is there before it holds anything, so nobody owns that it is.
    let owned = "/metadata/managedFields/0/fieldsV1/f:spec/f:boundObjectRef";
    if let Some(Value::Object(owned)) = object.pointer_mut(owned) {
        owned.remove(".");
    }
    object["status"] = json!({ "token": token, "expirationTimestamp": moment(ends) });
    Ok(object)
}

fn in_bounds(lasts: i64) -> Result<(), Status> {
    let why = match lasts {
        ..SHORTEST => "may not specify a duration less than 10 minutes",
        SHORTEST..=LONGEST => return Ok(()),
        _ => "may not specify a duration larger than 2^32 seconds",
    };
    let cause = Cause::invalid("spec.expirationSeconds", &lasts.to_string(), why);
    valid(KIND, GROUP, "", &[cause])
}

/// Name and uid of the Secret that the token is to end with.
fn bound(
    asked: &Question<'_>,
    reference: &Value,
    namespace: &str,
) -> Result<Option<(String, String)>, Status> {
    if reference.is_null() {
        return Ok(None);
    }
    let (name, kind) = (text(reference, "name"), text(reference, "kind"));
    let version = text(reference, "apiVersion");
    let (group, version) = version.split_once('/').unwrap_or(("", version));
    match (group, kind) {
        ("", "Secret") => {}
        // There are none of these.
        ("", "Pod") => return Err(Status::not_found("pods", "", name)),
        ("", "Node") => return Err(Status::not_found("nodes", "", name)),
        _ => {
            return Err(Status::bad_request(format!(
                "cannot bind token to object of type {group}/{version}, Kind={kind}"
            )));
        }
    }
    let uid = find(asked, "secrets", namespace, name)?;
    let said = text(reference, "uid");
    if !said.is_empty() && said != uid {
        let why = format!(
            "the UID in the bound object reference ({said}) does not match the UID in record. The object might have been deleted and then recreated"
        );
        return Err(conflict("", kind, name, &why));
    }
    Ok(Some((name.to_owned(), uid)))
}

/// The uid of an object that must be there.
fn find(
    asked: &Question<'_>,
    resource: &str,
    namespace: &str,
    name: &str,
) -> Result<String, Status> {
    let key = Key {
        resource: resource.to_owned(),
        namespace: namespace.to_owned(),
        name: name.to_owned(),
    };
    let found = asked.store.get(&key);
    let found = found.ok_or_else(|| Status::not_found(resource, "", name))?;
    Ok(text(&found["metadata"], "uid").to_owned())
}

fn conflict(group: &str, kind: &str, name: &str, why: &str) -> Status {
    let of = super::super::status::qualified(kind, group);
    let message = format!("Operation cannot be fulfilled on {of} \"{name}\": {why}");
    let mut details = json!({ "name": name, "kind": kind });
    if !group.is_empty() {
        details["group"] = group.into();
    }
    Status::new(409, "Conflict", message).with_details(details)
}
