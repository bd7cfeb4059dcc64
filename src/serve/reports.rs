//! Drift reports on their schedules: everything is looked at once more, and what is news is told to whoever wants to know.
//!
//! Promises: a report writes nothing but itself. A schedule that was missed, because nothing ran or because the report before took
//! too long, is caught up once, and the report says so. Reports that are due together have one look, and each a file of its
//! own. What no sink took is told again by the next report. One sink that hangs keeps no other waiting.

mod history;

use super::board::{Known, Passes, ReportMade};
use super::service::Service;
use super::settings::{Schedule, Sink};
use super::sinks::{Courier, Patience, Rendered};
use super::web::metrics::ReportResult;
use crate::desire::Cell;
use crate::drift::{About, Counts, Problem, Report};
use crate::schedule::{Agenda, MOST_COUNTED, Owed};
use history::History;
use jiff::Timestamp;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// The clock of the wall may be set, and a machine may sleep: it is looked at again this often.
const LONGEST_SLEEP: Duration = Duration::from_secs(30);
/// So many scopes that could not be looked at are named in the log.
const NAMED: usize = 10;
/// How many reports are remembered on the board.
const REMEMBERED: usize = 100;

pub(super) struct Reporter {
    service: Arc<Service>,
    /// Has everything looked at now.
    look: Arc<Notify>,
    courier: Courier,
    history: History,
    schedules: Vec<Scheduled>,
}

struct Scheduled {
    schedule: Schedule,
    agenda: Agenda,
}

impl Reporter {
    pub(super) fn new(service: Arc<Service>, look: Arc<Notify>) -> anyhow::Result<Self> {
        let patience = Patience {
            first_wait: Duration::from_secs(2),
            ..Patience::default()
        };
        let courier = Courier::new(patience, None).map_err(|why| anyhow::anyhow!(why))?;
        let courier = courier.beside(&service.settings.repository);
        let data = &service.settings.data;
        let history = History::new(data, Arc::clone(&service.counters));
        let reports = Arc::new(history.load());
        service.board.write(|known| known.reports = reports);
        let schedules = schedules(&service)?;
        Ok(Self {
            service,
            look,
            courier,
            history,
            schedules,
        })
    }

    pub(super) async fn run(mut self, stop: CancellationToken) {
        loop {
            let next = self.schedules.iter().filter_map(|it| it.agenda.next());
            let Some(next) = next.min() else { return };
            let wait = next.duration_since(Timestamp::now());
            let wait = Duration::try_from(wait).unwrap_or_default();
            tokio::select! {
                biased;
                () = stop.cancelled() => return,
                () = tokio::time::sleep(wait.min(LONGEST_SLEEP)) => {}
            }
            let owed = self.owed(Timestamp::now());
            if owed.is_empty() {
                continue;
            }
            tokio::select! {
                biased;
                () = stop.cancelled() => return,
                made = self.make_all(&owed) => for ((index, owed), made) in owed.iter().zip(made) {
                    self.schedules[*index].agenda.done(owed, made);
                }
            }
        }
    }

    /// What is owed now, by the number of its schedule.
    fn owed(&mut self, now: Timestamp) -> Vec<(usize, Owed)> {
        let mut all = Vec::new();
        for (index, one) in self.schedules.iter_mut().enumerate() {
            let schedule = &one.schedule.name;
            if one.agenda.was_set_back(now) {
                tracing::warn!(
                    schedule,
                    "the clock was set back: what is due is worked out anew from now on"
                );
            }
            let Some(owed) = one.agenda.owed(now) else {
                continue;
            };
            if owed.is_late {
                let due = owed.due.latest;
                let times = match owed.due.count {
                    MOST_COUNTED => format!("{MOST_COUNTED} or more"),
                    count => count.to_string(),
                };
                tracing::warn!(schedule, %due, times, "no report was delivered when it was due: caught up once");
            }
            all.push((index, owed));
        }
        all
    }

    /// Those that are due together have one look, and none waits for the sinks of another. Gives when each was made.
    async fn make_all(&self, owed: &[(usize, Owed)]) -> Vec<Timestamp> {
        self.look_at_everything().await;
        let all = owed.iter();
        let all = all.map(|(index, owed)| self.make(&self.schedules[*index].schedule, *owed));
        let made = futures::future::join_all(all).await;
        let reports = self.service.board.read().reports;
        self.history.keep(&reports);
        made
    }

    async fn make(&self, schedule: &Schedule, owed: Owed) -> Timestamp {
        let now = Timestamp::now();
        let due = owed.is_late.then_some(owed.due.latest);
        let about = about(&self.service.board.read(), schedule, due);
        let (report, up_to) = self.service.memory.report(about, now);
        let sinks = self.deliver(schedule, &report).await;
        self.count(&schedule.name, &sinks);
        let is_told = sinks.iter().any(|(_, failure)| failure.is_none());
        if is_told {
            self.service.memory.told(&schedule.name, up_to);
        }
        let made = ReportMade {
            schedule: schedule.name.clone(),
            at: now,
            caught_up: due,
            new: report.counts.new,
            known: report.counts.known,
            resolved: report.counts.resolved,
            coverage: report.counts.coverage,
            sinks,
        };
        said(&report, &made);
        self.service.board.write(|known| {
            let reports = Arc::make_mut(&mut known.reports);
            reports.insert(0, made);
            reports.truncate(REMEMBERED);
        });
        now
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
    async fn deliver(&self, schedule: &Schedule, report: &Report) -> Vec<(String, Option<String>)> {
        let all = &self.service.settings.reports.sinks;
        let rendered = Rendered::of(report, schedule, all);
        let wanted = |sink: &&Sink| schedule.to.contains(&sink.name);
        let deliveries = all.iter().filter(wanted).map(|sink| async {
            let taken = self.courier.deliver(sink, &rendered).await;
            let failure = taken.err().map(|undelivered| undelivered.why);
            if let Some(why) = &failure {
                let (schedule, sink) = (&schedule.name, &sink.name);
                tracing::warn!(schedule, sink, why, "a report was not taken");
            }
            (sink.name.clone(), failure)
        });
        futures::future::join_all(deliveries).await
    }
}

/// One line for a report: what it tells, what nobody could look at, and who has it.
fn said(report: &Report, made: &ReportMade) {
    let Counts {
        drift,
        unclear,
        blocked,
        pending,
        rotation,
        ..
    } = report.counts;
    let ReportMade {
        schedule,
        caught_up: due,
        new,
        known,
        resolved,
        sinks,
        ..
    } = made;
    let due = due.map(|due| due.to_string());
    let missed: Vec<String> = report
        .missed()
        .map(|(it, _)| it.scope.to_string())
        .collect();
    // All of them are in the report.
    let not_looked_at = missed.iter().take(NAMED).map(String::as_str);
    let not_looked_at = not_looked_at.collect::<Vec<_>>().join(", ");
    let not_looked_at = (!missed.is_empty()).then_some(not_looked_at);
    let (missed, revision) = (missed.len(), &report.about.revision);
    let errors = report.about.problems.len();
    let taken = sinks.iter().filter(|(_, failure)| failure.is_none());
    let taken: Vec<&str> = taken.map(|(sink, _)| sink.as_str()).collect();
    let taken_by = taken.join(", ");
    tracing::info!(
        schedule,
        due,
        revision,
        new,
        known,
        resolved,
        drift,
        unclear,
        blocked,
        pending,
        rotation,
        errors,
        missed,
        not_looked_at,
        taken_by,
        "a drift report was made"
    );
}

/// Each schedule of the settings, with what is owed of it.
fn schedules(service: &Service) -> anyhow::Result<Vec<Scheduled>> {
    let all = service.settings.reports.schedules.iter();
    let all = all.map(|schedule| Ok((schedule, schedule.cron()?)));
    let all = all.collect::<anyhow::Result<Vec<_>>>()?;
    let rules = all.iter();
    let rules = rules.map(|(schedule, cron)| (schedule.name.clone(), cron.to_string()));
    service.memory.keep_schedules(&rules.collect());
    let all = all.into_iter().map(|(schedule, cron)| {
        let kept = service.memory.kept(&schedule.name);
        Scheduled {
            schedule: schedule.clone(),
            agenda: Agenda::new(cron, kept.unwrap_or_else(Timestamp::now)),
        }
    });
    Ok(all.collect())
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

fn about(known: &Known, schedule: &Schedule, due: Option<Timestamp>) -> About {
    let mut about = About {
        repository: known.source.name.clone(),
        schedule: Some(schedule.name.clone()),
        due,
        ..About::default()
    };
    if let Some(followed) = &known.source.followed {
        about.revision.clone_from(&followed.revision);
        about.installation = followed.desired.installation.to_string();
        about.problems = Problem::errors_of(&followed.problems);
    }
    about
}
