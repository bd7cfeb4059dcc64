//! Tokens that somebody gives to keyfleet: renewed while that goes, and said early when it does not.

use super::support::{Proxy, Vault, proxy::on};
use super::{Lasting, Phase, Swapped, log, policy, token, within};
use keyfleet::connect::OwnCredential;
use keyfleet::observe::FailureClass;
use keyfleet::secret::SecretBytes;
use serde_json::json;
use std::time::Duration;

fn given(token: &str) -> OwnCredential {
    OwnCredential::Token(SecretBytes::from(token.to_owned()))
}

#[tokio::test]
async fn a_periodic_token_lives_on_with_few_renewals() {
    let vault = Vault::start().await;
    policy(&vault, "look").await;
    let own = token(&vault, json!({ "policies": ["look"], "period": "3s" })).await;
    let proxy = Proxy::in_front_of_vault(vault.addr());
    let file = Swapped::new(&format!("{own}\n"));
    let lasting = Lasting::start(proxy.url(), OwnCredential::TokenFile(file.path())).await;
    lasting.asks_well_for(Duration::from_secs(9)).await;
    let state = lasting.state();
    assert_eq!((state.phase, &state.trouble), (Phase::Kept, &None));
    assert!(state.expires_at.unwrap() > jiff::Timestamp::now());
    let renewals = proxy.count(on("*", "renew-self"));
    assert!((3..=8).contains(&renewals), "{renewals} renewals");
    assert_eq!(proxy.count(on("*", "lookup-self")), 1);
    // Somebody else's token is not given back.
    lasting.opener.close().await;
    assert_eq!(
        vault
            .api_as(&own, "GET", "auth/token/lookup-self", None)
            .await
            .0,
        200
    );
    log::assert_silent(&[&own]);
}

#[tokio::test]
async fn the_end_of_a_token_is_said_before_it_comes() {
    let vault = Vault::start().await;
    policy(&vault, "look").await;
    let body = json!({ "policies": ["look"], "ttl": "5s", "explicit_max_ttl": "7s" });
    let capped = token(&vault, body).await;
    let lasting = Lasting::start(vault.addr(), given(&capped)).await;
    let state = lasting.waits_for(Phase::Ending).await;
    assert_eq!(lasting.asks().await, Ok(()), "it still lives");
    let left = state.expires_at.unwrap().as_second() - jiff::Timestamp::now().as_second();
    assert!((1..=5).contains(&left), "{left}");
    assert!(log::has("cannot be renewed any longer and ends at"));
    let state = lasting.waits_for(Phase::Lacking).await;
    assert!(
        state.trouble.is_some() && state.expires_at.is_none(),
        "{state:?}"
    );
    let failure = lasting.asks().await.unwrap_err();
    assert_eq!(failure.class, FailureClass::Unauthenticated);
    assert!(failure.why.contains("is not valid"), "{failure}");
    log::assert_silent(&[&capped]);
}

#[tokio::test]
async fn what_kind_of_token_it_is_shows_in_its_state() {
    let vault = Vault::start().await;
    policy(&vault, "look").await;
    let bare = json!({ "policies": ["look"], "no_default_policy": true, "ttl": "60s" });
    let batch = json!({ "policies": ["look"], "type": "batch", "ttl": "60s" });
    let fixed = json!({ "policies": ["look"], "renewable": false, "ttl": "60s" });
    let renewable = json!({ "policies": ["look"], "ttl": "60s" });
    for (token, phase) in [
        ("root".to_owned(), Phase::Endless),
        (token(&vault, bare).await, Phase::Unknown),
        (token(&vault, batch).await, Phase::Ending),
        (token(&vault, fixed).await, Phase::Ending),
        (token(&vault, renewable).await, Phase::Kept),
        ("s.nobody-knows-this-token-4711".to_owned(), Phase::Lacking),
    ] {
        let lasting = Lasting::start(vault.addr(), given(&token)).await;
        let state = lasting.waits_for(phase).await;
        let ends = matches!(phase, Phase::Ending | Phase::Kept);
        assert_eq!(state.expires_at.is_some(), ends, "{state:?}");
        assert_eq!(
            lasting.asks().await.is_ok(),
            phase != Phase::Lacking,
            "{state:?}"
        );
        // The root token is a word that the log may hold.
        if token != "root" {
            assert!(!format!("{state:?}").contains(&token));
            log::assert_silent(&[&token]);
        }
    }
}

#[tokio::test]
async fn a_token_in_a_file_is_read_again_when_it_is_swapped() {
    let vault = Vault::start().await;
    policy(&vault, "look").await;
    let body = || json!({ "policies": ["look"], "ttl": "60s" });
    let (first, second, third) = (
        token(&vault, body()).await,
        token(&vault, body()).await,
        token(&vault, body()).await,
    );
    let proxy = Proxy::in_front_of_vault(vault.addr());
    let file = Swapped::new(&first);
    let lasting = Lasting::start(proxy.url(), OwnCredential::TokenFile(file.path())).await;
    lasting.asks_well_for(Duration::from_millis(200)).await;

    // Rotated in good order: the old one is revoked after the new one is there. Nobody notices.
    file.swap(&second);
    lasting.asks_well_for(Duration::from_secs(3)).await;
    revoke(&vault, &first).await;
    lasting.asks_well_for(Duration::from_secs(1)).await;

    // The other way round: requests fail until the new one is there, and few questions are asked meanwhile.
    revoke(&vault, &second).await;
    proxy.clear();
    for _ in 0..40 {
        let failure = lasting.asks().await.unwrap_err();
        assert_eq!(failure.class, FailureClass::Unauthenticated, "{failure}");
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    let asked = proxy.count(|_| true);
    assert!(asked <= 10, "{asked} requests: {:?}", proxy.requests());
    assert_eq!(lasting.state().phase, Phase::Lacking);
    file.swap(&third);
    within(Duration::from_secs(10), async || lasting.asks().await.ok()).await;
    assert_eq!(lasting.waits_for(Phase::Kept).await.trouble, None);

    // A file that is half written or wrong takes nothing away.
    for wrong in ["", "two\nlines", "s.nobody-knows-this-token-4711"] {
        file.swap(wrong);
        lasting.asks_well_for(Duration::from_millis(2500)).await;
        assert!(lasting.state().trouble.is_some(), "{wrong:?}");
    }
    log::assert_silent(&[&first, &second, &third]);
}

async fn revoke(vault: &Vault, token: &str) {
    let body = json!({ "token": token });
    let (status, _) = vault.api("POST", "auth/token/revoke", Some(body)).await;
    assert_eq!(status, 204);
}

#[tokio::test]
async fn a_missing_right_is_not_a_bad_token() {
    let vault = Vault::start().await;
    policy(&vault, "look").await;
    let own = token(&vault, json!({ "policies": ["look"], "ttl": "60s" })).await;
    let proxy = Proxy::in_front_of_vault(vault.addr());
    let lasting = Lasting::start(proxy.url(), given(&own)).await;
    lasting.waits_for(Phase::Kept).await;
    proxy.clear();
    for _ in 0..3 {
        let failure = lasting.read.engine_mounts().await.unwrap_err();
        assert_eq!(failure.class, FailureClass::Forbidden);
    }
    assert_eq!(proxy.count(|_| true), 3, "{:?}", proxy.requests());
    assert_eq!(lasting.state().phase, Phase::Kept);
}
