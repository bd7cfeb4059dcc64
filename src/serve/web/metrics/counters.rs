//! What the service's tasks count while they work. Cheap enough to count every request.

use super::catalogue::{self, Metric};
use super::fleet::{MOST_CLUSTERS, OTHERS};
use super::{Labels, Sheet};
use crate::backends::{Conduct, Sent, cluster_called, vault_called};
use crate::names::ClusterName;
use crate::plan::{Kind, Scope};
use crate::serve::board::{Known, PassEnd};
use crate::serve::log::Dropped;
use crate::serve::reviews::{Queue, ReviewResult};
use crate::serve::settings::Forge;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

/// Seconds: from a cluster next door to a deadline.
const BUCKETS: [f64; 12] = [
    0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0,
];

/// Everything that is counted.
pub struct Counters {
    passes: Family<Labels, Counter>,
    pass_duration: Histogram,
    writes: Family<Labels, Counter>,
    reports: Family<Labels, Counter>,
    sink_failures: Family<Labels, Counter>,
    webhooks: Family<Labels, Counter>,
    reviews: Family<Labels, Counter>,
    review_duration: Histogram,
    to_review: OnceLock<Arc<Queue>>,
    /// What was sent, by server.
    conduct: Conduct,
    of_last_full_pass: Mutex<BTreeMap<Scope, u64>>,
    /// Whether each file of the data directory could be written the last time.
    kept: Mutex<BTreeMap<&'static str, bool>>,
    settings_are_good: AtomicBool,
    dropped: OnceLock<Dropped>,
}

/// What became of a webhook.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WebhookResult {
    /// It says to look, and is heard.
    Nudged,
    /// It names a pull request, which is reviewed.
    Review,
    /// It says so once too often.
    Repeated,
    /// It is about something else.
    Ignored,
    /// Not from who has the secret.
    Refused,
    /// Too many from there.
    Limited,
    /// Too long, or broken off.
    Malformed,
    /// It names a pull request, and another process is the active one.
    Standby,
}

/// What became of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReportResult {
    Sent,
    /// A sink did not take it.
    Partly,
    /// It could not be made.
    Failed,
}

#[derive(Debug, Clone, Copy, Default)]
struct Requests {
    sent: Sent,
    of_last_full_pass: Option<u64>,
}

impl Default for Counters {
    fn default() -> Self {
        Self::new(Conduct::default())
    }
}

impl Counters {
    /// Requests are counted by who sends them.
    pub fn new(conduct: Conduct) -> Self {
        Self {
            passes: Family::default(),
            pass_duration: Histogram::new(BUCKETS),
            writes: Family::default(),
            reports: Family::default(),
            sink_failures: Family::default(),
            webhooks: Family::default(),
            reviews: Family::default(),
            review_duration: Histogram::new(BUCKETS),
            to_review: OnceLock::new(),
            conduct,
            of_last_full_pass: Mutex::default(),
            kept: Mutex::default(),
            settings_are_good: AtomicBool::new(true),
            dropped: OnceLock::new(),
        }
    }

    /// Who counts requests.
    pub fn conduct(&self) -> &Conduct {
        &self.conduct
    }

    /// A pass that ended.
    pub fn pass(&self, end: &PassEnd, took: Duration) {
        increment(&self.passes, &catalogue::PASSES, [end.word().into()]);
        self.pass_duration.observe(took.as_secs_f64());
    }

    /// A task that ended by a fault of keyfleet: it is told with the passes that did.
    pub fn fault(&self) {
        let end = PassEnd::Panicked.word();
        increment(&self.passes, &catalogue::PASSES, [end.into()]);
    }

    /// An object that was written.
    pub fn write_done(&self, kind: Kind) {
        increment(&self.writes, &catalogue::WRITES, [kind.word().into()]);
    }

    /// What a full pass cost a server.
    pub fn full_pass(&self, scope: &Scope, requests: u64) {
        let of_pass = self.of_last_full_pass.lock();
        let mut of_pass = of_pass.unwrap_or_else(PoisonError::into_inner);
        of_pass.insert(scope.clone(), requests);
    }

    /// These are the scopes that there are: of others, nothing is kept.
    pub fn keep_only(&self, scopes: &BTreeSet<Scope>) {
        let of_pass = self.of_last_full_pass.lock();
        let mut of_pass = of_pass.unwrap_or_else(PoisonError::into_inner);
        of_pass.retain(|scope, _| scopes.contains(scope));
        self.conduct.keep_only(&scopes.iter().map(called).collect());
    }

    pub fn report(&self, schedule: &str, result: ReportResult) {
        let result = match result {
            ReportResult::Sent => "sent",
            ReportResult::Partly => "partly",
            ReportResult::Failed => "failed",
        };
        let labels = [schedule.to_owned().into(), result.into()];
        increment(&self.reports, &catalogue::REPORTS, labels);
    }

    pub fn sink_failure(&self, sink: &str) {
        let labels = [sink.to_owned().into()];
        increment(&self.sink_failures, &catalogue::SINK_FAILURES, labels);
    }

    /// A file of the data directory was written, or could not be.
    pub fn kept(&self, file: &'static str, succeeded: bool) {
        let kept = self.kept.lock();
        kept.unwrap_or_else(PoisonError::into_inner)
            .insert(file, succeeded);
    }

    /// The settings were read again.
    pub fn settings_reload(&self, succeeded: bool) {
        self.settings_are_good.store(succeeded, Ordering::Relaxed);
    }

    /// The log whose lines may be lost. Told once, at the start.
    pub fn log(&self, dropped: Dropped) {
        let _ = self.dropped.set(dropped);
    }

    /// Where pull requests wait. Told once, at the start.
    pub fn to_review(&self, queue: &Arc<Queue>) {
        let _ = self.to_review.set(Arc::clone(queue));
    }

    /// A pull request was reviewed, or was not.
    pub fn review(&self, result: ReviewResult, took: Duration) {
        let result = match result {
            ReviewResult::Posted => "posted",
            ReviewResult::Failed => "failed",
            ReviewResult::GivenUp => "given_up",
        };
        increment(&self.reviews, &catalogue::REVIEWS, [result.into()]);
        self.review_duration.observe(took.as_secs_f64());
    }

    pub(in crate::serve::web) fn webhook(&self, forge: Forge, result: WebhookResult) {
        let result = match result {
            WebhookResult::Nudged => "nudged",
            WebhookResult::Review => "review",
            WebhookResult::Repeated => "repeated",
            WebhookResult::Ignored => "ignored",
            WebhookResult::Refused => "refused",
            WebhookResult::Limited => "limited",
            WebhookResult::Malformed => "malformed",
            WebhookResult::Standby => "standby",
        };
        let labels = [forge.word().into(), result.into()];
        increment(&self.webhooks, &catalogue::WEBHOOKS, labels);
    }

    pub(super) fn write(&self, sheet: &mut Sheet<'_>, known: &Known) -> fmt::Result {
        sheet.counted(&catalogue::PASSES, &self.passes)?;
        sheet.counted(&catalogue::PASS_DURATION, &self.pass_duration)?;
        self.write_requests(sheet, known)?;
        sheet.counted(&catalogue::WRITES, &self.writes)?;
        sheet.counted(&catalogue::REPORTS, &self.reports)?;
        sheet.counted(&catalogue::SINK_FAILURES, &self.sink_failures)?;
        let kept = self.kept.lock();
        let kept = kept.unwrap_or_else(PoisonError::into_inner).clone();
        let kept = kept
            .into_iter()
            .map(|(file, good)| (catalogue::KEPT.labels([file.into()]), u32::from(good)));
        sheet.gauge(&catalogue::KEPT, kept)?;
        let good = self.settings_are_good.load(Ordering::Relaxed);
        sheet.single(&catalogue::SETTINGS_RELOAD, Some(u32::from(good)))?;
        sheet.counted(&catalogue::WEBHOOKS, &self.webhooks)?;
        sheet.counted(&catalogue::REVIEWS, &self.reviews)?;
        sheet.counted(&catalogue::REVIEW_DURATION, &self.review_duration)?;
        let waiting = self.to_review.get().map(|queue| queue.len() as u64);
        sheet.single(&catalogue::REVIEWS_WAITING, waiting)?;
        let lost = self.dropped.get().map_or(0, Dropped::lines);
        sheet.counter(&catalogue::LOG_LINES_DROPPED, [(Labels::new(), lost)])
    }

    fn write_requests(&self, sheet: &mut Sheet<'_>, known: &Known) -> fmt::Result {
        let by_label = self.by_label(known);
        let each = by_label.iter().flat_map(|(target, counted)| {
            let Sent {
                reads,
                logins,
                writes,
            } = counted.sent;
            let kinds = [("read", reads), ("login", logins), ("write", writes)];
            kinds.map(|(kind, count)| {
                (
                    catalogue::REQUESTS.labels([target.clone(), kind.into()]),
                    count,
                )
            })
        });
        sheet.counter(&catalogue::REQUESTS, each)?;
        let of_passes = by_label.iter().filter_map(|(target, counted)| {
            Some((
                catalogue::PASS_REQUESTS.labels([target.clone()]),
                counted.of_last_full_pass?,
            ))
        });
        sheet.gauge(&catalogue::PASS_REQUESTS, of_passes)
    }

    /// By what is told of them: of the servers that are declared.
    fn by_label(&self, known: &Known) -> BTreeMap<Cow<'static, str>, Requests> {
        let names = known.cluster_names();
        let last_own = names.iter().nth(MOST_CLUSTERS.saturating_sub(1));
        let is_own = |name: &str| last_own.is_none_or(|last| name <= last.as_str());
        let of_pass = self.of_last_full_pass.lock();
        let of_pass = of_pass.unwrap_or_else(PoisonError::into_inner);
        let of_pass: BTreeMap<String, u64> = of_pass
            .iter()
            .map(|(scope, requests)| (called(scope), *requests))
            .collect();
        let mut by_label: BTreeMap<Cow<'static, str>, Requests> = BTreeMap::new();
        let is_followed = known.source.followed.is_some();
        let sent = self.conduct.sent_to_all().into_iter();
        let sent = sent.filter(|(server, _)| !is_followed || is_declared(known, server));
        for (server, sent) in sent {
            let of_last = of_pass.get(&server).copied();
            let label = match server.split_once('/') {
                Some(("cluster", name)) if !is_own(name) => format!("cluster/{OTHERS}"),
                _ => server,
            };
            let sum = by_label.entry(Cow::Owned(label)).or_default();
            sum.sent.reads += sent.reads;
            sum.sent.logins += sent.logins;
            sum.sent.writes += sent.writes;
            let both = [sum.of_last_full_pass, of_last];
            sum.of_last_full_pass = both.into_iter().flatten().reduce(|one, other| one + other);
        }
        by_label
    }
}

/// As its requests are counted.
fn called(scope: &Scope) -> String {
    match scope {
        Scope::Vault(name) => vault_called(name),
        Scope::Cluster(name) => cluster_called(name),
    }
}

fn is_declared(known: &Known, server: &str) -> bool {
    match server.split_once('/') {
        Some(("vault", name)) => known.vaults.keys().any(|it| it.as_str() == name),
        Some((_, name)) => {
            ClusterName::parse(name).is_ok_and(|it| known.clusters.contains_key(&it))
        }
        None => false,
    }
}

fn increment<const N: usize>(
    family: &Family<Labels, Counter>,
    metric: &'static Metric,
    values: [Cow<'static, str>; N],
) {
    family.get_or_create(&metric.labels(values)).inc();
}
