use super::{CANARY, assert_failure, connect, connect_hastily, mount, shared, token_with};
use crate::support::proxy::on;
use crate::support::{Fault, Proxy, Vault};
use keyfleet::backends::vault::{Budget, OwnToken, VaultConnection, VaultReader};
use keyfleet::observe::{FailureClass, ReadVault};
use keyfleet::secret::SecretBytes;
use serde_json::json;
use std::net::{Ipv4Addr, TcpListener};
use std::time::{Duration, Instant};

const HTML: &str = "<html><body>canary-4711</body></html>";

/// What goes wrong, how often it is tried, and what is said of it.
type Case = (Fault, usize, FailureClass, &'static str);

fn page(status: u16) -> Fault {
    Fault::answer(status, HTML).with_header("Content-Type", "text/html; charset=utf-8")
}

fn refusals() -> Vec<Case> {
    let said = |status, text| Fault::answer(status, &json!({ "errors": [text] }).to_string());
    let long = "x".repeat(5000);
    vec![
        (page(429), 3, FailureClass::RateLimited, "too many requests"),
        (said(429, "quota"), 3, FailureClass::RateLimited, "quota"),
        (
            said(503, "busy"),
            3,
            FailureClass::Server,
            "(status 503): busy",
        ),
        (
            said(500, "storage"),
            1,
            FailureClass::Server,
            "(status 500): storage",
        ),
        (
            said(503, "Vault is sealed"),
            1,
            FailureClass::Sealed,
            "unseal",
        ),
        (
            said(500, "Vault is not initialized"),
            1,
            FailureClass::Sealed,
            "not initialized",
        ),
        (
            said(400, "a\nb\u{1b}[31m"),
            1,
            FailureClass::Rejected,
            ": a b [31m",
        ),
        (said(400, &long), 1, FailureClass::Rejected, "xxx"),
        (
            said(400, "root is known"),
            1,
            FailureClass::Rejected,
            "(status 400)",
        ),
        (said(412, "index"), 1, FailureClass::Conflict, "plan again"),
    ]
}

fn foreign_answers() -> Vec<Case> {
    let huge = format!("{{\"data\":\"{}\"}}", "x".repeat(17 << 20));
    let pages = [(502, 3), (200, 1), (403, 1), (404, 1)]
        .map(|(status, tries)| (page(status), tries, FailureClass::Protocol, "text/html"));
    let bodies = [
        ("", "`data`"),
        ("{}", "`data`"),
        (r#"{"data":["canary-4711"]}"#, "`data`"),
        (r#"{"data":{"canary-4711"#, "not one of Vault's API"),
        ("[]", "not one of Vault's API"),
        (r#"{"data":{},"data":{}}"#, "not one of Vault's API"),
        (r#"{"data":{},"errors":["x"]}"#, "not one of Vault's API"),
        (&huge, "larger than 16 MiB"),
    ]
    .map(|(body, word)| (Fault::answer(200, body), 1, FailureClass::Protocol, word));
    pages.into_iter().chain(bodies).collect()
}

fn lost_answers() -> Vec<Case> {
    vec![
        (
            Fault::DropRequest,
            3,
            FailureClass::Unreachable,
            "the connection broke",
        ),
        (
            Fault::DropResponse,
            3,
            FailureClass::Unreachable,
            "the connection broke",
        ),
        (
            Fault::Hang,
            1,
            FailureClass::TimedOut,
            "no answer within 5s",
        ),
    ]
}

#[tokio::test]
async fn every_wrong_answer_is_one_clear_failure() {
    let vault = shared().await;
    let budget = Budget {
        deadline: Duration::from_secs(5),
        ..Budget::default()
    };
    let cases = [refusals(), foreign_answers(), lost_answers()].concat();
    for (fault, tries, class, word) in cases {
        let proxy = Proxy::in_front_of_vault(vault.addr());
        proxy.fault(on("GET", "/auth/c1/config"), fault);
        let (reader, _) = super::connect_within(proxy.url(), vault.token(), &budget);
        let failure = super::unknown(reader.auth_config(&mount("c1")).await);
        assert_failure(&failure, class, &["read auth/c1/config", word]);
        assert!(failure.why.len() <= 250, "{failure}");
        assert_eq!(
            proxy.count(on("GET", "/auth/c1/config")),
            tries,
            "{failure}"
        );
    }
}

#[tokio::test]
async fn a_read_that_is_limited_or_cut_off_for_a_moment_succeeds() {
    let vault = shared().await;
    let limited = Fault::answer(429, r#"{"errors":[]}"#).with_header("Retry-After", "1");
    for (fault, at_least) in [
        (limited, 1),
        (Fault::answer(502, HTML), 0),
        (Fault::answer(503, r#"{"errors":["busy"]}"#), 0),
        (Fault::DropRequest, 0),
        (Fault::DropResponse, 0),
    ] {
        let proxy = Proxy::in_front_of_vault(vault.addr());
        proxy.fault_times(1, on("GET", "/sys/auth"), fault);
        let (reader, _) = connect(proxy.url(), vault.token());
        let begin = Instant::now();
        let mounts = reader.auth_mounts().await.unwrap();
        assert!(mounts.contains_key("token"));
        assert!(begin.elapsed() >= Duration::from_secs(at_least));
        assert_eq!(proxy.count(on("GET", "/sys/auth")), 2);
    }
}

#[tokio::test]
async fn a_limit_that_outlasts_the_deadline_is_told_as_the_limit() {
    let vault = shared().await;
    let proxy = Proxy::in_front_of_vault(vault.addr());
    let limited = Fault::answer(429, r#"{"errors":["quota"]}"#).with_header("Retry-After", "3600");
    proxy.fault(on("GET", "/sys/auth"), limited);
    let (reader, _) = connect_hastily(proxy.url(), vault.token());
    let failure = reader.auth_mounts().await.unwrap_err();
    assert_failure(&failure, FailureClass::RateLimited, &["quota"]);
}

#[tokio::test]
async fn a_redirect_is_not_followed_and_the_other_host_hears_nothing() {
    let vault = shared().await;
    let proxy = Proxy::in_front_of_vault(vault.addr());
    let other = Proxy::in_front_of_vault(vault.addr());
    let (reader, _) = connect(proxy.url(), vault.token());
    let host = other.url().trim_start_matches("http://");
    for status in [301, 302, 303, 307, 308] {
        let location = format!("{}/v1/sys/auth?{CANARY}", other.url());
        let redirect = Fault::answer(status, "").with_header("Location", &location);
        proxy.fault(on("GET", "/sys/auth"), redirect);
        let failure = reader.auth_mounts().await.unwrap_err();
        assert_failure(&failure, FailureClass::Redirected, &[host, "active node"]);
    }
    assert_eq!(other.requests().len(), 0);
}

#[tokio::test]
async fn a_sealed_vault_says_so_and_is_not_asked_again_and_again() {
    let vault = Vault::start().await;
    let proxy = Proxy::in_front_of_vault(vault.addr());
    let (reader, _) = connect(proxy.url(), vault.token());
    vault.cli_ok(&["operator", "seal"]);

    let failure = reader.auth_mounts().await.unwrap_err();
    assert_failure(
        &failure,
        FailureClass::Sealed,
        &["Vault is sealed", "unseal"],
    );
    assert!(failure.is_outage());
    assert_eq!(proxy.requests().len(), 1);
    let health = reader.health().await.unwrap();
    assert!(health.sealed && health.initialized, "{health:?}");
    // A server that does not say so itself is asked.
    proxy.fault(on("GET", "/sys/auth"), Fault::answer(503, "upstream"));
    let failure = reader.auth_mounts().await.unwrap_err();
    assert_failure(&failure, FailureClass::Sealed, &["Vault is sealed"]);
}

#[tokio::test]
async fn a_token_that_may_not_and_a_token_that_is_none_are_told_apart() {
    let vault = shared().await;
    let rule = r#"path "auth/token/lookup-self" { capabilities = ["read"] }"#;
    let known = token_with(vault, "faults-known", rule).await;
    let bare = token_with(
        vault,
        "faults-bare",
        r#"path "x" { capabilities = ["read"] }"#,
    )
    .await;
    for token in [&known, &bare] {
        let (reader, _) = connect(vault.addr(), token);
        let failure = reader.auth_mounts().await.unwrap_err();
        assert_failure(
            &failure,
            FailureClass::Forbidden,
            &["permission denied", "`read` on `sys/auth`"],
        );
        assert!(!failure.is_outage());
    }
    for token in [&format!("s.{CANARY}"), &format!("hvs.{CANARY}"), CANARY] {
        let (reader, _) = connect(vault.addr(), token);
        let failure = reader.auth_mounts().await.unwrap_err();
        assert_failure(
            &failure,
            FailureClass::Unauthenticated,
            &["read sys/auth", "not valid"],
        );
        assert!(failure.is_outage());
    }
    // As HashiCorp Vault says it.
    let proxy = Proxy::in_front_of_vault(vault.addr());
    let both = "2 errors occurred:\n\t* permission denied\n\t* invalid token\n\n";
    let said = json!({ "errors": [both] }).to_string();
    proxy.fault(on("GET", "/sys/auth"), Fault::answer(403, &said));
    let (reader, _) = connect(proxy.url(), &known);
    let failure = reader.auth_mounts().await.unwrap_err();
    assert_failure(&failure, FailureClass::Unauthenticated, &[]);
    // A proxy in front that answers like Vault, to a token that Vault knows.
    let proxy = Proxy::in_front_of_vault(vault.addr());
    proxy.fault(
        on("GET", "/sys/auth"),
        Fault::answer(403, r#"{"errors":["permission denied"]}"#),
    );
    let (reader, _) = connect(proxy.url(), &known);
    let failure = reader.auth_mounts().await.unwrap_err();
    assert_failure(&failure, FailureClass::Forbidden, &[]);
}

#[tokio::test]
async fn an_expired_token_is_not_taken_for_a_missing_permission() {
    let vault = shared().await;
    let body = json!({ "policies": ["root"], "ttl": "1s", "explicit_max_ttl": "1s" });
    let (_, made) = vault.api("POST", "auth/token/create", Some(body)).await;
    let token = made["auth"]["client_token"].as_str().unwrap();
    let (reader, _) = connect(vault.addr(), token);
    let end = Instant::now() + Duration::from_secs(20);
    let failure = loop {
        match reader.auth_mounts().await {
            Err(failure) => break failure,
            Ok(_) => assert!(Instant::now() < end, "the token does not expire"),
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    };
    assert_failure(&failure, FailureClass::Unauthenticated, &["expired"]);
}

#[tokio::test]
async fn a_closed_port_is_told_with_its_address() {
    let port = {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        listener.local_addr().unwrap().port()
    };
    let address = format!("http://127.0.0.1:{port}");
    let (reader, _) = connect(&address, CANARY);
    let failure = reader.auth_mounts().await.unwrap_err();
    assert_failure(&failure, FailureClass::Unreachable, &["refused", &address]);
}

#[tokio::test]
async fn what_cannot_be_a_token_fails_before_anything_is_sent() {
    let vault = shared().await;
    let proxy = Proxy::in_front_of_vault(vault.addr());
    let connection = |token: Option<&str>| VaultConnection {
        address: proxy.url().to_owned(),
        token: token.map_or_else(OwnToken::default, |token| {
            SecretBytes::from(token.to_owned()).into()
        }),
        ..VaultConnection::default()
    };
    for token in [
        "",
        "canary-4711\n",
        "canary-4711\r\nX-Other: 1",
        "canary-4711ü",
    ] {
        let failure = VaultReader::new(connection(Some(token)), &Budget::default()).unwrap_err();
        assert_failure(&failure, FailureClass::Setup, &["end of a line"]);
    }
    let usable = connection(Some(CANARY));
    assert!(!format!("{usable:?}").contains(CANARY));
    let reader = VaultReader::new(usable, &Budget::default()).unwrap();
    assert!(!format!("{reader:?}").contains(CANARY));
    let reader = VaultReader::new(connection(None), &Budget::default()).unwrap();
    let failure = reader.auth_mounts().await.unwrap_err();
    assert_failure(
        &failure,
        FailureClass::Setup,
        &["read sys/auth", "no token"],
    );
    assert_eq!(proxy.requests().len(), 0);
}
