//! `/metrics`: what it says, in which form, and how much at most.

use super::client::get;
use super::exposition::{Family, parse, value};
use super::probes::{at, health, name, source, vault};
use super::service::Service;
use keyfleet::backends::Deed;
use keyfleet::connect::{Phase, TokenState};
use keyfleet::desire::{self, Cell, Desired};
use keyfleet::diagnostics::{Diagnostics, Sources};
use keyfleet::drift;
use keyfleet::names::ClusterName;
use keyfleet::observe::{Failure, FailureClass};
use keyfleet::plan::{Action, Cause, Kind, Reason, Scope, Target};
use keyfleet::serve::board::{
    Breaker, ClusterState, Misdeclared, Pass, PassEnd, Passes, ReportMade, Standing, Trigger,
    VaultState,
};
use keyfleet::serve::reviews::ReviewResult;
use keyfleet::serve::settings::Admission;
use keyfleet::serve::web::metrics::{ReportResult, catalogue};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// What the example declares.
pub(crate) fn desired() -> Desired {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/repo-layout");
    let mut folders = vec![root.clone()];
    let mut sources = Sources::default();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let inner = path.strip_prefix(&root).unwrap().to_str().unwrap();
                let text = std::fs::read_to_string(&path).unwrap();
                sources.insert(inner.to_owned(), text.into());
            }
        }
    }
    let mut problems = Diagnostics::default();
    let declarations = keyfleet::declare::load(&sources, &[], &mut problems);
    desire::resolve(&declarations, &mut problems)
}

fn cluster_name(text: &str) -> ClusterName {
    ClusterName::parse(text).unwrap()
}

fn finding(standing: drift::Standing) -> drift::Finding {
    drift::Finding {
        target: Target {
            scope: Scope::Cluster(cluster_name("prod-eu")),
            kind: Kind::Secret,
            name: "shop/checkout".to_owned(),
        },
        standing,
        fields: Vec::new(),
        place: None,
    }
}

fn rotated() -> drift::Finding {
    finding(drift::Standing::ToChange(drift::Difference {
        action: Action::Update,
        reason: Reason::Differs,
        cause: Cause::Rotation {
            from: Some(3),
            to: Some(4),
        },
        summary: "key token changed".to_owned(),
    }))
}

fn unread(class: FailureClass) -> drift::Finding {
    finding(drift::Standing::Unread(Failure::new(
        class,
        "list secrets",
        "why",
    )))
}

fn passes(findings: Vec<drift::Finding>, end: PassEnd) -> Passes {
    Passes {
        last: Some(Arc::new(Pass {
            run: "r-1".to_owned(),
            revision: "3f2a9c1".to_owned(),
            began: at(100),
            took: Duration::from_secs(1),
            why: Trigger::Period,
            end,
            written: Vec::new(),
            findings,
            notes: Vec::new(),
            looked_at: 10,
            seen: Some(at(100)),
        })),
        last_success: Some(at(90)),
        ..Passes::default()
    }
}

fn cluster(cell: &Arc<Cell>, passes: Passes) -> Arc<ClusterState> {
    Arc::new(ClusterState {
        cell: Arc::clone(cell),
        passes,
        secrets: Arc::default(),
        breaker: Breaker::default(),
    })
}

fn report(clusters_missed: usize) -> ReportMade {
    ReportMade {
        schedule: "nightly".to_owned(),
        at: at(1),
        caught_up: None,
        new: 0,
        known: 0,
        resolved: 0,
        coverage: drift::Coverage {
            clusters_missed,
            ..drift::Coverage::default()
        },
        sinks: Vec::new(),
    }
}

fn misdeclared(name: &str) -> (ClusterName, Misdeclared) {
    let misdeclared = Misdeclared {
        why: "why".to_owned(),
        hint: None,
        place: None,
        since: at(1),
    };
    (cluster_name(name), misdeclared)
}

fn cell() -> Arc<Cell> {
    desired().cells.into_iter().next().unwrap()
}

async fn scrape(service: &Service) -> String {
    let answer = get(service.at.probes, "/metrics", &[]).await;
    assert_eq!(answer.status, 200);
    let content = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    assert_eq!(answer.header("content-type"), Some(content));
    answer.body
}

/// Everything that can be counted, once.
fn count_all(service: &Service) {
    let took = Duration::from_secs(1);
    service.counters.review(ReviewResult::Posted, took);
    service.counters.to_review(&Arc::default());
    let counters = &service.counters;
    for end in [
        PassEnd::Done,
        PassEnd::Deadline,
        PassEnd::Panicked,
        PassEnd::Skipped,
        PassEnd::Stopped,
    ] {
        counters.pass(&end, Duration::from_millis(700));
    }
    counters.write_done(Kind::Policy);
    counters.report("nightly \"eu\"\\\n", ReportResult::Partly);
    counters.sink_failure("chat");
    counters.kept("ledger.json", true);
    counters.settings_reload(false);
    let prod = Scope::Cluster(cluster_name("prod-eu"));
    let prod_eu = counters.conduct().towards("cluster/prod-eu");
    prod_eu.count(Deed::Read);
    prod_eu.count(Deed::Read);
    counters.conduct().towards("vault/main").count(Deed::Write);
    counters.full_pass(&prod, 5);
}

#[tokio::test]
async fn who_has_left_is_counted_no_more() {
    let service = Service::start(Admission::Loopback).await;
    count_all(&service);
    let of_cluster = "target=\"cluster/prod-eu\"";
    assert!(scrape(&service).await.contains(of_cluster));
    let main = Scope::Vault(name("main"));
    service.counters.keep_only(&BTreeSet::from([main]));
    let left = scrape(&service).await;
    assert!(!left.contains(of_cluster), "{left}");
    assert!(left.contains("target=\"vault/main\""), "{left}");
    // Who comes back begins anew, with what its passes cost as well.
    let conduct = service.counters.conduct();
    conduct.towards("cluster/prod-eu").count(Deed::Read);
    let back = scrape(&service).await;
    assert!(back.contains(of_cluster) && !back.contains("keyfleet_pass_requests{"));
}

#[tokio::test]
async fn all_that_is_told_is_in_the_catalogue_and_the_other_way_round() {
    let service = Service::start(Admission::Loopback).await;
    count_all(&service);
    let cell = cell();
    service.know(|known| {
        known.standing = Standing::Active { since: at(1) };
        known.source = source("3f2a9c1", None);
        known.reports = Arc::new(vec![report(3), report(0)]);
        let eu = cluster(&cell, passes(vec![rotated()], PassEnd::Done));
        known.clusters.insert(cluster_name("prod-eu"), eu);
        let main = vault(Ok(health(false)), Some(at(0)));
        known.vaults.insert(
            name("main"),
            Arc::new(VaultState {
                desired: Arc::clone(&main.desired),
                passes: passes(Vec::new(), PassEnd::Done),
                health: Some(Ok(health(false))),
                token: Some(TokenState {
                    source: "a login".to_owned(),
                    phase: Phase::Kept,
                    expires_at: Some(at(3600)),
                    trouble: None,
                }),
                health_at: None,
                own_address: None,
            }),
        );
    });
    let families = parse(&scrape(&service).await);
    let catalogued: BTreeSet<&str> = catalogue::ALL
        .iter()
        .map(|metric| metric.family())
        .collect();
    let told: BTreeSet<&str> = families.keys().map(String::as_str).collect();
    assert_eq!(told, catalogued);
    for metric in catalogue::ALL {
        let Family {
            kind,
            help,
            samples,
        } = &families[metric.family()];
        assert_eq!(
            (kind.as_str(), help.as_str()),
            (metric.kind.word(), metric.help)
        );
        // Nobody sends a webhook here.
        assert!(
            !samples.is_empty() || metric.name == "keyfleet_webhooks_total",
            "{}",
            metric.name
        );
        for sample in samples {
            let labels = sample.labels.keys().filter(|label| *label != "le");
            let labels: BTreeSet<&str> = labels.map(String::as_str).collect();
            assert_eq!(
                labels,
                metric.labels.iter().copied().collect(),
                "{}",
                metric.name
            );
        }
    }
    let missed = &families["keyfleet_report_missed_scopes"].samples;
    assert_eq!(missed.len(), 1, "the newest counts");
    assert!((missed[0].value - 3.0).abs() < f64::EPSILON);
    let report = &families["keyfleet_reports"].samples[0];
    assert_eq!(report.labels["schedule"], "nightly \"eu\"\\\n");
}

#[test]
fn the_documentation_is_the_catalogue() {
    let rows = catalogue::ALL.iter().map(|metric| {
        let labels: Vec<String> = metric
            .labels
            .iter()
            .map(|label| format!("`{label}`"))
            .collect();
        let (name, kind) = (metric.name, metric.kind.word());
        format!(
            "| `{name}` | {kind} | {} | {} |\n",
            labels.join(", "),
            metric.help
        )
    });
    let table: String = rows.collect();
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/metrics.md");
    let text = std::fs::read_to_string(path).unwrap();
    let is_row = |line: &&str| line.starts_with("| `");
    let from_table = text.lines().skip_while(|line| !is_row(line));
    let told: Vec<&str> = from_table.take_while(is_row).collect();
    assert_eq!(told.join("\n") + "\n", table);
}

#[tokio::test]
async fn the_board_is_told_as_it_is_now() {
    let service = Service::start(Admission::Loopback).await;
    let text = scrape(&service).await;
    assert!(value(&text, "keyfleet_active").abs() < f64::EPSILON);
    assert!(
        !text.contains("\nkeyfleet_git_up "),
        "nobody has asked git yet"
    );
    let cell = cell();
    let refused = unread(FailureClass::Forbidden);
    service.know(|known| {
        known.standing = Standing::Active { since: at(1) };
        known.source = source("3f2a9c1", Some("down"));
        for (name, passes) in [
            ("good", passes(Vec::new(), PassEnd::Done)),
            (
                "late",
                passes(vec![rotated(), refused.clone()], PassEnd::Done),
            ),
            (
                "gone",
                passes(vec![unread(FailureClass::Unreachable)], PassEnd::Done),
            ),
            ("slow", passes(Vec::new(), PassEnd::Deadline)),
            ("new", Passes::default()),
        ] {
            known
                .clusters
                .insert(cluster_name(name), cluster(&cell, passes));
        }
        let good_before = cluster(&cell, passes(Vec::new(), PassEnd::Done));
        known.clusters.insert(cluster_name("wrong"), good_before);
        known.misdeclared = Arc::new(["wrong", "never"].map(misdeclared).into());
        known
            .vaults
            .insert(name("main"), vault(Ok(health(true)), Some(at(0))));
    });
    let text = scrape(&service).await;
    for (series, expected) in [
        ("keyfleet_active", 1.0),
        ("keyfleet_git_up", 0.0),
        ("keyfleet_git_last_fetch_timestamp_seconds", 1_800_000_000.0),
        ("keyfleet_revision_info{revision=\"3f2a9c1\"}", 1.0),
        ("keyfleet_clusters", 7.0),
        ("keyfleet_cluster_up{cluster=\"wrong\"}", 0.0),
        (
            "keyfleet_cluster_last_success_timestamp_seconds{cluster=\"wrong\"}",
            1_800_000_090.0,
        ),
        ("keyfleet_cluster_up{cluster=\"never\"}", 0.0),
        (
            "keyfleet_cluster_last_success_timestamp_seconds{cluster=\"never\"}",
            0.0,
        ),
        ("keyfleet_cluster_up{cluster=\"good\"}", 1.0),
        ("keyfleet_cluster_up{cluster=\"late\"}", 1.0),
        ("keyfleet_cluster_up{cluster=\"gone\"}", 0.0),
        ("keyfleet_cluster_up{cluster=\"slow\"}", 0.0),
        (
            "keyfleet_cluster_last_success_timestamp_seconds{cluster=\"new\"}",
            0.0,
        ),
        (
            "keyfleet_cluster_last_success_timestamp_seconds{cluster=\"good\"}",
            1_800_000_090.0,
        ),
        (
            "keyfleet_cluster_findings{cluster=\"late\",state=\"to_change\"}",
            1.0,
        ),
        (
            "keyfleet_cluster_findings{cluster=\"late\",state=\"unread\"}",
            1.0,
        ),
        (
            "keyfleet_cluster_findings{cluster=\"good\",state=\"held\"}",
            0.0,
        ),
        ("keyfleet_rotation_lag_seconds{cluster=\"good\"}", 0.0),
        ("keyfleet_vault_up{vault=\"main\"}", 0.0),
    ] {
        assert!(
            (value(&text, series) - expected).abs() < 1e-3,
            "{series}:\n{text}"
        );
    }
    assert!(
        !text.contains("keyfleet_cluster_up{cluster=\"new\"}"),
        "nobody has looked"
    );
}

#[tokio::test]
async fn what_left_the_repository_leaves_the_series() {
    let service = Service::start(Admission::Loopback).await;
    count_all(&service);
    let cell = cell();
    service.know(|known| {
        known.source = source("3f2a9c1", None);
        known
            .clusters
            .insert(cluster_name("prod-eu"), cluster(&cell, Passes::default()));
        known
            .vaults
            .insert(name("main"), vault(Ok(health(false)), None));
    });
    let text = scrape(&service).await;
    let reads = "keyfleet_requests_total{target=\"cluster/prod-eu\",kind=\"read\"}";
    assert!((value(&text, reads) - 2.0).abs() < f64::EPSILON, "{text}");
    service.know(|known| known.clusters.clear());
    let text = scrape(&service).await;
    assert!(!text.contains("prod-eu"), "{text}");
    assert!(text.contains("target=\"vault/main\""), "{text}");
}

#[tokio::test]
async fn ten_thousand_clusters_are_bounded_and_the_worst_of_them_is_told() {
    let service = Service::start(Admission::Loopback).await;
    let cell = cell();
    let clusters: BTreeMap<_, _> = (0..10_000)
        .map(|number| {
            let mut passes = passes(vec![rotated()], PassEnd::Done);
            if number == 9_000 {
                passes.last_success = None;
            }
            let name = cluster_name(&format!("c-{number:05}"));
            let conduct = service.counters.conduct();
            conduct
                .towards(&format!("cluster/{name}"))
                .count(Deed::Read);
            (name, cluster(&cell, passes))
        })
        .collect();
    service.know(|known| {
        known.source = source("3f2a9c1", None);
        known.clusters = clusters;
    });
    let began = Instant::now();
    let text = scrape(&service).await;
    let took = began.elapsed();
    let families = parse(&text);
    let samples: usize = families.values().map(|family| family.samples.len()).sum();
    assert!(samples < 2_001 * 11 + 100, "{samples} samples");
    assert!(
        text.len() < 3_000_000 && took < Duration::from_secs(5),
        "{} bytes in {took:?}",
        text.len()
    );
    assert!((value(&text, "keyfleet_clusters") - 10_000.0).abs() < f64::EPSILON);
    let others = |series: &str| value(&text, series);
    assert!(
        others("keyfleet_cluster_last_success_timestamp_seconds{cluster=\"_others\"}").abs()
            < f64::EPSILON
    );
    assert!(
        (others("keyfleet_cluster_findings{cluster=\"_others\",state=\"to_change\"}") - 8_000.0)
            .abs()
            < f64::EPSILON
    );
    assert!(
        (others("keyfleet_requests_total{target=\"cluster/_others\",kind=\"read\"}") - 8_000.0)
            .abs()
            < f64::EPSILON
    );
}

#[tokio::test]
async fn the_process_tells_of_itself() {
    let service = Service::start(Admission::Loopback).await;
    let text = scrape(&service).await;
    let now = jiff::Timestamp::now().as_duration().as_secs_f64();
    let start = value(&text, "process_start_time_seconds");
    assert!(start < now + 2.0 && start > now - 3600.0, "{start}");
    assert!(value(&text, "process_resident_memory_bytes") > 1e6);
    assert!(value(&text, "process_open_fds") > 3.0);
    assert!(value(&text, "process_max_fds") >= value(&text, "process_open_fds"));
    assert!(value(&text, "process_cpu_seconds_total") >= 0.0);
}
