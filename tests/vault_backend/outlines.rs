//! What shows of a secret without its value, on a real server: nothing that would answer with one is asked.

use super::{
    CANARY, assert_failure, connect, connect_within, kv, mount, shared, token_with, unknown,
};
use crate::support::proxy::on;
use crate::support::{Fault, Proxy, Vault};
use keyfleet::backends::vault::{Budget, VaultReader};
use keyfleet::observe::outline::{Fields, Outline, see_outlines};
use keyfleet::observe::{FailureClass, KvEngine, KvReference, KvVersion, Observed};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::time::Instant;

/// A KV v2 secret with these data, whatever they are.
async fn put(vault: &Vault, path: &str, data: Value) {
    let (status, answer) = vault
        .api(
            "POST",
            &format!("secret/data/{path}"),
            Some(json!({ "data": data })),
        )
        .await;
    assert_eq!(status, 200, "{path}: {answer}");
}

fn at(name: &str, path: &str, version: KvEngine) -> KvReference {
    KvReference {
        mount: mount(name),
        path: kv(path),
        version,
    }
}

fn v2(path: &str) -> KvReference {
    at("secret", path, KvEngine::V2)
}

async fn look(reader: &VaultReader, wanted: &[(KvReference, bool)]) -> Vec<Observed<Outline>> {
    let all: BTreeMap<_, _> = wanted.iter().cloned().collect();
    let until = Instant::now() + Duration::from_secs(20);
    let mut seen = see_outlines(reader, &all, until).await;
    assert_eq!(seen.len(), all.len());
    let said = format!("{seen:?}");
    assert!(!said.contains(CANARY), "{said}");
    wanted
        .iter()
        .map(|(from, _)| seen.remove(from).unwrap())
        .collect()
}

async fn look_at(reader: &VaultReader, from: KvReference, with_fields: bool) -> Observed<Outline> {
    look(reader, &[(from, with_fields)]).await.remove(0)
}

#[track_caller]
fn present(seen: Observed<Outline>) -> Outline {
    match seen {
        Observed::Present(outline) => outline,
        other => panic!("it is there: {other:?}"),
    }
}

/// Whether the fields hold a property.
#[track_caller]
fn hold(outline: &Outline, property: &str) -> Option<bool> {
    match &outline.fields {
        Fields::Named(names) => names.hold(property),
        other => panic!("the fields show: {other:?}"),
    }
}

#[tokio::test]
async fn the_names_of_fields_show_and_no_value_does() {
    let vault = shared().await;
    let data = json!({
        "password": CANARY, "port": 5432, "none": null, "a.b": CANARY, "empty": {},
        "db": { "user": CANARY, "hosts": [CANARY], "deep": { CANARY: CANARY } },
        "json": format!("{{\"user\":\"{CANARY}\"}}"),
    });
    put(vault, "outline/fields", data).await;
    let proxy = Proxy::in_front_of_vault(vault.addr());
    let (reader, _) = connect(proxy.url(), vault.token());

    let outline = present(look_at(&reader, v2("outline/fields"), true).await);

    for property in [
        "password", "port", "none", "a.b", "db", "db.user", "db.hosts", "db.deep",
    ] {
        assert_eq!(hold(&outline, property), Some(true), "{property}");
    }
    for property in ["passwort", "db.x", "db.deep.x", "a"] {
        assert_eq!(hold(&outline, property), Some(false), "{property}");
    }
    // What is in a list, in an empty one too, and in a text, only the value tells.
    for property in ["db.hosts[0]", "json.user", "empty.x", "port.x"] {
        assert_eq!(hold(&outline, property), None, "{property}");
    }
    let asked = proxy.requests();
    let paths: Vec<_> = asked
        .iter()
        .map(|request| (request.method.as_str(), request.path.as_str()))
        .collect();
    assert_eq!(paths, [("GET", "/v1/secret/subkeys/outline/fields")]);
}

#[tokio::test]
async fn what_is_gone_and_what_never_was_are_told_apart() {
    let vault = shared().await;
    for path in ["outline/soft", "outline/destroyed", "outline/live"] {
        put(vault, path, json!({ "k": "1" })).await;
        put(vault, path, json!({ "k": "2" })).await;
    }
    vault.api("DELETE", "secret/data/outline/soft", None).await;
    let versions = json!({ "versions": [2] });
    vault
        .api("POST", "secret/destroy/outline/destroyed", Some(versions))
        .await;
    let bare = json!({ "max_versions": 3 });
    vault
        .api("POST", "secret/metadata/outline/bare", Some(bare))
        .await;
    let (reader, _) = connect(vault.addr(), vault.token());
    for with_fields in [true, false] {
        let wanted = ["live", "soft", "destroyed", "bare"];
        let wanted = wanted.map(|name| (v2(&format!("outline/{name}")), with_fields));
        let seen = look(&reader, &wanted).await.into_iter();
        let seen: Vec<_> = seen.map(|one| present(one).version).collect();
        let version = |number, gone| Some(KvVersion { number, gone });
        let expected = [
            version(2, false),
            version(2, true),
            version(2, true),
            version(0, true),
        ];
        assert_eq!(seen, expected, "{with_fields}");
        for from in [v2("outline/nothing"), at("outline-none", "x", KvEngine::V2)] {
            let seen = look_at(&reader, from, with_fields).await;
            assert!(matches!(seen, Observed::Absent), "{seen:?}");
        }
    }
}

#[tokio::test]
async fn a_token_that_may_not_see_fields_still_sees_whether_there_is_a_version() {
    let vault = shared().await;
    put(vault, "outline/partly", json!({ "k": CANARY })).await;
    let rule = r#"path "secret/metadata/outline/partly" { capabilities = ["read"] }"#;
    let token = token_with(vault, "outline-partly", rule).await;
    let (reader, _) = connect(vault.addr(), &token);

    let outline = present(look_at(&reader, v2("outline/partly"), true).await);
    assert_eq!(outline.version.map(|it| it.number), Some(1));
    let Fields::Unread(failure) = outline.fields else {
        panic!("the fields are refused: {:?}", outline.fields);
    };
    let words = ["`read` on `secret/subkeys/outline/partly`"];
    assert_failure(&failure, FailureClass::Forbidden, &words);

    for path in ["outline/other", "outline/fields"] {
        let failure = unknown(look_at(&reader, v2(path), true).await);
        assert_failure(&failure, FailureClass::Forbidden, &["permission denied"]);
    }
}

#[tokio::test]
async fn a_server_that_does_not_know_the_question_is_asked_for_the_version() {
    let vault = shared().await;
    put(vault, "outline/older", json!({ "k": CANARY })).await;
    let proxy = Proxy::in_front_of_vault(vault.addr());
    let unsupported = r#"{"data":null,"errors":null,"warnings":["Invalid path"]}"#;
    proxy.fault(on("GET", "/subkeys/"), Fault::answer(404, unsupported));
    let (reader, _) = connect(proxy.url(), vault.token());
    let outline = present(look_at(&reader, v2("outline/older"), true).await);
    assert_eq!(outline.version.map(|it| it.number), Some(1));
    assert!(matches!(outline.fields, Fields::NotShown), "{outline:?}");
}

#[tokio::test]
async fn of_kv_v1_a_folder_is_listed_once_and_nothing_is_read() {
    let vault = shared().await;
    vault.cli_ok(&["secrets", "enable", "-path=outline-v1", "-version=1", "kv"]);
    for path in ["top", "db/main", "db/deep/x"] {
        let (status, answer) = vault
            .api(
                "POST",
                &format!("outline-v1/{path}"),
                Some(json!({ "k": CANARY })),
            )
            .await;
        assert!(status < 300, "{answer}");
    }
    let proxy = Proxy::in_front_of_vault(vault.addr());
    let (reader, _) = connect(proxy.url(), vault.token());
    let v1 = |path| at("outline-v1", path, KvEngine::V1);
    let there = ["top", "db/main"].map(|path| (v1(path), true));
    for seen in look(&reader, &there).await {
        let outline = present(seen);
        assert!(outline.version.is_none() && matches!(outline.fields, Fields::NotShown));
    }
    proxy.clear();
    // A folder is no secret.
    let nothing = ["db/none", "db/deep", "db/other"].map(|path| (v1(path), true));
    for seen in look(&reader, &nothing).await {
        assert!(matches!(seen, Observed::Absent), "{seen:?}");
    }
    let nowhere = look_at(&reader, v1("none/x"), true).await;
    assert!(matches!(nowhere, Observed::Absent), "{nowhere:?}");
    let asked = proxy.requests();
    assert_eq!(asked.len(), 2, "{asked:?}");
    assert!(asked.iter().all(|request| request.query == "list=true"));
}

#[tokio::test]
async fn a_vault_that_hangs_is_waited_for_once_and_a_slow_one_until_the_time_is_over() {
    let vault = shared().await;
    let proxy = Proxy::in_front_of_vault(vault.addr());
    proxy.fault(on("*", "/subkeys/"), Fault::Hang);
    proxy.fault(on("*", "/outline-hang/"), Fault::Hang);
    let fifty = |from: &dyn Fn(usize) -> KvReference| -> BTreeMap<KvReference, bool> {
        (0..50).map(|number| (from(number), true)).collect()
    };
    let many = fifty(&|number| v2(&format!("outline/many/{number}")));
    let folders = fifty(&|number| at("outline-hang", &format!("{number}/x"), KvEngine::V1));
    let budget = Budget {
        in_flight: 2,
        deadline: Duration::from_millis(300),
        ..Budget::default()
    };
    for wanted in [&many, &folders] {
        proxy.clear();
        let (reader, _) = connect_within(proxy.url(), vault.token(), &budget);
        let seen = see_outlines(&reader, wanted, Instant::now() + Duration::from_secs(20)).await;
        assert_eq!(seen.len(), 50);
        for one in seen.into_values() {
            assert_failure(&unknown(one), FailureClass::TimedOut, &[]);
        }
        assert!(proxy.requests().len() <= 16, "{:?}", proxy.requests());
    }

    let (reader, _) = connect(proxy.url(), vault.token());
    let seen = see_outlines(&reader, &many, Instant::now() + Duration::from_millis(300)).await;
    let words = ["the time that there is for all questions together"];
    for one in seen.into_values() {
        assert_failure(&unknown(one), FailureClass::TimedOut, &words);
    }
}
