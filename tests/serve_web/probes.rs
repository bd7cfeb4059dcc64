//! What machines are told of how the service is.

use super::client::get;
use super::service::Service;
use jiff::Timestamp;
use keyfleet::connect::{Phase, TokenState};
use keyfleet::names::VaultName;
use keyfleet::observe::live::Health;
use keyfleet::observe::{Failure, FailureClass};
use keyfleet::serve::board::{Followed, Passes, SourceState, Standing, VaultState};
use keyfleet::serve::settings::Admission;
use std::sync::Arc;
use std::time::Duration;

pub(crate) fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + second).unwrap()
}

/// A revision is followed, and git may be down since.
pub(crate) fn source(revision: &str, failure: Option<&str>) -> Arc<SourceState> {
    Arc::new(SourceState {
        name: "acme".to_owned(),
        followed: Some(Arc::new(Followed {
            revision: revision.to_owned(),
            since: at(0),
            desired: Arc::new(super::metrics::desired()),
            problems: Arc::default(),
            sources: Arc::default(),
        })),
        fetched: Some(at(0)),
        failure: failure.map(str::to_owned),
        held: None,
    })
}

pub(crate) fn health(sealed: bool) -> Health {
    Health {
        initialized: true,
        sealed,
        standby: false,
        version: "2.7.2".to_owned(),
        cluster_name: None,
        high_availability: None,
    }
}

pub(crate) fn vault(
    health: Result<Health, Failure>,
    last_success: Option<Timestamp>,
) -> Arc<VaultState> {
    Arc::new(VaultState {
        desired: super::metrics::desired()
            .vaults
            .into_values()
            .next()
            .unwrap(),
        passes: Passes {
            last_success,
            ..Passes::default()
        },
        health: Some(health),
        token: None,
        health_at: None,
        own_address: None,
    })
}

pub(crate) fn name(text: &str) -> VaultName {
    VaultName::parse(text).unwrap()
}

async fn ready(service: &Service) -> (u16, String) {
    let answer = get(service.at.probes, "/readyz", &[]).await;
    (answer.status, answer.body)
}

#[tokio::test]
async fn readiness_tells_every_state_apart() {
    let service = Service::start(Admission::Loopback).await;
    let told = async |status: u16, text: &str| {
        assert_eq!(ready(&service).await, (status, format!("{text}\n")));
    };
    told(503, "starting: nothing is followed yet").await;
    service.know(|known| known.source = source("3f2a9c1", None));
    told(503, "starting: it is not known yet which process writes").await;
    service.know(|known| known.standing = Standing::Active { since: at(1) });
    told(200, "ok").await;

    service.know(|known| known.source = source("3f2a9c1", Some("no route to git.internal")));
    told(
        200,
        "git is down, serving the last revision 3f2a9c1 since 2027-01-15T08:00:00Z",
    )
    .await;
    service.know(|known| known.source = source("3f2a9c1", None));

    let down = || {
        Failure::new(
            FailureClass::Unreachable,
            "health",
            "refused by vault.internal",
        )
    };
    service.know(|known| {
        known
            .vaults
            .insert(name("main"), vault(Err(down()), Some(at(60))));
        known
            .vaults
            .insert(name("other"), vault(Ok(health(false)), None));
    });
    told(200, "ok").await;
    service.know(|known| {
        known
            .vaults
            .insert(name("other"), vault(Ok(health(true)), None));
    });
    told(
        200,
        "degraded: no Vault answers, the last success was 2027-01-15T08:01:00Z",
    )
    .await;
    let lacking = TokenState {
        source: "the token in /run/secrets/of-main".to_owned(),
        phase: Phase::Lacking,
        expires_at: None,
        trouble: None,
    };
    service.know(|known| {
        let mut well = VaultState::clone(&vault(Ok(health(false)), None));
        well.token = Some(lacking);
        known.vaults.insert(name("other"), Arc::new(well));
    });
    told(200, "degraded: no token that is accepted for vault other").await;
    let metrics = get(service.at.probes, "/metrics", &[]).await.body;
    assert!(metrics.contains("keyfleet_vault_up{vault=\"other\"} 0"));
    service.know(|known| {
        known.vaults.remove("other");
        known.vaults.insert(name("main"), vault(Err(down()), None));
    });
    told(200, "degraded: no Vault answers, and none ever did").await;

    service.know(|known| {
        known.standing = Standing::Standby {
            holder: Some("keyfleet-1".to_owned()),
        };
    });
    told(200, "standby").await;
    service.know(|known| known.standing = Standing::Stopping);
    told(503, "not ready: stopping").await;
}

#[tokio::test]
async fn verbose_lists_the_checks_and_no_reason() {
    let service = Service::start(Admission::Loopback).await;
    service.know(|known| {
        known.standing = Standing::Active { since: at(1) };
        known.source = source("3f2a9c1", Some("no route to git.internal"));
        let down = Failure::new(
            FailureClass::Unreachable,
            "health",
            "refused by vault.internal",
        );
        known.vaults.insert(name("main"), vault(Err(down), None));
        known
            .vaults
            .insert(name("other"), vault(Ok(health(false)), None));
    });
    let answer = get(service.at.probes, "/readyz?verbose", &[]).await;
    let expected = "[+]standing ok\n\
                    [+]revision ok\n\
                    [-]git failed: the last fetch failed\n\
                    [+]branch ok\n\
                    [-]vault/main failed: it does not answer, or is sealed\n\
                    [+]vault/other ok\n\
                    git is down, serving the last revision 3f2a9c1 since 2027-01-15T08:00:00Z\n\
                    readyz check passed\n";
    assert_eq!((answer.status, answer.body.as_str()), (200, expected));
    service.know(|known| known.standing = Standing::Stopping);
    let answer = get(service.at.probes, "/readyz?verbose=true&timeout=5s", &[]).await;
    assert_eq!(answer.status, 503);
    assert!(
        answer.body.ends_with("readyz check failed\n"),
        "{}",
        answer.body
    );
}

#[tokio::test]
async fn it_is_live_while_its_tasks_turn_whatever_else_is_down() {
    let service = Service::start(Admission::Loopback).await;
    let live = async || {
        let answer = get(service.at.probes, "/livez?verbose", &[]).await;
        (answer.status, answer.body)
    };
    assert_eq!(live().await, (200, "ok\nlivez check passed\n".to_owned()));
    let beat = service
        .watchdog
        .watch("schedule", Duration::from_millis(300));
    service.know(|known| known.standing = Standing::Stopping);
    assert_eq!(
        live().await,
        (200, "[+]schedule ok\nok\nlivez check passed\n".to_owned())
    );
    tokio::time::sleep(Duration::from_millis(400)).await;
    let (status, text) = live().await;
    assert!(
        status == 503 && text.contains("[-]schedule failed: no sign of life for 0 s"),
        "{text}"
    );
    beat.now();
    assert_eq!(live().await.0, 200);
    let panicked = tokio::spawn(async move {
        let _beat = beat;
        panic!("a fault of the test's own");
    });
    assert!(panicked.await.is_err());
    assert_eq!(
        live().await,
        (
            503,
            "[-]schedule failed: it ended\nnot live: schedule\nlivez check failed\n".to_owned()
        )
    );
}
