use super::{
    assert_failure, connect, connect_within, kv, mount, role, shared, token_with, unknown,
};
use crate::support::proxy::on;
use crate::support::{Fault, Flavour, Proxy, Vault};
use keyfleet::backends::vault::{Budget, VaultConnection, VaultReader};
use keyfleet::names::KvPath;
use keyfleet::observe::{FailureClass, KvVersion, Observed, ReadVault};
use keyfleet::secret::SecretBytes;
use serde_json::json;
use std::collections::BTreeSet;
use std::time::Duration;

#[tokio::test]
async fn health_is_read_without_a_token_and_from_within_a_namespace() {
    let vault = shared().await;
    let connection = VaultConnection {
        address: format!("{}/", vault.addr()),
        namespace: Some("some/where".to_owned()),
        ..VaultConnection::default()
    };
    let reader = VaultReader::new(connection, &Budget::default()).unwrap();
    let health = reader.health().await.unwrap();
    assert!(
        health.initialized && !health.sealed && !health.standby,
        "{health:?}"
    );
    assert!(
        health
            .version
            .starts_with(|first: char| first.is_ascii_digit()),
        "{health:?}"
    );
    assert_eq!(health.high_availability, None);
}

#[tokio::test]
async fn mounts_come_with_what_can_and_what_cannot_be_changed() {
    let vault = shared().await;
    let body = json!({
        "type": "kubernetes", "description": "of c1",
        "config": { "default_lease_ttl": "30m" },
    });
    vault.api("POST", "sys/auth/reads/c1", Some(body)).await;
    let (reader, _) = connect(vault.addr(), vault.token());

    let mounts = reader.auth_mounts().await.unwrap();
    let c1 = &mounts["reads/c1"];
    assert_eq!(
        (c1.kind.as_str(), c1.description.as_str()),
        ("kubernetes", "of c1")
    );
    assert!(c1.accessor.starts_with("auth_kubernetes_"), "{c1:?}");
    assert_eq!(c1.tuning["default_lease_ttl"], 1800);
    assert_eq!(c1.fixed["local"], false);
    assert!(!c1.fixed.contains_key("description"), "{c1:?}");
    assert!(mounts.contains_key("token"));

    let engines = reader.engine_mounts().await.unwrap();
    assert_eq!(engines["secret"].kind, "kv");
    assert_eq!(engines["secret"].options["version"], "2");
}

#[tokio::test]
async fn config_and_roles_are_absent_until_they_are_written() {
    let vault = shared().await;
    vault
        .api(
            "POST",
            "sys/auth/reads-c2",
            Some(json!({ "type": "kubernetes" })),
        )
        .await;
    let (reader, _) = connect(vault.addr(), vault.token());
    for place in [mount("reads-c2"), mount("reads/not/mounted")] {
        assert_eq!(reader.auth_config(&place).await, Observed::Absent);
        assert_eq!(reader.role(&place, &role("r")).await, Observed::Absent);
        assert_eq!(reader.roles(&place).await, Ok(BTreeSet::new()));
    }
    let config = json!({ "kubernetes_host": "https://127.0.0.1:1", "kubernetes_ca_cert": "x" });
    vault
        .api("POST", "auth/reads-c2/config", Some(config))
        .await;
    let body =
        json!({ "bound_service_account_names": "a", "bound_service_account_namespaces": "b" });
    vault.api("POST", "auth/reads-c2/role/r", Some(body)).await;

    let place = mount("reads-c2");
    let config = reader.auth_config(&place).await;
    assert_eq!(
        config.present().unwrap()["kubernetes_host"],
        "https://127.0.0.1:1"
    );
    let found = reader.role(&place, &role("r")).await;
    assert_eq!(
        found.present().unwrap()["bound_service_account_names"],
        json!(["a"])
    );
    assert_eq!(
        reader.roles(&place).await,
        Ok(BTreeSet::from(["r".to_owned()]))
    );
}

#[tokio::test]
async fn what_is_in_an_unknown_namespace_is_unknown_and_not_absent() {
    let vault = shared().await;
    if vault.flavour().await == Flavour::HashiCorp {
        return;
    }
    let connection = VaultConnection {
        address: vault.addr().to_owned(),
        namespace: Some("nowhere".to_owned()),
        token: SecretBytes::from(vault.token().to_owned()).into(),
        ..VaultConnection::default()
    };
    let reader = VaultReader::new(connection, &Budget::default()).unwrap();
    let failure = unknown(reader.auth_config(&mount("c1")).await);
    assert_failure(
        &failure,
        FailureClass::NotFound,
        &["read auth/c1/config", "namespace not found"],
    );
}

#[tokio::test]
async fn a_namespace_has_mounts_of_its_own() {
    let vault = shared().await;
    if vault.flavour().await == Flavour::HashiCorp {
        return;
    }
    vault.api("POST", "sys/namespaces/team", None).await;
    let body = json!({ "type": "kubernetes" });
    vault.api("POST", "team/sys/auth/inner", Some(body)).await;
    let connection = VaultConnection {
        address: vault.addr().to_owned(),
        namespace: Some("team".to_owned()),
        token: SecretBytes::from(vault.token().to_owned()).into(),
        ..VaultConnection::default()
    };
    let reader = VaultReader::new(connection, &Budget::default()).unwrap();
    assert!(reader.auth_mounts().await.unwrap().contains_key("inner"));
    let (outside, _) = connect(vault.addr(), vault.token());
    assert!(!outside.auth_mounts().await.unwrap().contains_key("inner"));
}

/// One secret of every state below `secret/<prefix>`: live, soft-deleted, destroyed, without a version, to be deleted
/// later, and with characters that a URL would take apart. With what is to be seen of each.
async fn secrets_of_every_state(vault: &Vault, prefix: &str) -> Vec<(KvPath, Observed<KvVersion>)> {
    let name = |name: &str| format!("{prefix}/{name}");
    for path in ["live", "soft", "destroyed", "later", "a b/ü+&=;@"] {
        let encoded = name(path).replace(' ', "%20");
        vault.kv_put("secret", &encoded, &[("k", "1")]).await;
        vault.kv_put("secret", &encoded, &[("k", "2")]).await;
    }
    let done = async |method: &str, path: String, body| {
        let (status, answer) = vault.api(method, &path, body).await;
        assert!(status < 300, "{method} {path}: {answer}");
    };
    done("DELETE", format!("secret/data/{prefix}/soft"), None).await;
    let versions = json!({ "versions": [2] });
    done(
        "POST",
        format!("secret/destroy/{prefix}/destroyed"),
        Some(versions),
    )
    .await;
    let settings = json!({ "delete_version_after": "1h" });
    done(
        "POST",
        format!("secret/metadata/{prefix}/later"),
        Some(settings),
    )
    .await;
    vault.kv_put("secret", &name("later"), &[("k", "3")]).await;
    let settings = json!({ "max_versions": 3 });
    done(
        "POST",
        format!("secret/metadata/{prefix}/bare"),
        Some(settings),
    )
    .await;

    let seen = |number, gone| Observed::Present(KvVersion { number, gone });
    [
        ("live", seen(2, false)),
        ("soft", seen(2, true)),
        ("destroyed", seen(2, true)),
        ("later", seen(3, false)),
        ("bare", seen(0, true)),
        ("a b/ü+&=;@", seen(2, false)),
        ("nothing", Observed::Absent),
    ]
    .map(|(path, version)| (kv(&name(path)), version))
    .into()
}

#[tokio::test]
async fn versions_of_a_whole_mount_cost_one_request_and_one_more_for_each_that_is_missing() {
    let vault = shared().await;
    let expected = secrets_of_every_state(vault, "bulk").await;
    let proxy = Proxy::in_front_of_vault(vault.addr());
    let (reader, _) = connect(proxy.url(), vault.token());
    let wanted: BTreeSet<_> = expected.iter().map(|(path, _)| path.clone()).collect();

    let found = reader.kv_versions(&mount("secret"), &wanted).await;

    assert_eq!(found, expected.into_iter().collect());
    let bulk = vault.flavour().await == Flavour::OpenBao;
    let requests = if bulk { 2 } else { 1 + wanted.len() };
    assert_eq!(proxy.requests().len(), requests, "{:#?}", proxy.requests());
}

#[tokio::test]
async fn versions_are_the_same_one_by_one_and_a_refused_list_is_not_asked_for_again() {
    let vault = shared().await;
    let expected = secrets_of_every_state(vault, "singly").await;
    let token = token_with(
        vault,
        "reads-metadata",
        r#"path "secret/metadata/singly/*" { capabilities = ["read"] }"#,
    )
    .await;
    let proxy = Proxy::in_front_of_vault(vault.addr());
    let (reader, _) = connect(proxy.url(), &token);
    let wanted: BTreeSet<_> = expected.iter().map(|(path, _)| path.clone()).collect();
    let expected = expected.into_iter().collect();

    for _ in 0..2 {
        assert_eq!(
            reader.kv_versions(&mount("secret"), &wanted).await,
            expected
        );
    }

    assert_eq!(proxy.count(on("*", "/detailed-metadata")), 1);
    assert_eq!(proxy.count(on("*", "/metadata/")), 2 * wanted.len());
}

#[tokio::test]
async fn a_forbidden_secret_is_unknown_and_does_not_hide_the_others() {
    let vault = shared().await;
    vault.kv_put("secret", "partly/seen", &[("k", "1")]).await;
    vault.kv_put("secret", "partly/hidden", &[("k", "1")]).await;
    let rule = r#"path "secret/metadata/partly/seen" { capabilities = ["read"] }"#;
    let token = token_with(vault, "reads-partly", rule).await;
    let (reader, _) = connect(vault.addr(), &token);
    let (seen, hidden) = (kv("partly/seen"), kv("partly/hidden"));
    let wanted = BTreeSet::from([seen.clone(), hidden.clone()]);

    let mut found = reader.kv_versions(&mount("secret"), &wanted).await;

    let version = KvVersion {
        number: 1,
        gone: false,
    };
    assert_eq!(found.remove(&seen), Some(Observed::Present(version)));
    let failure = unknown(found.remove(&hidden).unwrap());
    let words = [
        "permission denied",
        "`read` on `secret/metadata/partly/hidden`",
    ];
    assert_failure(&failure, FailureClass::Forbidden, &words);
}

#[tokio::test]
async fn no_more_requests_are_under_way_than_the_budget_allows() {
    let vault = shared().await;
    let proxy = Proxy::in_front_of_vault(vault.addr());
    proxy.fault(
        on("*", "/detailed-metadata"),
        Fault::answer(404, r#"{"errors":[]}"#),
    );
    proxy.fault(
        on("*", "/metadata/"),
        Fault::Delay(Duration::from_millis(20)),
    );
    let budget = Budget {
        in_flight: 3,
        ..Budget::default()
    };
    let (reader, _) = connect_within(proxy.url(), vault.token(), &budget);
    let many = |half| {
        (0..20)
            .map(|n| kv(&format!("many/{half}/{n}")))
            .collect::<BTreeSet<_>>()
    };
    let secret = mount("secret");

    let (left, right) = (many("left"), many("right"));
    let both = tokio::join!(
        reader.kv_versions(&secret, &left),
        reader.kv_versions(&secret, &right)
    );

    assert_eq!(both.0.len() + both.1.len(), 40);
    assert_eq!(proxy.most_at_once(), 3);
}

#[tokio::test]
async fn once_a_vault_is_out_of_reach_it_is_not_asked_for_the_rest() {
    let vault = shared().await;
    let proxy = Proxy::in_front_of_vault(vault.addr());
    proxy.fault(
        on("*", "/detailed-metadata"),
        Fault::answer(404, r#"{"errors":[]}"#),
    );
    proxy.fault(on("*", "/metadata/"), Fault::Hang);
    let budget = Budget {
        in_flight: 2,
        deadline: Duration::from_millis(300),
        ..Budget::default()
    };
    let (reader, _) = connect_within(proxy.url(), vault.token(), &budget);
    let many: BTreeSet<_> = (0..50).map(|n| kv(&format!("gone/{n}"))).collect();

    let found = reader.kv_versions(&mount("secret"), &many).await;

    assert_eq!(found.len(), 50);
    for version in found.into_values() {
        assert_failure(&unknown(version), FailureClass::TimedOut, &[]);
    }
    assert!(
        proxy.count(on("*", "/metadata/")) <= 4,
        "{:?}",
        proxy.requests()
    );
}
