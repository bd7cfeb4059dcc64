//! The life of a namespace: which are there from the start, what can be made in one, and how one ends.
//!
//! The end is the work of a controller on a real cluster. Here it is the one thing that happens without being asked for,
//! because a namespace that never goes would be in everybody's way.

use super::fields::{self, Manager};
use super::http::Api;
use super::kinds::{self, Kind};
use super::metadata::{self, moment};
use super::status::{Cause, Status};
use super::store::{Key, Store};
use jiff::Timestamp;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use uuid::Uuid;

/// They are there from the start, and cannot be deleted.
const FIRST: [&str; 4] = ["kube-system", "kube-public", "default", "kube-node-lease"];
/// They cannot be deleted.
pub(super) const LASTING: [&str; 3] = ["default", "kube-system", "kube-public"];
/// As long as a controller takes about; a client has a chance to see the namespace on its way out.
const LAST_BREATH: Duration = Duration::from_secs(1);

fn key(name: &str) -> Key {
    Key {
        resource: "namespaces".to_owned(),
        namespace: String::new(),
        name: name.to_owned(),
    }
}

pub(super) fn begin(store: &mut Store, now: Timestamp) {
    let Some(kind) = kinds::find("", "v1", "namespaces") else {
        return;
    };
    for name in FIRST {
        let mut object = json!({
            "kind": "Namespace", "apiVersion": "v1",
            "metadata": {
                "name": name,
                "uid": Uuid::new_v4().to_string(),
                "creationTimestamp": moment(now),
                "labels": { "kubernetes.io/metadata.name": name },
            },
        });
        let manager = Manager {
            name: format!("kube-apiserver-{}", super::discovery::VERSION),
            subresource: None,
            force: false,
            now,
        };
        fields::updated(kind, None, &mut object, &manager);
        prepare(&mut object);
        store.put(Key::of(kind, &object), object);
    }
}

/// What every new namespace has, besides the finalizers that it came with.
pub(super) fn prepare(object: &mut Value) {
    let mut finalizers = object["spec"]["finalizers"].as_array().cloned();
    let all = finalizers.get_or_insert_default();
    if !all.iter().any(|name| name == "kubernetes") {
        all.push("kubernetes".into());
    }
    object["spec"] = json!({ "finalizers": all });
    object["status"] = json!({ "phase": "Active" });
}

/// A namespace that is not deleted is active.
pub(super) fn check_phase(object: &Value) -> Result<(), Status> {
    let phase = object["status"]["phase"].as_str().unwrap_or_default();
    let (wanted, state) = if metadata::is_being_deleted(object) {
        ("Terminating", "is not")
    } else {
        ("Active", "is")
    };
    if phase == wanted {
        return Ok(());
    }
    let cause = Cause {
        reason: "FieldValueInvalid",
        message: format!(
            "Invalid value: {phase:?}: may only be '{wanted}' if `deletionTimestamp` {state} empty"
        ),
        field: "status.Phase".to_owned(),
    };
    let name = metadata::text(object, "name");
    Err(Status::invalid("Namespace", "", name, &[cause]))
}

/// Refuses what cannot be written because of its namespace.
pub(super) fn expect(
    store: &Store,
    namespace: &str,
    creates: bool,
    what: impl FnOnce() -> (&'static Kind, String),
) -> Result<(), Status> {
    let Some(object) = store.get(&key(namespace)) else {
        return Err(Status::not_found("namespaces", "", namespace));
    };
    if !creates || !metadata::is_being_deleted(object) {
        return Ok(());
    }
    let (kind, name) = what();
    let (resource, group) = (kind.resource, kind.group);
    let mut status = Status::not_found(resource, group, &name);
    (status.code, status.reason) = (403, "Forbidden");
    status.message = format!(
        "{} \"{name}\" is forbidden: unable to create new content in namespace {namespace} because it is being terminated",
        super::status::qualified(resource, group)
    );
    if let Some(details) = &mut status.details {
        details["causes"] = json!([{
            "reason": "NamespaceTerminating",
            "message": format!("namespace {namespace} is being terminated"),
            "field": "metadata.namespace",
        }]);
        if name.is_empty()
            && let Some(details) = details.as_object_mut()
        {
            details.remove("name");
        }
    }
    Err(status)
}

/// Ends a namespace that was deleted, a moment from now and as soon as nothing in it is held.
pub(super) fn end_later(api: &Arc<Api>, name: &str) {
    let mut news = {
        let store = api.store();
        let ends = store
            .get(&key(name))
            .is_some_and(|namespace| metadata::is_being_deleted(namespace));
        if !ends {
            return;
        }
        store.news.subscribe()
    };
    let (api, name) = (Arc::downgrade(api), name.to_owned());
    tokio::spawn(async move {
        tokio::time::sleep(LAST_BREATH).await;
        loop {
            let Some(api) = api.upgrade() else { return };
            news.mark_unchanged();
            let is_over = end(&mut api.store(), &name);
            drop(api);
            if is_over || news.changed().await.is_err() {
                return;
            }
        }
    });
}

/// Whether it is over.
fn end(store: &mut Store, name: &str) -> bool {
    let key = key(name);
    let Some(namespace) = store.get(&key) else {
        return true;
    };
    if !metadata::is_being_deleted(namespace) {
        return true;
    }
    let content: Vec<Key> = store
        .objects
        .keys()
        .filter(|key| key.namespace == name)
        .cloned()
        .collect();
    let mut held = false;
    for key in content {
        let Some(object) = store.get(&key) else {
            continue;
        };
        if metadata::finalizers(object).is_empty() {
            store.remove(&key);
            continue;
        }
        held = true;
        if !metadata::is_being_deleted(object) {
            let mut object = Value::clone(object);
            let fields = metadata::of(&mut object);
            fields.insert(
                "deletionTimestamp".to_owned(),
                moment(Timestamp::now()).into(),
            );
            fields.insert("deletionGracePeriodSeconds".to_owned(), 0.into());
            store.put(key, object);
        }
    }
    if held {
        return false;
    }
    let Some(namespace) = store.get(&key) else {
        return true;
    };
    if metadata::finalizers(namespace).is_empty() {
        store.remove(&key);
        return true;
    }
    if namespace["spec"].get("finalizers").is_some() {
        let mut namespace = Value::clone(namespace);
        namespace["spec"] = json!({});
        store.put(key, namespace);
    }
    false
}
