//! What the board says, as gauges: worked out for each scrape, so that what is gone is gone.

use super::{Labels, Sheet, catalogue};
use crate::diagnostics::Severity;
use crate::drift::{Finding, Standing as FindingStanding};
use crate::plan::Cause;
use crate::serve::board::{
    ClusterState, Known, PassEnd, Passes, SourceState, Standing, VaultState,
};
use jiff::Timestamp;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

/// Clusters with series of their own, the first by name. The rest is one more: it has the worst of each of them, so that an
/// alarm still rings, and the dashboard says for whom.
pub(super) const MOST_CLUSTERS: usize = 2_000;
/// No cluster is called so.
pub(super) const OTHERS: &str = "_others";

/// What keyfleet makes of an object that is not as declared, in the order of `Counted`.
const STATES: [&str; 5] = ["to_change", "held", "waiting", "blocked", "unread"];
type Counted = [usize; STATES.len()];

pub(super) fn write(sheet: &mut Sheet<'_>, known: &Known, now: Timestamp) -> fmt::Result {
    let is_active = matches!(known.standing, Standing::Active { .. });
    sheet.single(&catalogue::ACTIVE, Some(u32::from(is_active)))?;
    write_source(sheet, &known.source)?;
    let clusters = Rows::of_clusters(known, now);
    sheet.single(&catalogue::CLUSTERS, Some(known.cluster_names().len()))?;
    sheet.gauge(
        &catalogue::CLUSTER_LAST_SUCCESS,
        clusters.each(&catalogue::CLUSTER_LAST_SUCCESS, |row| {
            Some(row.last_success)
        }),
    )?;
    sheet.gauge(
        &catalogue::CLUSTER_UP,
        clusters.each(&catalogue::CLUSTER_UP, |row| row.up.map(u32::from)),
    )?;
    sheet.gauge(
        &catalogue::CLUSTER_FINDINGS,
        clusters.findings(&catalogue::CLUSTER_FINDINGS),
    )?;
    sheet.gauge(
        &catalogue::ROTATION_LAG,
        clusters.each(&catalogue::ROTATION_LAG, |row| Some(row.rotation_lag)),
    )?;
    let vaults = Rows::of_vaults(known);
    sheet.gauge(
        &catalogue::VAULT_LAST_SUCCESS,
        vaults.each(&catalogue::VAULT_LAST_SUCCESS, |row| Some(row.last_success)),
    )?;
    sheet.gauge(
        &catalogue::VAULT_UP,
        vaults.each(&catalogue::VAULT_UP, |row| row.up.map(u32::from)),
    )?;
    sheet.gauge(
        &catalogue::VAULT_FINDINGS,
        vaults.findings(&catalogue::VAULT_FINDINGS),
    )?;
    sheet.gauge(
        &catalogue::VAULT_TOKEN_EXPIRY,
        vaults.each(&catalogue::VAULT_TOKEN_EXPIRY, |row| row.token_expires),
    )?;
    sheet.gauge(&catalogue::REPORT_MISSED, report_missed(known))
}

/// Of each schedule the newest report.
fn report_missed(known: &Known) -> impl Iterator<Item = (Labels, usize)> {
    let mut newest = BTreeMap::new();
    for report in known.reports.iter().rev() {
        newest.insert(report.schedule.clone(), report.coverage.missed());
    }
    let metric = &catalogue::REPORT_MISSED;
    let samples = newest.into_iter();
    samples.map(|(schedule, missed)| (metric.labels([Cow::Owned(schedule)]), missed))
}

fn write_source(sheet: &mut Sheet<'_>, source: &SourceState) -> fmt::Result {
    sheet.single(&catalogue::GIT_LAST_FETCH, source.fetched.map(seconds))?;
    let was_tried = source.fetched.is_some() || source.failure.is_some();
    let up = was_tried.then(|| u32::from(source.failure.is_none()));
    sheet.single(&catalogue::GIT_UP, up)?;
    let is_rewritten = source.held.as_ref().is_some_and(|held| held.is_rewritten);
    sheet.single(&catalogue::GIT_HELD, Some(u32::from(is_rewritten)))?;
    sheet.single(&catalogue::DECLARATION_ERRORS, declaration_errors(source))?;
    match &source.followed {
        Some(followed) => sheet.info(&catalogue::REVISION_INFO, &followed.revision),
        None => Ok(()),
    }
}

/// `None` before there is a revision.
fn declaration_errors(source: &SourceState) -> Option<u64> {
    let followed = source.followed.as_ref();
    let errors = followed.map(|followed| followed.problems.count(Severity::Error));
    let is_unusable = source.held.as_ref().is_some_and(|held| !held.is_rewritten);
    let errors = errors.and_then(|errors| u64::try_from(errors).ok());
    if is_unusable {
        return Some(errors.unwrap_or(0).max(1));
    }
    errors
}

fn seconds(at: Timestamp) -> f64 {
    at.as_duration().as_secs_f64()
}

/// One cluster, one Vault, or the clusters that are too many.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Row {
    last_success: f64,
    up: Option<bool>,
    findings: Option<Counted>,
    rotation_lag: f64,
    token_expires: Option<f64>,
}

impl Row {
    fn of_cluster(cluster: &ClusterState, now: Timestamp) -> Self {
        Self {
            up: looked_at_all(&cluster.passes),
            rotation_lag: rotation_lag(&cluster.passes, now),
            ..Self::of_passes(&cluster.passes)
        }
    }

    fn of_vault(vault: &VaultState) -> Self {
        Self {
            up: vault.is_up(),
            token_expires: vault.token_expires().map(seconds),
            ..Self::of_passes(&vault.passes)
        }
    }

    fn of_passes(passes: &Passes) -> Self {
        Self {
            last_success: passes.last_success.map_or(0.0, seconds),
            up: None,
            findings: passes.last.as_ref().map(|pass| count(&pass.findings)),
            rotation_lag: 0.0,
            token_expires: None,
        }
    }

    /// Its declaration has an error: how it is now, nobody knows, and its last success grows old.
    fn not_looked_at(self) -> Self {
        Self {
            up: Some(false),
            ..self
        }
    }

    fn never_seen() -> Self {
        Self::of_passes(&Passes::default()).not_looked_at()
    }

    /// The worst of both.
    fn and(self, other: Self) -> Self {
        let up = [self.up, other.up].into_iter().flatten();
        let findings = [self.findings, other.findings].into_iter().flatten();
        Self {
            last_success: self.last_success.min(other.last_success),
            up: up.reduce(|one, other| one && other),
            findings: findings
                .reduce(|one, other| std::array::from_fn(|state| one[state] + other[state])),
            rotation_lag: self.rotation_lag.max(other.rotation_lag),
            token_expires: None,
        }
    }
}

/// Whether the last pass saw all of it; `None` before there was one.
fn looked_at_all(passes: &Passes) -> Option<bool> {
    let last = passes.last.as_ref()?;
    let is_unread = |finding: &Finding| match &finding.standing {
        // One object that is refused or gone says nothing of the cluster.
        FindingStanding::Unread(failure) => !failure.is_of_one_object(),
        _ => false,
    };
    Some(last.end == PassEnd::Done && !last.findings.iter().any(is_unread))
}

/// Since the oldest of them was first seen: Vault does not say when a version was written without being asked for it.
fn rotation_lag(passes: &Passes, now: Timestamp) -> f64 {
    let Some(last) = &passes.last else { return 0.0 };
    let is_rotation = |finding: &&Finding| matches!(finding.cause(), Some(Cause::Rotation { .. }));
    let rotated = last.findings.iter().filter(is_rotation);
    let seen = rotated.map(|finding| {
        passes
            .first_seen
            .get(&finding.target)
            .unwrap_or(&last.began)
    });
    let since = seen.min();
    since.map_or(0.0, |since| {
        now.duration_since(*since).as_secs_f64().max(0.0)
    })
}

fn count(findings: &[Finding]) -> Counted {
    let mut counted = Counted::default();
    for finding in findings {
        let state = match finding.standing {
            FindingStanding::ToChange(_) => 0,
            FindingStanding::Held { .. } => 1,
            FindingStanding::Waiting { .. } => 2,
            FindingStanding::Blocked { .. } => 3,
            FindingStanding::Unread(_) => 4,
        };
        counted[state] += 1;
    }
    counted
}

/// By name.
struct Rows(Vec<(Cow<'static, str>, Row)>);

impl Rows {
    fn of_clusters(known: &Known, now: Timestamp) -> Self {
        let all = known.cluster_names().into_iter();
        let mut all = all.map(|name| {
            let row = match (known.clusters.get(name), known.misdeclared.get(name)) {
                (Some(cluster), None) => Row::of_cluster(cluster, now),
                (Some(cluster), Some(_)) => Row::of_cluster(cluster, now).not_looked_at(),
                (None, _) => Row::never_seen(),
            };
            (name.as_str().to_owned(), row)
        });
        let own = all.by_ref().take(MOST_CLUSTERS);
        let mut rows: Vec<_> = own.map(|(name, row)| (Cow::Owned(name), row)).collect();
        let others = all.map(|(_, row)| row).reduce(Row::and);
        rows.extend(others.map(|row| (Cow::Borrowed(OTHERS), row)));
        Self(rows)
    }

    fn of_vaults(known: &Known) -> Self {
        let all = known.vaults.iter();
        let rows =
            all.map(|(name, vault)| (Cow::Owned(name.as_str().to_owned()), Row::of_vault(vault)));
        Self(rows.collect())
    }

    fn each<V>(
        &self,
        metric: &'static catalogue::Metric,
        value: impl Fn(&Row) -> Option<V>,
    ) -> impl Iterator<Item = (Labels, V)> {
        self.0
            .iter()
            .filter_map(move |(name, row)| Some((metric.labels([name.clone()]), value(row)?)))
    }

    fn findings(
        &self,
        metric: &'static catalogue::Metric,
    ) -> impl Iterator<Item = (Labels, usize)> {
        self.0.iter().flat_map(move |(name, row)| {
            let counted = row.findings.into_iter();
            counted.flat_map(move |counted| {
                let states = STATES.into_iter().zip(counted);
                states.map(move |(state, count)| {
                    (metric.labels([name.clone(), Cow::Borrowed(state)]), count)
                })
            })
        })
    }
}
