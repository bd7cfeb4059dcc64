//! `keyfleet review`: what a pull request means for who can read what. Offline: asks no server, and needs no token.

mod post;

use super::common::RevisionsArguments;
use super::failure::Exit;
use super::outputs::Outputs;
use super::ui;
use crate::git::{ChangeKind, Comparison, How};
use crate::pipeline::{self, Repository};
use crate::report::clean;
use crate::report::review::{About, Reviewed, render, text};
use post::{Post, PostArguments};

#[derive(Debug, clap::Args)]
pub(super) struct Review {
    #[command(flatten)]
    repository: RevisionsArguments,
    #[command(flatten)]
    outputs: Outputs,
    #[command(flatten)]
    post: PostArguments,
    /// Also show what follows from other changes
    #[arg(long)]
    all: bool,
}

impl Review {
    pub(super) async fn run(&self) -> anyhow::Result<Exit> {
        let post = self.post.open()?;
        let reviewed = self.review(post.as_ref()).await;
        if let (Err(_), Some(post)) = (&reviewed, &post) {
            post.failed().await;
        }
        reviewed
    }

    async fn review(&self, post: Option<&Post>) -> anyhow::Result<Exit> {
        let outputs = self.outputs.open()?;
        let told = post.map(Post::revisions).unwrap_or_default();
        let compared = self.repository.read(told).await?;
        let about = about(&compared);
        let reviewed = pipeline::review(compared.base, compared.head);
        let shown = Reviewed {
            about: &about,
            review: &reviewed.review,
        };
        outputs.write(
            || text(shown, self.all, ui::style()),
            |format| render(shown, format),
        )?;
        if let Some(post) = post {
            let installation = reviewed.head.desired.installation.as_str();
            for done in post.post(shown, installation).await? {
                ui::talk(&clean(&done));
            }
        }
        Ok(if reviewed.review.problems.errors().next().is_some() {
            Exit::Error
        } else if reviewed.review.is_critical() {
            Exit::Critical
        } else {
            Exit::Good
        })
    }
}

/// What is reviewed, by name. How the two were brought together is worth a word only where it is not what merging gives.
fn about(compared: &Comparison<Repository>) -> About {
    let named = |name: &str, revision: &str| {
        if revision.starts_with(name) || name.starts_with(revision) {
            revision.to_owned()
        } else {
            format!("{name} {revision}")
        }
    };
    let (base, head) = (&compared.base, &compared.head);
    let is_plain = matches!(compared.how, How::Ahead | How::Merged);
    let removed = compared.changes.iter();
    let removed = removed.filter(|change| change.kind == ChangeKind::Removed);
    About {
        repository: head.name.clone(),
        base: named(&compared.base_name, &base.revision),
        head: named(&compared.head_name, &head.revision),
        notes: (!is_plain)
            .then(|| compared.explained())
            .into_iter()
            .collect(),
        files: compared.changes.len(),
        gone: removed.map(|change| change.path.clone()).collect(),
    }
}
