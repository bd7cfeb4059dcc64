//! What every write does, whichever verb it came by: the steps between a whole object and the store.

use super::Call;
use crate::sandbox::kubernetes::kinds::Kind;
use crate::sandbox::kubernetes::metadata::{self, finalizers, is_being_deleted, moment};
use crate::sandbox::kubernetes::options::Options;
use crate::sandbox::kubernetes::status::{Cause, Status};
use crate::sandbox::kubernetes::store::{Key, Store};
use crate::sandbox::kubernetes::{authz, namespaces, validate};
use serde_json::{Value, json};
use std::sync::Arc;
use uuid::Uuid;

const MODIFIED: &str =
    "the object has been modified; please apply your changes to the latest version and try again";
/// What a server makes names of: no vowels, so that no words come about.
const NAME_LETTERS: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";
const NAME_ENDING: usize = 5;
const LONGEST_NAME_START: usize = 63 - NAME_ENDING;

impl Kind {
    /// A PUT of an object that is not there makes it.
    pub(super) fn is_made_by_update(&self) -> bool {
        self.resource == "leases" || self.group == "rbac.authorization.k8s.io"
    }

    /// A PUT must say which version of the object it replaces.
    fn wants_version(&self) -> bool {
        self.custom || self.resource == "leases"
    }
}

pub(super) fn match_namespace(call: &Call<'_>, object: &mut Value) -> Result<(), Status> {
    let wanted = call.target.namespace.as_deref().unwrap_or_default();
    let said = metadata::text(object, "namespace");
    if said.is_empty() && !wanted.is_empty() {
        metadata::of(object).insert("namespace".to_owned(), wanted.into());
        return Ok(());
    }
    if said == wanted {
        return Ok(());
    }
    Err(Status::bad_request(
        "the namespace of the provided object does not match the namespace sent on the request",
    ))
}

pub(super) fn match_name(call: &Call<'_>, object: &Value) -> Result<(), Status> {
    let (wanted, said) = (call.name(), metadata::text(object, "name"));
    if said.is_empty() {
        return Err(Status::bad_request(format!(
            "the name of the object ({wanted} based on URL) was undeterminable: name must be provided"
        )));
    }
    if said == wanted {
        return Ok(());
    }
    Err(Status::bad_request(format!(
        "the name of the object ({said}) does not match the name on the URL ({wanted})"
    )))
}

/// Puts a new object into the store.
pub(super) fn new(
    store: &mut Store,
    call: &Call<'_>,
    options: &Options,
    mut object: Value,
) -> Result<Arc<Value>, Status> {
    let kind = call.target.kind;
    prepare(kind, &mut object, call.asked.now);
    let name = metadata::text(&object, "name").to_owned();
    call.expect_namespace(store, &name, true)?;
    authz::may_grant(store, &call.asked.user, call.wanted, &object, None)?;
    validate::create(kind, &object)?;
    if !options.dry_run && matches!(metadata::version(&object), Ok(1..)) {
        return Err(Status::internal(
            "resourceVersion should not be set on objects to be created",
        ));
    }
    let key = call.key(&name);
    if let Some(there) = store.get(&key) {
        let mut status = Status::already_exists(kind.resource, kind.group, &name);
        if is_being_deleted(there) {
            status.message = format!("object is being deleted: {}", status.message);
        }
        return Err(status);
    }
    Ok(put(store, kind, key, object, options))
}

/// Takes out what only the server says, whatever a client has sent.
pub(super) fn wipe(object: &mut Value) {
    let fields = metadata::of(object);
    for gone in [
        "selfLink",
        "deletionTimestamp",
        "deletionGracePeriodSeconds",
    ] {
        fields.remove(gone);
    }
}

/// What the server itself fills in before a new object is looked at.
fn prepare(kind: &Kind, object: &mut Value, now: jiff::Timestamp) {
    let fields = metadata::of(object);
    fields.insert("uid".to_owned(), Uuid::new_v4().to_string().into());
    fields.insert("creationTimestamp".to_owned(), moment(now).into());
    let start = fields.get("generateName").and_then(Value::as_str);
    let start = start.unwrap_or_default().to_owned();
    let named = fields.get("name").and_then(Value::as_str);
    if named.unwrap_or_default().is_empty() && !start.is_empty() {
        fields.insert("name".to_owned(), made_up(&start).into());
    }
    if kind.custom {
        fields.insert("generation".to_owned(), 1.into());
        if kind.status
            && let Some(fields) = object.as_object_mut()
        {
            fields.remove("status");
        }
    }
    if kind.resource == "namespaces" {
        namespaces::prepare(object);
    }
    clean(kind, object);
}

/// An account refers to its Secrets by their names alone.
fn clean(kind: &Kind, object: &mut Value) {
    let secrets = object.get_mut("secrets").and_then(Value::as_array_mut);
    if let ("serviceaccounts", Some(secrets)) = (kind.resource, secrets) {
        for secret in secrets.iter_mut().filter_map(Value::as_object_mut) {
            secret.retain(|field, _| field == "name");
        }
    }
}

fn made_up(start: &str) -> String {
    let bytes = *Uuid::new_v4().as_bytes();
    let ending = bytes.iter().take(NAME_ENDING).map(|byte| {
        let index = usize::from(*byte) % NAME_LETTERS.len();
        char::from(NAME_LETTERS[index])
    });
    start
        .chars()
        .take(LONGEST_NAME_START)
        .chain(ending)
        .collect()
}

/// Puts what became of an object into its place.
pub(super) fn changed(
    store: &mut Store,
    call: &Call<'_>,
    options: &Options,
    before: &Arc<Value>,
    mut object: Value,
    unread: Value,
) -> Result<Arc<Value>, Status> {
    let kind = call.target.kind;
    call.expect_namespace(store, call.name(), false)?;
    authz::may_grant(store, &call.asked.user, call.wanted, &object, Some(before))?;
    check_version(call, before, &mut object)?;
    if kind.resource == "namespaces" && call.subresource().is_none() {
        // Whoever writes it owns it, and still changes nothing.
        object["spec"] = before["spec"].clone();
    }
    carry_over(kind, before, &mut object);
    clean(kind, &mut object);
    if kind.resource == "namespaces" && call.subresource() == Some("status") {
        namespaces::check_phase(&object)?;
    }
    validate::update(kind, &object, before)?;
    object["apiVersion"] = kind.stored().api_version().into();
    let key = call.key(call.name());
    // What is about to be stored is compared with what is read back, and then with what is stored.
    let stores_unread = stores_unread(kind, &unread);
    if object == **before && !stores_unread && !store.has_unread(&key) {
        return Ok(Arc::clone(before));
    }
    if is_being_deleted(&object) && is_let_go(&object) {
        if !options.dry_run {
            store.remove(&key);
        }
        // What is not stored any more is answered as it came.
        lay_over(&mut object, unread);
        return Ok(Arc::new(object));
    }
    let object = put(store, kind, key.clone(), object, options);
    if stores_unread && !options.dry_run {
        store.note_unread(&key);
    }
    Ok(object)
}

/// Whether what is never read back is stored all the same: of custom objects it is.
pub(super) fn stores_unread(kind: &Kind, unread: &Value) -> bool {
    kind.custom && !unread.is_null()
}

fn lay_over(object: &mut Value, over: Value) {
    let Value::Object(over) = over else { return };
    for (name, value) in over {
        match value {
            Value::Object(fields) if name == "metadata" => metadata::of(object).extend(fields),
            value => object[name] = value,
        }
    }
}

fn put(
    store: &mut Store,
    kind: &Kind,
    key: Key,
    mut object: Value,
    options: &Options,
) -> Arc<Value> {
    if options.dry_run {
        return Arc::new(object);
    }
    object["apiVersion"] = kind.stored().api_version().into();
    store.put(key, object)
}

/// Nothing holds it any more.
pub(super) fn is_let_go(object: &Value) -> bool {
    let held = object["kind"] == "Namespace"
        && object["spec"]["finalizers"]
            .as_array()
            .is_some_and(|list| !list.is_empty());
    finalizers(object).is_empty() && !held
}

fn check_version(call: &Call<'_>, before: &Value, object: &mut Value) -> Result<(), Status> {
    let kind = call.target.kind;
    let lives = metadata::text(before, "resourceVersion");
    let said = metadata::version(object).map_err(Status::internal)?;
    if said == 0 && kind.wants_version() {
        let cause = Cause {
            reason: "FieldValueInvalid",
            message: "Invalid value: 0: must be specified for an update".to_owned(),
            field: "metadata.resourceVersion".to_owned(),
        };
        let (resource, group) = (kind.resource, kind.group);
        return Err(Status::invalid(resource, group, call.name(), &[cause]));
    }
    if said != 0 && said.to_string() != lives {
        return Err(call.conflict(MODIFIED));
    }
    metadata::of(object).insert("resourceVersion".to_owned(), lives.into());
    Ok(())
}

/// What an update cannot take away: the server's own part of the metadata.
fn carry_over(kind: &Kind, before: &Value, object: &mut Value) {
    let spec_changed = kind.custom && !same_apart_from_metadata(kind, before, object);
    let fields = metadata::of(object);
    fields.remove("selfLink");
    for filled in ["uid", "deletionGracePeriodSeconds"] {
        let missing = fields
            .get(filled)
            .is_none_or(|value| value.is_null() || value == "");
        if missing && let Some(value) = before["metadata"].get(filled) {
            fields.insert(filled.to_owned(), value.clone());
        }
    }
    for kept in ["creationTimestamp", "deletionTimestamp", "generation"] {
        match before["metadata"].get(kept) {
            Some(value) => drop(fields.insert(kept.to_owned(), value.clone())),
            // That it is being deleted, nobody can write: it is refused.
            None if kept == "deletionTimestamp" => {}
            None => drop(fields.remove(kept)),
        }
    }
    if spec_changed {
        let generation = before["metadata"]["generation"].as_i64().unwrap_or(0);
        fields.insert("generation".to_owned(), (generation + 1).into());
    }
}

fn same_apart_from_metadata(kind: &Kind, before: &Value, object: &Value) -> bool {
    let rest = |object: &Value| {
        let fields = object.as_object().cloned().unwrap_or_default();
        let kept = fields.into_iter().filter(|(name, _)| {
            let is_other_half = kind.status && name == "status";
            !matches!(name.as_str(), "metadata" | "apiVersion" | "kind") && !is_other_half
        });
        kept.collect::<Vec<_>>()
    };
    rest(before) == rest(object)
}

/// An object and its status are written apart: what belongs to the other half stays as it was.
pub(super) fn keep_other_half(call: &Call<'_>, before: &Value, object: &mut Value) {
    let kind = call.target.kind;
    let keep = |object: &mut Value, field: &str| {
        if let Some(fields) = object.as_object_mut() {
            match before.get(field) {
                Some(value) => fields.insert(field.to_owned(), value.clone()),
                None => fields.remove(field),
            };
        }
    };
    match call.subresource() {
        Some("status") if kind.custom => {
            let status = object.get("status").cloned();
            let version = object["metadata"]["resourceVersion"].clone();
            let managed = object["metadata"]["managedFields"].clone();
            *object = before.clone();
            let fields = metadata::of(object);
            fields.insert("resourceVersion".to_owned(), version);
            fields.insert("managedFields".to_owned(), managed);
            if let Some(fields) = object.as_object_mut() {
                match status {
                    Some(status) => fields.insert("status".to_owned(), status),
                    None => fields.remove("status"),
                };
            }
        }
        Some("status") => keep(object, "spec"),
        Some("finalize") => keep(object, "status"),
        _ if kind.status => keep(object, "status"),
        _ => {}
    }
}

/// Why a uid in an object is a conflict, in the words of the storage.
pub(super) fn other_uid(call: &Call<'_>, dry_run: bool, said: &str, lives: &str) -> String {
    let (kind, name) = (call.target.kind, call.name());
    let place = match (&call.target.namespace, kind.custom) {
        (Some(namespace), true) => {
            format!("{}/{}/{namespace}/{name}", kind.group, kind.resource)
        }
        (None, true) => format!("{}/{}/{name}", kind.group, kind.resource),
        (Some(namespace), false) => format!("{}/{namespace}/{name}", kind.resource),
        (None, false) => format!("{}/{name}", kind.resource),
    };
    // A dry run does not come as far as etcd, where the root is put before.
    let root = if dry_run { "" } else { "/registry" };
    format!(
        "StorageError: invalid object, Code: 4, Key: {root}/{place}, ResourceVersion: 0, AdditionalErrorMsg: Precondition failed: UID in precondition: {said}, UID in object meta: {lives}"
    )
}

/// `{"name", "kind", "uid"}` of an object that was deleted.
pub(super) fn deleted(kind: &Kind, object: &Value) -> Value {
    let mut details = json!({
        "name": metadata::text(object, "name"),
        "kind": kind.resource,
        "uid": metadata::text(object, "uid"),
    });
    if !kind.group.is_empty() {
        details["group"] = kind.group.into();
    }
    json!({ "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "details": details })
}
