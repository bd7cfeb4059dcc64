//! Nobody hands out rights that they do not have, unless `escalate` or `bind` lets them.

use super::super::request::{Attributes, User};
use super::super::status::Status;
use super::super::store::Store;
use super::rules::{self, Rule, quoted};
use super::{GROUP, MASTERS, ResourceWish, Wish, decide, forbidden, resolve};
use serde_json::Value;

/// The check before `object`, a role or a binding, is written in place of `before`. Other objects pass.
pub(in super::super) fn may_grant(
    store: &Store,
    user: &User,
    wanted: &Attributes,
    object: &Value,
    before: Option<&Value>,
) -> Result<(), Status> {
    let unconcerned = wanted.group != GROUP || wanted.subresource.is_some();
    if unconcerned || user.groups.iter().any(|group| group == MASTERS) {
        return Ok(());
    }
    if before.is_some_and(|before| same_but_for_deletion(object, before)) {
        return Ok(());
    }
    match wanted.resource.as_str() {
        "roles" | "clusterroles" => write_role(store, user, wanted, object, before),
        "rolebindings" | "clusterrolebindings" => write_binding(store, user, wanted, object),
        _ => Ok(()),
    }
}

fn write_role(
    store: &Store,
    user: &User,
    wanted: &Attributes,
    role: &Value,
    before: Option<&Value>,
) -> Result<(), Status> {
    let escalate = ResourceWish {
        verb: "escalate",
        group: GROUP,
        resource: &wanted.resource,
        namespace: wanted.namespace.as_deref().unwrap_or_default(),
        name: wanted.name.as_deref().unwrap_or_default(),
        ..ResourceWish::default()
    };
    if decide(store, user, &Wish::Resource(escalate)).allowed {
        return Ok(());
    }
    let refused = |why: &str| forbidden(&wanted.resource, GROUP, name(role), why);
    let namespace = wanted.namespace.as_deref().unwrap_or_default();
    held_by(store, user, namespace, &rules::of_role(role)).map_err(|why| refused(&why))?;
    let aggregates = |role: &Value| {
        let selectors = role["aggregationRule"]["clusterRoleSelectors"].as_array();
        selectors.is_some_and(|selectors| !selectors.is_empty())
    };
    if aggregates(role) || before.is_some_and(aggregates) {
        held_by(store, user, namespace, &everything()).map_err(|_| {
            refused("must have cluster-admin privileges to use the aggregationRule")
        })?;
    }
    Ok(())
}

fn write_binding(
    store: &Store,
    user: &User,
    wanted: &Attributes,
    binding: &Value,
) -> Result<(), Status> {
    let reference = &binding["roleRef"];
    let text = |field: &str| reference[field].as_str().unwrap_or_default();
    let namespace = wanted.namespace.as_deref().unwrap_or_default();
    let resource = match text("kind") {
        "Role" => "roles",
        "ClusterRole" => "clusterroles",
        // There is nothing to grant; validation refuses it.
        _ => return Ok(()),
    };
    let bind = ResourceWish {
        verb: "bind",
        group: text("apiGroup"),
        resource,
        namespace,
        name: text("name"),
        ..ResourceWish::default()
    };
    if decide(store, user, &Wish::Resource(bind)).allowed {
        return Ok(());
    }
    // The real one as well speaks of a binding with the name of the role.
    let rules = resolve::rules_of(store, reference, namespace)
        .map_err(|_| Status::not_found(&wanted.resource, GROUP, text("name")))?;
    held_by(store, user, namespace, &rules)
        .map_err(|why| forbidden(&wanted.resource, GROUP, name(binding), &why))
}

/// Whether the user has all of these rights, and which are missing if not.
fn held_by(store: &Store, user: &User, namespace: &str, wanted: &[Rule<'_>]) -> Result<(), String> {
    let (mut held, mut failures) = (Vec::new(), Vec::new());
    for grant in resolve::grants(store, user, namespace) {
        match grant {
            Ok(grant) => held.extend(grant.rules),
            Err(role) => failures.push(role.status().message),
        }
    }
    let missing = rules::missing(&held, wanted);
    if missing.is_empty() {
        return Ok(());
    }
    let mut why = format!(
        "user {:?} (groups={}) is attempting to grant RBAC permissions not currently held:\n{}",
        user.name,
        quoted(&user.groups),
        missing.join("\n")
    );
    if let Some(failures) = resolve::aggregated(failures) {
        why = format!("{why}; resolution errors: [{failures}]");
    }
    Err(why)
}

fn everything() -> [Rule<'static>; 2] {
    let all = || vec!["*"];
    let resources = Rule {
        verbs: all(),
        groups: all(),
        resources: all(),
        ..Rule::default()
    };
    let paths = Rule {
        verbs: all(),
        paths: all(),
        ..Rule::default()
    };
    [resources, paths]
}

/// What a garbage collector may do to a role that it could not hand out.
fn same_but_for_deletion(object: &Value, before: &Value) -> bool {
    let without = |object: &Value| {
        let mut object = object.clone();
        if let Some(metadata) = object["metadata"].as_object_mut() {
            for field in ["ownerReferences", "finalizers", "managedFields"] {
                metadata.remove(field);
            }
        }
        object
    };
    without(object) == without(before)
}

fn name(object: &Value) -> &str {
    object["metadata"]["name"].as_str().unwrap_or_default()
}
