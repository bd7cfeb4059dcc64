//! A job of GitHub Actions, or of those of Gitea and Forgejo, which set the same variables.

use super::{Job, PullRequest, Read, Variable, commit, needed, none};
use crate::forge::address::link;
use crate::forge::{Kind, Place};
use crate::observe::Failure;
use serde::Deserialize;
use std::path::Path;

/// What GitHub sends of a webhook at most.
const LONGEST_EVENT: usize = 25 << 20;

/// What made the job run: of the payload of the webhook, what is needed.
#[derive(Deserialize)]
struct Event {
    pull_request: Option<Pull>,
}

#[derive(Deserialize)]
struct Pull {
    number: u64,
    base: End,
    head: End,
}

#[derive(Deserialize)]
struct End {
    sha: Option<String>,
    /// `None` where it was deleted.
    repo: Option<Repo>,
}

#[derive(Deserialize)]
struct Repo {
    id: u64,
}

pub(super) fn job(kind: Kind, variable: Variable<'_>, read: Read<'_>) -> Result<Job, Failure> {
    let repository = needed(variable, "GITHUB_REPOSITORY")?;
    let pull = pull(variable, read)?;
    let head = commit(pull.head.sha);
    let is_same = match (pull.base.repo, pull.head.repo) {
        (Some(base), Some(head)) => base.id == head.id,
        _ => false,
    };
    Ok(Job {
        link: page(kind, variable, &repository),
        place: Place {
            kind,
            api: needed(variable, "GITHUB_API_URL")?,
            repository,
        },
        commit: head.clone(),
        pull_request: PullRequest {
            number: pull.number,
            base: commit(pull.base.sha),
            head,
            from_fork: !is_same,
        },
    })
}

fn pull(variable: Variable<'_>, read: Read<'_>) -> Result<Pull, Failure> {
    let path = needed(variable, "GITHUB_EVENT_PATH")?;
    let unread = |why: &str| {
        none(format!(
            "the file {path}, which GITHUB_EVENT_PATH names, {why}"
        ))
    };
    let text =
        read(Path::new(&path)).map_err(|error| unread(&format!("cannot be read: {error}")))?;
    if text.len() > LONGEST_EVENT {
        return Err(unread("is larger than any event"));
    }
    let event: Event = serde_json::from_slice(&text).map_err(|_| unread("holds no event"))?;
    event.pull_request.ok_or_else(|| {
        let event = variable("GITHUB_EVENT_NAME").unwrap_or_default();
        let event: String = event
            .chars()
            .filter(|character| !character.is_control())
            .take(60)
            .collect();
        unread(&format!(
            "holds no `pull_request`: the job was made by the event `{event}`"
        ))
        .hint("run the job on `pull_request`")
    })
}

fn page(kind: Kind, variable: Variable<'_>, repository: &str) -> Option<String> {
    let server = variable("GITHUB_SERVER_URL")?;
    let run = variable(match kind {
        Kind::GitHub => "GITHUB_RUN_ID",
        // It counts the runs of each repository.
        _ => "GITHUB_RUN_NUMBER",
    })?;
    let server = server.trim_end_matches('/');
    link(&format!("{server}/{repository}/actions/runs/{run}"))
}
