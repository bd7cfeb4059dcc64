//! `keyfleet review`: what a pull request means for who can read what. Asks no server, and needs no token, but with `--live`.

mod post;

use super::common::RevisionsArguments;
use super::failure::Exit;
use super::outputs::Outputs;
use super::ui;
use crate::connect::{Opener, Settings};
use crate::pipeline;
use crate::report::clean;
use crate::report::review::{Reviewed, render, text};
use crate::review::Audience;
use post::{OfJob, PostArguments};
use std::io::IsTerminal;
use std::time::Duration;

/// How long the servers are asked at most, all together.
const ASKING: Duration = Duration::from_secs(60);

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
    /// Ask the servers, too, whether what it rests on is there
    #[arg(long, value_name = "FOR", value_enum, num_args = 0..=1, require_equals = true, default_missing_value = "auto")]
    live: Option<For>,
}

/// Whom the answers are for.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum For {
    /// Me at a terminal, else everyone
    Auto,
    /// Me, who holds the token
    Me,
    /// Everyone who reads the pull request: what could be known before it
    Everyone,
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

    async fn review(&self, post: Option<&OfJob>) -> anyhow::Result<Exit> {
        let outputs = self.outputs.open()?;
        let told = post.map(OfJob::revisions).unwrap_or_default();
        let compared = self.repository.read(told).await?;
        let about = pipeline::about(&compared);
        let mut reviewed = pipeline::review(compared.base, compared.head);
        if let Some(audience) = self.audience() {
            prove(&mut reviewed, audience).await;
        }
        let shown = Reviewed {
            about: &about,
            review: &reviewed.review,
        };
        outputs.write(
            || text(shown, self.all, ui::style()),
            |format| render(shown, format),
        )?;
        if let Some(post) = post {
            for done in post.review(shown, reviewed.installation()).await? {
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

    fn audience(&self) -> Option<Audience> {
        Some(match self.live? {
            For::Me => Audience::Holder,
            // What is not on a screen may be posted anywhere.
            For::Auto if std::io::stdout().is_terminal() && !self.post.comments() => {
                Audience::Holder
            }
            For::Auto | For::Everyone => Audience::Everyone,
        })
    }
}

/// With the operator's own credentials, at the servers that the base names.
async fn prove(reviewed: &mut pipeline::Reviewed, audience: Audience) {
    let _busy = ui::busy("asking the servers".to_owned());
    let opener = Opener::new(Settings::from_environment(), &reviewed.base.desired);
    pipeline::prove(reviewed, &opener, audience, ASKING).await;
}
