//! Clusters: a page of them, or one in full.

use super::super::ask::Ask;
use super::{list as listed, missing, schema, shapes};
use crate::serve::board::Breaker;
use crate::serve::view::{ClusterRow, Look, Reader, clusters, findings_of};
use axum::Json;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

pub(super) async fn list(State(reader): State<Reader>, ask: Ask) -> Response {
    let look = reader.look();
    let (order, reversed) = ask.order();
    let rows = clusters(
        &look,
        &ask.words(),
        |state| ask.wants(state),
        order,
        reversed,
    );
    listed(schema::CLUSTERS, "clusters", &ask, rows, row)
}

fn row(row: &ClusterRow<'_>) -> Value {
    let cell = &row.cluster.cell;
    json!({
        "name": row.name(),
        "labels": cell.labels,
        "vault": cell.vault.as_str(),
        "state": row.state.slug(),
        "secrets": {"total": row.declared(), "inSync": row.in_sync()},
        "findings": shapes::tally(&row.findings),
        "lookedAt": row.looked(),
        "lastSuccess": row.cluster.passes.last_success,
        "place": shapes::place(&cell.place),
    })
}

pub(super) async fn one(State(reader): State<Reader>, Path(name): Path<String>) -> Response {
    let look = reader.look();
    match look.known.clusters.get(name.as_str()) {
        Some(cluster) => Json(in_full(&ClusterRow::of(cluster, &look), &look)).into_response(),
        None => missing("no cluster of this name is declared"),
    }
}

fn in_full(cluster: &ClusterRow<'_>, look: &Look) -> Value {
    let state = cluster.cluster;
    let cell = &state.cell;
    let found = findings_of(&state.passes).map(|found| shapes::finding(found, look));
    let mut answer = row(cluster);
    let more = json!({
        "schema": schema::CLUSTER,
        "complete": cell.complete,
        "adopt": cell.adopt,
        "inVault": {
            "mount": cell.mount.as_str(),
            "role": cell.role.name.as_str(),
            "policies": cell.role.policies.iter().map(crate::names::PolicyName::as_str).collect::<Vec<_>>(),
            "policy": cell.policy.name.as_str(),
        },
        "serviceAccount": cell.service_account.to_string(),
        "breaker": match &state.breaker {
            Breaker::Closed => json!({"open": false}),
            Breaker::Open { since, next } => json!({"open": true, "since": since, "next": next}),
        },
        "passes": shapes::passes(&state.passes),
        "found": found.collect::<Vec<_>>(),
    });
    if let (Value::Object(answer), Value::Object(more)) = (&mut answer, more) {
        answer.extend(more);
    }
    answer
}
