use super::support::{Cluster, Keyfleet, Proxy, Repository, kubeconfig, world};
use super::{clusters, held_change, names, settled};
use serde_json::json;
use std::collections::BTreeSet;

async fn secrets_of(
    cluster: &Cluster,
    name: &str,
    numbers: std::ops::Range<usize>,
) -> BTreeSet<usize> {
    let mut found = BTreeSet::new();
    for number in numbers {
        if cluster
            .secret("shop", &format!("{name}-{number}"))
            .await
            .is_some()
        {
            found.insert(number);
        }
    }
    found
}

fn declare(repository: &Repository, name: &str, number: usize) {
    let path = format!("kv/data/{name}/app");
    repository.kes(
        &format!("clusters/{name}/{number}.yaml"),
        &format!("{name}-{number}"),
        &[("password", &path, "password")],
    );
}

/// A settled fleet of one cluster with so many Secrets.
async fn many(name: &str, count: usize) -> (Repository, Keyfleet) {
    let (repository, keyfleet) = settled(name, "").await;
    (0..count).for_each(|number| declare(&repository, name, number));
    let applied = keyfleet.run(&["apply", "--yes"]);
    assert_eq!(applied.code, 0, "{applied:?}");
    (repository, keyfleet)
}

#[tokio::test]
async fn many_deletes_at_once_are_held_and_an_id_releases_its_own_secret_alone() {
    let [one, _] = clusters().await;
    let (repository, keyfleet) = many("budget", 12).await;
    for number in 0..12 {
        repository.remove(&format!("clusters/budget/{number}.yaml"));
    }
    let plan = keyfleet.plan_json();
    assert_eq!(plan["changes"], json!([]), "{plan:#}");
    assert_eq!(plan["held"].as_array().map(Vec::len), Some(12));
    let id_of = |name: &str| {
        let held = plan["held"]
            .as_array()
            .unwrap()
            .iter()
            .find(|held| held["name"] == name);
        held.unwrap()["id"].as_str().unwrap()
    };
    keyfleet.run(&["apply", "--yes"]);
    assert_eq!(
        secrets_of(&one, "budget", 0..12).await.len(),
        12,
        "nothing is released"
    );

    let run = keyfleet.run(&[
        "apply",
        "--yes",
        "--approve",
        id_of("shop/budget-3"),
        "--approve",
        id_of("shop/budget-7"),
    ]);
    let left = secrets_of(&one, "budget", 0..12).await;
    assert_eq!(
        left,
        (0..12).filter(|number| ![3, 7].contains(number)).collect(),
        "{run:?}"
    );
}

#[tokio::test]
async fn a_few_deletes_pass_and_an_unreadable_file_holds_them() {
    let [one, _] = clusters().await;
    let (repository, keyfleet) = many("few", 4).await;
    for number in 0..3 {
        repository.remove(&format!("clusters/few/{number}.yaml"));
    }
    repository.write("clusters/few/broken.yaml", "kind: [");
    let plan = keyfleet.plan_json();
    assert_eq!(plan["changes"], json!([]), "{plan:#}");
    let (change, id) = held_change(&plan, "Secret");
    assert_eq!(change["why"][0]["release"], "fixSource", "{change:#}");
    keyfleet.run(&["apply", "--yes", "--approve", id]);
    assert_eq!(secrets_of(&one, "few", 0..4).await.len(), 4);

    repository.remove("clusters/few/broken.yaml");
    let applied = keyfleet.run(&["apply", "--yes"]);
    assert_eq!(applied.code, 0, "{applied:?}");
    assert_eq!(secrets_of(&one, "few", 0..4).await, BTreeSet::from([3]));
}

#[tokio::test]
async fn a_secret_stays_until_what_is_declared_in_its_place_can_be_made() {
    let [one, _] = clusters().await;
    let (repository, keyfleet) = many("moving", 1).await;
    let path = "kv/data/moving/app";
    let kes = |name: &str, path: &str| {
        repository.kes(
            "clusters/moving/0.yaml",
            name,
            &[("password", path, "password")],
        );
    };
    let to_nowhere = || {
        let file = repository.path().join("clusters/moving/0.yaml");
        let text = std::fs::read_to_string(file).unwrap();
        let text = text.replace("namespace: shop", "namespace: nowhere");
        repository.write("clusters/moving/0.yaml", &text);
    };
    // The same name, in a namespace that is not there, and made from something else.
    kes("moving-0", "kv/data/moving/nothing");
    to_nowhere();
    let plan = keyfleet.plan_json();
    let (change, id) = held_change(&plan, "Secret");
    assert!(
        change["why"]
            .to_string()
            .contains("nowhere/moving-0 seems to take its place"),
        "{change:#}"
    );
    keyfleet.run(&["apply", "--yes"]);
    assert!(one.secret("shop", "moving-0").await.is_some());

    // Another name, made from the same place, in a namespace that is not there.
    kes("moved-0", path);
    to_nowhere();
    let plan = keyfleet.plan_json();
    assert_eq!(held_change(&plan, "Secret").1, id, "{plan:#}");

    // Where it can be made, it is, and the old one goes in the same run.
    kes("moved-0", path);
    let applied = keyfleet.run(&["apply", "--yes"]);
    assert_eq!(applied.code, 0, "{applied:?}");
    assert!(one.secret("shop", "moved-0").await.is_some());
    assert!(one.secret("shop", "moving-0").await.is_none());
}

#[tokio::test]
async fn a_cluster_that_left_git_loses_its_mount_and_policy_only_when_a_person_says_so() {
    let vault = &world().await.vault;
    let (repository, keyfleet) = settled("leaving", "").await;
    repository.write("clusters/README.md", "no cluster any more\n");
    repository.remove("clusters/leaving");
    let plan = keyfleet.plan_json();
    assert_eq!(plan["changes"], json!([]), "{plan:#}");
    let (change, id) = held_change(&plan, "AuthMount");
    assert!(
        change["why"].to_string().contains("revokes every token"),
        "{change:#}"
    );
    assert_eq!(
        names(&plan["waiting"]),
        BTreeSet::from(["leaving-kv-rw"]),
        "the policy is announced"
    );
    let text = keyfleet.run(&["plan"]);
    assert_eq!(text.code, 2);
    assert!(
        text.out.contains(&format!("--approve {id}")),
        "{}",
        text.out
    );
    keyfleet.run(&["apply", "--yes"]);
    let exists = async |path: &str| vault.api("GET", path, None).await.0 == 200;
    assert!(exists("sys/auth/leaving").await && exists("sys/policies/acl/leaving-kv-rw").await);

    let applied = keyfleet.run(&["apply", "--yes", "--approve", id]);
    assert_eq!(applied.code, 0, "{applied:?}");
    assert!(!exists("sys/auth/leaving").await, "{applied:?}");
    assert!(
        !exists("sys/policies/acl/leaving-kv-rw").await,
        "{applied:?}"
    );
    assert_eq!(keyfleet.run(&["plan"]).code, 0);
}

#[tokio::test]
async fn an_engine_with_every_secret_in_it_is_never_deleted_by_itself() {
    let [one, _] = clusters().await;
    let vault = &world().await.vault;
    let repository = Repository::new();
    repository.fleet(
        "engines",
        "vaults:\n  main:\n    kvMounts:\n      - path: engine-kv\n",
    );
    repository.cluster("engines", &one, "");
    let proxy = Proxy::in_front_of_vault(vault.addr());
    let keyfleet = repository.keyfleet(proxy.url(), &kubeconfig(&[(&one, None)]));
    let applied = keyfleet.run(&["apply", "--yes"]);
    assert_eq!(applied.code, 0, "{applied:?}");
    vault.kv_put("engine-kv", "precious", &[("a", "b")]).await;

    repository.fleet("engines", "");
    let plan = keyfleet.plan_json();
    let (change, _) = held_change(&plan, "KvMount");
    assert_eq!(
        (change["name"].as_str(), change["summary"].as_str()),
        (Some("engine-kv"), Some("delete, with every secret in it"))
    );
    proxy.clear();
    keyfleet.run(&["apply", "--yes"]);
    assert!(proxy.writes().is_empty(), "{:?}", proxy.writes());
}
