//! What each forge answers, as its public documentation has it.

use keyfleet::forge::Kind;
use serde_json::{Value, json};

/// Somebody who comments.
#[derive(Debug, Clone)]
pub(crate) struct Author {
    pub(crate) id: i64,
    pub(crate) login: String,
    /// GitHub's `type`.
    pub(crate) kind: &'static str,
}

impl Author {
    pub(crate) fn person(id: i64, login: &str) -> Self {
        Self {
            id,
            login: login.to_owned(),
            kind: "User",
        }
    }

    pub(crate) fn bot(id: i64, login: &str) -> Self {
        Self {
            kind: "Bot",
            ..Self::person(id, login)
        }
    }
}

#[derive(Debug, Clone)]
pub(crate) struct Comment {
    pub(crate) id: u64,
    pub(crate) body: String,
    pub(crate) author: Option<Author>,
    /// GitLab's notes of itself.
    pub(crate) system: bool,
}

pub(crate) fn comment(kind: Kind, comment: &Comment) -> Value {
    let (id, body) = (comment.id, &comment.body);
    let author = comment.author.as_ref();
    let author = author.map_or(Value::Null, |author| user(kind, author));
    match kind {
        Kind::GitHub => json!({
            "url": format!("https://api.github.example/repos/acme/fleet/issues/comments/{id}"),
            "html_url": format!("https://github.example/acme/fleet/pull/7#issuecomment-{id}"),
            "issue_url": "https://api.github.example/repos/acme/fleet/issues/7",
            "id": id,
            "node_id": "MDEyOklzc3VlQ29tbWVudDE=",
            "user": author,
            "created_at": "2026-04-14T16:00:49Z",
            "updated_at": "2026-04-14T16:00:49Z",
            "author_association": "NONE",
            "body": body,
            "reactions": {"total_count": 0, "+1": 0},
            "performed_via_github_app": null,
        }),
        Kind::GitLab => json!({
            "id": id,
            "type": null,
            "body": body,
            "attachment": null,
            "author": author,
            "created_at": "2026-10-02T09:22:45Z",
            "updated_at": "2026-10-02T10:22:45Z",
            "system": comment.system,
            "noteable_id": 377,
            "noteable_type": "MergeRequest",
            "project_id": 5,
            "noteable_iid": 7,
            "resolvable": false,
            "confidential": false,
            "internal": false,
            "imported": false,
            "imported_from": "none",
        }),
        Kind::Gitea => json!({
            "id": id,
            "html_url": format!("https://gitea.example/acme/fleet/pulls/7#issuecomment-{id}"),
            "pull_request_url": "https://gitea.example/acme/fleet/pulls/7",
            "issue_url": "",
            "user": author,
            "original_author": "",
            "original_author_id": 0,
            "body": body,
            "assets": [],
            "created_at": "2026-02-13T18:31:02Z",
            "updated_at": "2026-02-13T18:31:02Z",
        }),
    }
}

pub(crate) fn user(kind: Kind, author: &Author) -> Value {
    let (id, login) = (author.id, &author.login);
    match kind {
        Kind::GitHub => json!({
            "login": login, "id": id, "node_id": "MDQ6VXNlcjE=", "avatar_url": "", "gravatar_id": "",
            "url": "https://api.github.example/users/x", "type": author.kind, "site_admin": false,
        }),
        Kind::GitLab => json!({
            "id": id, "username": login, "name": "Pip", "state": "active", "locked": false,
            "avatar_url": null, "web_url": "https://gitlab.example/pipin",
        }),
        Kind::Gitea => json!({
            "id": id, "login": login, "login_name": "", "source_id": 0, "full_name": "", "email": "",
            "avatar_url": "", "language": "", "is_admin": false, "active": false, "visibility": "public",
            "username": login,
        }),
    }
}

/// What a forge says when it refuses, with something in it that must not be shown.
pub(crate) fn refusal(kind: Kind) -> Value {
    let text = super::server::UPSTREAM;
    match kind {
        Kind::GitHub => json!({
            "message": format!("Resource not accessible by integration {text}"),
            "documentation_url": "https://docs.github.com/rest", "status": "403",
        }),
        Kind::GitLab => json!({"message": format!("403 Forbidden {text}")}),
        Kind::Gitea => json!({"message": text, "url": "https://gitea.example/api/swagger"}),
    }
}
