//! The Secrets of a cluster: a page of them, or one with its mappings. Names of keys and paths, never a value.

use super::super::ask::Ask;
use super::{list as listed, missing, schema, shapes};
use crate::declare::Destination;
use crate::desire::Assignment;
use crate::observe::KvEngine;
use crate::serve::view::{Reader, SecretRow, secret, secrets};
use axum::Json;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

const NO_CLUSTER: &str = "no cluster of this name is declared";

pub(super) async fn list(
    State(reader): State<Reader>,
    Path(name): Path<String>,
    ask: Ask,
) -> Response {
    let look = reader.look();
    let Some(cluster) = look.known.clusters.get(name.as_str()) else {
        return missing(NO_CLUSTER);
    };
    let rows = secrets(cluster, &ask.words(), |state| ask.wants(state));
    listed(schema::SECRETS, "secrets", &ask, rows, row)
}

fn row(row: &SecretRow<'_>) -> Value {
    let desired = row.desired;
    json!({
        "namespace": desired.id.namespace.as_str(),
        "name": desired.id.name.as_str(),
        "state": row.state.slug(),
        "status": row.word(),
        "why": (!row.why().is_empty()).then(|| row.why()),
        "unseenSince": row.unseen,
        "lastSync": row.synced(),
        "mappings": desired.assignments.len(),
        "place": shapes::place(&desired.place),
    })
}

pub(super) async fn one(
    State(reader): State<Reader>,
    Path((cluster, namespace, name)): Path<(String, String, String)>,
) -> Response {
    let look = reader.look();
    let Some(cluster) = look.known.clusters.get(cluster.as_str()) else {
        return missing(NO_CLUSTER);
    };
    let (declared, found) = secret(cluster, &format!("{namespace}/{name}"));
    if declared.is_none() && found.is_empty() {
        return missing("no Secret of this name is declared for the cluster");
    }
    let found: Vec<Value> = found
        .into_iter()
        .map(|found| shapes::finding(found, &look))
        .collect();
    Json(json!({
        "schema": schema::SECRET,
        "cluster": cluster.cell.cluster.as_str(),
        "declared": declared.as_ref().map(in_full),
        "found": found,
    }))
    .into_response()
}

fn in_full(secret: &SecretRow<'_>) -> Value {
    let login = &secret.desired.login;
    let mut answer = row(secret);
    answer["login"] = json!({
        "mount": login.mount.as_str(),
        "role": login.role.as_str(),
        "account": login.account.to_string(),
    });
    let mappings = secret.desired.assignments.iter();
    answer["mappings"] = mappings
        .map(|assignment| mapping(assignment, secret.version(assignment).flatten()))
        .collect();
    answer
}

fn mapping(assignment: &Assignment, version: Option<u64>) -> Value {
    let (key, property, base64) = match &assignment.into {
        Destination::EveryKey => (None, None, false),
        Destination::Key {
            name,
            property,
            base64,
        } => (Some(name.as_str()), property.as_deref(), *base64),
    };
    let from = &assignment.from;
    json!({
        "key": key,
        "mount": from.mount.as_str(),
        "path": from.path.as_str(),
        "engine": match from.version { KvEngine::V1 => 1, KvEngine::V2 => 2 },
        "version": version,
        "property": property,
        "base64": base64,
        "place": shapes::place(&assignment.place),
    })
}
