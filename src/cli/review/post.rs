//! A review where people are: as the comment of its pull request, and as the status of its commit.

use crate::connect::variable;
use crate::forge::{Comment, Deed, Forge, Job, State, Status};
use crate::report::review::{Reviewed, Room, markdown, verdict};
use anyhow::Context;

#[derive(Debug, clap::Args)]
pub(super) struct PostArguments {
    /// Say it in a comment of the pull request, one that is edited in place; in a job of GitHub, GitLab, Gitea or Forgejo
    #[arg(long)]
    comment: bool,
    /// Set the status `keyfleet/review` of the commit, in such a job
    #[arg(long)]
    status: bool,
}

/// The context of the status: what a rule of a forge names that wants it before a merge.
const CONTEXT: &str = "keyfleet/review";

impl PostArguments {
    /// Whether everybody who sees the pull request will read it.
    pub(super) fn comments(&self) -> bool {
        self.comment
    }

    /// Finds the job and its forge, before anything is read: that there is none is better known then.
    pub(super) fn open(&self) -> anyhow::Result<Option<Post>> {
        if !self.comment && !self.status {
            return Ok(None);
        }
        let (forge, job) = Forge::from_environment(variable, |path| std::fs::read(path))?;
        Ok(Some(Post {
            forge,
            job,
            comment: self.comment,
            status: self.status,
        }))
    }
}

/// A forge with the pull request to post to.
pub(super) struct Post {
    forge: Forge,
    job: Job,
    comment: bool,
    status: bool,
}

impl Post {
    /// The commits of the pull request, where the environment tells.
    pub(super) fn revisions(&self) -> (Option<String>, Option<String>) {
        let pull_request = &self.job.pull_request;
        (pull_request.base.clone(), pull_request.head.clone())
    }

    /// Posts what was found. The status goes last: it is what may open the way to a merge.
    pub(super) async fn post(
        &self,
        reviewed: Reviewed<'_>,
        installation: &str,
    ) -> anyhow::Result<Vec<String>> {
        let mut done = Vec::new();
        if self.comment {
            let room = Room {
                characters: self.forge.longest_comment(),
                whole: self.job.link.as_deref(),
            };
            let comment = Comment {
                name: installation,
                markdown: &markdown(reviewed, &room),
                whole: self.job.link.as_deref(),
            };
            let number = self.job.pull_request.number;
            let posted = self.forge.put_comment(number, &comment).await;
            let posted = posted.context("the review was made, and not posted")?;
            let deed = match posted.deed {
                Deed::Created => "commented",
                Deed::Edited => "edited the comment",
                Deed::Unchanged => "the comment says that already",
            };
            let at = posted.url.map(|url| format!(": {url}")).unwrap_or_default();
            done.push(format!("{deed}{at}"));
        }
        if self.status {
            let (is_good, description) = verdict(reviewed);
            let state = if is_good {
                State::Success
            } else {
                State::Failure
            };
            self.set(state, &description).await?;
            done.push(format!("{CONTEXT}: {description}"));
        }
        Ok(done)
    }

    /// Says that nothing could be reviewed, where a status is wanted: an old one must not stand for it.
    pub(super) async fn failed(&self) {
        if self.status {
            // What failed is told already; that this could not be told as well is no more.
            let _ = self.set(State::Error, "could not be reviewed").await;
        }
    }

    async fn set(&self, state: State, description: &str) -> anyhow::Result<()> {
        let commit = self.job.commit.as_deref();
        let commit = commit.context("the environment does not tell which commit this is")?;
        let status = Status {
            state,
            context: CONTEXT,
            description,
            link: self.job.link.as_deref(),
        };
        let set = self.forge.put_status(commit, status).await;
        set.context("the status was not set")
    }
}
