//! A report over https.

use super::Patience;
use super::address::Address;
use crate::serve::settings::SecretSource;
use reqwest::header::{CONTENT_TYPE, RETRY_AFTER};
use reqwest::{Certificate, Client, Response, StatusCode, redirect};
use std::error::Error;
use std::time::Duration;
use tokio::time::{Instant, sleep, timeout_at};

#[derive(Debug, Clone)]
pub(super) struct Poster {
    /// Speaks https only, through a proxy where the environment names one.
    outside: Client,
    loopback: Client,
    patience: Patience,
}

/// A longer wait that somebody asks for is longer than anybody waits here; in seconds.
const LONGEST_ASKED: u64 = 3_600;

/// How one attempt ended, where it did not end well.
enum Ended {
    /// The other side says that it did nothing; it may ask for some time.
    Again(String, Option<Duration>),
    ForGood(String),
}

impl Poster {
    pub(super) fn new(patience: Patience, authorities: Option<&[u8]>) -> Result<Self, String> {
        crate::backends::install_crypto();
        let client = |loopback: bool| {
            let mut builder = Client::builder()
                .redirect(redirect::Policy::none())
                .retry(reqwest::retry::never())
                .referer(false)
                .https_only(!loopback)
                .timeout(patience.request)
                .user_agent(concat!("keyfleet/", env!("CARGO_PKG_VERSION")));
            if loopback {
                builder = builder.no_proxy();
            }
            if let Some(pem) = authorities {
                let bundle = Certificate::from_pem_bundle(pem);
                let bundle = bundle.map_err(|_| "the authorities are not PEM".to_owned())?;
                builder = builder.tls_certs_only(bundle);
            }
            let built = builder.build();
            built.map_err(|_| "TLS could not be set up for the sinks of reports".to_owned())
        };
        Ok(Self {
            outside: client(false)?,
            loopback: client(true)?,
            patience,
        })
    }

    /// Posts this JSON. An attempt is made again only where the other side says that it did nothing with the last one.
    pub(super) async fn post(
        &self,
        sink: &str,
        source: &SecretSource,
        body: String,
    ) -> Result<(), String> {
        let address = Address::read(source)?;
        let deadline = Instant::now() + self.patience.all;
        let mut attempt = 1;
        loop {
            let once = timeout_at(deadline, self.once(&address, body.clone()));
            let ended = match once.await {
                Ok(Ok(())) => return Ok(()),
                Ok(Err(ended)) => ended,
                Err(_) => Ended::ForGood("it did not take it in time".to_owned()),
            };
            let (why, asked) = match ended {
                Ended::ForGood(why) => return Err(format!("{address}: {why}")),
                Ended::Again(why, asked) => (why, asked),
            };
            let wait = self.wait(attempt, asked);
            if attempt >= self.patience.attempts || Instant::now() + wait > deadline {
                return Err(format!("{address}: {why}, {attempt} times"));
            }
            tracing::debug!(sink, host = %address, why, after = ?wait, "a sink is asked again");
            sleep(wait).await;
            attempt += 1;
        }
    }

    async fn once(&self, address: &Address, body: String) -> Result<(), Ended> {
        let client = if address.loopback {
            &self.loopback
        } else {
            &self.outside
        };
        let request = client
            .post(address.expose())
            .header(CONTENT_TYPE, "application/json")
            .body(body);
        match request.send().await {
            Ok(answer) => taken(&answer),
            Err(error) => Err(Ended::ForGood(self.reason(&error))),
        }
    }

    /// Why there is no answer. The error itself holds the address.
    fn reason(&self, error: &reqwest::Error) -> String {
        if error.is_timeout() {
            return format!("no answer within {} s", self.patience.request.as_secs());
        }
        let mut cause: &dyn Error = error;
        while let Some(inner) = inner(cause) {
            cause = inner;
        }
        if cause.is::<reqwest::Error>() {
            return "no connection".to_owned();
        }
        let cause: String = cause.to_string().chars().take(200).collect();
        format!("no connection: {cause}")
    }

    /// On top of what was asked for.
    fn wait(&self, attempt: u32, asked: Option<Duration>) -> Duration {
        asked.unwrap_or_default() + self.patience.wait(attempt)
    }
}

/// An I/O error passes over the error that it wraps.
fn inner<'e>(error: &'e (dyn Error + 'static)) -> Option<&'e (dyn Error + 'static)> {
    let io = error.downcast_ref::<std::io::Error>();
    match io.and_then(std::io::Error::get_ref) {
        Some(wrapped) => Some(wrapped),
        None => error.source(),
    }
}

/// By its status alone: what it says besides is nobody's to see.
fn taken(answer: &Response) -> Result<(), Ended> {
    let status = answer.status();
    let code = status.as_u16();
    if status.is_success() {
        return Ok(());
    }
    if status.is_redirection() {
        return Err(Ended::ForGood(format!(
            "it answers {code}, with another address, which is not followed: write that one where its URL is kept"
        )));
    }
    if status == StatusCode::TOO_MANY_REQUESTS || status.is_server_error() {
        let asked = answer.headers().get(RETRY_AFTER);
        let asked = asked.and_then(|value| value.to_str().ok()?.parse().ok());
        return Err(Ended::Again(
            format!("it answers {code}"),
            asked.map(|seconds: u64| Duration::from_secs(seconds.min(LONGEST_ASKED))),
        ));
    }
    Err(Ended::ForGood(match code {
        401 | 403 | 404 | 410 => {
            format!("it answers {code}: is its URL still the right one?")
        }
        413 => format!("it answers {code}: the report is too large for it"),
        _ => format!("it answers {code}"),
    }))
}
