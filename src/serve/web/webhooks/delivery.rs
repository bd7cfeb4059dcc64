//! What a verified delivery is about, so far as that can save a look.

use crate::serve::settings::Forge;
use http::HeaderMap;
use serde::Deserialize;

/// A longer body is hashed and not kept: it only says "look now".
pub(super) const MOST_OF_PUSH: usize = 64 * 1024;
/// A pull request comes with its description, which may have 65,536 characters on GitHub.
pub(super) const MOST_OF_PULL_REQUEST: usize = 512 * 1024;

/// The body, while it is short.
pub(super) struct Kept {
    most: usize,
    bytes: Vec<u8>,
    is_too_long: bool,
}

impl Kept {
    pub(super) fn at_most(most: usize) -> Self {
        Self {
            most,
            bytes: Vec::new(),
            is_too_long: false,
        }
    }

    pub(super) fn add(&mut self, bytes: &[u8]) {
        if self.is_too_long || self.bytes.len() + bytes.len() > self.most {
            self.is_too_long = true;
            self.bytes = Vec::new();
        } else {
            self.bytes.extend_from_slice(bytes);
        }
    }

    pub(super) fn json(&self) -> Option<&[u8]> {
        (!self.is_too_long).then_some(&self.bytes)
    }
}

/// The one field that is read.
#[derive(Deserialize)]
struct Push {
    r#ref: Option<String>,
}

pub(super) struct Delivery {
    is_push: bool,
    /// What was pushed to, where that is known.
    reference: Option<String>,
}

/// What follows from it.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    Look,
    /// It is about something that is not followed.
    Nothing,
}

impl Delivery {
    pub(super) fn new(forge: Forge, headers: &HeaderMap, body: Option<&[u8]>) -> Self {
        let is_push = is_push(forge, headers);
        // serde_json bounds how deep it goes, and skips what is not asked for.
        let push = body.filter(|_| is_push);
        let push = push.and_then(|body| serde_json::from_slice::<Push>(body).ok());
        let reference = push.and_then(|push| push.r#ref);
        Self { is_push, reference }
    }

    /// In doubt it looks.
    pub(super) fn meaning(&self, followed: Option<&str>) -> Meaning {
        let is_other = |pushed: &String| {
            let is_full = pushed.starts_with("refs/heads/") || pushed.starts_with("refs/tags/");
            is_full && followed.is_some_and(|followed| short(pushed) != followed)
        };
        if self.is_push && !self.reference.as_ref().is_some_and(is_other) {
            Meaning::Look
        } else {
            Meaning::Nothing
        }
    }
}

/// Whether it is about commits. One that does not say what it is may be.
fn is_push(forge: Forge, headers: &HeaderMap) -> bool {
    let names: &[&str] = match forge {
        Forge::Github => &["x-github-event"],
        Forge::Gitlab => &["x-gitlab-event"],
        Forge::Gitea => &["x-forgejo-event", "x-gitea-event", "x-github-event"],
    };
    let Some(event) = names.iter().find_map(|name| headers.get(*name)) else {
        return true;
    };
    let pushes = [
        "push",
        "create",
        "Push Hook",
        "Tag Push Hook",
        "System Hook",
    ];
    pushes.iter().any(|push| event == push)
}

/// `main` of `refs/heads/main`.
pub(super) fn short(reference: &str) -> &str {
    let heads = reference.strip_prefix("refs/heads/");
    heads
        .or_else(|| reference.strip_prefix("refs/tags/"))
        .unwrap_or(reference)
}

#[cfg(test)]
mod tests {
    use super::{Delivery, Forge, HeaderMap, Kept, MOST_OF_PUSH, Meaning};
    use http::HeaderValue;

    fn means(forge: Forge, event: &'static str, body: &str, followed: Option<&str>) -> Meaning {
        let name = match forge {
            Forge::Github => "x-github-event",
            Forge::Gitlab => "x-gitlab-event",
            Forge::Gitea => "x-gitea-event",
        };
        let mut headers = HeaderMap::new();
        if !event.is_empty() {
            headers.insert(name, HeaderValue::from_static(event));
        }
        Delivery::new(forge, &headers, Some(body.as_bytes())).meaning(followed)
    }

    #[test]
    fn a_push_to_what_is_followed_says_look() {
        let main = r#"{"ref":"refs/heads/main","commits":[{"id":"x"}]}"#;
        for (forge, event) in [
            (Forge::Github, "push"),
            (Forge::Gitlab, "Push Hook"),
            (Forge::Gitea, "push"),
            (Forge::Github, ""),
        ] {
            assert_eq!(means(forge, event, main, Some("main")), Meaning::Look);
            assert_eq!(means(forge, event, main, None), Meaning::Look);
            assert_eq!(means(forge, event, main, Some("other")), Meaning::Nothing);
        }
    }

    #[test]
    fn other_events_say_nothing() {
        for (forge, event) in [
            (Forge::Github, "ping"),
            (Forge::Github, "issues"),
            (Forge::Gitlab, "Note Hook"),
            (Forge::Gitea, "release"),
        ] {
            assert_eq!(means(forge, event, "{}", None), Meaning::Nothing);
        }
    }

    #[test]
    fn a_push_that_is_not_understood_says_look() {
        let nested = "[".repeat(1_000_000);
        for body in ["", "{", "null", "{\"ref\":7}", "payload=%7B%7D", &nested] {
            assert_eq!(
                means(Forge::Github, "push", body, Some("main")),
                Meaning::Look
            );
        }
    }

    #[test]
    fn a_long_body_is_not_kept() {
        let mut kept = Kept::at_most(MOST_OF_PUSH);
        kept.add(&vec![b'x'; 60_000]);
        assert!(kept.json().is_some());
        kept.add(&vec![b'x'; 60_000]);
        assert!(kept.json().is_none() && kept.bytes.capacity() == 0);
        kept.add(b"x");
        assert!(kept.json().is_none());
    }
}
