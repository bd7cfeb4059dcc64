//! The board for programs: read-only JSON, each shape named with its version.
//!
//! Promises: `schema` stands in every answer, errors too, and a change that a reader must know of is a new version; lists are
//! paged; never a value. The shapes are written down in `docs/api.md`. What an object, a cause and a place look like is what
//! `keyfleet plan -o json` prints.

mod clusters;
mod findings;
mod fleet;
mod secrets;
mod shapes;

use super::ask::Ask;
use crate::serve::view::{Paged, Reader, paged};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use http::StatusCode;
use serde_json::{Value, json};

/// The names and versions of the shapes.
pub mod schema {
    pub const FLEET: &str = "keyfleet.dev/fleet/v1";
    pub const CLUSTERS: &str = "keyfleet.dev/clusters/v1";
    pub const CLUSTER: &str = "keyfleet.dev/cluster/v1";
    pub const SECRETS: &str = "keyfleet.dev/secrets/v1";
    pub const SECRET: &str = "keyfleet.dev/secret/v1";
    pub const FINDINGS: &str = "keyfleet.dev/findings/v1";
    pub const HELD: &str = "keyfleet.dev/held/v1";
    pub const REPORTS: &str = "keyfleet.dev/reports/v1";
    pub const ERROR: &str = "keyfleet.dev/error/v1";
}

/// Items of a list in one answer, and the most that may be asked for.
const PER_PAGE: usize = 100;
const MOST_PER_PAGE: usize = 1000;

/// Everything below `/api/v1`, to be nested there.
pub fn router(reader: Reader) -> Router {
    Router::new()
        .route("/fleet", get(fleet::fleet))
        .route("/clusters", get(clusters::list))
        .route("/clusters/{cluster}", get(clusters::one))
        .route("/clusters/{cluster}/secrets", get(secrets::list))
        .route(
            "/clusters/{cluster}/secrets/{namespace}/{name}",
            get(secrets::one),
        )
        .route("/findings", get(findings::all))
        .route("/held", get(findings::held))
        .route("/reports", get(fleet::reports))
        .fallback(async || missing("there is no such resource"))
        .with_state(reader)
}

/// One page of a list, under this name.
fn list<T>(
    schema: &str,
    name: &str,
    ask: &Ask,
    items: Vec<T>,
    shape: impl Fn(&T) -> Value,
) -> Response {
    let per_page = ask.per_page(MOST_PER_PAGE, PER_PAGE);
    let page: Paged<T> = paged(items, ask.page(), per_page);
    let shown: Vec<Value> = page.items.iter().map(shape).collect();
    Json(json!({
        "schema": schema,
        "total": page.total,
        "page": page.number,
        "pages": page.pages,
        name: shown,
    }))
    .into_response()
}

fn missing(what: &str) -> Response {
    let error = json!({"schema": schema::ERROR, "error": what});
    (StatusCode::NOT_FOUND, Json(error)).into_response()
}
