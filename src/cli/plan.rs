//! `keyfleet plan`: what would change and why. Reads only.

use super::common::{
    Format, RepositoryArguments, ScopeArguments, left_out, look, named, open_world, print_json,
    show_problems_or_stop, typed,
};
use super::failure::Exit;
use super::outputs::Out;
use super::ui;
use crate::pipeline::{Planned, Wanted};
use crate::report;
use std::path::PathBuf;

#[derive(Debug, clap::Args)]
pub(super) struct Plan {
    #[command(flatten)]
    repository: RepositoryArguments,
    #[command(flatten)]
    scope: ScopeArguments,
    /// Show as if this held change were released (can be repeated)
    #[arg(long, value_name = "ID")]
    approve: Vec<String>,
    /// How to print
    #[arg(short, long, value_enum, default_value = "text")]
    output: Format,
    /// Also write the plan as JSON to this file, for `keyfleet apply REPO FILE`
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

impl Plan {
    pub(super) async fn run(&self) -> anyhow::Result<Exit> {
        let wanted = self.repository.compile().await?;
        show_problems_or_stop(&wanted, self.output)?;
        let options = self.scope.options(&wanted.desired, &self.approve)?;
        let out = self.out.as_deref().map(Out::open).transpose()?;
        let world = open_world(&wanted.desired, &options).await;
        let planned = look(&wanted.desired, &world, &options).await;
        world.close(&wanted.desired).await;
        let json = report::plan_file(&wanted, &planned, &options.approvals);
        match self.output {
            Format::Text => {
                let apply = typed("apply", &self.repository, &self.scope);
                let text = report::plan_text(&wanted, &planned, &apply, ui::style());
                ui::data(&format!(
                    "{} Nothing was written.\n{}",
                    text.trim_end(),
                    named("left out", left_out(&wanted.desired))
                ));
            }
            Format::Json => print_json(&json),
        }
        if let Some(out) = out {
            out.write(&format!("{json:#}\n"))?;
        }
        Ok(exit(&wanted, &planned))
    }
}

/// Errors win over changes: with something unknown, nobody knows whether there are more.
pub(super) fn exit(wanted: &Wanted, planned: &Planned) -> Exit {
    if wanted.problems.has_errors() || planned.has_unread() {
        Exit::Error
    } else if planned.is_in_sync() {
        Exit::Good
    } else {
        Exit::Changes
    }
}
