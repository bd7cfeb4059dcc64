//! What machines ask: whether the process turns (`/livez`), whether to send people to it (`/readyz`), and `/metrics`.
//!
//! Kubernetes ends a process that is not live, and sends nobody to a pod that is not ready. So `/livez` looks at keyfleet's own
//! tasks only: a restart mends no Vault. And `/readyz` stays 200 while git or every Vault is down: what is deployed stays
//! deployed, and the dashboard is where people look for the reason. It says so in its text; the alarm is the age of the last
//! success in `/metrics`, which no green light hides.
//!
//! Deliberately absent: a token, and any reason that names a host. Whoever reaches this port learns how keyfleet is, not why.

mod readiness;
mod watchdog;

pub use readiness::{Check, Readiness, readiness};
pub use watchdog::{Beat, Watchdog};

use super::metrics::{self, Counters};
use crate::serve::Board;
use axum::Router;
use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::StatusCode;
use http::header::CONTENT_TYPE;
use std::sync::Arc;
use std::time::Instant;

struct Known {
    board: Arc<Board>,
    watchdog: Arc<Watchdog>,
    metrics: metrics::Scrape,
}

pub(super) fn router(
    board: Arc<Board>,
    counters: Arc<Counters>,
    watchdog: Arc<Watchdog>,
) -> Router {
    let known = Known {
        metrics: metrics::Scrape::new(Arc::clone(&board), counters),
        board,
        watchdog,
    };
    Router::new()
        .route("/livez", get(live))
        .route("/readyz", get(ready))
        .route("/metrics", get(scrape))
        .with_state(Arc::new(known))
}

async fn live(State(known): State<Arc<Known>>, RawQuery(query): RawQuery) -> Response {
    let checks = known.watchdog.checks(Instant::now());
    let late: Vec<&str> = checks
        .iter()
        .filter(|check| !check.passed)
        .map(|check| check.name.as_str())
        .collect();
    let (status, text) = if late.is_empty() {
        (StatusCode::OK, "ok".to_owned())
    } else {
        (
            StatusCode::SERVICE_UNAVAILABLE,
            format!("not live: {}", late.join(", ")),
        )
    };
    told("livez", status, &text, &checks, query.as_deref())
}

async fn ready(State(known): State<Arc<Known>>, RawQuery(query): RawQuery) -> Response {
    let Readiness {
        ready,
        text,
        checks,
    } = readiness(&known.board.read());
    let status = if ready {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    told("readyz", status, &text, &checks, query.as_deref())
}

/// One line, or with `?verbose` every check, as the API server of Kubernetes lists them.
fn told(
    probe: &str,
    status: StatusCode,
    text: &str,
    checks: &[Check],
    query: Option<&str>,
) -> Response {
    let mut parameters = query.unwrap_or_default().split('&');
    let is_verbose = parameters.any(|one| one == "verbose" || one.starts_with("verbose="));
    let mut lines = String::new();
    if is_verbose {
        lines.extend(checks.iter().map(Check::line));
        let end = if status.is_success() {
            "passed"
        } else {
            "failed"
        };
        lines.push_str(&format!("{text}\n{probe} check {end}\n"));
    } else {
        lines.push_str(&format!("{text}\n"));
    }
    (status, [(CONTENT_TYPE, "text/plain; charset=utf-8")], lines).into_response()
}

async fn scrape(State(known): State<Arc<Known>>) -> Response {
    match known.metrics.text() {
        Ok(text) => ([(CONTENT_TYPE, metrics::CONTENT)], text).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}
