//! What the query of an address asks for. Nobody's mistake is an error here: what is not understood is not asked.

use crate::serve::view::{Order, State, Wish, Words};
use axum::extract::{FromRequestParts, Query};
use http::request::Parts;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use std::collections::BTreeMap;
use std::convert::Infallible;
use std::fmt;

/// Longer texts are cut: nobody types them.
const LONGEST: usize = 200;
/// Seconds between two loads of a page that refreshes itself.
const REFRESH: std::ops::RangeInclusive<u32> = 5..=3600;
const SAFE_IN_PATH: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// The query, by key. The last one of a key wins.
#[derive(Debug, Clone, Default)]
pub(super) struct Ask(BTreeMap<String, String>);

impl<S: Send + Sync> FromRequestParts<S> for Ask {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Infallible> {
        let pairs = Query::<Vec<(String, String)>>::from_request_parts(parts, state).await;
        let pairs = pairs.map(|Query(pairs)| pairs).unwrap_or_default();
        Ok(Self::of(pairs))
    }
}

impl Ask {
    fn of(pairs: Vec<(String, String)>) -> Self {
        let cut = |text: String| text.trim().chars().take(LONGEST).collect::<String>();
        let pairs = pairs.into_iter().map(|(key, value)| (key, cut(value)));
        Self(pairs.filter(|(_, value)| !value.is_empty()).collect())
    }

    /// Empty where it is not asked.
    pub(super) fn get(&self, key: &str) -> &str {
        self.0.get(key).map_or("", String::as_str)
    }

    pub(super) fn words(&self) -> Words {
        Words::of(self.get("q"))
    }

    pub(super) fn page(&self) -> usize {
        self.get("page").parse().unwrap_or(1)
    }

    /// At most so many; so many where nothing is asked.
    pub(super) fn per_page(&self, most: usize, usual: usize) -> usize {
        let asked = self.get("per_page").parse().unwrap_or(usual);
        asked.clamp(1, most)
    }

    /// The order, and whether it is the other way round.
    pub(super) fn order(&self) -> (Order, bool) {
        let asked = self.get("sort");
        match asked.strip_prefix('-') {
            Some(slug) => (Order::of(slug), true),
            None => (Order::of(asked), false),
        }
    }

    /// Whether a state is asked for; all of them are when none is.
    pub(super) fn wants(&self, state: State) -> bool {
        match self.get("state") {
            "" => true,
            "attention" => state.needs_a_person(),
            slug => slug == state.slug(),
        }
    }

    pub(super) fn findings(&self) -> Wish {
        let own = |key| self.get(key).to_owned();
        Wish {
            words: self.words(),
            topic: own("topic"),
            cause: own("cause"),
            kind: own("kind"),
            cluster: own("cluster"),
            vault: own("vault"),
        }
    }

    /// How often the page is to load itself again.
    pub(super) fn refresh(&self) -> Option<u32> {
        let seconds: u32 = self.get("refresh").parse().ok()?;
        Some(seconds.clamp(*REFRESH.start(), *REFRESH.end()))
    }

    /// Whether the list is narrowed.
    pub(super) fn is_narrowed(&self) -> bool {
        let beside = ["page", "per_page", "sort", "refresh"];
        self.0.keys().any(|key| !beside.contains(&key.as_str()))
    }

    /// The same query on this path with some of it changed. An empty value takes a key away. The path may end in a place on the
    /// page: `/#clusters`.
    pub(super) fn link(&self, path: &str, changes: &[(&str, &str)]) -> String {
        let mut pairs: BTreeMap<&str, &str> = self
            .0
            .iter()
            .map(|(key, value)| (key.as_str(), value.as_str()))
            .collect();
        pairs.extend(changes.iter().copied());
        let pairs = pairs.into_iter().filter(|(_, value)| !value.is_empty());
        let query: Vec<String> = pairs
            .map(|(key, value)| format!("{}={}", Segment(key), Segment(value)))
            .collect();
        if query.is_empty() {
            return path.to_owned();
        }
        let (path, place) = path.split_at(path.find('#').unwrap_or(path.len()));
        format!("{path}?{}{place}", query.join("&"))
    }
}

/// A name as it may stand in an address.
pub(super) struct Segment<'a>(pub(super) &'a str);

impl fmt::Display for Segment<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        utf8_percent_encode(self.0, SAFE_IN_PATH).fmt(formatter)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(pairs: &[(&str, &str)]) -> Ask {
        let own = |(key, value): &(&str, &str)| ((*key).to_owned(), (*value).to_owned());
        Ask::of(pairs.iter().map(own).collect())
    }

    #[test]
    fn nonsense_asks_for_nothing() {
        let nonsense = ask(&[
            ("page", "x"),
            ("sort", "no"),
            ("refresh", "often"),
            ("q", "  "),
        ]);
        assert_eq!(
            (nonsense.page(), nonsense.order(), nonsense.refresh()),
            (1, (Order::State, false), None)
        );
        assert!(!nonsense.is_narrowed());
        assert_eq!(ask(&[("refresh", "0")]).refresh(), Some(5));
        assert_eq!(ask(&[("q", &"x".repeat(999))]).get("q").len(), LONGEST);
    }

    #[test]
    fn a_link_keeps_what_it_does_not_change_and_encodes_all_of_it() {
        let asked = ask(&[("q", "a&b=\"<"), ("page", "3")]);
        assert_eq!(
            asked.link("/", &[("page", ""), ("sort", "-name")]),
            "/?q=a%26b%3D%22%3C&sort=-name"
        );
        assert_eq!(
            asked.link("/#list", &[("q", ""), ("page", "4")]),
            "/?page=4#list"
        );
        assert_eq!(ask(&[]).link("/held", &[]), "/held");
    }
}
