//! Clusters: a page of them, or one in full.

use super::super::ask::Ask;
use super::{list as listed, missing, schema, shapes};
use crate::desire::Cell;
use crate::serve::board::{Breaker, Misdeclared};
use crate::serve::view::{ClusterRow, Look, Reader, cluster, clusters, findings_of, in_rows};
use axum::Json;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use std::collections::BTreeMap;

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
    json!({
        "name": row.name(),
        "labels": row.labels().collect::<BTreeMap<_, _>>(),
        "vault": row.vault(),
        "state": row.state.slug(),
        "misdeclared": row.misdeclared.map(misdeclared),
        "secrets": {"total": row.declared(), "inSync": row.in_sync()},
        "findings": shapes::tally(&row.findings),
        "lookedAt": row.looked(),
        "lastSuccess": row.last_success(),
        "place": row.place().map(shapes::place),
    })
}

fn misdeclared(it: &Misdeclared) -> Value {
    json!({
        "why": it.why, "hint": it.hint, "place": it.place.as_ref().map(shapes::place), "since": it.since,
    })
}

pub(super) async fn one(State(reader): State<Reader>, Path(name): Path<String>) -> Response {
    let look = reader.look();
    match cluster(&look, &name) {
        Some(row) => Json(in_full(&row, &look)).into_response(),
        None => missing("no cluster of this name is declared"),
    }
}

/// Of one that was never seen, the same fields are there, with nothing in them.
fn in_full(cluster: &ClusterRow<'_>, look: &Look) -> Value {
    let state = cluster.known;
    let cell = state.map(|state| &state.cell);
    let found = state
        .into_iter()
        .flat_map(|state| findings_of(&state.passes));
    let found = in_rows(found).into_iter();
    let found = found.map(|found| shapes::finding(found, look));
    let mut answer = row(cluster);
    let more = json!({
        "schema": schema::CLUSTER,
        "complete": cell.is_some_and(|cell| cell.complete) && cluster.misdeclared.is_none(),
        "adopt": cell.map(|cell| cell.adopt),
        "inVault": cell.map(|cell| in_vault(cell)),
        "serviceAccount": cell.map(|cell| cell.service_account.to_string()),
        "breaker": match state.map(|state| &state.breaker) {
            Some(Breaker::Open { since, next }) => json!({"open": true, "since": since, "next": next}),
            Some(Breaker::Closed) | None => json!({"open": false}),
        },
        "passes": state.map(|state| shapes::passes(&state.passes)),
        "found": found.collect::<Vec<_>>(),
    });
    if let (Value::Object(answer), Value::Object(more)) = (&mut answer, more) {
        answer.extend(more);
    }
    answer
}

fn in_vault(cell: &Cell) -> Value {
    json!({
        "mount": cell.mount.as_str(),
        "role": cell.role.name.as_str(),
        "policies": cell.role.policies.iter().map(crate::names::PolicyName::as_str).collect::<Vec<_>>(),
        "policy": cell.policy.name.as_str(),
    })
}
