//! What a refusal means, and what to do. By its status and headers alone: what it says besides is nobody's to see.

use super::Kind;
use super::call::Call;
use crate::observe::{Failure, FailureClass};
use jiff::Timestamp;
use reqwest::Response;
use reqwest::header::{HeaderMap, RETRY_AFTER};
use std::time::Duration;

/// A longer wait than this is longer than anybody waits here.
const LONGEST_WAIT: u64 = 24 * 3_600;

/// The head of a refusal.
pub(super) struct Head {
    pub(super) status: u16,
    /// How long the forge asks to wait.
    asked: Option<Duration>,
    /// Whether it says that nothing is left of what may be asked.
    spent: bool,
}

impl Head {
    pub(super) fn of(response: &Response) -> Self {
        let headers = response.headers();
        // GitHub's and GitLab's names for the same.
        let spent = number(headers, "x-ratelimit-remaining")
            .or_else(|| number(headers, "ratelimit-remaining"))
            == Some(0);
        let reset =
            number(headers, "x-ratelimit-reset").or_else(|| number(headers, "ratelimit-reset"));
        let until = reset.filter(|_| spent).map(|reset| {
            let now = u64::try_from(Timestamp::now().as_second()).unwrap_or_default();
            reset.saturating_sub(now)
        });
        let seconds = number(headers, RETRY_AFTER.as_str()).or(until);
        Self {
            status: response.status().as_u16(),
            asked: seconds.map(|seconds| Duration::from_secs(seconds.min(LONGEST_WAIT))),
            spent,
        }
    }

    /// Whether it was refused for having asked too much, so that nothing was done. GitHub says that with 403, too.
    pub(super) fn is_not_yet(&self) -> bool {
        self.status == 429 || self.status == 403 && (self.spent || self.asked.is_some())
    }

    pub(super) fn wait(&self) -> Duration {
        self.asked.unwrap_or_default()
    }
}

fn number(headers: &HeaderMap, name: &str) -> Option<u64> {
    headers.get(name)?.to_str().ok()?.trim().parse().ok()
}

pub(super) fn not_this_api(call: &Call) -> Failure {
    let why = "what answers does not speak the API of this forge";
    Failure::new(FailureClass::Protocol, &call.doing, why)
        .hint("is the address that of the API, and is no proxy with a page of its own in between?")
}

pub(super) fn of(kind: Kind, call: &Call, head: &Head) -> Failure {
    let status = head.status;
    let failure = |class, why: &str| {
        Failure::new(class, &call.doing, format!("{why} (status {status})")).status(status)
    };
    if head.is_not_yet() {
        let failure = failure(FailureClass::RateLimited, "it was asked too much");
        let minutes = head.wait().as_secs().div_ceil(60);
        return failure.hint(if minutes > 1 {
            format!("run the job again in {minutes} minutes")
        } else {
            "run the job again in a moment".to_owned()
        });
    }
    match status {
        401 => failure(FailureClass::Unauthenticated, "the token is not accepted").hint(token(kind)),
        403 => failure(FailureClass::Forbidden, "the token may not do that").hint(rights(kind)),
        404 => failure(FailureClass::NotFound, "it is not there, or not for this token")
            .hint(format!("is the name of the repository right? {}", rights(kind))),
        410 | 423 => failure(FailureClass::Rejected, "the forge takes no comments there")
            .hint("the repository is archived, or its issues are switched off"),
        413 => failure(FailureClass::Rejected, "it is too long"),
        400 | 409 | 422 => failure(FailureClass::Rejected, "the forge refuses what it says")
            .hint("is the commit one of this repository, and the pull request neither locked nor gone?"),
        300..=399 => failure(FailureClass::Redirected, "the repository is elsewhere now")
            .hint("no redirect is followed, since the token would go along: write the new name or address"),
        500 if kind == Kind::Gitea => failure(FailureClass::Server, "the forge has a fault")
            .hint("run the job again later. Gitea says the same of a pull request or a commit that is not there"),
        500.. => failure(FailureClass::Server, "the forge has a fault").hint("run the job again later"),
        _ => failure(FailureClass::Rejected, "the forge refuses"),
    }
}

fn token(kind: Kind) -> &'static str {
    match kind {
        Kind::GitHub => {
            "is GITHUB_TOKEN, or the token in KEYFLEET_FORGE_TOKEN, of this GitHub and not expired?"
        }
        Kind::GitLab => {
            "KEYFLEET_FORGE_TOKEN has to be a project access token with the scope api that is not expired; CI_JOB_TOKEN cannot comment"
        }
        Kind::Gitea => {
            "is the token that of this job, or one in KEYFLEET_FORGE_TOKEN that still exists?"
        }
    }
}

/// The least that is needed.
fn rights(kind: Kind) -> &'static str {
    match kind {
        Kind::GitHub => {
            "give the job `permissions: {contents: read, pull-requests: write, statuses: write}`. For a pull request from a fork, \
             the token of `pull_request` can only read, whatever the job asks for: let the service comment on those"
        }
        Kind::GitLab => {
            "the project access token needs the scope api, and the role Reporter for the comment, Developer for the status. \
             A pipeline of a fork has no token of this project: let the service comment on those"
        }
        Kind::Gitea => {
            "the token of the job needs `permissions: {contents: read, pull-requests: write}`, and `contents: write` for a status; one of \
             your own write:issue, read:user, and write:repository for a status. For a pull request from a fork, the token of the job \
             can only read: let the service comment on those"
        }
    }
}
