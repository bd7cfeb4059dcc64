//! JSON in lines that people can read: for browsers, `curl` and `wget`, and for whoever asks for it.

use super::query::Query;
use axum::body::{Body, HttpBody as _, to_bytes};
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE, USER_AGENT};
use axum::http::{HeaderMap, Uri};
use axum::response::Response;
use serde_json::Value;

const PEOPLE: [&str; 3] = ["curl", "Wget", "Mozilla/5.0"];
/// Written once for everybody.
const ALWAYS: [&str; 2] = ["/", "/version"];
const NEVER: [&str; 3] = ["/openapi/", "/openid/", "/.well-known/"];

pub(super) fn is_spread(uri: &Uri, headers: &HeaderMap) -> bool {
    if ALWAYS.contains(&uri.path()) {
        return true;
    }
    if NEVER.iter().any(|never| uri.path().starts_with(never)) {
        return false;
    }
    let query = Query::of(uri.query().unwrap_or_default());
    if query.get("pretty").is_some() {
        return query.flag("pretty") == Some(true);
    }
    let agent = headers
        .get(USER_AGENT)
        .and_then(|agent| agent.to_str().ok());
    agent.is_some_and(|agent| PEOPLE.iter().any(|program| agent.starts_with(program)))
}

/// A watch goes on as it is, line by line.
pub(super) async fn spread(response: Response) -> Response {
    let json = response.headers().get(CONTENT_TYPE);
    let is_json = json.is_some_and(|value| value.as_bytes().starts_with(b"application/json"));
    if !is_json || response.body().size_hint().exact().is_none() {
        return response;
    }
    let (mut parts, body) = response.into_parts();
    let text = to_bytes(body, usize::MAX).await.unwrap_or_default();
    let value = serde_json::from_slice::<Value>(&text);
    let spread = value.and_then(|value| serde_json::to_vec_pretty(&value));
    parts.headers.remove(CONTENT_LENGTH);
    Response::from_parts(parts, Body::from(spread.map_or(text, Into::into)))
}
