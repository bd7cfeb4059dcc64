//! One field in git is one write, there and back.

use crate::fleet_stage::{FleetStage, stage};
use crate::support::tls::Authority;
use serde_json::json;

const CLUSTER: &str = "clusters/prod-eu/cluster.yaml";

fn takes_one_write(stage: &FleetStage, file: &str, from: &str, to: &str, where_to: [usize; 3]) {
    let edited = stage.edit_file(file, |text| text.replacen(from, to, 1));
    let there = stage.apply();
    assert_eq!(there.writes(), where_to, "{to}: {}", there.kinds());
    assert_eq!(stage.plan_of_nothing().writes(), [0; 3], "{to}");
    drop(edited);
    assert_eq!(stage.apply().writes(), where_to, "back to {from}");
}

#[tokio::test]
async fn one_field_in_git_is_one_write() {
    let stage = stage().await;
    let (vault, prod_eu, staging) = ([1, 0, 0], [0, 1, 0], [0, 0, 1]);
    for (file, from, to, where_to) in [
        (CLUSTER, "ttl: 1h", "ttl: 2h", vault),
        (CLUSTER, "ttl: 1h", "ttl: 1h\n  maxTtl: 48h", vault),
        (CLUSTER, "ttl: 1h", "ttl: 1h\n  audience: vault", vault),
        (CLUSTER, "[default, platform-read]", "[default]", vault),
        (
            "policies/platform-read.hcl",
            "[\"read\"]",
            "[\"read\", \"list\"]",
            vault,
        ),
        (
            "clusters/prod-eu/checkout.yaml",
            "name: password",
            "name: secret",
            prod_eu,
        ),
        (
            "clusters/prod-eu/checkout.yaml",
            "property: password",
            "property: username",
            prod_eu,
        ),
        (
            "clusters/prod-eu/payments.yaml",
            "team: payments",
            "team: money",
            prod_eu,
        ),
        (
            "clusters/prod-eu/payments.yaml",
            "secretKey: api-key",
            "secretKey: key",
            prod_eu,
        ),
        (
            "clusters/staging/checkout.yaml",
            "name: username",
            "name: user",
            staging,
        ),
    ] {
        takes_one_write(&stage, file, from, to, where_to);
    }
}

#[tokio::test]
async fn what_changes_nothing_is_no_write() {
    let stage = stage().await;
    for (file, from, to) in [
        (CLUSTER, "ttl: 1h", "ttl: 60m"),
        (
            CLUSTER,
            "[default, platform-read]",
            "[platform-read, default]",
        ),
        (
            "policies/platform-read.hcl",
            "}",
            "  # for the platform\n}\n\n",
        ),
        ("clusters/prod-eu/ca.crt", "-----BEGIN", "\n\n-----BEGIN"),
        (
            "clusters/prod-eu/payments.yaml",
            "spec:",
            "# a comment\nspec:",
        ),
    ] {
        let edited = stage.edit_file(file, |text| text.replacen(from, to, 1));
        assert_eq!(stage.apply().writes(), [0; 3], "{file}: {to}");
        drop(edited);
    }
}

/// Another CA decides whom Vault believes about a live cluster: held until it is released, and then one write. Back to
/// what keyfleet had written before was looked at when it was made.
#[tokio::test]
async fn another_ca_in_git_is_held_each_time_and_then_written_and_remembered() {
    let stage = stage().await;
    let next = Authority::new("next").pem();
    let edited = stage.edit_file("clusters/prod-eu/ca.crt", |text| format!("{text}{next}"));
    let (run, counts) = stage.run(&["apply", "--yes"]);
    assert_eq!(counts.writes(), [0; 3], "{}", run.out);
    let plan = stage.keyfleet.plan_json();
    let held = &plan["held"][0];
    assert_eq!(
        (
            &held["kind"],
            &held["fields"][0]["field"],
            &held["why"][0]["release"]
        ),
        (
            &json!("AuthConfig"),
            &json!("kubernetes_ca_cert"),
            &json!("approve")
        ),
        "{plan:#}"
    );
    let id = held["id"].as_str().unwrap();
    let (run, counts) = stage.run(&["apply", "--yes", "--approve", id]);
    assert_eq!((run.code, counts.writes()), (0, [2, 0, 0]), "{}", run.out);
    assert_eq!(stage.plan_of_nothing().writes(), [0; 3]);
    // The way back is a move like the first.
    drop(edited);
    let plan = stage.keyfleet.plan_json();
    let id = plan["held"][0]["id"].as_str().unwrap();
    let (run, counts) = stage.run(&["apply", "--yes", "--approve", id]);
    assert_eq!((run.code, counts.writes()), (0, [2, 0, 0]), "{}", run.out);
}
