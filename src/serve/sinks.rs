//! Where reports go. Each sink by itself: one that does not take its report keeps no other waiting for long, and says why.
//!
//! Promises: the address of a webhook is a secret, and never in an error or a log, nor is what it answers; nothing is sent
//! through a redirect; nothing is retried but what the other side says it did not do. Deliberately absent: when a report is
//! made, and what is in it.

mod address;
mod branch;
mod directory;
mod post;

pub use crate::chance::Patience;

use super::settings::{Destination, Repository, Schedule, SecretSource, Sink};
use crate::drift::{Counts, Report};
use crate::git::{Source, Url};
use crate::report::drift::{Format, render, slack, subject, teams};
use jiff::Timestamp;
use serde_json::Value;

/// Why a sink did not take its report.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the sink `{sink}` did not take the report: {why}")]
pub struct Undelivered {
    pub sink: String,
    pub why: String,
}

/// One report, in the forms that its sinks take.
#[derive(Debug, Clone)]
pub struct Rendered {
    /// Names this report among others: `2026-11-28T090000Z-daily`.
    name: String,
    schedule: String,
    /// By their names.
    files: Vec<(String, String)>,
    /// What a commit of it says.
    message: String,
    made: Timestamp,
    json: String,
    slack: Value,
    teams: Value,
}

impl Rendered {
    /// The report for these sinks of a schedule; a chat is told where the whole of it is.
    pub fn of(report: &Report, schedule: &Schedule, sinks: &[Sink]) -> Self {
        let plain = plain(&schedule.name);
        let made = report.made.strftime("%Y-%m-%dT%H%M%SZ");
        let name = format!("{made}-{plain}");
        let file = |format: &Format| {
            let name = format!("{name}.{}", format.ending());
            (name, render(report, *format))
        };
        let files: Vec<(String, String)> = schedule.formats.iter().map(file).collect();
        let whole = whole(schedule, sinks, &name);
        Self {
            message: message(report, schedule),
            made: report.made,
            json: render(report, Format::Json),
            slack: slack(report, whole.as_deref()),
            teams: teams(report, whole.as_deref()),
            schedule: plain,
            name,
            files,
        }
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    /// What goes to a directory or a branch, by name.
    pub fn files(&self) -> &[(String, String)] {
        &self.files
    }
}

/// In the log of a branch: what was not looked at, what is news, of what.
fn message(report: &Report, schedule: &Schedule) -> String {
    let Counts {
        new,
        known,
        resolved,
        ..
    } = report.counts;
    let (subject, about) = (subject(report, &schedule.name), &report.about);
    format!(
        "{subject}, {new} new, {known} known, {resolved} resolved\n\n{} @ {}, {}\n",
        about.repository, about.revision, report.made
    )
}

/// Where a reader of a chat finds the whole report: the first sink that keeps files.
fn whole(schedule: &Schedule, sinks: &[Sink], name: &str) -> Option<String> {
    let keeps = |sink: &&Sink| {
        let is_kept = matches!(
            sink.to,
            Destination::Directory(_) | Destination::Branch { .. }
        );
        is_kept && schedule.to.contains(&sink.name)
    };
    let sink = sinks.iter().find(keeps)?;
    // The form that is made to be looked at, where it is among them.
    let mut formats = schedule.formats.iter();
    let pleasant = formats.find(|format| **format == Format::Html);
    let format = pleasant.or(schedule.formats.first())?;
    Some(format!("{name}.{} in {}", format.ending(), sink.name))
}

/// A name that any file system takes.
fn plain(name: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    name.chars()
        .map(|character| if is_plain(character) { character } else { '_' })
        .collect()
}

/// Whether an address is there that reports can be posted to.
pub(super) fn check_address(source: &SecretSource) -> Result<(), String> {
    address::Address::read(source).map(drop)
}

/// Takes reports to their sinks.
#[derive(Debug, Clone)]
pub struct Courier {
    poster: post::Poster,
    /// What keyfleet follows: no report is ever committed to it.
    followed: Option<(Url, Option<String>)>,
}

impl Courier {
    /// `authorities`: a bundle in PEM, in place of the system's.
    pub fn new(patience: Patience, authorities: Option<&[u8]>) -> Result<Self, String> {
        let poster = post::Poster::new(patience, authorities)?;
        Ok(Self {
            poster,
            followed: None,
        })
    }

    /// Commits nothing to what is followed.
    #[must_use]
    pub fn beside(mut self, followed: &Repository) -> Self {
        if let Source::Remote(url) = &followed.source {
            self.followed = Some((url.clone(), followed.reference.clone()));
        }
        self
    }

    /// Takes the report to this sink.
    pub async fn deliver(&self, sink: &Sink, rendered: &Rendered) -> Result<(), Undelivered> {
        let taken = match &sink.to {
            Destination::Directory(folder) => directory::put(folder, rendered).await,
            Destination::Branch {
                repository,
                branch,
                folder,
            } => {
                let followed = self.followed.as_ref();
                branch::push(repository, branch, folder, rendered, followed).await
            }
            Destination::Webhook(source) => {
                self.poster
                    .post(&sink.name, source, rendered.json.clone())
                    .await
            }
            Destination::Slack(source) => {
                self.poster
                    .post(&sink.name, source, rendered.slack.to_string())
                    .await
            }
            Destination::Teams(source) => {
                self.poster
                    .post(&sink.name, source, rendered.teams.to_string())
                    .await
            }
        };
        taken.map_err(|why| Undelivered {
            sink: sink.name.clone(),
            why,
        })
    }
}
