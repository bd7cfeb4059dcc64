//! The address of a webhook: whoever knows it may post, so it is a secret like a token.

use crate::connect::variable;
use crate::secret::SecretBytes;
use crate::serve::settings::SecretSource;
use reqwest::Url;
use std::fmt;

/// An address that was checked. It is shown as its host.
pub(super) struct Address {
    url: Url,
    host: String,
    pub(super) loopback: bool,
}

impl fmt::Display for Address {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.host)
    }
}

impl Address {
    /// Reads it anew each time: one that was replaced is found.
    pub(super) fn read(source: &SecretSource) -> Result<Self, String> {
        let text = secret(source)?;
        let text = text.expose_text().map(str::trim);
        let url = text.and_then(|text| Url::parse(text).ok());
        let url = url.ok_or_else(|| format!("{} holds no URL", named(source)))?;
        let host = url.host_str().unwrap_or_default().to_owned();
        let loopback = ["127.0.0.1", "[::1]", "localhost"].contains(&&*host);
        if host.is_empty() || url.scheme() != "https" && !(url.scheme() == "http" && loopback) {
            return Err(format!("{} holds a URL that is not https", named(source)));
        }
        Ok(Self {
            url,
            host,
            loopback,
        })
    }

    /// For the one request that it is for.
    pub(super) fn expose(&self) -> Url {
        self.url.clone()
    }
}

fn secret(source: &SecretSource) -> Result<SecretBytes, String> {
    match source {
        SecretSource::File(path) => std::fs::read(path)
            .map(SecretBytes::new)
            .map_err(|error| format!("{} could not be read: {error}", named(source))),
        SecretSource::Environment(name) => variable(name)
            .map(SecretBytes::from)
            .ok_or_else(|| format!("{} is not set", named(source))),
    }
}

fn named(source: &SecretSource) -> String {
    match source {
        SecretSource::File(path) => format!("the file {}", path.display()),
        SecretSource::Environment(name) => format!("the variable {name}"),
    }
}
