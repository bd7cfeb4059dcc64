use super::{
    CANARY, assert_failure, connect, connect_hastily, fields, mount, policy, role, shared,
    token_with,
};
use crate::support::proxy::on;
use crate::support::{Fault, Proxy};
use keyfleet::apply::{MountTable, PolicyPrecondition, WriteVault};
use keyfleet::backends::vault::{VaultReader, VaultWriter};
use keyfleet::observe::Failure;
use keyfleet::observe::{FailureClass, Observed, ReadVault};
use serde_json::json;
use std::time::{Duration, Instant};

const RULE: &str = "path \"kv/x\" { capabilities = [\"read\"] }";

#[tokio::test]
async fn a_mount_is_made_once_tuned_and_taken_away() {
    let vault = shared().await;
    let (reader, writer) = connect(vault.addr(), vault.token());
    let place = mount("writes/c1");
    for (table, kind) in [(MountTable::Auth, "kubernetes"), (MountTable::Engine, "kv")] {
        let mounts = async || match table {
            MountTable::Auth => reader.auth_mounts().await.unwrap(),
            MountTable::Engine => reader.engine_mounts().await.unwrap(),
        };
        let body = fields(json!({ "type": kind, "description": "first" }));
        writer.enable_mount(table, &place, &body).await.unwrap();
        let failure = writer.enable_mount(table, &place, &body).await.unwrap_err();
        assert_failure(
            &failure,
            FailureClass::Conflict,
            &["writes/c1", "already in use"],
        );

        let tuning = fields(json!({ "description": "second", "default_lease_ttl": "20m" }));
        writer.tune_mount(table, &place, &tuning).await.unwrap();
        let live = &mounts().await["writes/c1"];
        assert_eq!(live.description, "second");
        assert_eq!(live.tuning["default_lease_ttl"], 1200);

        for _ in 0..2 {
            writer.disable_mount(table, &place).await.unwrap();
        }
        assert!(!mounts().await.contains_key("writes/c1"));
        let failure = writer.tune_mount(table, &place, &tuning).await.unwrap_err();
        assert_failure(&failure, FailureClass::NotFound, &["no mount entry found"]);
    }
}

#[tokio::test]
async fn config_and_role_are_written_and_a_role_is_taken_away_for_good() {
    let vault = shared().await;
    let (reader, writer) = connect(vault.addr(), vault.token());
    let place = mount("writes-c2");
    let kubernetes = fields(json!({ "type": "kubernetes" }));
    writer
        .enable_mount(MountTable::Auth, &place, &kubernetes)
        .await
        .unwrap();
    let config = fields(json!({
        "kubernetes_host": "https://10.0.0.1:6443", "kubernetes_ca_cert": "x",
        "disable_local_ca_jwt": true, "token_reviewer_jwt": CANARY,
    }));
    writer.write_auth_config(&place, &config).await.unwrap();
    let live = reader.auth_config(&place).await;
    assert_eq!(
        live.present().unwrap()["kubernetes_host"],
        "https://10.0.0.1:6443"
    );

    let web = role("web");
    let body = fields(json!({
        "bound_service_account_names": ["a"], "bound_service_account_namespaces": ["b"],
        "token_policies": ["default", "web"], "token_ttl": 86400,
    }));
    writer.write_role(&place, &web, &body).await.unwrap();
    let live = reader.role(&place, &web).await;
    assert_eq!(live.present().unwrap()["token_ttl"], 86400);
    for _ in 0..2 {
        writer.delete_role(&place, &web).await.unwrap();
    }
    assert_eq!(reader.role(&place, &web).await, Observed::Absent);

    let nowhere = mount("writes/not/mounted");
    writer.delete_role(&nowhere, &web).await.unwrap();
    let failure = writer.write_role(&nowhere, &web, &body).await.unwrap_err();
    assert_failure(&failure, FailureClass::NotFound, &["there is no mount"]);
}

#[tokio::test]
async fn a_refused_config_is_explained_unless_it_carried_a_credential() {
    let vault = shared().await;
    let (_, writer) = connect(vault.addr(), vault.token());
    let place = mount("writes-c3");
    let kubernetes = fields(json!({ "type": "kubernetes" }));
    writer
        .enable_mount(MountTable::Auth, &place, &kubernetes)
        .await
        .unwrap();
    let mut config = fields(json!({ "kubernetes_host": "", "pem_keys": ["not a key"] }));

    let failure = writer.write_auth_config(&place, &config).await.unwrap_err();
    assert_failure(
        &failure,
        FailureClass::Rejected,
        &["write auth/writes-c3/config", "no host"],
    );

    config.insert("token_reviewer_jwt".to_owned(), json!(CANARY));
    let failure = writer.write_auth_config(&place, &config).await.unwrap_err();
    assert_failure(
        &failure,
        FailureClass::Rejected,
        &["Vault refused it (status 400)"],
    );
}

#[tokio::test]
async fn a_write_whose_answer_is_lost_is_sent_once_and_said_to_be_uncertain() {
    let vault = shared().await;
    let proxy = Proxy::in_front_of_vault(vault.addr());
    let (reader, writer) = connect_hastily(proxy.url(), vault.token());
    let absent = PolicyPrecondition::Absent;
    reader.policies().await.unwrap();
    for (name, fault, class) in [
        (
            "lost-answer",
            Fault::DropResponse,
            FailureClass::Unreachable,
        ),
        ("lost-hang", Fault::Hang, FailureClass::TimedOut),
        (
            "lost-500",
            Fault::answer(500, r#"{"errors":["storage is slow"]}"#),
            FailureClass::Server,
        ),
        (
            "lost-502",
            Fault::answer(502, "<html>"),
            FailureClass::Protocol,
        ),
        (
            "lost-503",
            Fault::answer(503, r#"{"errors":["busy"]}"#),
            FailureClass::Server,
        ),
    ] {
        proxy.clear();
        proxy.fault(on("POST", name), fault);
        let failure = writer
            .write_policy(&policy(name), RULE, &absent)
            .await
            .unwrap_err();
        assert_failure(&failure, class, &[name, "may have been applied"]);
        assert_eq!(proxy.writes().len(), 1, "{name}");
    }
    let applied = reader.policy(&policy("lost-answer")).await;
    assert!(
        applied.present().is_some(),
        "the next run sees that it was applied"
    );
}

#[tokio::test]
async fn a_limited_write_is_repeated_as_late_as_the_server_asks() {
    let vault = shared().await;
    let proxy = Proxy::in_front_of_vault(vault.addr());
    let (reader, writer) = connect(proxy.url(), vault.token());
    reader.policies().await.unwrap();
    let limited =
        Fault::answer(429, r#"{"errors":["rate limited"]}"#).with_header("Retry-After", "1");
    proxy.fault_times(1, on("POST", "limited"), limited);
    let begin = Instant::now();

    let absent = PolicyPrecondition::Absent;
    writer
        .write_policy(&policy("limited"), RULE, &absent)
        .await
        .unwrap();

    assert!(begin.elapsed() >= Duration::from_secs(1));
    assert_eq!(proxy.writes().len(), 2);
}

/// Grants what the hint of a refusal names, and nothing else.
fn rule_of(failure: &Failure) -> String {
    let hint = failure.hint.as_deref().expect("a refusal has a hint");
    let mut names: Vec<_> = hint.split('`').skip(1).step_by(2).collect();
    let path = names.pop().expect("the hint names a path");
    format!("path \"{path}\" {{ capabilities = {names:?} }}\n")
}

#[tokio::test]
async fn the_hint_of_a_refusal_names_exactly_what_is_missing() {
    let vault = shared().await;
    let place = mount("hinted");
    let kubernetes = fields(json!({ "type": "kubernetes" }));
    let config =
        fields(json!({ "kubernetes_host": "https://127.0.0.1:1", "kubernetes_ca_cert": "x" }));
    let bound = fields(json!({
        "bound_service_account_names": ["a"], "bound_service_account_namespaces": ["b"],
    }));
    let absent = PolicyPrecondition::Absent;
    let (name, web) = (policy("hinted-new"), role("web"));
    // One after the other as they build on each other, each first without and then with what its refusal asks for.
    let step = async |number: u8, writer: &VaultWriter, reader: &VaultReader| match number {
        0 => {
            writer
                .enable_mount(MountTable::Auth, &place, &kubernetes)
                .await
        }
        1 => {
            writer
                .tune_mount(
                    MountTable::Auth,
                    &place,
                    &fields(json!({ "description": "x" })),
                )
                .await
        }
        2 => writer.write_auth_config(&place, &config).await,
        3 | 4 => writer.write_role(&place, &web, &bound).await,
        5 => reader.roles(&place).await.map(|_| ()),
        6 => writer.delete_role(&place, &web).await,
        7 => writer.disable_mount(MountTable::Auth, &place).await,
        8 => reader.policies().await.map(|_| ()),
        9 => writer.write_policy(&name, RULE, &absent).await,
        10 => writer.delete_policy(&name).await,
        11 => reader.auth_mounts().await.map(|_| ()),
        _ => reader.engine_mounts().await.map(|_| ()),
    };
    for number in 0..=12 {
        let mut rules = String::from(RULE);
        // Writing a policy reads it too, so one step may be refused more than once.
        let done = loop {
            let token = token_with(vault, "hinted-rights", &rules).await;
            let (reader, writer) = connect(vault.addr(), &token);
            match step(number, &writer, &reader).await {
                Ok(()) => break true,
                Err(failure) => {
                    assert_failure(&failure, FailureClass::Forbidden, &["permission denied"]);
                    let rule = rule_of(&failure);
                    assert!(
                        !rules.contains(&rule),
                        "step {number}: {rule} does not help"
                    );
                    rules.push_str(&rule);
                }
            }
        };
        assert!(done && rules != RULE, "step {number} was never refused");
    }
}
