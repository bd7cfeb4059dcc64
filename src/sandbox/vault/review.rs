//! Questions to other servers: the token review of a cluster, and the keys that an issuer publishes.
//!
//! Promise: a question takes bounded time and memory, and is asked of the named server alone: no redirect is followed, no
//! proxy used. Certificates are believed when the given CA issued them.

use super::backend::{Question, ReviewFailure};
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use std::time::Duration;

const LONGEST: Duration = Duration::from_secs(30);
const LARGEST: usize = 4 << 20;

/// A client with its connections, or why there can be none.
pub(super) type Client = Result<reqwest::Client, String>;

/// A client that believes the certificates of this CA, or with none those that the system believes.
pub(super) fn client(ca_pem: &str) -> Client {
    let mut builder = reqwest::Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .timeout(LONGEST);
    if !ca_pem.is_empty() {
        let authorities = reqwest::Certificate::from_pem_bundle(ca_pem.as_bytes());
        let authorities = authorities.map_err(|error| error.to_string())?;
        builder = builder.tls_certs_only(authorities);
    }
    builder.build().map_err(|error| error.to_string())
}

pub(super) async fn ask(question: &Question) -> Result<Value, ReviewFailure> {
    let first = send(question, &question.url).await?;
    let Some(field) = question.follow else {
        return Ok(first);
    };
    let Some(url) = first.get(field).and_then(Value::as_str) else {
        return Ok(json!({ "first": first }));
    };
    let second = send(question, url).await;
    Ok(json!({ "first": first, "second": second.ok() }))
}

async fn send(question: &Question, url: &str) -> Result<Value, ReviewFailure> {
    let unreachable = |error: reqwest::Error| ReviewFailure::Unreachable(error.to_string());
    let client = question.client.as_ref();
    let client = client.map_err(|why| ReviewFailure::Unreachable(why.clone()))?;
    let mut request = match &question.body {
        Some(body) => client.post(url).json(body),
        None => client.get(url),
    };
    if let Some(bearer) = &question.bearer {
        request = request.bearer_auth(bearer.expose_secret().trim());
    }
    let mut response = request.send().await.map_err(unreachable)?;
    let status = response.status();
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(unreachable)? {
        if body.len() + chunk.len() > LARGEST {
            let why = "the answer is too large".to_owned();
            return Err(ReviewFailure::Unreachable(why));
        }
        body.extend_from_slice(&chunk);
    }
    if !status.is_success() {
        let text = String::from_utf8_lossy(&body).into_owned();
        return Err(ReviewFailure::Status(status.to_string(), text));
    }
    serde_json::from_slice(&body).map_err(|error| ReviewFailure::Unreachable(error.to_string()))
}
