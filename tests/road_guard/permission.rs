//! What git lets a run write, and when: approvals, suspended clusters, reports only, sync windows.

use super::support::{Proxy, kubeconfig, world};
use super::{clusters, held_change, names, settled};
use std::collections::BTreeSet;

fn approval(id: &str, more: &str) -> String {
    format!(
        "apiVersion: keyfleet.dev/v1alpha1\nkind: Approval\nmetadata: {{name: test}}\nspec:\n  changes: [\"{id}\"]\n  reason: agreed\n{more}"
    )
}

async fn has_mount(name: &str) -> bool {
    let vault = &world().await.vault;
    vault.api("GET", &format!("sys/auth/{name}"), None).await.0 == 200
}

#[tokio::test]
async fn an_approval_in_git_releases_its_change_and_is_told_when_it_releases_nothing() {
    let (repository, keyfleet) = settled("released", "").await;
    repository.write("clusters/README.md", "no cluster any more\n");
    repository.remove("clusters/released");
    let plan = keyfleet.plan_json();
    let id = held_change(&plan, "AuthMount").1.to_owned();
    let text = keyfleet.run(&["plan"]).out;
    assert!(
        text.contains(&format!("an Approval of {id} in git")),
        "{text}"
    );

    // One that expired, and one of another change.
    for (id, more, told) in [
        (id.as_str(), "  expires: 2026-01-31\n", "has expired"),
        ("0000aaaa", "", "no change of this plan has that id"),
    ] {
        repository.write("approvals/one.yaml", &approval(id, more));
        let applied = keyfleet.run(&["apply", "--yes"]);
        assert!(has_mount("released").await, "{applied:?}");
        let text = keyfleet.run(&["plan"]).out;
        assert!(text.contains(&format!("the approval of {id}")), "{text}");
        assert!(
            text.contains(told) && text.contains("approvals/one.yaml:5"),
            "{text}"
        );
    }

    repository.write(
        "approvals/one.yaml",
        &approval(&id, "  expires: 2999-12-31\n"),
    );
    let text = keyfleet.run(&["plan"]).out;
    assert!(!text.contains("the approval of"), "{text}");
    let applied = keyfleet.run(&["apply", "--yes"]);
    assert_eq!(applied.code, 0, "{applied:?}");
    assert!(!has_mount("released").await, "{applied:?}");
    let plan = keyfleet.run(&["plan"]);
    assert_eq!(plan.code, 0, "{plan:?}");
    assert!(
        plan.out.contains("no change of this plan has that id"),
        "{plan:?}"
    );
}

#[tokio::test]
async fn a_broken_approval_releases_nothing_and_is_an_error() {
    let (repository, keyfleet) = settled("unreleased", "").await;
    repository.write("clusters/README.md", "no cluster any more\n");
    repository.remove("clusters/unreleased");
    let id = held_change(&keyfleet.plan_json(), "AuthMount").1.to_owned();
    repository.write(
        "approvals/one.yaml",
        &approval(&id, "  expire: 2999-12-31\n"),
    );
    let applied = keyfleet.run(&["apply", "--yes"]);
    assert_eq!(applied.code, 1, "{applied:?}");
    assert!(
        applied.err.contains("did you mean `expires`"),
        "{applied:?}"
    );
    assert!(has_mount("unreleased").await);
}

#[tokio::test]
async fn nothing_is_written_where_git_forbids_it_and_the_rest_of_the_fleet_goes_on() {
    let [one, two] = clusters().await;
    let vault = &world().await.vault;
    let (repository, mut keyfleet) = settled("stopped", "").await;
    let proxies = (
        Proxy::in_front_of_vault(vault.addr()),
        Proxy::in_front_of_cluster(&one),
    );
    keyfleet.vault_addr = proxies.0.url().to_owned();
    keyfleet.kubeconfig = kubeconfig(&[(&one, Some(&proxies.1)), (&two, None)]);
    let writes = || proxies.0.writes().len() + proxies.1.writes().len();
    for (forbids, told) in [
        ("suspend: {reason: the audit}\n", "suspended: the audit"),
        ("mode: report\n", "only reported"),
        (NEVER, "no allow window is open"),
    ] {
        // Everything that may be different: a role, and a Secret.
        repository.cluster("stopped", &one, &format!("ttl: 2h\n{forbids}"));
        let alone = keyfleet.run(&["apply", "--yes", "--cluster", "stopped"]);
        assert_eq!(alone.code, 1, "{alone:?}");
        assert!(
            alone.err.contains("nothing may be written") && alone.err.contains(told),
            "{alone:?}"
        );

        // Beside what is not forbidden, here what clusters share.
        let plan = keyfleet.plan_json();
        assert_eq!(
            names(&plan["changes"]),
            BTreeSet::from(["stopped/stopped-role"]),
            "{plan:#}"
        );
        assert!(
            plan["leftAlone"][0]["why"].as_str().unwrap().contains(told),
            "{plan:#}"
        );
        let applied = keyfleet.run(&["apply", "--yes"]);
        assert_eq!(applied.code, 0, "{applied:?}");
        assert!(
            applied.out.contains(told) && applied.out.contains("1 left alone"),
            "{applied:?}"
        );
        assert_eq!(writes(), 0, "{forbids}");
    }
    // Windows are for those who are not there; who is may go on.
    let applied = keyfleet.run(&["apply", "--yes", "--ignore-windows"]);
    assert_eq!(applied.code, 0, "{applied:?}");
    assert!(writes() > 0, "{applied:?}");
    assert_eq!(keyfleet.run(&["plan"]).code, 0);
}

/// A window that is open for a second at the end of each leap day.
const NEVER: &str = "syncWindows:\n  - {kind: allow, schedule: \"59 23 29 2 *\", duration: 1}\n";

#[tokio::test]
async fn the_fleet_holds_every_cluster_and_what_they_share() {
    let [one, _] = clusters().await;
    let (repository, keyfleet) = settled("frozen", "").await;
    repository.cluster("frozen", &one, "ttl: 3h\nmode: apply\nsuspend: false\n");
    repository.fleet(
        "frozen",
        "suspend: {reason: end of the year}\nvaults:\n  main:\n    kvMounts:\n      - path: frozen-kv\n",
    );
    let applied = keyfleet.run(&["apply", "--yes", "--ignore-windows"]);
    assert_eq!(applied.code, 1, "{applied:?}");
    assert!(
        applied
            .err
            .contains("suspended: end of the year (fleet.yaml:"),
        "{applied:?}"
    );
    let plan = keyfleet.plan_json();
    assert_eq!(
        plan["changes"].as_array().map(Vec::len),
        Some(2),
        "{plan:#}"
    );
    assert_eq!(
        plan["leftAlone"].as_array().map(Vec::len),
        Some(2),
        "{plan:#}"
    );
}
