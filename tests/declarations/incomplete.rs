//! What could not be read makes its scope incomplete, and no more than its scope.

use crate::repository::{compile, folder, messages, sources};
use keyfleet::diagnostics::{Severity, Sources};
use keyfleet::pipeline::Wanted;
use std::fs;
use std::process::Command;

const LINK: &str = "is a symbolic link, which keyfleet does not follow; put the file itself here";

fn example() -> Sources {
    sources(&folder("examples/repo-layout"))
}

/// The example, as the git stage gives it with a problem at this path.
fn with_problem_at(path: &str) -> Wanted {
    let mut sources = example();
    let below = format!("{path}/");
    sources.retain(|file, _| file != path && !file.starts_with(&below));
    compile(sources, &[(path, LINK)])
}

/// The clusters that deletes pass in, those they are held in, and those left out.
fn scopes(wanted: &Wanted) -> [Vec<&str>; 3] {
    let of = |complete: bool| {
        let cells = wanted.desired.cells.iter();
        cells
            .filter(|cell| cell.complete == complete)
            .map(|cell| cell.cluster.as_str())
            .collect()
    };
    let vault = wanted.desired.vaults.values().next().unwrap();
    let left_out = vault.unread_clusters.iter().map(String::as_str).collect();
    [of(true), of(false), left_out]
}

fn vault_is_complete(wanted: &Wanted) -> bool {
    wanted.desired.vaults.values().all(|vault| vault.complete)
}

#[test]
fn the_folder_of_a_cluster_that_is_a_link_makes_it_broken() {
    let wanted = with_problem_at("clusters/prod-eu");
    assert_eq!(scopes(&wanted), [vec!["staging"], vec![], vec!["prod-eu"]]);
    assert!(!vault_is_complete(&wanted));
    assert_eq!(
        messages(&wanted, Severity::Error),
        ["clusters/prod-eu:1:1 this path is a symbolic link, which keyfleet does not follow"]
    );
}

#[test]
fn a_folder_within_a_cluster_that_is_a_link_may_hide_declarations() {
    let wanted = with_problem_at("clusters/prod-eu/apps");
    assert_eq!(scopes(&wanted), [vec!["staging"], vec!["prod-eu"], vec![]]);
    assert!(vault_is_complete(&wanted));
}

#[test]
fn a_declaration_that_cannot_be_read_holds_the_deletes_of_its_cluster_only() {
    let wanted = with_problem_at("clusters/prod-eu/checkout.yaml");
    assert_eq!(scopes(&wanted), [vec!["staging"], vec!["prod-eu"], vec![]]);
}

#[test]
fn a_top_folder_that_cannot_be_read_makes_everything_incomplete() {
    for (path, cells) in [
        ("clusters", vec![]),
        ("groups", vec!["prod-eu", "staging"]),
        ("policies", vec!["prod-eu", "staging"]),
        ("rules", vec!["prod-eu", "staging"]),
    ] {
        let wanted = with_problem_at(path);
        assert_eq!(scopes(&wanted), [vec![], cells, vec![]], "{path}");
        assert!(!vault_is_complete(&wanted), "{path}");
        assert!(wanted.problems.has_errors(), "{path}");
    }
}

#[test]
fn a_group_that_cannot_be_read_may_have_been_meant_for_any_cluster() {
    for path in ["groups/all", "groups/all/group.yaml", "groups/other"] {
        let wanted = with_problem_at(path);
        let all = vec!["prod-eu", "staging"];
        assert_eq!(scopes(&wanted), [vec![], all, vec![]], "{path}");
    }
}

#[test]
fn a_file_that_nobody_refers_to_holds_no_deletes() {
    let wanted = with_problem_at("clusters/prod-eu/old.crt");
    assert_eq!(
        scopes(&wanted),
        [vec!["prod-eu", "staging"], vec![], vec![]]
    );
    assert!(!wanted.problems.has_errors());
    assert_eq!(messages(&wanted, Severity::Warning).len(), 1);
}

#[test]
fn a_ca_that_cannot_be_read_is_said_where_it_is_referred_to() {
    let wanted = with_problem_at("clusters/prod-eu/ca.crt");
    assert_eq!(scopes(&wanted), [vec!["staging"], vec![], vec!["prod-eu"]]);
    assert_eq!(
        messages(&wanted, Severity::Error),
        [
            "clusters/prod-eu/cluster.yaml:11:11 the file \"ca.crt\" is a symbolic link, which keyfleet does not follow"
        ]
    );
}

#[test]
fn a_policy_that_cannot_be_read_holds_the_deletes_of_the_vault() {
    let wanted = with_problem_at("policies/platform-read.hcl");
    assert!(!vault_is_complete(&wanted));
    assert_eq!(
        scopes(&wanted),
        [vec!["prod-eu", "staging"], vec![], vec![]]
    );
}

#[test]
fn a_rule_that_cannot_be_read_allows_nothing_and_holds_the_deletes_of_whom_it_may_be_for() {
    let secrets = |wanted: &Wanted| -> usize {
        let cells = wanted.desired.cells.iter();
        cells.map(|cell| cell.secrets.len()).sum()
    };
    for path in ["rules/shop.yaml", "rules/teams", "rules"] {
        let wanted = with_problem_at(path);
        assert_eq!(secrets(&wanted), 0, "{path}");
        let all = vec!["prod-eu", "staging"];
        assert_eq!(scopes(&wanted), [vec![], all, vec![]], "{path}");
    }
    let wanted = with_problem_at("rules/README.md");
    assert_eq!(secrets(&wanted), 6);
    assert!(!wanted.problems.has_errors());
}

#[test]
fn without_a_readable_fleet_nothing_can_be_planned() {
    let wanted = with_problem_at("fleet.yaml");
    assert!(!wanted.is_plannable());
    assert!(wanted.desired.cells.is_empty() && wanted.desired.vaults.is_empty());
    let mut sources = example();
    let fleet = sources["fleet.yaml"].replace("kvMounts", "kvMount");
    sources.insert("fleet.yaml".to_owned(), fleet.into());
    let wanted = compile(sources, &[]);
    assert!(!wanted.is_plannable());
    assert!(wanted.desired.cells.is_empty() && wanted.desired.vaults.is_empty());
}

#[test]
fn the_command_line_stops_at_a_wrong_fleet_before_it_asks_any_server() {
    let repository = tempfile::tempdir().unwrap();
    fs::write(repository.path().join("fleet.yaml"), "kind: Fleet\n").unwrap();
    // Nothing is configured: a verb that went on would complain of the address or the token.
    for verb in ["plan", "apply", "status"] {
        let run = Command::new(env!("CARGO_BIN_EXE_keyfleet"))
            .args([verb, ".", "-o", "json"])
            .current_dir(repository.path())
            .env_clear()
            .output()
            .unwrap();
        let said = String::from_utf8(run.stderr).unwrap();
        assert_eq!(run.status.code(), Some(1), "{verb}: {said}");
        let shown: serde_json::Value = serde_json::from_slice(&run.stdout).unwrap();
        assert_eq!(shown["inSync"], false, "{verb}");
        assert_eq!(shown["diagnostics"].as_array().unwrap().len(), 1, "{verb}");
        assert!(said.contains("fleet.yaml:1:1"), "{verb}: {said}");
        assert!(said.contains("no server was looked at"), "{verb}: {said}");
    }
}

#[test]
fn a_file_over_the_limit_is_one_error_and_the_rest_is_read() {
    let repository = tempfile::tempdir().unwrap();
    for (path, text) in example() {
        let file = repository.path().join(path);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, &*text).unwrap();
    }
    let big = "# ".to_owned() + &"x".repeat(2 << 20);
    fs::write(repository.path().join("clusters/staging/big.yaml"), big).unwrap();
    let run = Command::new(env!("CARGO_BIN_EXE_keyfleet"))
        .args(["validate", "."])
        .current_dir(repository.path())
        .env_clear()
        .output()
        .unwrap();
    let (said, summary) = (
        String::from_utf8(run.stderr).unwrap(),
        String::from_utf8(run.stdout).unwrap(),
    );
    assert_eq!(run.status.code(), Some(1));
    assert!(said.contains("clusters/staging/big.yaml"), "{said}");
    assert!(said.contains("file_bytes"), "{said}");
    assert!(
        summary.contains("2 clusters, 6 secrets; 1 error, 0 warnings"),
        "{summary}"
    );
    assert!(
        summary.contains("deletes are held: cluster staging\n"),
        "{summary}"
    );
}
