//! From a user to the rules that bindings give them.

use super::super::request::User;
use super::super::status::Status;
use super::super::store::{Key, Store};
use super::GROUP;
use super::rules::{self, Rule};
use serde_json::Value;
use std::sync::Arc;

/// What one binding gives.
#[derive(Debug)]
pub(in super::super) struct Grant<'a> {
    pub rules: Vec<Rule<'a>>,
    /// The binding, its role and the subject it was found by, as reasons name them.
    pub source: String,
}

/// A binding's role that is not there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in super::super) struct NoRole {
    /// `Role` or `ClusterRole`.
    kind: String,
    name: String,
}

impl NoRole {
    /// As the cache that authorization reads words it.
    pub(in super::super) fn unlisted(&self) -> String {
        let kind = self.kind.to_lowercase();
        format!("{kind}.{GROUP} {:?} not found", self.name)
    }

    /// As the API that objects are read from words it.
    pub(super) fn status(&self) -> Status {
        let resource = format!("{}s", self.kind.to_lowercase());
        Status::not_found(&resource, GROUP, &self.name)
    }
}

/// What the bindings of the whole cluster give, and those of a namespace unless it is ``.
pub(in super::super) fn grants<'a>(
    store: &'a Store,
    user: &'a User,
    namespace: &'a str,
) -> impl Iterator<Item = Result<Grant<'a>, NoRole>> {
    let everywhere = list(store, "clusterrolebindings", "")
        .filter_map(move |binding| grant(store, user, binding, ""));
    let here = Some(namespace)
        .filter(|namespace| !namespace.is_empty())
        .into_iter()
        .flat_map(move |namespace| {
            list(store, "rolebindings", namespace)
                .filter_map(move |binding| grant(store, user, binding, namespace))
        });
    everywhere.chain(here)
}

/// The rules of a `roleRef`.
pub(super) fn rules_of<'a>(
    store: &'a Store,
    reference: &Value,
    namespace: &str,
) -> Result<Vec<Rule<'a>>, NoRole> {
    let kind = text(reference, "kind");
    let namespace = if kind == "Role" { namespace } else { "" };
    let key = key(
        &format!("{}s", kind.to_lowercase()),
        namespace,
        text(reference, "name"),
    );
    match store.get(&key) {
        Some(role) => Ok(rules::of_role(role)),
        None => Err(NoRole {
            kind: kind.to_owned(),
            name: key.name,
        }),
    }
}

/// Several failures in one sentence, each said once.
pub(in super::super) fn aggregated(mut failures: Vec<String>) -> Option<String> {
    let mut said = std::collections::BTreeSet::new();
    failures.retain(|failure| said.insert(failure.clone()));
    match failures.as_slice() {
        [] => None,
        [one] => Some(one.clone()),
        many => Some(format!("[{}]", many.join(", "))),
    }
}

fn grant<'a>(
    store: &'a Store,
    user: &User,
    binding: &'a Value,
    namespace: &str,
) -> Option<Result<Grant<'a>, NoRole>> {
    let subjects = binding["subjects"].as_array()?;
    let subject = subjects
        .iter()
        .find(|subject| is(user, subject, namespace))?;
    let reference = &binding["roleRef"];
    Some(rules_of(store, reference, namespace).map(|rules| Grant {
        rules,
        source: source(binding, subject, namespace),
    }))
}

/// Whether a subject of a binding is this user.
fn is(user: &User, subject: &Value, namespace: &str) -> bool {
    let name = text(subject, "name");
    match text(subject, "kind") {
        "User" => user.name == name,
        "Group" => user.groups.iter().any(|group| group == name),
        "ServiceAccount" => {
            let namespace = home(subject, namespace);
            !namespace.is_empty()
                && user.name == format!("system:serviceaccount:{namespace}:{name}")
        }
        _ => false,
    }
}

/// A service account without a namespace is one of the binding's own.
fn home<'a>(subject: &'a Value, namespace: &'a str) -> &'a str {
    match text(subject, "namespace") {
        "" => namespace,
        namespace => namespace,
    }
}

fn source(binding: &Value, subject: &Value, namespace: &str) -> String {
    let name = text(&binding["metadata"], "name");
    let (kind, name) = match namespace {
        "" => ("ClusterRoleBinding", name.to_owned()),
        namespace => ("RoleBinding", format!("{name}/{namespace}")),
    };
    let reference = &binding["roleRef"];
    let subject_kind = text(subject, "kind");
    let subject_name = match subject_kind {
        "ServiceAccount" => format!("{}/{}", text(subject, "name"), home(subject, namespace)),
        _ => text(subject, "name").to_owned(),
    };
    format!(
        "{kind} {name:?} of {} {:?} to {subject_kind} {subject_name:?}",
        text(reference, "kind"),
        text(reference, "name"),
    )
}

fn list<'a>(
    store: &'a Store,
    resource: &str,
    namespace: &str,
) -> impl Iterator<Item = &'a Arc<Value>> {
    let first = key(resource, namespace, "");
    let (resource, namespace) = (first.resource.clone(), first.namespace.clone());
    store
        .objects
        .range(first..)
        .take_while(move |(key, _)| key.resource == resource && key.namespace == namespace)
        .map(|(_, object)| object)
}

fn key(resource: &str, namespace: &str, name: &str) -> Key {
    Key {
        resource: format!("{resource}.{GROUP}"),
        namespace: namespace.to_owned(),
        name: name.to_owned(),
    }
}

fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    value[field].as_str().unwrap_or_default()
}
