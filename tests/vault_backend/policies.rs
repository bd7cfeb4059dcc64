use super::{assert_failure, connect, policy, shared, token_with};
use crate::support::proxy::on;
use crate::support::{Fault, Flavour, Proxy};
use keyfleet::apply::{PolicyPrecondition, WriteVault};
use keyfleet::observe::live::LivePolicies;
use keyfleet::observe::{FailureClass, Observed, ReadVault};
use serde_json::json;

const ONE: &str = "path \"kv/one\" {\n  capabilities = [\"read\"]\n}\n";
const TWO: &str = "path \"kv/two\" {\n  capabilities = [\"read\"]\n}\n";

#[tokio::test]
async fn all_policies_come_with_their_texts_in_one_request_where_the_server_can() {
    let vault = shared().await;
    let body = json!({ "policy": ONE });
    vault
        .api("POST", "sys/policies/acl/bulk-one", Some(body))
        .await;
    let proxy = Proxy::in_front_of_vault(vault.addr());
    let (reader, _) = connect(proxy.url(), vault.token());

    let policies = reader.policies().await.unwrap();

    match (vault.flavour().await, policies) {
        (Flavour::OpenBao, LivePolicies::Texts(texts)) => {
            let one = &texts["bulk-one"];
            assert_eq!((one.text.as_str(), one.version), (ONE, Some(1)));
            assert!(one.modified.is_some());
            assert_eq!(proxy.requests().len(), 1);
        }
        (Flavour::HashiCorp, LivePolicies::Names(names)) => assert!(names.contains("bulk-one")),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_server_without_the_bulk_list_is_asked_for_it_once() {
    let vault = shared().await;
    for (status, body) in [
        (
            404,
            r#"{"errors":["1 error occurred:\n\t* unsupported path\n\n"]}"#,
        ),
        (
            405,
            r#"{"errors":["1 error occurred:\n\t* unsupported operation\n\n"]}"#,
        ),
        (200, r#"{"data":{"keys":["default"]}}"#),
    ] {
        let proxy = Proxy::in_front_of_vault(vault.addr());
        proxy.fault(on("*", "/policies/detailed/"), Fault::answer(status, body));
        let (reader, _) = connect(proxy.url(), vault.token());
        for _ in 0..2 {
            match reader.policies().await.unwrap() {
                LivePolicies::Names(names) => assert!(names.contains("default"), "{names:?}"),
                other @ LivePolicies::Texts(_) => panic!("{other:?}"),
            }
        }
        assert_eq!(proxy.count(on("*", "/policies/detailed/")), 1);
        assert_eq!(proxy.requests().len(), 3);
    }
}

#[tokio::test]
async fn who_may_only_list_names_gets_names() {
    let vault = shared().await;
    let rule = r#"path "sys/policies/acl" { capabilities = ["list"] }"#;
    let token = token_with(vault, "policies-names", rule).await;
    let (reader, _) = connect(vault.addr(), &token);
    let policies = reader.policies().await.unwrap();
    assert!(matches!(policies, LivePolicies::Names(names) if names.contains("policies-names")));
}

#[tokio::test]
async fn a_policy_is_created_only_where_there_is_none() {
    let vault = shared().await;
    let name = policy("write-create");
    // Once by a writer that knows nothing of the server yet, once by one that has seen versions.
    for seen in [false, true] {
        let (reader, writer) = connect(vault.addr(), vault.token());
        if seen {
            reader.policies().await.unwrap();
        }
        assert_eq!(reader.policy(&name).await, Observed::Absent);
        let absent = PolicyPrecondition::Absent;
        writer.write_policy(&name, ONE, &absent).await.unwrap();
        let failure = writer.write_policy(&name, TWO, &absent).await.unwrap_err();
        assert_failure(
            &failure,
            FailureClass::Conflict,
            &["write sys/policies/acl/write-create"],
        );
        let now = reader.policy(&name).await;
        assert_eq!(now.present().unwrap().text, ONE);
        for _ in 0..2 {
            writer.delete_policy(&name).await.unwrap();
        }
    }
}

#[tokio::test]
async fn a_policy_is_changed_only_when_it_still_is_what_was_seen() {
    let vault = shared().await;
    let name = policy("write-change");
    let (reader, writer) = connect(vault.addr(), vault.token());
    let absent = PolicyPrecondition::Absent;
    writer.write_policy(&name, ONE, &absent).await.unwrap();
    let seen = reader.policy(&name).await.present().unwrap().clone();
    // Somebody else changes it, and changes it back: the text is the same, the version is not.
    for text in [TWO, ONE] {
        let body = json!({ "policy": text });
        vault
            .api("POST", "sys/policies/acl/write-change", Some(body))
            .await;
    }
    if let Some(version) = seen.version {
        let stale = PolicyPrecondition::Unchanged {
            text: ONE.to_owned(),
            version: Some(version),
        };
        let failure = writer.write_policy(&name, TWO, &stale).await.unwrap_err();
        assert_failure(
            &failure,
            FailureClass::Conflict,
            &["check-and-set", "plan again"],
        );
    }
    let wrong = PolicyPrecondition::Unchanged {
        text: TWO.to_owned(),
        version: None,
    };
    let failure = writer.write_policy(&name, "", &wrong).await.unwrap_err();
    assert_failure(
        &failure,
        FailureClass::Conflict,
        &["changed since the plan"],
    );
    assert_eq!(reader.policy(&name).await.present().unwrap().text, ONE);

    let right = PolicyPrecondition::Unchanged {
        text: ONE.to_owned(),
        version: None,
    };
    writer.write_policy(&name, TWO, &right).await.unwrap();
    assert_eq!(reader.policy(&name).await.present().unwrap().text, TWO);
}

#[tokio::test]
async fn a_policy_that_was_taken_away_is_not_brought_back() {
    let vault = shared().await;
    let (_, writer) = connect(vault.addr(), vault.token());
    let gone = PolicyPrecondition::Unchanged {
        text: ONE.to_owned(),
        version: None,
    };
    let failure = writer
        .write_policy(&policy("write-gone"), TWO, &gone)
        .await
        .unwrap_err();
    assert_failure(
        &failure,
        FailureClass::Conflict,
        &["changed since the plan"],
    );
}

#[tokio::test]
async fn what_vault_says_of_a_bad_policy_is_passed_on() {
    let vault = shared().await;
    let (_, writer) = connect(vault.addr(), vault.token());
    let absent = PolicyPrecondition::Absent;
    let bad = "path \"kv/x\" {";
    let failure = writer
        .write_policy(&policy("write-bad"), bad, &absent)
        .await
        .unwrap_err();
    assert_failure(
        &failure,
        FailureClass::Rejected,
        &["failed to parse policy"],
    );
}
