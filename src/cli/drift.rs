//! `keyfleet drift`: what is not as declared, and since when. Reads only.

use super::common::{
    RepositoryArguments, ScopeArguments, left_out, look, open_world, show_problems,
};
use super::failure::Exit;
use super::outputs::Outputs;
use super::ui;
use crate::desire::Desired;
use crate::drift::{self, About, Ledger, Look, Problem, Report};
use crate::pipeline::{Options, Planned, Wanted};
use crate::plan::Scope;
use crate::report::drift::{render, text};
use anyhow::Context;
use jiff::Timestamp;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

#[derive(Debug, clap::Args)]
pub(super) struct Drift {
    #[command(flatten)]
    repository: RepositoryArguments,
    #[command(flatten)]
    scope: ScopeArguments,
    #[command(flatten)]
    outputs: Outputs,
    /// Say what is new, known or resolved since this report, which `-o json` made
    #[arg(long, value_name = "FILE")]
    since: Option<PathBuf>,
}

impl Drift {
    pub(super) async fn run(&self) -> anyhow::Result<Exit> {
        let before = self.since.as_deref().map(earlier).transpose()?;
        let outputs = self.outputs.open()?;
        let wanted = self.repository.compile().await?;
        show_problems(&wanted);
        if !wanted.is_plannable() {
            anyhow::bail!("no server was looked at: there is nothing to compare it with");
        }
        let options = self.scope.options(&wanted.desired, &[])?;
        let world = open_world(&wanted.desired, &options).await;
        let planned = look(&wanted.desired, &world, &options).await;
        world.close(&wanted.desired).await;
        let report = found(
            &wanted,
            &planned,
            &options,
            before.as_ref(),
            Timestamp::now(),
        );
        outputs.write(
            || text(&report, ui::style()),
            |format| render(&report, format),
        )?;
        Ok(exit(&report))
    }
}

/// Errors win over findings: with something unknown, nobody knows whether there are more.
fn exit(report: &Report) -> Exit {
    if report.is_partial() {
        Exit::Error
    } else if report.is_clean() {
        Exit::Good
    } else {
        Exit::Changes
    }
}

/// An earlier report, as it was printed.
fn earlier(path: &Path) -> anyhow::Result<Report> {
    let failed = || format!("failed to read the earlier report {}", path.display());
    let text = std::fs::read_to_string(path).with_context(failed)?;
    let report: Report = serde_json::from_str(&text)
        .context("it is not what `keyfleet drift -o json` prints")
        .with_context(failed)?;
    if report.schema != drift::REPORT_SCHEMA {
        let is = crate::report::clean(&report.schema);
        anyhow::bail!(
            "the earlier report {} is in the form `{is}`; this keyfleet reads `{}`",
            path.display(),
            drift::REPORT_SCHEMA
        );
    }
    Ok(report)
}

/// What this look found, against an earlier report.
fn found(
    wanted: &Wanted,
    planned: &Planned,
    options: &Options,
    before: Option<&Report>,
    now: Timestamp,
) -> Report {
    let mut ledger = before.map_or_else(|| Ledger::begin(now, None), Ledger::from_report);
    let looked: BTreeSet<Scope> = planned
        .scopes
        .iter()
        .map(|plan| plan.scope.clone())
        .collect();
    for plan in &planned.scopes {
        ledger.observe(&Look {
            scope: &plan.scope,
            declared: &declared(&wanted.desired, &plan.scope),
            revision: &wanted.revision,
            unfinished: None,
            at: now,
            full: options.full,
            objects: plan.guarded.sheet.looked_at,
            findings: &drift::findings(plan),
            notes: &plan.guarded.sheet.findings,
            written: &[],
        });
    }
    let mut kept = looked.clone();
    if options.clusters.is_empty() {
        for name in left_out(&wanted.desired) {
            if let Ok(cluster) = crate::names::ClusterName::parse(&name) {
                let scope = Scope::Cluster(cluster);
                ledger.not_looked_at(&scope, "its declarations have errors", now);
                kept.insert(scope);
            }
        }
        ledger.keep_only(&kept, &wanted.revision, now);
    } else {
        ledger.narrow_to(&looked);
    }
    ledger.report(about(wanted), now)
}

fn declared(desired: &Desired, scope: &Scope) -> String {
    match scope {
        Scope::Vault(name) => desired
            .vaults
            .get(name)
            .map(|vault| drift::declared_for_vault(vault)),
        Scope::Cluster(name) => desired
            .cells
            .iter()
            .find(|cell| cell.cluster == *name)
            .map(|cell| drift::declared_for_cluster(cell)),
    }
    .unwrap_or_default()
}

fn about(wanted: &Wanted) -> About {
    About {
        repository: wanted.name.clone(),
        revision: wanted.revision.clone(),
        installation: wanted.desired.installation.to_string(),
        schedule: None,
        due: None,
        problems: Problem::errors_of(&wanted.problems),
    }
}
