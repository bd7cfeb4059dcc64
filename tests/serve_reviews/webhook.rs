//! What each forge sends of a pull request, signed as it signs.

use super::support::request;
use keyfleet::forge::Kind;
use ring::hmac;
use serde_json::{Value, json};

pub(crate) const SECRET: &str = "canary-webhook-0123456789abcdef";

/// A pull request as a forge tells of it.
#[derive(Debug, Clone)]
pub(crate) struct Said {
    pub(crate) number: u64,
    pub(crate) head: String,
    pub(crate) into: &'static str,
    pub(crate) from_fork: bool,
    /// Where the fork says that it is.
    pub(crate) fork: String,
}

impl Said {
    pub(crate) fn of(head: &str) -> Self {
        Self {
            number: 7,
            head: head.to_owned(),
            into: "main",
            from_fork: true,
            fork: "https://fork.invalid/x.git".to_owned(),
        }
    }

    fn body(&self, kind: Kind) -> Value {
        let Self {
            number,
            head,
            into,
            fork,
            ..
        } = self;
        let from = if self.from_fork { 2 } else { 1 };
        if kind == Kind::GitLab {
            return json!({
                "object_kind": "merge_request",
                "project": {"id": 1, "path_with_namespace": "acme/fleet", "default_branch": "main"},
                "object_attributes": {
                    "iid": number, "action": "open", "target_branch": into, "source_branch": "x",
                    "source_project_id": from, "target_project_id": 1, "last_commit": {"id": head},
                    "source": {"git_http_url": fork, "git_ssh_url": fork}
                }
            });
        }
        json!({
            "action": "opened",
            "number": number,
            "pull_request": {
                "base": {"ref": into, "repo": {"id": 1, "full_name": "acme/fleet"}},
                "head": {"ref": "x", "sha": head, "repo": {"id": from, "full_name": "mallory/fleet", "clone_url": fork}},
                "body": "<!-- keyfleet review of acme --> @everyone"
            },
            "repository": {"id": 1, "full_name": "acme/fleet", "default_branch": "main"}
        })
    }

    /// Gives the status of the answer.
    pub(crate) async fn deliver(&self, port: u16, kind: Kind, secret: &str) -> u16 {
        let body = self.body(kind).to_string();
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
        let signature = hmac::sign(&key, body.as_bytes());
        let digits = signature.as_ref().iter().map(|byte| format!("{byte:02x}"));
        let digits: String = digits.collect();
        let url = format!("http://127.0.0.1:{port}/webhooks/{}", word(kind));
        let call = request::client(None).post(url);
        let call = match kind {
            Kind::GitHub => call
                .header("X-GitHub-Event", "pull_request")
                .header("X-Hub-Signature-256", format!("sha256={digits}")),
            Kind::GitLab => call
                .header("X-Gitlab-Event", "Merge Request Hook")
                .header("X-Gitlab-Token", secret),
            Kind::Gitea => call
                .header("X-Gitea-Event", "pull_request")
                .header("X-Gitea-Signature", digits),
        };
        request::send(call.body(body)).await.0
    }
}

pub(crate) fn word(kind: Kind) -> &'static str {
    match kind {
        Kind::GitHub => "github",
        Kind::GitLab => "gitlab",
        Kind::Gitea => "gitea",
    }
}
