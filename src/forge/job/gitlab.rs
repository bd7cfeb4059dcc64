//! A job of GitLab CI, in a pipeline for merge requests.

use super::{Job, PullRequest, Variable, commit, needed, none};
use crate::forge::address::link;
use crate::forge::{Kind, Place};
use crate::observe::Failure;

pub(super) fn job(variable: Variable<'_>) -> Result<Job, Failure> {
    let number = variable("CI_MERGE_REQUEST_IID").ok_or_else(|| {
        let source = variable("CI_PIPELINE_SOURCE").unwrap_or_default();
        let source: String = source
            .chars()
            .filter(|character| !character.is_control())
            .take(60)
            .collect();
        let why = format!("CI_MERGE_REQUEST_IID is not set: the pipeline was made by `{source}`");
        none(why)
            .hint("give the job `rules: [{if: $CI_PIPELINE_SOURCE == \"merge_request_event\"}]`")
    })?;
    let number = number
        .parse()
        .map_err(|_| none("CI_MERGE_REQUEST_IID is no number"))?;
    let runs_in = needed(variable, "CI_PROJECT_ID")?;
    // A pipeline of a fork runs in the fork; the merge request is in the project that it goes into.
    let project = variable("CI_MERGE_REQUEST_PROJECT_ID").unwrap_or_else(|| runs_in.clone());
    let source = variable("CI_MERGE_REQUEST_SOURCE_PROJECT_ID").unwrap_or(runs_in);
    let built = commit(variable("CI_COMMIT_SHA"));
    Ok(Job {
        pull_request: PullRequest {
            number,
            base: commit(variable("CI_MERGE_REQUEST_DIFF_BASE_SHA")),
            // Where GitLab builds what a merge would give, that is a commit of its own.
            head: commit(variable("CI_MERGE_REQUEST_SOURCE_BRANCH_SHA")).or_else(|| built.clone()),
            from_fork: source != project,
        },
        place: Place {
            kind: Kind::GitLab,
            api: needed(variable, "CI_API_V4_URL")?,
            repository: project,
        },
        // The pipeline is of this commit, and shows the status as one more job.
        commit: built,
        link: variable("CI_JOB_URL").as_deref().and_then(link),
    })
}
