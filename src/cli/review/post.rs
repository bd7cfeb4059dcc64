//! The pull request of the job that this process is.

use crate::connect::variable;
use crate::forge::{Forge, Post, PullRequest};
use crate::report::review::Reviewed;

#[derive(Debug, clap::Args)]
pub(super) struct PostArguments {
    /// Say it in a comment of the pull request, one that is edited in place; in a job of GitHub, GitLab, Gitea or Forgejo
    #[arg(long)]
    comment: bool,
    /// Set the status `keyfleet/review` of the commit, in such a job
    #[arg(long)]
    status: bool,
}

impl PostArguments {
    /// Whether everybody who sees the pull request will read it.
    pub(super) fn comments(&self) -> bool {
        self.comment
    }

    /// Finds the job and its forge, before anything is read: that there is none is better known then.
    pub(super) fn open(&self) -> anyhow::Result<Option<OfJob>> {
        if !self.comment && !self.status {
            return Ok(None);
        }
        let (forge, job) = Forge::from_environment(variable, |path| std::fs::read(path))?;
        Ok(Some(OfJob {
            post: Post {
                forge,
                pull_request: job.pull_request.number,
                comment: self.comment,
                status: self.status,
                link: job.link,
            },
            commit: job.commit,
            pull_request: job.pull_request,
        }))
    }
}

/// A pull request to post to, as the environment tells of it.
pub(super) struct OfJob {
    post: Post,
    commit: Option<String>,
    pull_request: PullRequest,
}

impl OfJob {
    /// The commits of the pull request, where the environment tells.
    pub(super) fn revisions(&self) -> (Option<String>, Option<String>) {
        let PullRequest { base, head, .. } = &self.pull_request;
        (base.clone(), head.clone())
    }

    pub(super) async fn review(
        &self,
        reviewed: Reviewed<'_>,
        name: &str,
    ) -> anyhow::Result<Vec<String>> {
        let commit = self.commit.as_deref();
        self.post.review(reviewed, name, commit).await
    }

    pub(super) async fn failed(&self) {
        // What failed is told already; that this could not be told as well is no more.
        let _ = self.post.failed(self.commit.as_deref()).await;
    }
}
