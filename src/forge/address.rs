//! Where the API of a forge is.

use crate::observe::{Failure, FailureClass};
use crate::web_address;
use reqwest::Url;

/// A checked address, without a slash at its end.
#[derive(Debug)]
pub(super) struct Address {
    base: String,
    pub(super) loopback: bool,
}

impl Address {
    /// A refused text is not shown: it may hold a password.
    pub(super) fn parse(text: &str) -> Result<Self, Failure> {
        let url = Url::parse(text).map_err(|_| refused("not a URL"))?;
        if let Some(wrong) = web_address::wrong(&url) {
            return Err(refused(wrong));
        }
        let base = url.as_str().trim_end_matches('/').to_owned();
        let loopback = web_address::is_loopback(&url);
        Ok(Self { base, loopback })
    }

    pub(super) fn url(&self, path: &str) -> String {
        format!("{}/{path}", self.base)
    }

    /// GitHub's GraphQL stands beside its REST: `/graphql`, on GitHub Enterprise `/api/graphql` for `/api/v3`.
    pub(super) fn graphql(&self) -> String {
        let base = self.base.strip_suffix("/v3").unwrap_or(&self.base);
        format!("{base}/graphql")
    }
}

fn refused(what: &str) -> Failure {
    let why = format!("the address of its API is {what}");
    Failure::new(FailureClass::Setup, "connect to the forge", why)
        .hint("write it as https://host/path; http works on loopback only")
}

/// A link for people, written so that it cannot leave the brackets or quotes that it stands in; anything but a web address
/// is none.
pub(super) fn link(text: &str) -> Option<String> {
    const LONGEST: usize = 2_000;
    let url = Url::parse(text).ok()?;
    let is_web = matches!(url.scheme(), "https" | "http") && url.password().is_none();
    let text = url.to_string();
    let is_plain = !text.contains(['<', '>', '"', '`', '\\', ' ', '|']);
    (is_web && is_plain && text.len() <= LONGEST).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::{Address, link};

    #[test]
    fn an_address_that_would_leak_is_refused_without_repeating_it() {
        for text in [
            "http://forge.example/canary",
            "http://127.0.0.1.evil.example",
            "https://root:canary@forge.example",
            "https://canary@forge.example",
            "https://forge.example?x=canary",
            "https://forge.example#canary",
            "ftp://forge.example/canary",
            "canary",
            "",
        ] {
            let failure = Address::parse(text).expect_err(text);
            let said = format!("{failure}{failure:?}");
            assert!(!said.contains("canary"), "{text}");
        }
    }

    #[test]
    fn graphql_stands_beside_rest() {
        for (api, graphql) in [
            ("https://api.github.com", "https://api.github.com/graphql"),
            ("https://g.example/api/v3", "https://g.example/api/graphql"),
            ("https://g.example/api/v3/", "https://g.example/api/graphql"),
        ] {
            assert_eq!(Address::parse(api).unwrap().graphql(), graphql);
        }
    }

    #[test]
    fn a_link_is_a_web_address_that_stays_where_it_stands() {
        let fine = "https://ci.example/jobs/7?x=1#L2";
        assert_eq!(link(fine).as_deref(), Some(fine));
        for text in ["javascript:alert(1)", "https://u:p@x.example/", "x", ""] {
            assert_eq!(link(text), None, "{text}");
        }
        let sly = link("https://ci.example/a>b\"c d<e\n#`|");
        assert!(
            sly.is_none_or(|text| !text.contains(['<', '>', '"', ' ', '\n', '`', '|'])),
            "it would leave its place"
        );
    }
}
