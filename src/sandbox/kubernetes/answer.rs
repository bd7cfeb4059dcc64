//! What goes back: the form that the client asked for, and the response.

use super::request::Verb;
use super::status::Status;
use axum::body::Body;
use axum::http::header::{ACCEPT, CONTENT_TYPE, WARNING};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::Response;
use serde::Serialize;
use serde_json::{Value, json};

const JSON: &str = "application/json";
/// What the real one can say; the sandbox says JSON alone.
const REPRESENTATIONS: &str =
    "application/json, application/yaml, application/vnd.kubernetes.protobuf";
const STREAMS: &str =
    ", application/json;stream=watch, application/vnd.kubernetes.protobuf;stream=watch";

/// The form of objects in an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Whole,
    /// `PartialObjectMetadata`.
    Metadata,
    /// `PartialObjectMetadataList`.
    MetadataList,
    Table,
}

impl Form {
    /// By the `Accept` header; the first clause that the server can serve.
    pub(super) fn wanted(headers: &HeaderMap, verb: Verb) -> Result<Self, Status> {
        let accept = headers.get(ACCEPT).and_then(|value| value.to_str().ok());
        let Some(accept) = accept.filter(|accept| !accept.is_empty()) else {
            return Ok(Self::Whole);
        };
        let mut json = false;
        for clause in accept.split(',') {
            let mut parts = clause.split(';').map(str::trim);
            if !matches!(parts.next(), Some(JSON | "*/*")) {
                continue;
            }
            json = true;
            let parameters: Vec<(&str, &str)> =
                parts.filter_map(|part| part.split_once('=')).collect();
            if let Some(form) = Self::of(&parameters) {
                return Ok(form);
            }
        }
        if json {
            let message = format!("only the following media types are accepted: {REPRESENTATIONS}");
            return Err(Status::new(406, "NotAcceptable", message));
        }
        let streams = match verb {
            Verb::List | Verb::Watch => STREAMS,
            _ => "",
        };
        let message =
            format!("406: Not Acceptable\n\nAvailable representations: {REPRESENTATIONS}{streams}");
        Err(Status::new(406, "NotAcceptable", message).with_details(json!({})))
    }

    fn of(parameters: &[(&str, &str)]) -> Option<Self> {
        let of = |name: &str| {
            let found = parameters.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| *value)
        };
        let known = of("g") == Some("meta.k8s.io") && matches!(of("v"), Some("v1" | "v1beta1"));
        match of("as") {
            None => Some(Self::Whole),
            Some("PartialObjectMetadata") if known => Some(Self::Metadata),
            Some("PartialObjectMetadataList") if known => Some(Self::MetadataList),
            Some("Table") if known => Some(Self::Table),
            Some(_) => None,
        }
    }
}

pub(super) fn object<T: Serialize>(code: u16, value: &T, warnings: &[String]) -> Response {
    let mut body = serde_json::to_vec(value).unwrap_or_default();
    body.push(b'\n');
    let mut response = response(code, JSON, Body::from(body));
    for warning in warnings {
        response = warned(response, warning);
    }
    response
}

pub(super) fn warned(mut response: Response, warning: &str) -> Response {
    let text = warning.replace('\\', "\\\\").replace('"', "\\\"");
    if let Ok(value) = HeaderValue::from_str(&format!("299 - \"{text}\"")) {
        response.headers_mut().append(WARNING, value);
    }
    response
}

pub(super) fn stream(body: Body) -> Response {
    response(200, JSON, body)
}

pub(super) fn page(content_type: &'static str, value: &Value) -> Response {
    page_with(200, content_type, value)
}

/// A text goes as it is, everything else as JSON.
pub(super) fn page_with(code: u16, content_type: &'static str, value: &Value) -> Response {
    let body = match value {
        Value::String(text) => text.clone(),
        value => format!("{value}\n"),
    };
    response(code, content_type, Body::from(body))
}

pub(super) fn no_page() -> Response {
    let body = Body::from("404 page not found\n");
    response(404, "text/plain; charset=utf-8", body)
}

pub(super) fn error(status: &Status) -> Response {
    object(status.code, &status.body(), &status.warnings)
}

fn response(code: u16, content_type: &'static str, body: Body) -> Response {
    let mut response = Response::new(body);
    *response.status_mut() = StatusCode::from_u16(code).unwrap_or(StatusCode::OK);
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}
