//! `keyfleet apply`: shows the plan, asks, and makes it so.

use super::common::{
    Format, RepositoryArguments, ScopeArguments, open_world, print_json, show_problems_or_stop,
};
use super::failure::Exit;
use super::ui;
use crate::apply::{Outcome, Progress, StepResult};
use crate::pipeline::{self, Planned};
use crate::report;
use std::io::{IsTerminal, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

const CLOSING_WHEN_STOPPED: Duration = Duration::from_secs(3);

#[derive(Debug, clap::Args)]
pub(super) struct Apply {
    #[command(flatten)]
    repository: RepositoryArguments,
    #[command(flatten)]
    scope: ScopeArguments,
    /// Do not ask
    #[arg(short, long)]
    yes: bool,
    /// Release a held change by the id that plan shows (can be repeated)
    #[arg(long, value_name = "ID")]
    approve: Vec<String>,
    /// How to print
    #[arg(short, long, value_enum, default_value = "text")]
    output: Format,
}

impl Apply {
    pub(super) async fn run(&self) -> anyhow::Result<Exit> {
        let wanted = self.repository.compile().await?;
        show_problems_or_stop(&wanted)?;
        let options = self.scope.options(&wanted.desired, &self.approve)?;
        let world = open_world(&wanted.desired, &options).await;
        let planned = pipeline::plan(&wanted.desired, &world, &options).await;
        if self.output == Format::Text {
            ui::data(&report::plan_text(&wanted, &planned, ui::style()));
        }
        let nothing = planned
            .scopes
            .iter()
            .all(|scope| scope.guarded.approved.is_empty());
        let has_problems = wanted.problems.has_errors() || planned.has_unread();
        if nothing || !self.yes && !agreed()? {
            world.close(&wanted.desired).await;
            let json = report::plan_json(&wanted, &planned);
            if self.output == Format::Json {
                print_json(&json);
            }
            return Ok(if nothing && !has_problems && !has_blocked(&planned) {
                Exit::Good
            } else {
                Exit::Error
            });
        }
        let stop = stop_on_signal();
        let is_stopped = || stop.load(Ordering::Relaxed);
        let applied = pipeline::apply(
            planned,
            &wanted.desired,
            &world,
            &options,
            &self.progress(),
            &is_stopped,
        )
        .await;
        if is_stopped() {
            // Somebody waits for the end of it; what is not given back in time expires.
            let closing = world.close(&wanted.desired);
            let _ = tokio::time::timeout(CLOSING_WHEN_STOPPED, closing).await;
        } else {
            world.close(&wanted.desired).await;
        }
        match self.output {
            Format::Text => ui::data(&format!("\n{}", report::applied(&applied, ui::style()))),
            Format::Json => print_json(&report::applied_json(&wanted, &applied)),
        }
        let left_well = applied.left.as_ref().is_none_or(|left| {
            !left.has_unread()
                && !has_blocked(left)
                && left.sheets().all(|sheet| sheet.waiting.is_empty())
        });
        Ok(
            if applied.is_done() && left_well && !has_problems && !is_stopped() {
                Exit::Good
            } else {
                Exit::Error
            },
        )
    }

    /// Each step as it ends, on stderr.
    fn progress(&self) -> Progress {
        let style = ui::style();
        let quiet = self.output == Format::Json;
        Arc::new(move |outcome: &Outcome| {
            if !quiet || outcome.result != StepResult::Done {
                ui::talk(&report::outcome_line(outcome, style));
            }
        })
    }
}

fn has_blocked(planned: &Planned) -> bool {
    planned.sheets().any(|sheet| !sheet.blocked.is_empty())
}

fn agreed() -> anyhow::Result<bool> {
    if !std::io::stdin().is_terminal() {
        anyhow::bail!("there is nobody to ask: use --yes to apply without a terminal");
    }
    let mut errors = std::io::stderr();
    write!(errors, "\nApply this? Only `yes` is taken for an answer: ")?;
    errors.flush()?;
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer)?;
    Ok(answer.trim() == "yes")
}

/// The first signal ends the run after the write in hand; what is left, the next run does.
fn stop_on_signal() -> Arc<AtomicBool> {
    let stop = Arc::new(AtomicBool::new(false));
    let flag = stop.clone();
    tokio::spawn(async move {
        wait_for_signal().await;
        ui::talk("stopping after the write in hand; the next run goes on");
        flag.store(true, Ordering::Relaxed);
    });
    stop
}

async fn wait_for_signal() {
    let terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate());
    let interrupt = tokio::signal::ctrl_c();
    match terminate {
        Ok(mut terminate) => {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt => {}
            }
        }
        Err(_) => drop(interrupt.await),
    }
}
