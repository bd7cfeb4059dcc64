//! `keyfleet validate`: offline, every problem of a repository.

use super::common::{RepositoryArguments, left_out, named, show_problems};
use super::failure::Exit;
use super::ui;
use crate::diagnostics::Severity;
use crate::pipeline::Wanted;
use crate::report::count;

#[derive(Debug, clap::Args)]
pub(super) struct Validate {
    #[command(flatten)]
    repository: RepositoryArguments,
}

impl Validate {
    pub(super) async fn run(&self) -> anyhow::Result<Exit> {
        let wanted = self.repository.compile().await?;
        show_problems(&wanted);
        ui::data(&summary(&wanted));
        Ok(if wanted.problems.has_errors() {
            Exit::Error
        } else {
            Exit::Good
        })
    }
}

fn summary(wanted: &Wanted) -> String {
    let cells = &wanted.desired.cells;
    let secrets = cells.iter().map(|cell| cell.secrets.len()).sum();
    let mut text = format!("{} @ {}: ", wanted.name, wanted.revision);
    if wanted.is_plannable() {
        text.push_str(&format!(
            "{}, {}; ",
            count(cells.len(), "cluster"),
            count(secrets, "secret")
        ));
    }
    text.push_str(&format!(
        "{}, {}\n",
        count(wanted.problems.count(Severity::Error), "error"),
        count(wanted.problems.count(Severity::Warning), "warning")
    ));
    if !wanted.is_plannable() && !wanted.is_empty {
        text.push_str("nothing can be planned before fleet.yaml is right\n");
    }
    text.push_str(&named("left out", left_out(&wanted.desired)));
    let vaults = wanted.desired.vaults.values();
    let vaults = vaults.filter(|vault| !vault.complete);
    let cells = cells.iter().filter(|cell| !cell.complete);
    let incomplete = vaults
        .map(|vault| format!("vault {}", vault.name))
        .chain(cells.map(|cell| format!("cluster {}", cell.cluster)))
        .collect();
    text + &named("incomplete, so deletes are held", incomplete)
}
