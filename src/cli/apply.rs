//! `keyfleet apply`: shows the plan, asks, and makes it so.

use super::common::{
    Format, RepositoryArguments, ScopeArguments, left_out, look, named, open_world, print_json,
    show_problems_or_stop, typed,
};
use super::failure::Exit;
use super::interruption::Interruption;
use super::plan_file::PlanFile;
use super::ui;
use crate::apply::{Outcome, Progress, StepResult};
use crate::desire::WhyNot;
use crate::pipeline::{self, Announced, Applied, Options, Planned, Run, ScopePlan, Wanted, World};
use crate::report;
use std::io::{self, BufRead, IsTerminal, Write};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// How long giving tokens back may take.
const CLOSING_AT_MOST: Duration = Duration::from_secs(3);

#[derive(Debug, clap::Args)]
pub(super) struct Apply {
    #[command(flatten)]
    repository: RepositoryArguments,
    #[command(flatten)]
    scope: ScopeArguments,
    /// A plan that `keyfleet plan --out FILE` wrote: only what it shows is done
    #[arg(value_name = "PLANFILE")]
    plan_file: Option<PathBuf>,
    /// Do not ask
    #[arg(short, long)]
    yes: bool,
    /// Release a held change by the id that plan shows (can be repeated)
    #[arg(long, value_name = "ID")]
    approve: Vec<String>,
    /// Write also outside of sync windows; what is suspended or in `mode: report` is released in git only
    #[arg(long)]
    ignore_windows: bool,
    /// How to print
    #[arg(short, long, value_enum, default_value = "text")]
    output: Format,
}

impl Apply {
    pub(super) async fn run(&self) -> anyhow::Result<Exit> {
        if let (Some(file), None) = (self.repository.file(), &self.plan_file) {
            anyhow::bail!(
                "{file} is a file, not a repository: is it a plan? keyfleet apply REPO {file}"
            );
        }
        let wanted = self.repository.compile().await?;
        show_problems_or_stop(&wanted, self.output)?;
        let file = self
            .plan_file
            .as_deref()
            .map(|path| PlanFile::read(path, &wanted))
            .transpose()?;
        let approvals = file
            .as_ref()
            .map(|file| file.approvals.clone())
            .unwrap_or_default();
        let approvals: Vec<String> = approvals
            .into_iter()
            .chain(self.approve.iter().cloned())
            .collect();
        let options = Options {
            ignore_windows: self.ignore_windows,
            ..self.scope.options(&wanted.desired, &approvals)?
        };
        refuse_where_nothing_may_be_written(&wanted, &options)?;
        let world = open_world(&wanted.desired, &options).await;
        let exit = self.plan_and_apply(&wanted, &world, &options, file).await;
        // Somebody who stopped the run waits for the end of it; a token that is not given back in time expires.
        let closing = world.close(&wanted.desired);
        let _ = tokio::time::timeout(CLOSING_AT_MOST, closing).await;
        exit
    }

    async fn plan_and_apply(
        &self,
        wanted: &Wanted,
        world: &World,
        options: &Options,
        file: Option<PlanFile>,
    ) -> anyhow::Result<Exit> {
        let planned = look(&wanted.desired, world, options).await;
        let has_problems = wanted.problems.has_errors() || planned.has_unread();
        if self.output == Format::Text {
            // Whoever brings a plan has seen it.
            let text = match file {
                Some(_) => report::plan_again(wanted, &planned, ui::style()),
                None => {
                    report::plan_text(wanted, &planned, &self.typed(), ui::style())
                        + &named("left out", left_out(&wanted.desired))
                }
            };
            ui::data(&text);
        }
        let announced = file.map_or_else(|| Announced::of(&planned), |file| file.announced);
        let nothing = planned
            .scopes
            .iter()
            .all(|scope| scope.to_write().is_empty());
        let declined = !nothing && !self.yes && !agreed()?;
        if declined {
            ui::talk("Not applied: nothing was written.");
        }
        if nothing || declined {
            if self.output == Format::Json {
                print_json(&report::plan_json(wanted, &planned));
            }
            return Ok(
                if nothing && !has_problems && !has_blocked(&planned) && !is_stuck(&planned) {
                    Exit::Good
                } else {
                    Exit::Error
                },
            );
        }
        // A person may have thought for an hour: what is written starts from what is there now, and only what was
        // shown is written.
        let planned = if self.yes {
            planned
        } else {
            look(&wanted.desired, world, options).await
        };
        let stop = stop_on_signal()?;
        let is_stopped = || stop.load(Ordering::Relaxed);
        let run = Run {
            desired: &wanted.desired,
            world,
            options,
            progress: &self.progress(),
            stop: &is_stopped,
        };
        let applied = pipeline::apply(planned, &announced, &run).await;
        match self.output {
            Format::Text => {
                let text = report::applied(&applied, &self.typed(), ui::style());
                ui::data(&format!("\n{text}"));
            }
            Format::Json => print_json(&report::applied_json(wanted, &applied)),
        }
        Ok(if is_good(&applied) && !has_problems && !is_stopped() {
            Exit::Good
        } else {
            Exit::Error
        })
    }

    fn typed(&self) -> String {
        typed("apply", &self.repository, &self.scope)
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

/// Where git forbids to write anything that is chosen, no server is asked. Otherwise what is forbidden is left, and named.
fn refuse_where_nothing_may_be_written(wanted: &Wanted, options: &Options) -> anyhow::Result<()> {
    let permissions = pipeline::permissions(&wanted.desired, options);
    let reasons: Option<Vec<WhyNot>> = permissions.into_iter().map(|(_, why)| why).collect();
    let mut reasons = reasons.unwrap_or_default();
    reasons.dedup();
    if reasons.is_empty() {
        return Ok(());
    }
    let reasons: Vec<String> = reasons.iter().map(report::why_not).collect();
    anyhow::bail!(
        "nothing may be written, and no server was looked at\n  {}\n  `keyfleet plan` shows what would change",
        reasons.join("\n  ")
    )
}

/// Whether all was done and nothing is left that keyfleet was to do. What is held waits for a person, and is no error.
fn is_good(applied: &Applied) -> bool {
    let left_well = |left: &Planned| !left.has_unread() && !has_blocked(left) && !is_stuck(left);
    applied.is_done()
        && applied.unannounced.is_empty()
        && applied.left.as_ref().is_none_or(left_well)
}

fn has_blocked(planned: &Planned) -> bool {
    planned.sheets().any(|sheet| !sheet.blocked.is_empty())
}

/// Whether something waits in vain: with nothing held, nobody can let it go on.
fn is_stuck(planned: &Planned) -> bool {
    let scopes = planned.scopes.iter();
    let mut scopes = scopes.filter(|scope| scope.forbidden.is_none());
    scopes.any(|ScopePlan { guarded: scope, .. }| {
        scope.held.is_empty() && !scope.sheet.waiting.is_empty()
    })
}

fn agreed() -> anyhow::Result<bool> {
    if !std::io::stdin().is_terminal() {
        anyhow::bail!("there is nobody to ask: use --yes to apply without a terminal");
    }
    Ok(ask(&mut std::io::stdin().lock(), &mut std::io::stderr())?)
}

fn ask(input: &mut impl BufRead, output: &mut impl Write) -> io::Result<bool> {
    write!(output, "\nApply this? Only `yes` is taken for an answer: ")?;
    output.flush()?;
    let mut answer = String::new();
    input.read_line(&mut answer)?;
    if !answer.ends_with('\n') {
        // Ctrl-D leaves the cursor behind the question.
        writeln!(output)?;
    }
    Ok(answer.trim() == "yes")
}

/// The first signal ends the run after the write in hand; what is left, the next run does.
fn stop_on_signal() -> anyhow::Result<Arc<AtomicBool>> {
    let stop = Arc::new(AtomicBool::new(false));
    let flag = stop.clone();
    let mut interruption = Interruption::caught()?;
    tokio::spawn(async move {
        interruption.came().await;
        ui::talk("stopping after the write in hand; the next run goes on");
        flag.store(true, Ordering::Relaxed);
    });
    Ok(stop)
}

#[cfg(test)]
mod tests {
    use super::ask;

    #[test]
    fn only_yes_is_yes_and_what_follows_the_question_begins_a_line() {
        let question = "\nApply this? Only `yes` is taken for an answer: ";
        for (answer, agreed, after) in [
            ("yes\n", true, ""),
            ("y\n", false, ""),
            ("\n", false, ""),
            ("", false, "\n"),
            ("no", false, "\n"),
        ] {
            let mut asked = Vec::new();
            assert_eq!(
                ask(&mut answer.as_bytes(), &mut asked).unwrap(),
                agreed,
                "{answer:?}"
            );
            let asked = String::from_utf8(asked).unwrap();
            assert_eq!(asked, format!("{question}{after}"), "{answer:?}");
        }
    }
}
