//! How an answer looks on the wire.

use super::super::call::{Answer, Refusal, Secret};
use super::super::core::Done;
use super::super::state::new_uuid;
use axum::body::Body;
use axum::response::Response;
use http::{HeaderValue, StatusCode, header};
use serde_json::{Map, Value, json};

/// What of an answer depends on how it was asked for.
#[derive(Debug)]
pub(super) struct Frame {
    pub on_top: bool,
    pub mount_type: bool,
    pub bodiless: bool,
}

pub(super) fn refused(status: u16, errors: &[String]) -> Response {
    response(status, Some(&json!({ "errors": errors })))
}

pub(super) fn of(done: Done, frame: &Frame) -> Response {
    let mount_type = frame.mount_type.then_some(done.mount_type);
    let (status, body) = match done.result {
        Ok(Answer::Empty) => (204, None),
        // Nothing at all is not `null`.
        Ok(Answer::Plain(status, body)) => (status, Some(body).filter(|body| !body.is_null())),
        Ok(Answer::Secret(secret)) => {
            let other = secret.mount_type.clone();
            let mount_type = mount_type.map(|own| other.unwrap_or(own));
            let status = secret.status.unwrap_or(200);
            (status, Some(whole(*secret, frame.on_top, mount_type)))
        }
        // The core has made a token of it.
        Ok(Answer::Login(_)) => (500, None),
        Err(refusal) => (refusal.status, Some(told(refusal, mount_type))),
    };
    let status_only = frame.bodiless || status == 204;
    response(status, body.as_ref().filter(|_| !status_only))
}

pub(super) fn moved(place: &'static str, method: &http::Method) -> Response {
    let page = match *method {
        http::Method::GET => format!("<a href=\"{place}\">Temporary Redirect</a>.\n\n"),
        _ => String::new(),
    };
    let mut response = Response::new(Body::from(page));
    *response.status_mut() = StatusCode::TEMPORARY_REDIRECT;
    let headers = response.headers_mut();
    let html = HeaderValue::from_static("text/html; charset=utf-8");
    headers.insert(header::CONTENT_TYPE, html);
    headers.insert(header::LOCATION, HeaderValue::from_static(place));
    response
}

fn whole(secret: Secret, on_top: bool, mount_type: Option<String>) -> Value {
    let mut body = Map::new();
    if on_top && let Some(Value::Object(fields)) = &secret.data {
        body.extend(fields.clone());
    }
    let warnings = if secret.warnings.is_empty() {
        Value::Null
    } else {
        secret.warnings.into()
    };
    let id = match secret.wrap_info {
        None => new_uuid(),
        // It is of the answer that is wrapped.
        Some(_) => String::new(),
    };
    let usual = [
        ("request_id", id.into()),
        ("lease_id", "".into()),
        ("renewable", false.into()),
        ("lease_duration", secret.lease_duration.into()),
        ("data", secret.data.unwrap_or_default()),
        ("wrap_info", secret.wrap_info.unwrap_or_default()),
        ("warnings", warnings),
        ("auth", secret.auth.unwrap_or_default()),
    ];
    body.extend(usual.map(|(name, value)| (name.to_owned(), value)));
    if let Some(mount_type) = mount_type {
        body.insert("mount_type".to_owned(), mount_type.into());
    }
    Value::Object(body)
}

/// A refusal that knows more than its reason has the usual frame.
fn told(refusal: Refusal, mount_type: Option<String>) -> Value {
    if refusal.data.is_none() && refusal.warnings.is_empty() {
        return json!({ "errors": refusal.errors });
    }
    let secret = Secret {
        data: refusal.data,
        warnings: refusal.warnings,
        ..Secret::default()
    };
    // It was made before anyone knew whose answer it would be.
    whole(secret, false, mount_type.map(|_| String::new()))
}

fn response(status: u16, body: Option<&Value>) -> Response {
    let text = body.map_or_else(String::new, |body| format!("{body}\n"));
    let mut response = Response::new(Body::from(text));
    *response.status_mut() =
        StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    let json = HeaderValue::from_static("application/json");
    headers.insert(header::CONTENT_TYPE, json);
    let never = HeaderValue::from_static("no-store");
    headers.insert(header::CACHE_CONTROL, never);
    response
}
