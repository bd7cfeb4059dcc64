//! What is asked of each forge: one place for every path and body.

use super::address::link;
use super::comment::one_line;
use super::{Kind, Place, State, Status};
use crate::observe::{Failure, FailureClass};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::Method;
use serde_json::{Value, json};

/// Everything but the unreserved characters of RFC 3986 is encoded.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// What a repetition would do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Intent {
    /// Nothing more than the first: it can be sent again.
    Repeatable,
    /// It makes one more.
    Create,
}

/// One request, before it is sent.
#[derive(Debug)]
pub(super) struct Call {
    pub(super) method: Method,
    /// Below the address of the API, encoded; `None` for GitHub's GraphQL.
    pub(super) path: Option<String>,
    pub(super) body: Option<Value>,
    pub(super) intent: Intent,
    /// As a message calls it: "failed to …".
    pub(super) doing: String,
    /// What a refusal of a state that is set already says, so that it is none.
    pub(super) already: Option<&'static str>,
}

/// A repository of a forge, with its name as it stands in a path.
#[derive(Debug)]
pub(super) struct Repository {
    pub(super) kind: Kind,
    encoded: String,
    plain: String,
}

impl Repository {
    pub(super) fn of(place: &Place) -> Result<Self, Failure> {
        let plain = place.repository.clone();
        let segments: Vec<&str> = plain.split('/').collect();
        let is_wrong = |segment: &&str| {
            matches!(*segment, "" | "." | "..") || segment.contains(char::is_control)
        };
        let has_right_length = match place.kind {
            Kind::GitHub | Kind::Gitea => segments.len() == 2,
            Kind::GitLab => true,
        };
        if !has_right_length || segments.iter().any(is_wrong) {
            let why = "the name of the repository is not `owner/name`";
            return Err(Failure::new(
                FailureClass::Setup,
                "connect to the forge",
                why,
            ));
        }
        let encode = |text: &str| utf8_percent_encode(text, SEGMENT).to_string();
        let encoded = match place.kind {
            // A group may stand in a group: GitLab takes the whole name as one segment.
            Kind::GitLab => encode(&plain),
            _ => segments
                .into_iter()
                .map(encode)
                .collect::<Vec<_>>()
                .join("/"),
        };
        Ok(Self {
            kind: place.kind,
            encoded,
            plain,
        })
    }

    fn comments(&self, number: u64) -> String {
        let name = &self.encoded;
        match self.kind {
            Kind::GitLab => format!("projects/{name}/merge_requests/{number}/notes"),
            Kind::GitHub | Kind::Gitea => format!("repos/{name}/issues/{number}/comments"),
        }
    }

    fn shown(&self, number: u64) -> String {
        match self.kind {
            Kind::GitLab => format!("merge request {number} of project {}", self.plain),
            _ => format!("pull request {number} of {}", self.plain),
        }
    }
}

impl Call {
    fn new(method: Method, path: String, doing: String) -> Self {
        Self {
            method,
            path: Some(path),
            body: None,
            intent: Intent::Repeatable,
            doing,
            already: None,
        }
    }

    /// Whose the token is. GitHub has `/user` for people only; its GraphQL tells it to an app as well, so also to the token of
    /// a job, which is the one of the app GitHub Actions.
    pub(super) fn who(kind: Kind) -> Self {
        let doing = "ask whose the token is".to_owned();
        let mut call = Self::new(Method::GET, "user".to_owned(), doing);
        if kind == Kind::GitHub {
            call.method = Method::POST;
            call.path = None;
            call.body = Some(json!({"query": "query{viewer{login}}"}));
        }
        call
    }

    /// Comments, the oldest first, without what the forge itself notes there.
    pub(super) fn list(repository: &Repository, number: u64, page: u32) -> Self {
        let comments = repository.comments(number);
        let query = match repository.kind {
            Kind::GitHub => format!("per_page=100&page={page}"),
            Kind::GitLab => {
                format!(
                    "sort=asc&order_by=created_at&activity_filter=only_comments&per_page=50&page={page}"
                )
            }
            // It gives all of them at once; a later Gitea may not.
            Kind::Gitea => format!("limit=50&page={page}"),
        };
        let doing = format!("list the comments of {}", repository.shown(number));
        Self::new(Method::GET, format!("{comments}?{query}"), doing)
    }

    pub(super) fn create(repository: &Repository, number: u64, text: &str) -> Self {
        let doing = format!("comment on {}", repository.shown(number));
        Self {
            body: Some(json!({"body": text})),
            intent: Intent::Create,
            ..Self::new(Method::POST, repository.comments(number), doing)
        }
    }

    pub(super) fn edit(repository: &Repository, number: u64, id: u64, text: &str) -> Self {
        let (method, path) = match repository.kind {
            Kind::GitLab => (Method::PUT, format!("{}/{id}", repository.comments(number))),
            Kind::GitHub | Kind::Gitea => (
                Method::PATCH,
                format!("repos/{}/issues/comments/{id}", repository.encoded),
            ),
        };
        let doing = format!("edit the comment of {}", repository.shown(number));
        Self {
            body: Some(json!({"body": text})),
            ..Self::new(method, path, doing)
        }
    }

    pub(super) fn put_status(
        repository: &Repository,
        commit: &str,
        status: Status<'_>,
    ) -> Result<Self, Failure> {
        let kind = repository.kind;
        let doing = format!("set the status of a commit of {}", repository.plain);
        if !is_commit(commit) {
            let why = "the commit is not named by its whole id";
            return Err(Failure::new(FailureClass::Setup, doing, why));
        }
        let path = match kind {
            Kind::GitLab => format!("projects/{}/statuses/{commit}", repository.encoded),
            Kind::GitHub | Kind::Gitea => {
                format!("repos/{}/statuses/{commit}", repository.encoded)
            }
        };
        let name = match kind {
            Kind::GitLab => "name",
            Kind::GitHub | Kind::Gitea => "context",
        };
        let mut body = json!({
            name: one_line(status.context, 100),
            "state": word(kind, status.state),
            "description": one_line(status.description, longest_description(kind)),
        });
        if let Some(link) = status.link.and_then(link) {
            body["target_url"] = link.into();
        }
        Ok(Self {
            body: Some(body),
            already: (kind == Kind::GitLab).then_some("Cannot transition status"),
            ..Self::new(Method::POST, path, doing)
        })
    }
}

/// SHA-1, or SHA-256 where the repository uses that.
pub(super) fn is_commit(text: &str) -> bool {
    matches!(text.len(), 40 | 64) && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn word(kind: Kind, state: State) -> &'static str {
    match (kind, state) {
        (_, State::Pending) => "pending",
        (_, State::Success) => "success",
        // GitLab knows one word for both.
        (Kind::GitLab, State::Failure | State::Error) => "failed",
        (_, State::Failure) => "failure",
        (_, State::Error) => "error",
    }
}

/// In characters. Gitea's column takes any; a longer one is not shown.
fn longest_description(kind: Kind) -> usize {
    match kind {
        Kind::GitHub | Kind::Gitea => 140,
        Kind::GitLab => 255,
    }
}
