//! `SubjectAccessReview` and its kin: whether somebody may, and all that somebody may.

use super::super::authz::{self, ResourceWish, Wish};
use super::super::kinds::Kind;
use super::super::request::User;
use super::super::status::Status;
use super::{Cause, Question, text, texts, valid};
use serde_json::{Map, Value, json};

const GROUP: &str = "authorization.k8s.io";
/// The fields of `metadata` in the order in which messages show them.
const META: [&str; 15] = [
    "name",
    "generateName",
    "namespace",
    "selfLink",
    "uid",
    "resourceVersion",
    "generation",
    "creationTimestamp",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
    "labels",
    "annotations",
    "ownerReferences",
    "finalizers",
    "managedFields",
];
const ENTRY: [&str; 7] = [
    "manager",
    "operation",
    "apiVersion",
    "time",
    "fieldsType",
    "fieldsV1",
    "subresource",
];

pub(super) fn review(
    asked: &Question<'_>,
    kind: &Kind,
    mut object: Value,
) -> Result<Value, Status> {
    let local = kind.kind == "LocalSubjectAccessReview";
    let of_self = kind.kind == "SelfSubjectAccessReview";
    let causes = causes(&object, local, of_self);
    // The real one names no kind here.
    valid("", GROUP, "", &causes)?;
    let spec = &object["spec"];
    let named;
    let user = if of_self {
        asked.user
    } else {
        named = subject(spec);
        &named
    };
    let decision = authz::decide(asked.store, user, &wish(spec));
    let mut status = json!({ "allowed": decision.allowed });
    if !decision.reason.is_empty() {
        status["reason"] = decision.reason.into();
    }
    object["status"] = status;
    Ok(object)
}

/// `SelfSubjectRulesReview`: everything that RBAC gives in a namespace.
pub(super) fn rules(asked: &Question<'_>, object: &Value) -> Result<Value, Status> {
    let namespace = text(&object["spec"], "namespace");
    if namespace.is_empty() {
        return Err(Status::bad_request("no namespace on request"));
    }
    let (mut resources, mut paths, mut missing) = (Vec::new(), Vec::new(), Vec::new());
    for grant in authz::grants(asked.store, asked.user, namespace) {
        match grant {
            Err(role) => missing.push(role.unlisted()),
            Ok(grant) => {
                for rule in &grant.rules {
                    let listed = rule.to_json();
                    if rule.paths.is_empty() {
                        resources.push(listed);
                    } else {
                        paths.push(listed);
                    }
                }
            }
        }
    }
    let mut status = json!({
        "resourceRules": resources,
        "nonResourceRules": paths,
        "incomplete": false,
    });
    if let Some(missing) = authz::aggregated(missing) {
        status["evaluationError"] = missing.into();
    }
    Ok(json!({
        "kind": "SelfSubjectRulesReview",
        "apiVersion": "authorization.k8s.io/v1",
        "metadata": {},
        "spec": {},
        "status": status,
    }))
}

fn subject(spec: &Value) -> User {
    let extra = spec["extra"].as_object().into_iter().flatten();
    User {
        name: text(spec, "user").to_owned(),
        uid: text(spec, "uid").to_owned(),
        groups: texts(&spec["groups"]),
        extra: extra
            .map(|(key, values)| (key.clone(), texts(values)))
            .collect(),
    }
}

fn wish(spec: &Value) -> Wish<'_> {
    let (resource, path) = (&spec["resourceAttributes"], &spec["nonResourceAttributes"]);
    if resource.is_null() {
        return Wish::Path {
            verb: text(path, "verb"),
            path: text(path, "path"),
        };
    }
    Wish::Resource(ResourceWish {
        verb: text(resource, "verb"),
        group: text(resource, "group"),
        resource: text(resource, "resource"),
        subresource: text(resource, "subresource"),
        namespace: text(resource, "namespace"),
        name: text(resource, "name"),
    })
}

fn causes(object: &Value, local: bool, of_self: bool) -> Vec<Cause> {
    let spec = &object["spec"];
    let (resource, path) = (&spec["resourceAttributes"], &spec["nonResourceAttributes"]);
    let shown_path = || {
        let (path, verb) = (text(path, "path"), text(path, "verb"));
        format!("{{\"Path\":{},\"Verb\":{}}}", json!(path), json!(verb))
    };
    let mut causes = Vec::new();
    if !resource.is_null() && !path.is_null() {
        causes.push(Cause::invalid(
            "spec.nonResourceAttributes",
            &shown_path(),
            "cannot be specified in combination with resourceAttributes",
        ));
    }
    if resource.is_null() && path.is_null() {
        causes.push(Cause::invalid(
            "spec.resourceAttributes",
            "null",
            "exactly one of nonResourceAttributes or resourceAttributes must be specified",
        ));
    }
    if !of_self && text(spec, "user").is_empty() && texts(&spec["groups"]).is_empty() {
        let why = "at least one of user or group must be specified";
        causes.push(Cause::invalid("spec.user", "\"\"", why));
    }
    selector(
        &resource["fieldSelector"],
        [
            "spec.resourceAttributes.fieldSelector.rawSelector",
            "spec.resourceAttributes.fieldSelector.requirements",
        ],
        &mut causes,
    );
    selector(
        &resource["labelSelector"],
        [
            "spec.resourceAttributes.labelSelector.rawSelector",
            "spec.resourceAttributes.labelSelector.requirements",
        ],
        &mut causes,
    );
    about_metadata(&object["metadata"], local, &mut causes);
    if local && !resource.is_null() {
        let namespace = text(resource, "namespace");
        if namespace != text(&object["metadata"], "namespace") {
            causes.push(Cause::invalid(
                "spec.resourceAttributes.namespace",
                &format!("{namespace:?}"),
                "must match metadata.namespace",
            ));
        }
    }
    if local && !path.is_null() {
        causes.push(Cause::invalid(
            "spec.nonResourceAttributes",
            &shown_path(),
            "disallowed on this kind of request",
        ));
    }
    causes
}

fn selector(selector: &Value, [raw, requirements]: [&'static str; 2], causes: &mut Vec<Cause>) {
    if selector.is_null() {
        return;
    }
    let text = text(selector, "rawSelector");
    let some = selector["requirements"]
        .as_array()
        .is_some_and(|requirements| !requirements.is_empty());
    if !text.is_empty() && some {
        let why = "may not specified at the same time as requirements";
        causes.push(Cause::invalid(raw, &format!("{text:?}"), why));
    }
    if text.is_empty() && !some {
        let of = requirements.trim_end_matches(".requirements");
        causes.push(Cause {
            reason: "FieldValueRequired",
            field: requirements,
            message: format!(
                "Required value: when {of} is specified, requirements or rawSelector is required"
            ),
        });
    }
}

/// A question has no name; a local one has a namespace.
fn about_metadata(metadata: &Value, local: bool, causes: &mut Vec<Cause>) {
    let empty = Map::new();
    let fields = metadata.as_object().unwrap_or(&empty);
    let allowed = |name: &str| name == "managedFields" || (local && name == "namespace");
    if fields.keys().all(|name| allowed(name)) {
        return;
    }
    let why = if local {
        "must be empty except for namespace"
    } else {
        "must be empty"
    };
    let entries = fields.get("managedFields").and_then(Value::as_array);
    let entries: Vec<String> = entries
        .into_iter()
        .flatten()
        .map(|entry| in_order(entry, &ENTRY, None))
        .collect();
    let entries = (!entries.is_empty()).then(|| format!("[{}]", entries.join(",")));
    let shown = in_order(metadata, &META, entries.as_deref());
    causes.push(Cause::invalid("metadata", &shown, why));
}

/// JSON with its fields in this order; what is put in the place of `managedFields` is JSON already.
fn in_order(value: &Value, names: &[&str], entries: Option<&str>) -> String {
    let shown = names.iter().filter_map(|name| {
        let field = value.get(name)?;
        let text = match entries {
            Some(entries) if *name == "managedFields" => entries.to_owned(),
            _ => field.to_string(),
        };
        Some(format!("{name:?}:{text}"))
    });
    format!("{{{}}}", shown.collect::<Vec<_>>().join(","))
}
