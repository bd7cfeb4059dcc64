//! `keyfleet review`: what a pull request means for who can read what. Offline: asks no server, and needs no token.

use super::common::RevisionsArguments;
use super::failure::Exit;
use super::ui;
use crate::pipeline;
use crate::report::review::{About, Reviewed, text};

#[derive(Debug, clap::Args)]
pub(super) struct Review {
    #[command(flatten)]
    repository: RevisionsArguments,
    /// Also show what follows from other changes
    #[arg(long)]
    all: bool,
}

impl Review {
    pub(super) async fn run(&self) -> anyhow::Result<Exit> {
        let (base, head) = self.repository.read().await?;
        let about = About {
            repository: head.name.clone(),
            base: base.revision.clone(),
            head: head.revision.clone(),
            notes: Vec::new(),
            files: 0,
        };
        let reviewed = pipeline::review(base, head);
        let shown = Reviewed {
            about: &about,
            review: &reviewed.review,
        };
        ui::data(&text(shown, self.all, ui::style()));
        Ok(if reviewed.review.problems.errors().next().is_some() {
            Exit::Error
        } else if reviewed.review.is_critical() {
            Exit::Critical
        } else {
            Exit::Good
        })
    }
}
