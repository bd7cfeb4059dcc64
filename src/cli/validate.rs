//! `keyfleet validate`: offline, every problem of a repository.

use super::common::{RepositoryArguments, show_problems};
use super::failure::Exit;
use super::ui;
use crate::diagnostics::Severity;

#[derive(Debug, clap::Args)]
pub(super) struct Validate {
    #[command(flatten)]
    repository: RepositoryArguments,
}

impl Validate {
    pub(super) async fn run(&self) -> anyhow::Result<Exit> {
        let wanted = self.repository.compile().await?;
        show_problems(&wanted);
        let secrets: usize = wanted
            .desired
            .cells
            .iter()
            .map(|cell| cell.secrets.len())
            .sum();
        ui::data(&format!(
            "{} @ {}: {} clusters, {secrets} secrets; {} errors, {} warnings\n",
            wanted.name,
            wanted.revision,
            wanted.desired.cells.len(),
            wanted.problems.count(Severity::Error),
            wanted.problems.count(Severity::Warning),
        ));
        Ok(if wanted.problems.has_errors() {
            Exit::Error
        } else {
            Exit::Good
        })
    }
}
