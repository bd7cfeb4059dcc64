//! Deleting: preconditions, finalizers, and what stays until somebody lets go of it.

use super::Call;
use super::list::{Selection, list_answer};
use super::write::{deleted, is_let_go};
use crate::sandbox::kubernetes::answer;
use crate::sandbox::kubernetes::kinds::Kind;
use crate::sandbox::kubernetes::metadata::{self, finalizers, is_being_deleted, moment};
use crate::sandbox::kubernetes::namespaces::LASTING;
use crate::sandbox::kubernetes::options::Causes;
use crate::sandbox::kubernetes::status::Status;
use crate::sandbox::kubernetes::store::{Key, Store};
use axum::response::Response;
use serde_json::Value;
use std::sync::Arc;

const FOREGROUND: &str = "foregroundDeletion";
const ORPHAN: &str = "orphan";

/// What a deletion is to keep to.
#[derive(Debug, Default)]
struct Options {
    dry_run: bool,
    uid: Option<String>,
    version: Option<String>,
    /// `Foreground`, `Background`, `Orphan`.
    policy: Option<String>,
}

/// What became of an object.
enum Outcome {
    Gone(Arc<Value>),
    /// It is on its way out.
    Held(Arc<Value>),
}

pub(super) fn delete(store: &mut Store, call: &Call<'_>) -> Result<Response, Status> {
    let options = Options::read(call)?;
    let kind = call.target.kind;
    if kind.resource == "namespaces" && LASTING.contains(&call.name()) {
        return Err(lasting(call.name()));
    }
    let key = call.key(call.name());
    let object = store.get(&key).cloned().ok_or_else(|| call.not_found())?;
    options.check(kind, &object)?;
    match options.remove(store, call, &key, &object) {
        Outcome::Gone(object) if kind.resource == "serviceaccounts" => {
            let mut last = Value::clone(&object);
            if !options.dry_run {
                last["metadata"]["resourceVersion"] = store.revision.to_string().into();
            }
            call.show(200, &last, &[])
        }
        Outcome::Gone(object) => Ok(answer::object(200, &deleted(kind, &object), &[])),
        Outcome::Held(object) => call.show(200, &object, &[]),
    }
}

pub(super) fn delete_collection(store: &mut Store, call: &Call<'_>) -> Result<Response, Status> {
    let options = Options::read(call)?;
    let selection = Selection::read(call)?;
    let page = selection.page(store, call)?;
    for object in &page.items {
        let key = Key::of(call.target.kind, object);
        options.remove(store, call, &key, object);
    }
    list_answer(call, &page)
}

/// They are looked at before anything is looked for.
pub(super) fn expect_options(call: &Call<'_>) -> Result<(), Status> {
    Options::read(call).map(drop)
}

/// Whether the pods of a job that is deleted stay, because nothing else was said.
pub(super) fn keeps_pods(call: &Call<'_>) -> bool {
    call.target.kind.resource == "jobs"
        && Options::read(call).is_ok_and(|options| options.policy.is_none())
}

fn lasting(name: &str) -> Status {
    let mut status = Status::not_found("namespaces", "", name);
    (status.code, status.reason) = (403, "Forbidden");
    status.message =
        format!("namespaces \"{name}\" is forbidden: this namespace may not be deleted");
    status
}

impl Options {
    /// From the body, or from the query where there is none.
    fn read(call: &Call<'_>) -> Result<Self, Status> {
        let query = &call.asked.query;
        let body = if call.body.is_empty() {
            query.number("gracePeriodSeconds")?;
            let mut options = serde_json::json!({ "dryRun": query.all("dryRun") });
            if let Some(policy) = query.get("propagationPolicy") {
                options["propagationPolicy"] = policy.into();
            }
            if let Some(orphan) = query.flag("orphanDependents") {
                options["orphanDependents"] = orphan.into();
            }
            options
        } else {
            call.expect_object()?;
            parsed(&call.text())?
        };
        Self::of(&body)
    }

    fn of(body: &Value) -> Result<Self, Status> {
        let text = |value: &Value| value.as_str().map(ToOwned::to_owned);
        let mut causes = Causes::default();
        let policy = text(&body["propagationPolicy"]);
        if let Some(policy) = &policy {
            if !body["orphanDependents"].is_null() {
                let message = format!(
                    "Invalid value: {policy:?}: orphanDependents and deletionPropagation cannot be both set"
                );
                causes.add("FieldValueInvalid", "propagationPolicy", message);
            } else if !matches!(policy.as_str(), "Foreground" | "Background" | "Orphan") {
                let message = format!(
                    "Unsupported value: {policy:?}: supported values: \"Foreground\", \"Background\", \"Orphan\", \"nil\""
                );
                causes.add("FieldValueNotSupported", "propagationPolicy", message);
            }
        }
        let dry_run: Vec<&str> = body["dryRun"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect();
        let dry_run = causes.check_dry_run(&dry_run);
        causes.none("DeleteOptions")?;
        let policy = policy.or_else(|| {
            if body["orphanDependents"].as_bool()? {
                Some("Orphan".to_owned())
            } else {
                Some("Background".to_owned())
            }
        });
        Ok(Self {
            dry_run,
            uid: text(&body["preconditions"]["uid"]),
            version: text(&body["preconditions"]["resourceVersion"]),
            policy,
        })
    }

    fn check(&self, kind: &Kind, object: &Value) -> Result<(), Status> {
        let differs = |wanted: &Option<String>, field: &str| {
            let lives = metadata::text(object, field).to_owned();
            let wanted = wanted.clone().filter(|wanted| *wanted != lives);
            wanted.map(|wanted| (wanted, lives))
        };
        let name = metadata::text(object, "name");
        let is_namespace = kind.resource == "namespaces";
        let what = if is_namespace {
            kind.resource
        } else {
            kind.kind
        };
        if let Some((wanted, lives)) = differs(&self.uid, "uid") {
            let why = if is_namespace {
                format!(
                    "Precondition failed: UID in precondition: {wanted}, UID in object meta: {lives}"
                )
            } else {
                format!(
                    "the UID in the precondition ({wanted}) does not match the UID in record ({lives}). The object might have been deleted and then recreated"
                )
            };
            return Err(Status::conflict(what, kind.group, name, &why));
        }
        if let Some((wanted, lives)) = differs(&self.version, "resourceVersion") {
            let why = if is_namespace {
                format!(
                    "Precondition failed: ResourceVersion in precondition: {wanted}, ResourceVersion in object meta: {lives}"
                )
            } else {
                format!(
                    "the ResourceVersion in the precondition ({wanted}) does not match the ResourceVersion in record ({lives}). The object might have been modified"
                )
            };
            return Err(Status::conflict(what, kind.group, name, &why));
        }
        Ok(())
    }

    /// Takes an object out, or marks it where something holds it.
    fn remove(
        &self,
        store: &mut Store,
        call: &Call<'_>,
        key: &Key,
        object: &Arc<Value>,
    ) -> Outcome {
        let is_namespace = call.target.kind.resource == "namespaces";
        let wanted = self.finalizers(object);
        let mut marked = Value::clone(object);
        let fields = metadata::of(&mut marked);
        if wanted.is_empty() {
            fields.remove("finalizers");
        } else {
            fields.insert("finalizers".to_owned(), wanted.into());
        }
        if is_let_go(&marked) {
            if !self.dry_run {
                store.remove(key);
                // The last that is seen of it is of the revision that took it away.
                let revision = store.revision.to_string();
                metadata::of(&mut marked).insert("resourceVersion".to_owned(), revision.into());
                return Outcome::Gone(Arc::new(marked));
            }
            return Outcome::Gone(Arc::clone(object));
        }
        if !is_being_deleted(object) {
            fields_of_deletion(&mut marked, is_namespace, call.asked.now);
        }
        if marked == **object {
            return Outcome::Held(Arc::clone(object));
        }
        if self.dry_run {
            return Outcome::Held(Arc::new(marked));
        }
        Outcome::Held(store.put(key.clone(), marked))
    }

    /// What holds the object once the policy has been heard.
    fn finalizers(&self, object: &Value) -> Vec<String> {
        let had = finalizers(object);
        let (foreground, orphan) = match self.policy.as_deref() {
            Some("Foreground") => (true, false),
            Some("Orphan") => (false, true),
            Some(_) => (false, false),
            None => (had.contains(&FOREGROUND), had.contains(&ORPHAN)),
        };
        let mut wanted: Vec<String> = had
            .iter()
            .filter(|name| ![FOREGROUND, ORPHAN].contains(*name))
            .map(|name| (*name).to_owned())
            .collect();
        if orphan {
            wanted.push(ORPHAN.to_owned());
        }
        if foreground {
            wanted.push(FOREGROUND.to_owned());
        }
        if had.len() == wanted.len() && had.iter().all(|name| wanted.iter().any(|w| w == name)) {
            return had.into_iter().map(ToOwned::to_owned).collect();
        }
        wanted
    }
}

fn fields_of_deletion(object: &mut Value, is_namespace: bool, now: jiff::Timestamp) {
    let generation = object["metadata"]["generation"].as_i64();
    let fields = metadata::of(object);
    fields.insert("deletionTimestamp".to_owned(), moment(now).into());
    if is_namespace {
        object["status"]["phase"] = "Terminating".into();
        return;
    }
    fields.insert("deletionGracePeriodSeconds".to_owned(), 0.into());
    if let Some(generation @ 1..) = generation {
        fields.insert("generation".to_owned(), (generation + 1).into());
    }
}

fn parsed(text: &str) -> Result<Value, Status> {
    let body: Value = serde_json::from_str(text).map_err(|error| {
        let why = if error.is_eof() {
            "unexpected end of JSON input".to_owned()
        } else {
            error.to_string()
        };
        Status::internal(format!(
            "couldn't get version/kind; json parse error: {why}"
        ))
    })?;
    let (kind, version) = (body["kind"].as_str(), body["apiVersion"].as_str());
    if let Some(kind) = kind.filter(|kind| *kind != "DeleteOptions") {
        return Err(Status::internal(format!(
            "no kind {kind:?} is registered for version {:?} in scheme \"pkg/runtime/scheme.go:110\"",
            version.unwrap_or("v1")
        )));
    }
    let grace = &body["gracePeriodSeconds"];
    if !grace.is_null() && !grace.is_i64() {
        return Err(Status::internal(format!(
            "json: cannot unmarshal {} into Go struct field DeleteOptions.gracePeriodSeconds of type int64",
            crate::sandbox::kubernetes::json_patch::go_word(grace)
        )));
    }
    Ok(body)
}
