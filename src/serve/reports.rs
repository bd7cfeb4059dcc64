//! Drift reports on their schedules: everything is looked at once more, and what is news is told to whoever wants to know.
//!
//! Promises: a report writes nothing but itself. A schedule that was missed, because nothing ran, is caught up once, and the report
//! says so. What no sink took is told again by the next report. One sink that hangs keeps no other waiting.

use super::board::{Known, Passes, ReportMade};
use super::service::Service;
use super::settings::{Schedule, Sink};
use super::sinks::{Courier, Patience, Rendered};
use super::web::metrics::ReportResult;
use super::whole_file;
use crate::desire::Cell;
use crate::drift::{About, Problem, Report};
use crate::schedule::{Cron, MOST_COUNTED};
use jiff::Timestamp;
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// The clock of the wall may be set, and a machine may sleep: it is looked at again this often.
const LONGEST_SLEEP: Duration = Duration::from_secs(30);
/// How many reports are remembered on the board.
const REMEMBERED: usize = 100;

pub(super) struct Reporter {
    service: Arc<Service>,
    /// Has everything looked at now.
    look: Arc<Notify>,
    courier: Courier,
    schedules: Vec<Due>,
}

struct Due {
    schedule: Schedule,
    cron: Cron,
    /// When it is made next.
    next: Option<Timestamp>,
    /// It was due then, and nothing ran.
    missed: Option<Timestamp>,
}

impl Reporter {
    pub(super) fn new(service: Arc<Service>, look: Arc<Notify>) -> anyhow::Result<Self> {
        let courier =
            Courier::new(Patience::default(), None).map_err(|why| anyhow::anyhow!(why))?;
        let courier = courier.beside(&service.settings.repository);
        let now = Timestamp::now();
        let schedules = service.settings.reports.schedules.iter();
        let due = schedules.map(|schedule| Due::of(schedule, &service, now));
        let schedules = due.collect::<Result<Vec<_>, _>>()?;
        let history = history(&service.settings.data);
        service
            .board
            .write(|known| known.reports = Arc::new(history));
        let names = schedules.iter().map(|due| due.schedule.name.clone());
        service
            .memory
            .keep_schedules(&names.collect::<BTreeSet<_>>());
        Ok(Self {
            service,
            look,
            courier,
            schedules,
        })
    }

    pub(super) async fn run(mut self, stop: CancellationToken) {
        loop {
            let Some(next) = self.schedules.iter().filter_map(|due| due.next).min() else {
                return;
            };
            let wait = next.duration_since(Timestamp::now());
            let wait = Duration::try_from(wait).unwrap_or_default();
            tokio::select! {
                biased;
                () = stop.cancelled() => return,
                () = tokio::time::sleep(wait.min(LONGEST_SLEEP)) => {}
            }
            let now = Timestamp::now();
            for index in 0..self.schedules.len() {
                if self.schedules[index].next.is_some_and(|next| next <= now) {
                    tokio::select! {
                        biased;
                        () = stop.cancelled() => return,
                        () = self.make(index) => {}
                    }
                    self.schedules[index].follow(Timestamp::now());
                }
            }
        }
    }

    async fn make(&self, index: usize) {
        let due = &self.schedules[index];
        self.look_at_everything().await;
        let now = Timestamp::now();
        let about = about(&self.service.board.read(), due);
        let (report, up_to) = self.service.memory.report(about, now);
        let sinks = self.deliver(due, &report).await;
        self.count(&due.schedule.name, &sinks);
        let is_told = sinks.iter().any(|(_, failure)| failure.is_none());
        if is_told {
            self.service.memory.told(&due.schedule.name, up_to);
        }
        let made = ReportMade {
            schedule: due.schedule.name.clone(),
            at: now,
            caught_up: due.missed,
            new: report.counts.new,
            known: report.counts.known,
            resolved: report.counts.resolved,
            sinks,
        };
        tracing::info!(
            schedule = made.schedule,
            new = made.new,
            known = made.known,
            resolved = made.resolved,
            "drift report"
        );
        let reports = self.service.board.write(|known| {
            let reports = Arc::make_mut(&mut known.reports);
            reports.insert(0, made);
            reports.truncate(REMEMBERED);
            Arc::clone(&known.reports)
        });
        if let Err(error) = keep_history(&self.service.settings.data, &reports) {
            tracing::warn!("the history of reports could not be kept: {error}");
        }
    }

    fn count(&self, schedule: &str, sinks: &[(String, Option<String>)]) {
        let counters = &self.service.counters;
        let failed: Vec<_> = sinks.iter().filter(|(_, why)| why.is_some()).collect();
        let result = match failed.len() {
            0 => ReportResult::Sent,
            some if some < sinks.len() => ReportResult::Partly,
            _ => ReportResult::Failed,
        };
        counters.report(schedule, result);
        for (sink, _) in failed {
            counters.sink_failure(sink);
        }
    }

    /// Waits until every scope was looked at after now, or for as long as one may take.
    async fn look_at_everything(&self) {
        let asked = Timestamp::now();
        let patience = self.service.settings.reconcile.deadline.saturating_mul(2);
        let until = Instant::now() + patience;
        let chosen = &self.service.settings.reconcile.clusters;
        self.look.notify_one();
        loop {
            tokio::time::sleep(Duration::from_millis(200)).await;
            let known = self.service.board.read();
            if is_looked_at(&known, chosen, asked) || Instant::now() >= until {
                return;
            }
        }
    }

    /// To every sink of the schedule, side by side. Each with why it did not take it.
    async fn deliver(&self, due: &Due, report: &Report) -> Vec<(String, Option<String>)> {
        let all = &self.service.settings.reports.sinks;
        let rendered = Rendered::of(report, &due.schedule, all);
        let wanted = |sink: &&Sink| due.schedule.to.contains(&sink.name);
        let deliveries = all.iter().filter(wanted).map(|sink| async {
            let taken = self.courier.deliver(sink, &rendered).await;
            let failure = taken.err().map(|undelivered| undelivered.why);
            if let Some(why) = &failure {
                tracing::warn!(sink = sink.name, why, "a report was not taken");
            }
            (sink.name.clone(), failure)
        });
        futures::future::join_all(deliveries).await
    }
}

/// Beside the ledger: which reports were made, and what became of them.
const HISTORY: &str = "reports.json";

/// A history that is lost or damaged begins anew: it is for people, and nothing follows from it.
fn history(data: &Path) -> Vec<ReportMade> {
    let text = std::fs::read_to_string(data.join(HISTORY)).unwrap_or_default();
    serde_json::from_str(&text).unwrap_or_default()
}

fn keep_history(data: &Path, reports: &[ReportMade]) -> std::io::Result<()> {
    let text = serde_json::to_string(reports)?;
    whole_file::write(&data.join(HISTORY), text.as_bytes(), true)
}

impl Due {
    fn of(schedule: &Schedule, service: &Service, now: Timestamp) -> anyhow::Result<Self> {
        let cron = schedule.cron()?;
        let last = service.memory.last_told(&schedule.name);
        let missed = last.and_then(|last| cron.missed(last, now));
        if let Some(missed) = &missed {
            let (schedule, due) = (&schedule.name, missed.latest);
            let times = match missed.count {
                MOST_COUNTED => format!("{MOST_COUNTED} or more"),
                count => count.to_string(),
            };
            tracing::warn!(schedule, %due, times, "no report was delivered when it was due: caught up once");
        }
        let missed = missed.map(|missed| missed.latest);
        Ok(Self {
            next: missed.or_else(|| cron.after(now)),
            missed,
            cron,
            schedule: schedule.clone(),
        })
    }

    /// It was made: the next one is the next after now.
    fn follow(&mut self, now: Timestamp) {
        self.missed = None;
        self.next = self.cron.after(now);
    }
}

/// Whether every scope of the followed revision has had a pass since then; one that is let alone says so in its own way.
fn is_looked_at(known: &Known, chosen: &BTreeSet<String>, since: Timestamp) -> bool {
    let Some(followed) = &known.source.followed else {
        return false;
    };
    let is_recent = |passes: Option<&Passes>| {
        let last = passes.and_then(|passes| passes.last.as_ref());
        last.is_some_and(|last| last.began >= since)
    };
    let of_vault = |name| known.vaults.get(name).map(|vault| &vault.passes);
    let of_cell = |cell: &Cell| known.clusters.get(&cell.cluster).map(|it| &it.passes);
    let desired = &followed.desired;
    let is_chosen = |cell: &&Arc<Cell>| chosen.is_empty() || chosen.contains(cell.cluster.as_str());
    let mut cells = desired.cells.iter().filter(is_chosen);
    desired.vaults.keys().all(|name| is_recent(of_vault(name)))
        && cells.all(|cell| is_recent(of_cell(cell)))
}

fn about(known: &Known, due: &Due) -> About {
    let mut about = About {
        repository: known.source.name.clone(),
        schedule: Some(due.schedule.name.clone()),
        due: due.missed,
        ..About::default()
    };
    if let Some(followed) = &known.source.followed {
        about.revision.clone_from(&followed.revision);
        about.installation = followed.desired.installation.to_string();
        about.problems = Problem::errors_of(&followed.problems);
    }
    about
}
