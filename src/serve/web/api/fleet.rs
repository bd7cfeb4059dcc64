//! The fleet in one answer, and the reports that were made.

use super::super::ask::Ask;
use super::{list, schema, shapes};
use crate::diagnostics::Severity;
use crate::serve::board::{SourceState, Standing, VaultState};
use crate::serve::view::{ClusterRow, Look, Reader, Tally, every_cluster, findings, of_vault};
use axum::Json;
use axum::extract::State;
use axum::response::Response;
use serde_json::{Value, json};

pub(super) async fn fleet(State(reader): State<Reader>) -> Json<Value> {
    let look = reader.look();
    let clusters: Vec<_> = every_cluster(&look).collect();
    let declared: usize = clusters.iter().map(ClusterRow::declared).sum();
    let found = Tally::of(findings(&look));
    let vaults = look.known.vaults.values();
    Json(json!({
        "schema": schema::FLEET,
        "at": look.now,
        "process": process(&look.known.standing),
        "source": source(&look.known.source),
        "clusters": {
            "total": clusters.len(),
            "states": shapes::states(clusters.iter().map(|row| row.state)),
        },
        "secrets": {"total": declared},
        "findings": {"total": found.all(), "topics": shapes::tally(&found)},
        "vaults": vaults.map(|state| vault(state, &look)).collect::<Vec<_>>(),
    }))
}

fn process(standing: &Standing) -> Value {
    match standing {
        Standing::Starting => json!({"standing": "starting"}),
        Standing::Active { since } => json!({"standing": "active", "since": since}),
        Standing::Standby { holder } => json!({"standing": "standby", "holder": holder}),
        Standing::Stopping => json!({"standing": "stopping"}),
    }
}

fn source(source: &SourceState) -> Value {
    let followed = source.followed.as_ref().map(|followed| {
        json!({
            "installation": followed.desired.installation.as_str(),
            "revision": followed.revision,
            "since": followed.since,
            "errors": followed.problems.count(Severity::Error),
            "warnings": followed.problems.count(Severity::Warning),
        })
    });
    json!({
        "repository": source.name,
        "followed": followed,
        "fetched": source.fetched,
        "failure": source.failure,
        "held": source.held.as_ref().map(|held| json!({
            "isRewritten": held.is_rewritten, "from": held.from, "to": held.to, "why": held.why, "since": held.since,
        })),
    })
}

fn vault(vault: &VaultState, look: &Look) -> Value {
    let health = vault.health.as_ref().map(|health| match health {
        Ok(health) => json!({
            "initialized": health.initialized,
            "sealed": health.sealed,
            "standby": health.standby,
            "version": health.version,
        }),
        Err(failure) => json!({
            "failure": failure.to_string(), "status": failure.status, "hint": failure.hint,
        }),
    });
    json!({
        "name": vault.desired.name.as_str(),
        "state": of_vault(vault, look).slug(),
        "health": health,
        "healthAt": vault.health_at,
        "tokenExpires": vault.token_expires(),
        "passes": shapes::passes(&vault.passes),
    })
}

pub(super) async fn reports(State(reader): State<Reader>, ask: Ask) -> Response {
    let look = reader.look();
    let reports = look.known.reports.iter().collect();
    list(schema::REPORTS, "reports", &ask, reports, |report| {
        let sinks = report.sinks.iter();
        json!({
            "schedule": report.schedule,
            "at": report.at,
            "caughtUp": report.caught_up,
            "new": report.new,
            "known": report.known,
            "resolved": report.resolved,
            "coverage": report.coverage,
            "sinks": sinks.map(|(name, failure)| json!({"name": name, "failure": failure})).collect::<Vec<_>>(),
        })
    })
}
