//! Roles and bindings.

use super::super::kinds::Kind;
use super::{Problems, names};
use serde_json::{Value, json};

const GROUP: &str = "rbac.authorization.k8s.io";

fn list<'a>(value: &'a Value, field: &str) -> &'a [Value] {
    let list = value[field].as_array();
    list.map(Vec::as_slice).unwrap_or_default()
}

pub(super) fn role(kind: &Kind, object: &Value, problems: &mut Problems) {
    for (index, rule) in list(object, "rules").iter().enumerate() {
        check_rule(kind, rule, &format!("rules[{index}]"), problems);
    }
    let aggregation = &object["aggregationRule"];
    if aggregation.is_object() && list(aggregation, "clusterRoleSelectors").is_empty() {
        problems.required(
            "aggregationRule.clusterRoleSelectors",
            "at least one clusterRoleSelector required if aggregationRule is non-nil",
        );
    }
}

fn check_rule(kind: &Kind, rule: &Value, field: &str, problems: &mut Problems) {
    let has = |name: &str| !list(rule, name).is_empty();
    if !has("verbs") {
        let field = format!("{field}.verbs");
        problems.required(field, "verbs must contain at least one value");
    }
    if has("nonResourceURLs") {
        let field = format!("{field}.nonResourceURLs");
        let urls = &rule["nonResourceURLs"];
        if kind.namespaced {
            let detail = "namespaced rules cannot apply to non-resource URLs";
            problems.invalid(field.as_str(), urls, detail);
        }
        if has("apiGroups") || has("resources") || has("resourceNames") {
            let detail = "rules cannot apply to both regular resources and non-resource URLs";
            problems.invalid(field.as_str(), urls, detail);
        }
        return;
    }
    if !has("apiGroups") {
        let field = format!("{field}.apiGroups");
        problems.required(field, "resource rules must supply at least one api group");
    }
    if !has("resources") {
        let field = format!("{field}.resources");
        problems.required(field, "resource rules must supply at least one resource");
    }
}

pub(super) fn binding(kind: &Kind, object: &Value, problems: &mut Problems) {
    let role = &object["roleRef"];
    if role["apiGroup"] != GROUP {
        problems.unsupported("roleRef.apiGroup", &role["apiGroup"], &[GROUP]);
    }
    let kinds: &[&str] = if kind.namespaced {
        &["Role", "ClusterRole"]
    } else {
        &["ClusterRole"]
    };
    if !kinds.contains(&role["kind"].as_str().unwrap_or_default()) {
        problems.unsupported("roleRef.kind", &role["kind"], kinds);
    }
    let name = role["name"].as_str().unwrap_or_default();
    if name.is_empty() {
        problems.required("roleRef.name", "");
    }
    for wrong in names::path_segment(name, false) {
        problems.invalid("roleRef.name", &role["name"], &wrong);
    }
    for (index, subject) in list(object, "subjects").iter().enumerate() {
        check_subject(kind, subject, &format!("subjects[{index}]"), problems);
    }
}

fn check_subject(kind: &Kind, subject: &Value, field: &str, problems: &mut Problems) {
    let text = |name: &str| subject[name].as_str().unwrap_or_default();
    if text("name").is_empty() {
        problems.required(format!("{field}.name"), "");
    }
    let group = text("apiGroup");
    match text("kind") {
        "ServiceAccount" => {
            if !text("name").is_empty() {
                for wrong in names::subdomain(text("name"), false) {
                    problems.invalid(format!("{field}.name"), &subject["name"], &wrong);
                }
            }
            if !group.is_empty() {
                problems.unsupported(format!("{field}.apiGroup"), &subject["apiGroup"], &[""]);
            }
            if !kind.namespaced && text("namespace").is_empty() {
                problems.required(format!("{field}.namespace"), "");
            }
        }
        "User" | "Group" => {
            if group != GROUP {
                problems.unsupported(format!("{field}.apiGroup"), &subject["apiGroup"], &[GROUP]);
            }
        }
        _ => {
            let known = &["ServiceAccount", "User", "Group"];
            problems.unsupported(format!("{field}.kind"), &subject["kind"], known);
        }
    }
}

/// The role of a binding stays the same for its life.
pub(super) fn same_role(object: &Value, before: &Value, problems: &mut Problems) {
    let role = &object["roleRef"];
    if *role != before["roleRef"] {
        let shown =
            json!({ "APIGroup": role["apiGroup"], "Kind": role["kind"], "Name": role["name"] });
        problems.invalid("roleRef", &shown, "cannot change roleRef");
    }
}
