//! One answer of a Vault, taken within a limit and held in a buffer that is wiped.

use super::json;
use crate::backends::buffer::WipedBuffer;
use crate::fence::Stale;
use crate::observe::FailureClass;
use jiff::Timestamp;
use reqwest::header::{CONTENT_TYPE, DATE, HeaderMap, HeaderName, LOCATION, RETRY_AFTER};
use reqwest::{Response, Url};
use serde_json::{Map, Value};
use std::error::Error;
use std::time::Duration;

/// No `Debug`: its body may be a secret.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) content_type: Option<String>,
    pub(super) retry_after: Option<Duration>,
    /// Where a redirect points: the host, never the whole.
    pub(super) location: Option<String>,
    /// The server's own clock.
    pub(super) date: Option<Timestamp>,
    body: WipedBuffer,
}

impl Answer {
    pub(super) async fn receive(mut response: Response, cap: usize) -> Result<Self, Lost> {
        let length = response.content_length();
        if length.is_some_and(|length| length > cap as u64) {
            return Err(Lost::too_large(cap));
        }
        let mut answer = Self {
            body: WipedBuffer::for_answer(length),
            ..Self::head(&response)
        };
        while let Some(chunk) = response.chunk().await.map_err(|error| Lost::from(&error))? {
            if answer.body.len() + chunk.len() > cap {
                return Err(Lost::too_large(cap));
            }
            answer.body.push(&chunk);
        }
        Ok(answer)
    }

    /// All but the body.
    pub(super) fn head(response: &Response) -> Self {
        let headers = response.headers();
        Self {
            status: response.status().as_u16(),
            content_type: text(headers, &CONTENT_TYPE).map(media_type),
            retry_after: text(headers, &RETRY_AFTER)
                .and_then(|seconds| seconds.trim().parse().ok())
                .map(Duration::from_secs),
            location: text(headers, &LOCATION).and_then(host),
            date: text(headers, &DATE).and_then(http_date),
            body: WipedBuffer::default(),
        }
    }

    /// The object in the body; empty for an empty body, `None` for anything else than Vault's JSON.
    pub(super) fn fields(&self) -> Option<Map<String, Value>> {
        if self.body.as_ref().iter().all(u8::is_ascii_whitespace) {
            return Some(Map::new());
        }
        json::object(self.body.as_ref())
    }

    /// What the server says was wrong; `None` when the body is not Vault's.
    pub(super) fn errors(&self) -> Option<Vec<String>> {
        let mut fields = json::object(self.body.as_ref())?;
        match fields.remove("errors")? {
            Value::Array(errors) => errors
                .into_iter()
                .map(|error| match error {
                    Value::String(text) => Some(text),
                    _ => None,
                })
                .collect(),
            _ => None,
        }
    }

    /// Whether a server that speaks TLS only answered plain http, in the words of Go's server or of nginx.
    pub(super) fn is_of_a_tls_port(&self) -> bool {
        let body = String::from_utf8_lossy(self.body.as_ref());
        let said = [
            "HTTP request to an HTTPS server",
            "HTTP request was sent to HTTPS port",
        ];
        self.status == 400 && said.iter().any(|text| body.contains(text))
    }

    /// Whether one of the errors holds this lower-case text.
    pub(super) fn says(&self, text: &str) -> bool {
        self.errors()
            .into_iter()
            .flatten()
            .any(|error| error.to_lowercase().contains(text))
    }
}

fn text<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Option<&'h str> {
    headers.get(name)?.to_str().ok()
}

fn media_type(text: &str) -> String {
    let text = text.split(';').next().unwrap_or_default().trim();
    text.chars().take(60).collect()
}

fn host(location: &str) -> Option<String> {
    let url = Url::parse(location).ok()?;
    let host = url.host_str()?;
    Some(match url.port() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    })
}

fn http_date(text: &str) -> Option<Timestamp> {
    jiff::fmt::rfc2822::parse(text)
        .ok()
        .map(|date| date.timestamp())
}

/// Why no answer, or no whole answer, came.
#[derive(Debug)]
pub(super) struct Lost {
    pub(super) class: FailureClass,
    pub(super) why: String,
    /// Whether the request cannot have reached the server.
    pub(super) unsent: bool,
    /// Whether what answered does not speak TLS.
    pub(super) plain: bool,
    /// Whether the connection broke, which the next one may not.
    pub(super) broken: bool,
}

impl Lost {
    pub(super) fn setup(why: &str) -> Self {
        Self {
            class: FailureClass::Setup,
            why: why.to_owned(),
            unsent: true,
            plain: false,
            broken: false,
        }
    }

    pub(super) fn stale(stale: Stale) -> Self {
        Self {
            unsent: !stale.begun,
            ..Self::setup(&stale.to_string())
        }
    }

    pub(super) fn too_large(cap: usize) -> Self {
        Self {
            class: FailureClass::Protocol,
            why: format!("the answer is larger than {} MiB", cap >> 20),
            unsent: false,
            plain: false,
            broken: false,
        }
    }
}

impl From<&reqwest::Error> for Lost {
    /// The URL in the error is left out, and the innermost cause is what a person can act on.
    fn from(error: &reqwest::Error) -> Self {
        if let Some(stale) = cause::<Stale>(error) {
            return Self::stale(*stale);
        }
        let unsent = error.is_connect() || error.is_builder();
        let tls = cause::<rustls::Error>(error);
        let plain = matches!(tls, Some(rustls::Error::InvalidMessage(_)));
        let (class, why) = match tls {
            Some(_) if plain => (FailureClass::Tls, "it does not answer in TLS".to_owned()),
            Some(tls) => (FailureClass::Tls, tls.to_string()),
            None if unsent => (
                FailureClass::Unreachable,
                format!("no connection: {}", innermost(error)),
            ),
            None => (
                FailureClass::Unreachable,
                format!("the connection broke: {}", innermost(error)),
            ),
        };
        Self {
            unsent,
            plain,
            broken: !unsent && class == FailureClass::Unreachable,
            class,
            why,
        }
    }
}

fn causes<'e>(error: &'e (dyn Error + 'static)) -> impl Iterator<Item = &'e (dyn Error + 'static)> {
    std::iter::successors(Some(error), |&error| inner(error))
}

/// An I/O error passes over the error that it wraps, which is the TLS error here.
fn inner<'e>(error: &'e (dyn Error + 'static)) -> Option<&'e (dyn Error + 'static)> {
    match error
        .downcast_ref::<std::io::Error>()
        .and_then(std::io::Error::get_ref)
    {
        Some(wrapped) => Some(wrapped),
        None => error.source(),
    }
}

fn cause<T: Error + 'static>(error: &reqwest::Error) -> Option<&T> {
    causes(error).find_map(|cause| cause.downcast_ref())
}

fn innermost(error: &reqwest::Error) -> String {
    causes(error)
        .last()
        .map(|cause| cause.to_string().chars().take(200).collect())
        .unwrap_or_default()
}
