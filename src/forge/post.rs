//! A review where people are: as the comment of its pull request, and as the status of its commit.

use super::{Comment, Deed, Forge, State, Status};
use crate::report::review::{Reviewed, Room, markdown, verdict};
use anyhow::Context;

/// The context of the status: what a rule of a forge names that wants it before a merge.
pub const CONTEXT: &str = "keyfleet/review";

/// A pull request that a review is posted to, and how.
#[derive(Debug)]
pub struct Post {
    pub forge: Forge,
    pub pull_request: u64,
    pub comment: bool,
    pub status: bool,
    /// Where all of the review is, where that is anywhere.
    pub link: Option<String>,
}

impl Post {
    /// Posts what was found, under the name of whom the comment is. The status goes last: it is what may open the way to a merge.
    pub async fn review(
        &self,
        reviewed: Reviewed<'_>,
        name: &str,
        commit: Option<&str>,
    ) -> anyhow::Result<Vec<String>> {
        let mut done = Vec::new();
        if self.comment {
            done.push(self.comment(reviewed, name).await?);
        }
        if self.status {
            let (is_good, description) = verdict(reviewed);
            let state = if is_good {
                State::Success
            } else {
                State::Failure
            };
            self.set(commit, state, &description).await?;
            done.push(format!("{CONTEXT}: {description}"));
        }
        Ok(done)
    }

    /// Says that nothing could be reviewed, where a status is wanted: an old one must not stand for it.
    pub async fn failed(&self, commit: Option<&str>) -> anyhow::Result<()> {
        if self.status {
            self.set(commit, State::Error, "could not be reviewed")
                .await?;
        }
        Ok(())
    }

    async fn comment(&self, reviewed: Reviewed<'_>, name: &str) -> anyhow::Result<String> {
        let room = Room {
            characters: self.forge.longest_comment(),
            whole: self.link.as_deref(),
        };
        let comment = Comment {
            name,
            markdown: &markdown(reviewed, &room),
            whole: self.link.as_deref(),
        };
        let posted = self.forge.put_comment(self.pull_request, &comment).await;
        let posted = posted.context("the review was made, and not posted")?;
        let deed = match posted.deed {
            Deed::Created => "commented",
            Deed::Edited => "edited the comment",
            Deed::Unchanged => "the comment says that already",
        };
        let at = posted.url.map(|url| format!(": {url}")).unwrap_or_default();
        Ok(format!("{deed}{at}"))
    }

    async fn set(
        &self,
        commit: Option<&str>,
        state: State,
        description: &str,
    ) -> anyhow::Result<()> {
        let commit = commit.context("it is not known which commit this is")?;
        let status = Status {
            state,
            context: CONTEXT,
            description,
            link: self.link.as_deref(),
        };
        let set = self.forge.put_status(commit, status).await;
        set.context("the status was not set")
    }
}
