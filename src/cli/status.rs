//! `keyfleet status`: how Vaults, clusters and every Secret are.

use super::common::{
    Format, RepositoryArguments, ScopeArguments, open_world, print_json, show_problems_or_stop,
};
use super::failure::Exit;
use super::ui;
use crate::{pipeline, report};

#[derive(Debug, clap::Args)]
pub(super) struct Status {
    #[command(flatten)]
    repository: RepositoryArguments,
    #[command(flatten)]
    scope: ScopeArguments,
    /// How to print
    #[arg(short, long, value_enum, default_value = "text")]
    output: Format,
}

impl Status {
    pub(super) async fn run(&self) -> anyhow::Result<Exit> {
        let wanted = self.repository.compile().await?;
        show_problems_or_stop(&wanted, self.output)?;
        let options = self.scope.options(&wanted.desired, &[])?;
        let world = open_world(&wanted.desired, &options).await;
        let status = pipeline::status(&wanted.desired, &world, &options).await;
        world.close(&wanted.desired).await;
        match self.output {
            Format::Text => ui::data(&report::status_text(&status, ui::style())),
            Format::Json => print_json(&report::status_json(&status)),
        }
        Ok(if status.has_errors() || wanted.problems.has_errors() {
            Exit::Error
        } else {
            Exit::Good
        })
    }
}
