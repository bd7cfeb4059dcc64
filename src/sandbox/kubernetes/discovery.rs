//! What a cluster says of itself: `/version`, `/api`, `/apis`, the resources of a group, OpenAPI, health, signing keys.

use axum::http::HeaderMap;
use serde_json::Value;

/// What a GET of a path that is no resource answers, with its content type.
pub(super) fn page(_path: &str, _headers: &HeaderMap) -> Option<(&'static str, Value)> {
    None
}
