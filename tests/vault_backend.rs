//! The Vault backend on a real server: what is read, what is written, and what is said when it goes wrong.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

#[path = "vault_backend/faults.rs"]
mod faults;
#[path = "vault_backend/long_answers.rs"]
mod long_answers;
#[path = "vault_backend/outlines.rs"]
mod outlines;
#[path = "vault_backend/policies.rs"]
mod policies;
#[path = "vault_backend/reads.rs"]
mod reads;
#[path = "vault_backend/sessions.rs"]
mod sessions;
#[path = "vault_backend/terms.rs"]
mod terms;
#[path = "vault_backend/tls.rs"]
mod tls;
#[path = "vault_backend/writes.rs"]
mod writes;

use keyfleet::backends::vault::{Budget, VaultConnection, VaultReader, VaultWriter, open};
use keyfleet::names::{KvPath, MountPath, PolicyName, RoleName};
use keyfleet::observe::{Failure, FailureClass, Fields, Observed};
use keyfleet::secret::SecretBytes;
use serde_json::Value;
use std::fmt::Debug;
use std::time::Duration;
use support::Vault;
use tokio::sync::OnceCell;

/// In every token and value of these tests, so that one look finds a leak.
const CANARY: &str = "canary-4711";

/// One Vault for the tests that keep to names of their own.
async fn shared() -> &'static Vault {
    static VAULT: OnceCell<Vault> = OnceCell::const_new();
    VAULT.get_or_init(Vault::start).await
}

fn connect(address: &str, token: &str) -> (VaultReader, VaultWriter) {
    connect_within(address, token, &Budget::default())
}

/// Gives up soon, for tests in which nothing answers.
fn connect_hastily(address: &str, token: &str) -> (VaultReader, VaultWriter) {
    let budget = Budget {
        deadline: Duration::from_millis(800),
        ..Budget::default()
    };
    connect_within(address, token, &budget)
}

fn connect_within(address: &str, token: &str, budget: &Budget) -> (VaultReader, VaultWriter) {
    let connection = VaultConnection {
        address: address.to_owned(),
        token: SecretBytes::from(token.to_owned()).into(),
        ..VaultConnection::default()
    };
    open(connection, budget).expect("the connection is set up well")
}

/// A token with exactly these policies' text and nothing else.
async fn token_with(vault: &Vault, name: &str, policy: &str) -> String {
    let body = serde_json::json!({ "policy": policy });
    let path = format!("sys/policies/acl/{name}");
    assert_eq!(vault.api("POST", &path, Some(body)).await.0, 204);
    let body = serde_json::json!({ "policies": [name], "no_default_policy": true });
    let (_, answer) = vault.api("POST", "auth/token/create", Some(body)).await;
    answer["auth"]["client_token"]
        .as_str()
        .expect("a token is made")
        .to_owned()
}

/// The class is this, these words are in what a person reads, and no token or value is.
#[track_caller]
fn assert_failure(failure: &Failure, class: FailureClass, words: &[&str]) {
    let all = format!("{failure} {failure:?} {failure:#?}");
    assert_eq!(failure.class, class, "{all}");
    for word in words {
        assert!(all.contains(word), "{word:?} is missing in {all}");
    }
    for secret in [CANARY, "hvs.", "s.", "eyJ"] {
        let leaked = all
            .split(|character: char| character.is_whitespace() || "\"'(".contains(character))
            .any(|word| word.starts_with(secret) && word.len() > 10 || word.contains(CANARY));
        assert!(!leaked, "{all}");
    }
}

#[track_caller]
fn unknown<T: Debug>(observed: Observed<T>) -> Failure {
    match observed {
        Observed::Unknown(failure) => failure,
        other => panic!("this cannot be known: {other:?}"),
    }
}

fn mount(name: &str) -> MountPath {
    MountPath::parse(name).expect("a mount path")
}

fn role(name: &str) -> RoleName {
    RoleName::parse(name).expect("a role name")
}

fn policy(name: &str) -> PolicyName {
    PolicyName::parse(name).expect("a policy name")
}

fn kv(path: &str) -> KvPath {
    KvPath::parse(path).expect("a KV path")
}

fn fields(value: Value) -> Fields {
    serde_json::from_value(value).expect("an object")
}
