//! `keyfleet drift` on real servers.

use crate::stage::{ByHand, Stage, stage};
use serde_json::{Value, json};
use std::fs;
use std::path::PathBuf;

const SECRETS: &str = "/api/v1/namespaces/shop/secrets";

fn drift(stage: &Stage, more: &[&str]) -> (i32, Value) {
    let run = stage
        .keyfleet
        .run(&[&["drift", "-o", "json"], more].concat());
    let json =
        serde_json::from_str(&run.out).unwrap_or_else(|error| panic!("no JSON ({error}): {run:?}"));
    (run.code, json)
}

/// Beside the repository, so that it is no part of it.
fn beside(stage: &Stage, name: &str) -> PathBuf {
    stage.keyfleet.repository.parent().unwrap().join(name)
}

fn of_class<'json>(report: &'json Value, class: &str) -> Vec<&'json Value> {
    let all = report["findings"].as_array().unwrap();
    all.iter()
        .filter(|finding| finding["class"] == class)
        .collect()
}

#[tokio::test]
async fn an_edit_is_new_then_known_then_resolved_and_the_exit_code_tells() {
    let stage = stage().await;
    let (before, after) = (beside(&stage, "before.json"), beside(&stage, "after.json"));
    let (before_name, after_name) = (before.to_str().unwrap(), after.to_str().unwrap());
    let to = |path: &str| format!("json={path}");
    let (code, clean) = drift(&stage, &["--out", &to(before_name)]);
    assert_eq!(
        (code, &clean["counts"]["drift"]),
        (0, &json!(0)),
        "{clean:#}"
    );
    assert_eq!(clean["schema"], "keyfleet.dev/drift/v1");
    let edit = json!({ "data": { "password": "aGFuZA==" } });
    stage
        .by_hand(&ByHand::Edit(format!("{SECRETS}/checkout"), edit))
        .await;
    let (code, new) = drift(&stage, &["--since", before_name, "--out", &to(after_name)]);
    let [finding] = of_class(&new, "drift")[..] else {
        panic!("{new:#}");
    };
    assert_eq!(
        (code, &finding["state"], &finding["name"]),
        (2, &json!("new"), &json!("shop/checkout"))
    );
    assert_eq!(
        (&finding["cause"]["by"], &finding["since"]["toldBy"]),
        (&json!("kubectl-edit"), &json!("server"))
    );
    let (code, known) = drift(&stage, &["--since", after_name]);
    assert_eq!(
        (code, &of_class(&known, "drift")[0]["state"]),
        (2, &json!("known"))
    );
    stage.restores(1).unwrap();
    let (code, resolved) = drift(&stage, &["--since", after_name]);
    let gone = &of_class(&resolved, "drift")[0];
    assert_eq!(
        (code, &gone["state"], &gone["resolved"]["how"]),
        (0, &json!("resolved"), &json!("byItself"))
    );
    fs::remove_file(before).unwrap();
    fs::remove_file(after).unwrap();
}

/// Nothing is left of a deleted object that could tell who deleted it, or that it was there.
#[tokio::test]
async fn what_was_deleted_is_drift_to_whoever_saw_it_before() {
    let stage = stage().await;
    let before = beside(&stage, "before.json");
    let name = before.to_str().unwrap();
    drift(&stage, &["--out", &format!("json={name}")]);
    stage
        .by_hand(&ByHand::Delete(format!("{SECRETS}/checkout")))
        .await;
    let (code, alone) = drift(&stage, &[]);
    assert_eq!(
        (
            code,
            of_class(&alone, "pending").len(),
            of_class(&alone, "drift").len()
        ),
        (2, 1, 0)
    );
    let (code, compared) = drift(&stage, &["--since", name]);
    let [deleted] = of_class(&compared, "drift")[..] else {
        panic!("{compared:#}");
    };
    assert_eq!((code, &deleted["what"]), (2, &json!("missing")));
    assert!(deleted["since"]["after"].is_string(), "{deleted:#}");
    // Where git moved meanwhile, nobody is blamed.
    let declared = stage.edit_file("clusters/prod-eu/checkout.yaml", |text| {
        text.replace("name: username", "name: user")
    });
    let (_, moved) = drift(&stage, &["--since", name]);
    assert_eq!(of_class(&moved, "drift").len(), 0, "{moved:#}");
    drop(declared);
    stage.restores(1).unwrap();
    fs::remove_file(before).unwrap();
}

/// The way back in is broken, and behind it a Secret was edited: both are said.
#[tokio::test]
async fn an_edit_behind_a_role_that_does_not_let_in_is_told() {
    let stage = stage().await;
    let role = json!({ "bound_service_account_names": "nobody" });
    stage
        .by_hand(&ByHand::Write(
            "auth/prod-eu/role/prod-eu-role".to_owned(),
            role,
        ))
        .await;
    let edit = json!({ "metadata": { "labels": { "keyfleet.dev/installation": null } } });
    stage
        .by_hand(&ByHand::Edit(format!("{SECRETS}/checkout"), edit))
        .await;
    let (code, report) = drift(&stage, &[]);
    let told: Vec<_> = of_class(&report, "drift")
        .iter()
        .map(|one| one["name"].clone())
        .collect();
    assert_eq!(
        (code, told),
        (
            2,
            vec![json!("prod-eu/prod-eu-role"), json!("shop/checkout")]
        ),
        "{report:#}"
    );
    stage.restores(2).unwrap();
}

#[tokio::test]
async fn every_form_is_printed_and_written_and_holds_no_value() {
    let stage = stage().await;
    let edit = json!({ "data": { "password": "aGFuZC1jYW5hcnk=" } });
    stage
        .by_hand(&ByHand::Edit(format!("{SECRETS}/checkout"), edit))
        .await;
    for (format, mark) in [
        ("text", "Changed by hand"),
        ("markdown", "# Drift"),
        ("html", "<!doctype html>"),
        ("json", "keyfleet.dev/drift/v1"),
        ("junit", "<testsuites"),
        ("sarif", "sarif-2.1.0"),
    ] {
        let file = beside(&stage, "report");
        let out = format!("{format}={}", file.display());
        let run = stage
            .keyfleet
            .run(&["drift", "--full", "-o", format, "--out", &out]);
        assert_eq!(run.code, 2, "{run:?}");
        let written = fs::read_to_string(&file).unwrap();
        assert!(written.contains("shop/checkout"), "{written}");
        for text in [&run.out, &written] {
            assert!(text.contains(mark), "{format}: {text}");
            for value in ["canary", "aGFuZC1jYW5hcnk", "Y2FuYXJ5"] {
                assert!(!text.contains(value), "{format}: {text}");
            }
        }
        fs::remove_file(file).unwrap();
    }
    stage.restores(1).unwrap();
}

#[tokio::test]
async fn what_is_wrong_with_what_was_typed_is_said_before_anything_is_asked() {
    let stage = stage().await;
    let not_a_report = stage.keyfleet.repository.join("fleet.yaml");
    stage.vault_proxy.clear();
    for (arguments, why) in [
        (
            vec!["--since", "nowhere.json"],
            "failed to read the earlier report nowhere.json",
        ),
        (
            vec!["--since", not_a_report.to_str().unwrap()],
            "not what `keyfleet drift -o json` prints",
        ),
        (vec!["--out", "html"], "write FORMAT=FILE"),
        (vec!["--out", "pdf=x"], "`pdf` is not one of"),
        (vec!["-o", "pdf"], "invalid value 'pdf'"),
        (vec!["--cluster", "prod-ue"], "did you mean `prod-eu`?"),
    ] {
        let run = stage.keyfleet.run(&[&["drift"], &arguments[..]].concat());
        assert_eq!(run.code, 1, "{run:?}");
        assert!(run.err.contains(why), "{run:?}");
    }
    let asked = stage.vault_proxy.requests();
    assert!(asked.is_empty(), "{asked:?}");
}

/// A declaration that does not parse, or a cluster that is not there: nobody knows, whatever else was found.
#[tokio::test]
async fn what_is_not_known_is_an_error() {
    let stage = stage().await;
    let broken = stage.edit_file("clusters/prod-eu/broken.yaml", |_| "kind: [".to_owned());
    let (code, report) = drift(&stage, &[]);
    assert_eq!(
        (code, report["problems"].as_array().unwrap().len()),
        (1, 1),
        "{report:#}"
    );
    drop(broken);
    let (code, _) = drift(&stage, &[]);
    assert_eq!(code, 0);
}
