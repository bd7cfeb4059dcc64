//! The one way to a forge: within limits of time and size, through no redirect, with the token for its host alone.

use super::address::Address;
use super::call::{Call, Intent};
use super::refusal::{self, Head, not_this_api};
use super::{Kind, Patience};
use crate::observe::{Failure, FailureClass};
use crate::secret::SecretBytes;
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderValue, LINK};
use reqwest::{Certificate, Response, redirect};
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::error::Error;
use std::fmt;
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// A page of the longest comments that GitLab takes.
const LONGEST_ANSWER: usize = 64 << 20;
/// Of a refusal, only a known sentence is looked for.
const LONGEST_REFUSAL: usize = 64 << 10;

pub(super) struct Client {
    kind: Kind,
    address: Address,
    http: reqwest::Client,
    token: HeaderValue,
    patience: Patience,
}

impl fmt::Debug for Client {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = formatter.debug_struct("Client");
        debug
            .field("address", &self.address)
            .finish_non_exhaustive()
    }
}

/// A good answer.
pub(super) struct Answer {
    pub(super) body: Vec<u8>,
    /// Whether it is a page with one after it.
    pub(super) has_more: bool,
}

impl Answer {
    pub(super) fn read<T: DeserializeOwned>(&self, call: &Call) -> Result<T, Failure> {
        serde_json::from_slice(&self.body).map_err(|_| not_this_api(call))
    }
}

/// How one attempt ended, where it did not end well.
struct Ended {
    failure: Failure,
    /// Whether it may be sent again, and what the forge asks to wait before.
    again: Option<Duration>,
}

impl Client {
    pub(super) fn new(
        kind: Kind,
        address: Address,
        token: &SecretBytes,
        authorities: Option<&[u8]>,
        patience: Patience,
    ) -> Result<Self, Failure> {
        crate::backends::install_crypto();
        let mut builder = reqwest::Client::builder()
            .redirect(redirect::Policy::none())
            .retry(reqwest::retry::never())
            .referer(false)
            .https_only(!address.loopback)
            .timeout(patience.request)
            .user_agent(concat!("keyfleet/", env!("CARGO_PKG_VERSION")));
        if address.loopback {
            builder = builder.no_proxy();
        }
        if let Some(pem) = authorities {
            let bundle = Certificate::from_pem_bundle(pem);
            let bundle = bundle.map_err(|_| setup("its certificate authority is not PEM"))?;
            builder = builder.tls_certs_only(bundle);
        }
        let http = builder.build().map_err(|_| {
            setup("TLS could not be set up: is the system's list of authorities there?")
        })?;
        Ok(Self {
            token: header(token)?,
            kind,
            address,
            http,
            patience,
        })
    }

    /// Asks, and again where that does no harm: what a forge refused to do now, or what changes nothing when done twice.
    pub(super) async fn ask(&self, call: &Call) -> Result<Answer, Failure> {
        let end = Instant::now() + self.patience.all;
        let mut attempt = 1;
        loop {
            let ended = match self.once(call).await {
                Ok(answer) => return Ok(answer),
                Err(ended) => ended,
            };
            let Some(asked) = ended.again else {
                return Err(ended.failure);
            };
            let wait = asked + self.patience.wait(attempt);
            if attempt >= self.patience.attempts || Instant::now() + wait >= end {
                return Err(ended.failure);
            }
            tracing::debug!(doing = call.doing, why = ended.failure.why, after = ?wait, "a forge is asked again");
            sleep(wait).await;
            attempt += 1;
        }
    }

    async fn once(&self, call: &Call) -> Result<Answer, Ended> {
        let url = match &call.path {
            Some(path) => self.address.url(path),
            None => self.address.graphql(),
        };
        let mut request = self.http.request(call.method.clone(), url);
        request = request.header(AUTHORIZATION, &self.token);
        if self.kind == Kind::GitHub {
            request = request
                .header(ACCEPT, "application/vnd.github+json")
                .header("x-github-api-version", "2022-11-28");
        }
        if let Some(body) = &call.body {
            request = request
                .header(CONTENT_TYPE, "application/json")
                .body(ascii(body));
        }
        let response = request.send().await;
        let response = response.map_err(|error| self.lost(call, &error))?;
        let status = response.status();
        if status.is_success() {
            let has_more = has_next(&response);
            let body = self.body(call, response, LONGEST_ANSWER).await?;
            return Ok(Answer { body, has_more });
        }
        let head = Head::of(&response);
        if let Some(already) = call.already.filter(|_| status.as_u16() == 400) {
            let body = self.body(call, response, LONGEST_REFUSAL).await?;
            if String::from_utf8_lossy(&body).contains(already) {
                let has_more = false;
                return Ok(Answer { body, has_more });
            }
        }
        let is_harmless = call.intent == Intent::Repeatable;
        let again =
            head.is_not_yet() || is_harmless && matches!(head.status, 409 | 500 | 502..=504);
        Err(Ended {
            again: again.then(|| head.wait()),
            failure: refusal::of(self.kind, call, &head),
        })
    }

    async fn body(
        &self,
        call: &Call,
        mut response: Response,
        most: usize,
    ) -> Result<Vec<u8>, Ended> {
        let too_large = || {
            let why = format!("the answer is larger than {} KiB", most >> 10);
            Ended {
                failure: Failure::new(FailureClass::Protocol, &call.doing, why),
                again: None,
            }
        };
        if response
            .content_length()
            .is_some_and(|length| length > most as u64)
        {
            return Err(too_large());
        }
        let mut body = Vec::new();
        loop {
            let chunk = response.chunk().await;
            let Some(chunk) = chunk.map_err(|error| self.lost(call, &error))? else {
                return Ok(body);
            };
            if body.len() + chunk.len() > most {
                return Err(too_large());
            }
            body.extend_from_slice(&chunk);
        }
    }

    /// No answer, or no whole one. The URL in the error is left out.
    fn lost(&self, call: &Call, error: &reqwest::Error) -> Ended {
        let causes =
            std::iter::successors(Some(error as &(dyn Error + 'static)), |&error| inner(error));
        let mut causes: Vec<_> = causes.collect();
        let tls = causes
            .iter()
            .find_map(|cause| cause.downcast_ref::<rustls::Error>());
        let last = causes.pop().filter(|cause| !cause.is::<reqwest::Error>());
        let last: String = last.map_or_else(String::new, |cause| {
            cause.to_string().chars().take(200).collect()
        });
        let unsent = error.is_connect() || error.is_builder();
        let (class, why) = if let Some(tls) = tls {
            (FailureClass::Tls, tls.to_string())
        } else if error.is_timeout() {
            let seconds = self.patience.request.as_secs_f64();
            (
                FailureClass::TimedOut,
                format!("no answer within {seconds} s"),
            )
        } else if unsent {
            (FailureClass::Unreachable, format!("no connection: {last}"))
        } else {
            (
                FailureClass::Unreachable,
                format!("the connection broke: {last}"),
            )
        };
        let is_harmless = unsent || call.intent == Intent::Repeatable;
        let again = (is_harmless && class != FailureClass::Tls).then_some(Duration::ZERO);
        let failure = Failure::new(class, &call.doing, why);
        let failure = match class {
            FailureClass::Tls => failure
                .hint("where an authority of your own signed the forge's certificate, name its file in SSL_CERT_FILE"),
            _ => failure.hint("check that the address of its API is right and that it is up"),
        };
        Ended { failure, again }
    }
}

/// JSON with nothing but ASCII in it: Gitea 1.24 breaks other characters where two of its buffers meet.
fn ascii(body: &Value) -> String {
    let mut text = String::new();
    for character in body.to_string().chars() {
        if character.is_ascii() {
            text.push(character);
        } else {
            let units = character.encode_utf16(&mut [0; 2]).to_vec();
            text.extend(units.iter().map(|unit| format!("\\u{unit:04x}")));
        }
    }
    text
}

/// An I/O error passes over the error that it wraps.
fn inner<'e>(error: &'e (dyn Error + 'static)) -> Option<&'e (dyn Error + 'static)> {
    let io = error.downcast_ref::<std::io::Error>();
    match io.and_then(std::io::Error::get_ref) {
        Some(wrapped) => Some(wrapped),
        None => error.source(),
    }
}

/// Only whether there is one: its address is never followed.
fn has_next(response: &Response) -> bool {
    let links = response.headers().get_all(LINK).into_iter();
    let mut links = links.filter_map(|link| link.to_str().ok());
    links.any(|link| link.contains("rel=\"next\""))
}

/// A token as all three forges take it. It is marked, so that no log of headers shows it.
fn header(token: &SecretBytes) -> Result<HeaderValue, Failure> {
    let is_plain = |byte: &u8| byte.is_ascii_graphic();
    if token.is_empty() || !token.expose().iter().all(is_plain) {
        return Err(setup(
            "the token is empty or has a character that no token has, such as the end of a line",
        ));
    }
    let bytes = zeroize::Zeroizing::new([b"Bearer ", token.expose()].concat());
    let mut value = HeaderValue::from_bytes(&bytes).map_err(|_| setup("the token is no token"))?;
    value.set_sensitive(true);
    Ok(value)
}

fn setup(why: &str) -> Failure {
    Failure::new(FailureClass::Setup, "connect to the forge", why)
}
