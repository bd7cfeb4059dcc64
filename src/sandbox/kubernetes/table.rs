//! Objects as rows, for people: the columns that the real server shows of each kind.
//!
//! The descriptions of the columns are prose of the API's documentation, and stay empty.

mod listed;

use super::http::Asked;
use super::kinds::Kind;
use super::metadata;
use super::status::Status;
use jiff::Timestamp;
use serde_json::{Value, json};

/// A column after the name: its title, its type, and whether only `-o wide` shows it.
struct Column(&'static str, &'static str, &'static str, u8);

const NAME: Column = Column("Name", "string", "name", 0);
const AGE: Column = Column("Age", "string", "", 0);

/// `metadata` is that of the table. The rows come with the metadata of their objects, unless asked otherwise.
pub(super) fn table(
    kind: &Kind,
    metadata: &Value,
    objects: &[&Value],
    asked: &Asked<'_>,
) -> Result<Value, Status> {
    let include = asked.query.get("includeObject").unwrap_or("Metadata");
    if !matches!(include, "Metadata" | "None" | "Object") {
        return Err(Status::bad_request(format!(
            "Unable to convert to Table as requested: includeObject: Invalid value: {include:?}: must be 'Metadata', 'Object', 'None', or empty"
        )));
    }
    let rows: Value = objects
        .iter()
        .map(|object| {
            let shown = match include {
                "None" => Value::Null,
                "Object" => Value::clone(object),
                _ => super::rest::partial(object),
            };
            json!({ "cells": cells(kind, object, asked.now), "object": shown })
        })
        .collect();
    Ok(json!({
        "kind": "Table",
        "apiVersion": "meta.k8s.io/v1",
        "metadata": metadata,
        "columnDefinitions": definitions(kind),
        "rows": if objects.is_empty() && is_plain(kind) { Value::Null } else { rows },
    }))
}

/// Kinds without columns of their own; Go's server makes no list for them before it has a row.
fn is_plain(kind: &Kind) -> bool {
    let plain = ["roles", "clusterroles", "limitranges"];
    plain.contains(&kind.resource)
}

fn columns(kind: &Kind) -> Vec<Column> {
    match kind.resource {
        "secrets" => vec![
            Column("Type", "string", "", 0),
            Column("Data", "string", "", 0),
            AGE,
        ],
        "configmaps" => vec![Column("Data", "string", "", 0), AGE],
        "namespaces" => vec![Column("Status", "string", "", 0), AGE],
        "serviceaccounts" => vec![Column("Secrets", "string", "", 0), AGE],
        "leases" => vec![Column("Holder", "string", "", 0), AGE],
        "roles" | "clusterroles" => vec![Column("Created At", "date", "", 0)],
        "rolebindings" | "clusterrolebindings" => vec![
            Column("Role", "string", "", 0),
            AGE,
            Column("Users", "string", "", 1),
            Column("Groups", "string", "", 1),
            Column("ServiceAccounts", "string", "", 1),
        ],
        _ => vec![Column("Age", "date", "", 0)],
    }
}

fn definitions(kind: &Kind) -> Vec<Value> {
    let all = if kind.listed_only {
        listed::columns(kind)
    } else {
        std::iter::once(NAME).chain(columns(kind)).collect()
    };
    all.into_iter().map(|Column(name, of, format, priority)| {
        json!({ "name": name, "type": of, "format": format, "description": "", "priority": priority })
    })
    .collect()
}

fn cells(kind: &Kind, object: &Value, now: Timestamp) -> Vec<Value> {
    let text = |value: &Value| Value::from(value.as_str().unwrap_or_default());
    let count = |value: &Value| {
        let entries = value.as_object().map_or(0, serde_json::Map::len);
        Value::from(entries + value.as_array().map_or(0, Vec::len))
    };
    let age = Value::from(age(object, now));
    let name = text(&object["metadata"]["name"]);
    let mut cells = vec![name];
    cells.extend(match kind.resource {
        "secrets" => vec![text(&object["type"]), count(&object["data"]), age],
        "configmaps" => {
            let data = count(&object["data"]).as_u64().unwrap_or(0);
            let binary = count(&object["binaryData"]).as_u64().unwrap_or(0);
            vec![(data + binary).into(), age]
        }
        "namespaces" => vec![text(&object["status"]["phase"]), age],
        "serviceaccounts" => vec![count(&object["secrets"]), age],
        "leases" => vec![text(&object["spec"]["holderIdentity"]), age],
        "roles" | "clusterroles" => vec![text(&object["metadata"]["creationTimestamp"])],
        "rolebindings" | "clusterrolebindings" => {
            let role = format!(
                "{}/{}",
                object["roleRef"]["kind"].as_str().unwrap_or_default(),
                object["roleRef"]["name"].as_str().unwrap_or_default()
            );
            let of = |kind: &str| Value::from(subjects(object, kind));
            vec![
                role.into(),
                age,
                of("User"),
                of("Group"),
                of("ServiceAccount"),
            ]
        }
        _ => vec![age],
    });
    cells
}

fn subjects(object: &Value, kind: &str) -> String {
    let all = object["subjects"].as_array().into_iter().flatten();
    let named: Vec<String> = all
        .filter(|subject| subject["kind"] == kind)
        .map(|subject| {
            let name = subject["name"].as_str().unwrap_or_default();
            match subject["namespace"].as_str() {
                Some(namespace) if kind == "ServiceAccount" => format!("{namespace}/{name}"),
                _ => name.to_owned(),
            }
        })
        .collect();
    named.join(", ")
}

fn age(object: &Value, now: Timestamp) -> String {
    let created = metadata::text(object, "creationTimestamp").parse::<Timestamp>();
    created.map_or_else(
        |_| "<unknown>".to_owned(),
        |created| told((now.as_second() - created.as_second()).max(0)),
    )
}

/// Seconds, in the two units that matter.
fn told(seconds: i64) -> String {
    let (minutes, hours, days) = (seconds / 60, seconds / 3_600, seconds / 86_400);
    let (years, pair) = (days / 365, |big: i64, unit: &str, small: i64, of: &str| {
        if small == 0 {
            format!("{big}{unit}")
        } else {
            format!("{big}{unit}{small}{of}")
        }
    });
    match () {
        () if seconds < 120 => format!("{seconds}s"),
        () if minutes < 10 => pair(minutes, "m", seconds % 60, "s"),
        () if minutes < 180 => format!("{minutes}m"),
        () if hours < 8 => pair(hours, "h", minutes % 60, "m"),
        () if hours < 48 => format!("{hours}h"),
        () if hours < 192 => pair(days, "d", hours % 24, "h"),
        () if days < 730 => format!("{days}d"),
        () if days < 2_920 => pair(years, "y", days % 365, "d"),
        () => format!("{years}y"),
    }
}

/// The type of an object, as Go's server names it.
pub(super) fn go_type(kind: &Kind) -> String {
    if kind.custom {
        return "*unstructured.Unstructured".to_owned();
    }
    format!("*{}.{}", package(kind), kind.kind)
}

pub(super) fn go_list_type(kind: &Kind) -> String {
    if kind.custom {
        return "*unstructured.UnstructuredList".to_owned();
    }
    format!("*{}.{}List", package(kind), kind.kind)
}

fn package(kind: &Kind) -> &'static str {
    match kind.group {
        "rbac.authorization.k8s.io" => "rbac",
        "coordination.k8s.io" => "coordination",
        "apps" => "apps",
        "batch" => "batch",
        "networking.k8s.io" => "networking",
        _ => "core",
    }
}
