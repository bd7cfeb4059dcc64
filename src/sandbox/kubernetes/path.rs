//! Which object or collection a path names.

use super::kinds::{self, KINDS};
use super::query::Query;
use super::request::{Attributes, Target, Verb};
use axum::http::Method;
use percent_encoding::percent_decode_str;

/// What follows a namespace's name and is still of the namespace itself.
const OF_A_NAMESPACE: [&str; 2] = ["status", "finalize"];

/// What a request on a resource asks for; `None` for paths that are no resource, such as `/version` or `/api/v1`.
pub(super) fn attributes(method: &Method, path: &str, query: &Query) -> Option<Attributes> {
    let parts: Vec<String> = path
        .trim_matches('/')
        .split('/')
        .map(|part| percent_decode_str(part).decode_utf8_lossy().into_owned())
        .collect();
    let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
    let (group, version, rest) = match parts.as_slice() {
        ["api", version, rest @ ..] => ("", *version, rest),
        ["apis", group, version, rest @ ..] => (*group, *version, rest),
        _ => return None,
    };
    let (namespace, rest) = match rest {
        [] => return None,
        ["namespaces", name, sub, ..] if OF_A_NAMESPACE.contains(sub) => (Some(*name), rest),
        ["namespaces", name, rest @ ..] if !rest.is_empty() => (Some(*name), rest),
        ["namespaces", name] => (Some(*name), rest),
        _ => (None, rest),
    };
    let text = |index: usize| rest.get(index).map(|part| (*part).to_owned());
    let name = text(1);
    Some(Attributes {
        verb: verb(method, name.is_some(), query)?,
        group: group.to_owned(),
        version: version.to_owned(),
        resource: text(0)?,
        subresource: text(2),
        namespace: namespace.map(ToOwned::to_owned),
        name,
    })
}

fn verb(method: &Method, named: bool, query: &Query) -> Option<Verb> {
    Some(match method.as_str() {
        "GET" | "HEAD" if named => Verb::Get,
        "GET" | "HEAD" if query.flag("watch") == Some(true) => Verb::Watch,
        "GET" | "HEAD" => Verb::List,
        "POST" => Verb::Create,
        "PUT" => Verb::Update,
        "PATCH" => Verb::Patch,
        "DELETE" if named => Verb::Delete,
        "DELETE" => Verb::DeleteCollection,
        _ => return None,
    })
}

/// The kind behind the attributes, where the cluster knows it and the path has its shape.
pub(super) fn target(wanted: &Attributes) -> Option<Target> {
    let kind = kinds::find(&wanted.group, &wanted.version, &wanted.resource)?;
    if !kind.namespaced && wanted.namespace.is_some() && kind.resource != "namespaces" {
        return None;
    }
    let namespace = wanted.namespace.clone().filter(|_| kind.namespaced);
    if kind.namespaced && namespace.is_none() && wanted.name.is_some() {
        return None;
    }
    Some(Target {
        kind,
        subresource: wanted.subresource.clone(),
        namespace,
        name: wanted.name.clone(),
    })
}

/// Whether the server itself serves this group, so that it answers for whatever is not there of it. The groups of custom
/// resources are nobody's until a path of theirs is known.
pub(super) fn serves(group: &str) -> bool {
    KINDS.iter().any(|kind| kind.group == group && !kind.custom)
}
