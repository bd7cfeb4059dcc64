//! On the fleet of the review's tests, which says a little of everything. No server is there to ask.

use crate::support::{Keyfleet, Run};
use serde_json::Value;
use std::path::{Path, PathBuf};

pub(crate) fn keyfleet(repository: PathBuf) -> Keyfleet {
    Keyfleet {
        repository,
        vault_addr: String::new(),
        vault_token: String::new(),
        kubeconfig: PathBuf::from("none"),
    }
}

fn ask(arguments: &[&str]) -> Run {
    let fleet = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/review/fleet");
    let mut all = vec!["explain"];
    all.extend(arguments);
    keyfleet(fleet).run(&all)
}

/// The question as it is typed, how it ends, and what must be in what is said.
#[test]
fn whether_a_cluster_may_read_a_path() {
    let cases: &[(&str, &str, i32, &[&str])] = &[
        // Derived, so that it is there for the line that reads it.
        (
            "kv/data/prod-eu/checkout",
            "prod-eu",
            0,
            &[
                "yes: prod-eu may read kv/data/prod-eu/checkout",
                "policy prod-eu-kv-rw  clusters/prod-eu/checkout.yaml:10",
                "a declaration of the cluster reads it",
            ],
        ),
        // As `vault kv get` takes it, and by its role.
        (
            "kv/prod-eu/checkout",
            "prod-eu/prod-eu-role",
            0,
            &["yes: prod-eu may read kv/data/prod-eu/checkout"],
        ),
        (
            "legacy/prod-eu/stock",
            "prod-eu",
            0,
            &["yes: prod-eu may read legacy/prod-eu/stock"],
        ),
        (
            "kv/data/prod-eu/checkout",
            "staging",
            2,
            &[
                "no: staging may not read",
                "no stanza that is known here is about it",
            ],
        ),
        // A prefix, written in the cluster's file.
        (
            "kv/data/prod-us/anything",
            "prod-us",
            0,
            &["kv/data/prod-us/*  read  policy prod-us-kv-rw  clusters/prod-us/cluster.yaml:"],
        ),
        // A segment, in a policy's own file; and an exact deny, which comes first.
        (
            "kv/data/team/x/config",
            "prod-us",
            0,
            &["kv/data/team/+/config  read  policy team  policies/team.hcl:1"],
        ),
        (
            "kv/data/team/root/config",
            "prod-us",
            2,
            &["kv/data/team/root/config  deny  policy team  policies/team.hcl:5"],
        ),
        ("kv/data/team/x/y/config", "prod-us", 2, &["no: "]),
        (
            "kv/metadata/prod-us/ledger",
            "prod-us",
            2,
            &["no: prod-us may not read kv/metadata/prod-us/ledger"],
        ),
    ];
    for (path, cluster, code, expected) in cases {
        let run = ask(&[path, "--cluster", cluster]);
        assert_eq!(run.code, *code, "{path} {cluster}: {run:?}");
        for words in *expected {
            assert!(
                run.out.contains(words),
                "{path} {cluster}: {words:?} in {}",
                run.out
            );
        }
        let json = ask(&[path, "--cluster", cluster, "-o", "json"]);
        assert_eq!(json.code, *code);
        let json: Value = serde_json::from_str(&json.out).unwrap();
        assert_eq!(json["schema"], "keyfleet.dev/explain/v1");
        let may = if *code == 0 { "read" } else { "denied" };
        assert_eq!(json["answer"]["may"], may, "{json:#}");
    }
}

#[test]
fn what_a_name_stands_for() {
    let cases: &[(&str, &[&str])] = &[
        (
            "kv/data/shared/mail",
            &[
                "fills 1 Secret in 9 clusters",
                "who is hit when it is rotated or deleted",
                // Nine clusters of a group are one line.
                "edge-1, edge-2, edge-3, edge-4 and 5 more  role ${cluster.name}/${cluster.name}-role",
            ],
        ),
        ("kv/shared/mail", &["fills 1 Secret in 9 clusters"]),
        (
            "prod-us",
            &[
                "reads 3 paths for 2 Secrets",
                "granted beyond what its declarations use",
                "kv/data/prod-us/*      read",
            ],
        ),
        (
            "prod-us/prod-us-role",
            &["policies  default, prod-us-kv-rw, team"],
        ),
        (
            "shop/checkout",
            &[
                "Secret in prod-eu",
                "Secret in staging",
                "← kv/data/staging/checkout # password",
            ],
        ),
        // What is that star?
        (
            "kv/data/platform/*",
            &["read  policy platform-read  of prod-eu  policies/platform-read.hcl:1"],
        ),
        (
            "team",
            &[
                "policy, vault main",
                "deny  policy team  of prod-us  policies/team.hcl:5",
            ],
        ),
        (
            "kv/data/team/x/config",
            &[
                "may read it, and has no use for it",
                "no declaration reads it",
            ],
        ),
        (
            "kv/data/team/root/config",
            &["no role of the fleet may read it"],
        ),
        (
            "kv/data/prod-eu/*",
            &["3 paths", "kv/data/prod-eu/payments-common  prod-eu"],
        ),
    ];
    for (name, expected) in cases {
        let run = ask(&[name]);
        assert_eq!(run.code, 0, "{name}: {run:?}");
        for words in *expected {
            assert!(run.out.contains(words), "{name}: {words:?} in {}", run.out);
        }
        // What two hundred clusters have in common is not two hundred lines.
        assert!(run.out.lines().count() < 30, "{}", run.out);
    }
}

#[test]
fn the_whole_fleet_and_where_it_is() {
    let inside = ask(&[]);
    assert_eq!(inside.code, 0);
    assert!(
        inside
            .out
            .contains("kv/data/prod-us/*, kv/data/team/+/config\n"),
        "{}",
        inside.out
    );
    // Six clusters of a group are one line, and what differs is another.
    let edges = "edge-1, edge-2, edge-3, edge-4 and 2 more";
    assert!(inside.out.contains(edges), "{}", inside.out);
    assert_eq!(inside.out.lines().count(), 5, "{}", inside.out);
    // The repository in the place of a name, as every other verb takes it.
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/review/fleet");
    for name in [".", folder] {
        assert_eq!(ask(&[name]).out, inside.out, "{name}");
    }
    assert_eq!(ask(&["staging", folder]).out, ask(&["staging"]).out);
}

#[test]
fn a_name_that_stands_for_nothing_says_what_to_write() {
    let cases: &[(&[&str], &str)] = &[
        (&["prod-e"], "did you mean `prod-eu`?"),
        (
            &["clusters"],
            "`clusters` is a folder: the repository comes second",
        ),
        (
            &["kv/data/*", "--cluster", "prod-eu"],
            "`kv/data/*` is not one path",
        ),
        (
            &["kv/data/x", "--cluster", "prod-e"],
            "no usable cluster is called `prod-e`; did you mean `prod-eu`?",
        ),
        (&["--cluster", "prod-eu"], "required arguments"),
    ];
    for (arguments, expected) in cases {
        let run = ask(arguments);
        assert!(
            run.code != 0 && run.out.is_empty(),
            "{arguments:?}: {run:?}"
        );
        assert!(run.err.contains(expected), "{arguments:?}: {}", run.err);
    }
}
