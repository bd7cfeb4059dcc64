//! A Vault that is sealed or away is waited out, and the token that was good stays.

use super::logins::{Issuer, by_jwt};
use super::support::{Fault, Proxy, Vault, proxy::on};
use super::{Lasting, Phase, Swapped, fleet_at, settings, within};
use keyfleet::connect::{Bounds, Opener, OwnCredential, VaultAccess};
use keyfleet::observe::FailureClass;
use keyfleet::pipeline::Open as _;
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;

#[tokio::test]
async fn a_sealed_vault_is_waited_out() {
    let vault = Vault::start().await;
    let issuer = Issuer::mounted(&vault, json!({ "token_ttl": 8 })).await;
    let proxy = Proxy::in_front_of_vault(vault.addr());
    let file = Swapped::new(&issuer.sign("vault"));
    let lasting = Lasting::start(proxy.url(), by_jwt(&file)).await;
    assert_eq!(lasting.asks().await, Ok(()));
    // Development mode prints it, a moment after it serves.
    let key = within(Duration::from_secs(10), async || {
        let log = std::fs::read_to_string(vault.folder().join("log")).unwrap();
        let mut lines = log.lines();
        lines
            .find_map(|line| line.strip_prefix("Unseal Key: "))
            .map(ToOwned::to_owned)
    })
    .await;
    assert_eq!(vault.api("PUT", "sys/seal", None).await.0, 204);
    let failure = lasting.asks().await.unwrap_err();
    assert_eq!(failure.class, FailureClass::Sealed);
    // Its time to be renewed comes and goes.
    tokio::time::sleep(Duration::from_secs(6)).await;
    assert!(lasting.state().trouble.is_some());
    let body = json!({ "key": key });
    assert_eq!(vault.api("PUT", "sys/unseal", Some(body)).await.0, 200);
    within(Duration::from_secs(20), async || lasting.asks().await.ok()).await;
    let state = within(Duration::from_secs(20), async || {
        Some(lasting.state()).filter(|state| state.trouble.is_none())
    })
    .await;
    assert_eq!(state.phase, Phase::Kept);
    let asked = proxy
        .count(|request| request.path.contains("/login") || request.path.contains("renew-self"));
    assert!(asked < 25, "{asked}");
}

#[tokio::test]
async fn a_vault_that_is_away_at_the_start_is_waited_for() {
    let vault = Vault::start().await;
    let issuer = Issuer::mounted(&vault, json!({ "token_ttl": 60 })).await;
    let proxy = Proxy::in_front_of_vault(vault.addr());
    proxy.fault(on("*", "/"), Fault::DropRequest);
    let file = Swapped::new(&issuer.sign("vault"));
    let lasting = Lasting::start(proxy.url(), by_jwt(&file)).await;
    let failure = lasting.asks().await.unwrap_err();
    assert_eq!(failure.class, FailureClass::Unreachable, "{failure}");
    proxy.clear_faults();
    within(Duration::from_secs(20), async || lasting.asks().await.ok()).await;
}

#[tokio::test]
async fn the_credentials_of_the_settings_go_to_no_address_that_only_git_names() {
    let vault = Vault::start().await;
    let proxy = Proxy::in_front_of_vault(vault.addr());
    let file = Swapped::new("canary-4711");
    let mut settings = settings();
    let access = VaultAccess {
        address: vault.addr().to_owned(),
        credential: Arc::new(OwnCredential::TokenFile(file.path())),
    };
    settings.vaults.insert("main".to_owned(), access);
    let opener = Opener::lasting(settings, Bounds::default());
    let desired = fleet_at(proxy.url()).await;
    opener.follow(&desired);
    let vault = desired.vaults.values().next().unwrap();
    let failure = opener.vault(vault).err().unwrap();
    assert!(failure.why.contains("are not sent there"), "{failure}");
    assert!(proxy.requests().is_empty());
}
