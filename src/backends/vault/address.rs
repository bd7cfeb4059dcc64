//! Where a Vault is, and how a path below it is spelled.

use crate::observe::{Failure, FailureClass};
use crate::web_address::{self, is_loopback};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::Url;

/// Everything but the unreserved characters of RFC 3986 is encoded.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// The checked address of a Vault, without a slash at its end.
#[derive(Debug)]
pub(super) struct Address {
    base: String,
    pub(super) loopback: bool,
}

impl Address {
    pub(super) fn parse(text: &str) -> Result<Self, Failure> {
        Self::parse_as(text, "its address")
    }

    /// The same with the name of where the text stands. A refused text is not shown, but for a plain host and port: it
    /// may hold a password.
    pub(super) fn parse_as(text: &str, called: &str) -> Result<Self, Failure> {
        let refused = |what: &str| refused(called, what);
        if let Some(url) = with_scheme(text) {
            let scheme = if is_loopback(&url) { "http" } else { "https" };
            return Err(refused(&format!("`{text}`, without https:// or http://"))
                .hint(format!("write {scheme}://{text}")));
        }
        let url = Url::parse(text).map_err(|error| {
            if text.contains("://") {
                refused(&format!("not a URL ({error})"))
            } else {
                refused("not a URL")
            }
        })?;
        if let Some(wrong) = web_address::wrong(&url) {
            return Err(refused(wrong));
        }
        Ok(Self {
            base: url.as_str().trim_end_matches('/').to_owned(),
            loopback: is_loopback(&url),
        })
    }

    pub(super) fn base(&self) -> &str {
        &self.base
    }

    pub(super) fn url(&self, path: &ApiPath, query: &str) -> String {
        format!("{}/v1/{}{query}", self.base, path.encoded)
    }
}

/// The URL that is meant by `host:port` and no more.
fn with_scheme(text: &str) -> Option<Url> {
    let (host, port) = text.rsplit_once(':')?;
    port.parse::<u16>().ok()?;
    if host.contains(['/', '@', '?', '#', '\\']) {
        return None;
    }
    Url::parse(&format!("https://{text}")).ok()
}

fn refused(called: &str, what: &str) -> Failure {
    Failure::new(
        FailureClass::Setup,
        "connect to Vault",
        format!("{called} is {what}"),
    )
    .hint("write it as https://host:port, with a path if a proxy adds one; http works on loopback only")
}

/// A path below `/v1/`, encoded segment by segment, and as a person writes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ApiPath {
    encoded: String,
    pub(super) plain: String,
}

impl ApiPath {
    /// Parts are literals and typed names; a name of several segments keeps its slashes.
    pub(super) fn new(parts: &[&str]) -> Self {
        let plain = parts.join("/");
        let encoded = plain
            .split('/')
            .map(|segment| utf8_percent_encode(segment, SEGMENT).to_string())
            .collect::<Vec<_>>()
            .join("/");
        Self { encoded, plain }
    }
}

#[cfg(test)]
mod tests {
    use super::{Address, ApiPath};

    #[test]
    fn an_address_that_would_leak_or_mislead_is_refused_without_repeating_it() {
        for text in [
            "http://vault.example:8200",
            "http://127.0.0.1.evil.example",
            "https://root:canary@vault.example",
            "https://canary@vault.example",
            "https://vault.example?x=canary",
            "https://vault.example#canary",
            "ftp://vault.example/canary",
            "vault.example:8200",
            "canary",
            "",
        ] {
            let failure = Address::parse(text).expect_err(text);
            assert!(
                !format!("{failure}{failure:?}").contains("canary"),
                "{text}"
            );
        }
    }

    #[test]
    fn a_host_and_port_are_answered_with_what_is_missing() {
        for (text, hint) in [
            ("127.0.0.1:8200", "write http://127.0.0.1:8200"),
            ("localhost:8200", "write http://localhost:8200"),
            ("[::1]:8200", "write http://[::1]:8200"),
            ("vault.example:443", "write https://vault.example:443"),
        ] {
            let failure = Address::parse_as(text, "VAULT_ADDR").unwrap_err();
            assert_eq!(
                failure.why,
                format!("VAULT_ADDR is `{text}`, without https:// or http://")
            );
            assert_eq!(failure.hint.as_deref(), Some(hint));
        }
        let failure = Address::parse_as("vault", "VAULT_ADDR").unwrap_err();
        assert_eq!(failure.why, "VAULT_ADDR is not a URL");
        assert!(failure.hint.unwrap().contains("https://host:port"));
    }

    #[test]
    fn a_path_goes_below_the_prefix_of_the_address() {
        let path = ApiPath::new(&["sys", "auth"]);
        for (address, url) in [
            ("https://v.example", "https://v.example/v1/sys/auth"),
            ("https://v.example/x/", "https://v.example/x/v1/sys/auth"),
            ("http://[::1]:82", "http://[::1]:82/v1/sys/auth"),
            ("http://localhost:82", "http://localhost:82/v1/sys/auth"),
        ] {
            let address = Address::parse(address).unwrap();
            assert_eq!(address.url(&path, ""), url);
        }
    }

    #[test]
    fn a_name_cannot_leave_its_segment() {
        let path = ApiPath::new(&["kv/eu", "data", "a b/ü?x=1#y"]);
        assert_eq!(path.encoded, "kv/eu/data/a%20b/%C3%BC%3Fx%3D1%23y");
        assert_eq!(path.plain, "kv/eu/data/a b/ü?x=1#y");
    }
}
