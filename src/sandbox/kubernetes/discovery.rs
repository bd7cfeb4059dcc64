//! What a cluster says of itself: `/version`, `/api`, `/apis`, the resources of a group, `OpenAPI`, health, signing keys.
//!
//! `OpenAPI` is made from the schemas that objects are held to, in its third version: what clients of today read. It has no
//! descriptions. The second version is empty, since kubectl wants one before it takes a file with a `List`.

mod entries;
mod openapi;
mod resources;

use super::authn::{Credentials, ISSUER};
use axum::http::HeaderMap;
use axum::http::header::{ACCEPT, HOST};
use serde_json::{Value, json};

/// The version of Kubernetes that the sandbox is held to.
pub(super) const VERSION: &str = "v1.34.4";
const MINOR: &str = "34";

pub(super) const JSON: &str = "application/json";
const PROTOBUF: &str = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf";
const TEXT: &str = "text/plain; charset=utf-8";

/// What a GET of a path that is no resource answers, with its content type.
pub(super) fn page(
    path: &str,
    headers: &HeaderMap,
    credentials: &Credentials,
) -> Option<(&'static str, Value)> {
    let host = headers.get(HOST).and_then(|value| value.to_str().ok());
    let host = host.unwrap_or("127.0.0.1");
    let (path, at_root) = match path.trim_end_matches('/') {
        "" => ("/", true),
        path => (path, false),
    };
    if at_root {
        return Some((JSON, json!({ "paths": resources::paths() })));
    }
    Some(match path {
        "/version" => (JSON, version()),
        "/healthz" | "/livez" | "/readyz" | "/healthz/ping" | "/livez/ping" | "/readyz/ping" => {
            (TEXT, "ok".into())
        }
        "/openid/v1/jwks" => (
            "application/jwk-set+json",
            json!({ "keys": [credentials.key.jwk()] })
                .to_string()
                .into(),
        ),
        "/.well-known/openid-configuration" => (JSON, openid(host).to_string().into()),
        "/openapi/v2" => second(headers),
        _ if path.starts_with("/openapi/v3") => (JSON, openapi::page(path)?),
        _ => resources::page(path, headers, host)?,
    })
}

/// A document of the second version that describes nothing, in the form that was asked for.
fn second(headers: &HeaderMap) -> (&'static str, Value) {
    let accept = headers.get(ACCEPT).and_then(|value| value.to_str().ok());
    if accept.is_none_or(|accept| !accept.contains("protobuf")) {
        let info = json!({ "title": "Kubernetes", "version": VERSION });
        return (JSON, json!({ "swagger": "2.0", "info": info, "paths": {} }));
    }
    // A field is its number and kind in one byte, a length in the next, and what it holds.
    let field = |tag: char, held: &str| {
        let length = u8::try_from(held.len()).unwrap_or_default();
        format!("{tag}{}{held}", char::from(length))
    };
    let info = field('\u{a}', "Kubernetes") + &field('\u{12}', VERSION);
    let document = field('\u{a}', "2.0") + &field('\u{12}', &info) + &field('\u{42}', "");
    (PROTOBUF, document.into())
}

fn version() -> Value {
    json!({
        "major": "1",
        "minor": MINOR,
        "emulationMajor": "1",
        "emulationMinor": MINOR,
        "minCompatibilityMajor": "1",
        "minCompatibilityMinor": "33",
        "gitVersion": VERSION,
        "gitCommit": "",
        "gitTreeState": "",
        "buildDate": "1970-01-01T00:00:00Z",
        "goVersion": "",
        "compiler": "gc",
        "platform": format!("{}/{}", std::env::consts::OS, processor()),
    })
}

/// As Go calls it.
fn processor() -> &'static str {
    match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    }
}

fn openid(host: &str) -> Value {
    json!({
        "issuer": ISSUER,
        "jwks_uri": format!("https://{host}/openid/v1/jwks"),
        "response_types_supported": ["id_token"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["ES256"],
    })
}
