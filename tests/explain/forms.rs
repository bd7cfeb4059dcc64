//! What is odd, hostile or large comes out inert and bounded.

use super::questions::keyfleet;
use crate::support::Repository;
use std::time::{Duration, Instant};

pub(crate) const FLEET: &str = "vaults:\n  main:\n    address: https://vault.example:8200\n    kvMounts:\n      - path: kv\n        version: 2\ndefaults:\n  vault: main\n";

pub(crate) fn cluster(repository: &Repository, name: &str, more: &str) {
    let ca = include_str!("../review/fleet/clusters/prod-eu/ca.crt");
    repository.write(&format!("clusters/{name}/ca.crt"), ca);
    let text = format!(
        "apiVersion: keyfleet.dev/v1alpha1\nkind: Cluster\nmetadata:\n  name: {name}\nspec:\n  server: https://{name}.example:6443\n  certificateAuthority:\n    file: ca.crt\n  connect:\n    kubeconfig:\n      context: {name}\n{more}"
    );
    repository.write(&format!("clusters/{name}/cluster.yaml"), &text);
}

#[test]
fn what_only_a_server_knows_is_not_known() {
    let repository = Repository::new();
    repository.fleet("unknown", FLEET);
    let access = "  access:\n    - path: kv/data/own\n      capabilities: [read]\n    - path: kv/data/shut\n      capabilities: [deny]\n";
    cluster(
        &repository,
        "a",
        &format!("{access}  policies: [elsewhere]\n"),
    );
    cluster(&repository, "b", &format!("{access}  policies: [people]\n"));
    let people = "# \"people/{{identity.entity.name}}/*\"\npath \"people/{{identity.entity.name}}/*\" {\n  capabilities = [\"read\"]\n}\npath \"/kv/data/form\" {\n  capabilities = [\"read\"]\n  required_parameters = [\"ticket\"]\n}\n";
    repository.write("policies/people.hcl", people);
    let keyfleet = keyfleet(repository.path());
    for (path, cluster, code, expected) in [
        // It may grant what nothing here grants, and deny what something here grants.
        (
            "kv/data/none",
            "a",
            3,
            "policy elsewhere  not in this repository",
        ),
        (
            "kv/data/own",
            "a",
            3,
            "by what is known here, it is decided by",
        ),
        // No other stanza comes before an exact deny.
        ("kv/data/shut", "a", 2, "no: a may not read"),
        (
            "people/a/x",
            "b",
            3,
            "people/{{identity.entity.name}}/*  only Vault can fill it in",
        ),
        ("kv/data/own", "b", 0, "yes: b may read"),
        ("kv/data/form", "b", 0, "required_parameters = [\"ticket\"]"),
        ("kv/data/form", "b", 0, "policies/people.hcl:5"),
    ] {
        let run = keyfleet.run(&["explain", path, "--cluster", cluster]);
        assert_eq!(run.code, code, "{path} {cluster}: {run:?}");
        assert!(run.out.contains(expected), "{path} {cluster}: {}", run.out);
    }
}

#[test]
fn hostile_names_move_no_cursor_and_turn_no_line() {
    let repository = Repository::new();
    repository.fleet("hostile", FLEET);
    cluster(&repository, "a", "  policies: [odd]\n");
    let odd = "path \"kv/data/\u{1b}[2Jx\u{202e}y/*\" {\n  capabilities = [\"read\"]\n}\n";
    repository.write("policies/odd.hcl", odd);
    let keyfleet = keyfleet(repository.path());
    let path = "kv/data/\u{1b}[2Jx\u{202e}y/z";
    for arguments in [
        &["explain"][..],
        &["explain", "a"],
        &["explain", path],
        &["explain", path, "--cluster", "a"],
        &["explain", "kv/data/\u{1b}[2Jx\u{202e}y/*"],
        &["explain", "\u{1b}[2J\u{202e}"],
        &["explain", "x", "--cluster", "\u{1b}[2J\u{202e}"],
    ] {
        let run = keyfleet.run(arguments);
        let said = format!("{}{}", run.out, run.err);
        assert!(
            said.contains('\u{fffd}') || arguments.len() == 4,
            "{arguments:?}: {said}"
        );
        assert!(
            !said.contains(['\u{1b}', '\u{202e}']),
            "{arguments:?}: {said:?}"
        );
    }
}

#[test]
fn ten_thousand_paths_are_told_in_little_time_and_few_lines() {
    let repository = Repository::new();
    repository.fleet("large", FLEET);
    cluster(&repository, "a", "");
    cluster(
        &repository,
        "b",
        "  access:\n    - path: kv/data/*\n      capabilities: [read]\n",
    );
    for file in 0..10 {
        let secrets = (0..100).map(|secret| {
            let keys: String = (0..10)
                .map(|key| format!("    - key: kv/data/f{file}/s{secret}/k{key}\n      name: k{key}\n      property: p\n"))
                .collect();
            format!("---\napiVersion: kubernetes-client.io/v1\nkind: ExternalSecret\nmetadata:\n  name: s{file}-{secret}\n  namespace: shop\nspec:\n  backendType: vault\n  data:\n{keys}")
        });
        repository.write(
            &format!("clusters/a/f{file}.yaml"),
            &secrets.collect::<String>(),
        );
    }
    let keyfleet = keyfleet(repository.path());
    for arguments in [
        &["explain"][..],
        &["explain", "a"],
        &["explain", "kv/data/*"],
        &["explain", "b"],
    ] {
        let begin = Instant::now();
        let run = keyfleet.run(arguments);
        assert_eq!(run.code, 0, "{run:?}");
        assert!(run.out.lines().count() <= 80, "{arguments:?}: {}", run.out);
        // Some ten times what it takes unoptimised.
        assert!(
            begin.elapsed() < Duration::from_secs(60),
            "{arguments:?}: {:?}",
            begin.elapsed()
        );
    }
    let all = keyfleet.run(&["explain", "kv/data/*"]).out;
    assert!(
        all.contains("10000 paths") && all.contains("more, in `-o json`"),
        "{all}"
    );
}
