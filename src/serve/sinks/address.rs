//! The address of a webhook: whoever knows it may post, so it is a secret like a token.

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
        let text = source.read().map_err(|error| error.to_string())?;
        let url = text.expose_text().and_then(|text| Url::parse(text).ok());
        let url = url.ok_or_else(|| format!("{source} holds no URL"))?;
        let host = url.host_str().unwrap_or_default().to_owned();
        let loopback = ["127.0.0.1", "[::1]", "localhost"].contains(&&*host);
        if host.is_empty() || url.scheme() != "https" && !(url.scheme() == "http" && loopback) {
            return Err(format!("{source} holds a URL that is not https"));
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
