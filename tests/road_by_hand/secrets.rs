use super::commands::{Commands, hand_cluster};
use super::support::{Proxy, Repository, kubeconfig, world};
use super::{assert_nothing_to_do, held};
use serde_json::{Value, json};

/// A Secret that somebody made with kubectl.
async fn make_by_hand(cluster: &super::Cluster, name: &str, data: &Value) {
    let secret = json!({ "metadata": { "name": name }, "stringData": data });
    cluster
        .create("/api/v1/namespaces/shop/secrets", secret)
        .await;
}

fn blocked<'a>(plan: &'a Value, name: &str) -> &'a Value {
    let found = plan["blocked"]
        .as_array()
        .and_then(|all| all.iter().find(|one| one["name"] == name));
    found.unwrap_or_else(|| panic!("{name} is not blocked: {plan:#}"))
}

#[tokio::test]
async fn a_path_that_the_policy_does_not_grant_is_told_before_anything_is_tried() {
    let (world, cluster) = (world().await, hand_cluster().await);
    Commands::named("well-known")
        .run(&world.vault, &cluster)
        .await;
    world
        .vault
        .kv_put("kv", "test/test", &[("password", "canary-test")])
        .await;
    let proxy = Proxy::in_front_of_vault(world.vault.addr());
    let repository = Repository::new();
    repository.cluster("well-known", &cluster, "");
    repository.kes(
        "clusters/well-known/test.yaml",
        "test",
        &[("password", "kv/data/test/test", "password")],
    );
    let keyfleet = repository.keyfleet(proxy.url(), &kubeconfig(&[(&cluster, None)]));

    let plan = keyfleet.run(&["plan"]);
    assert_eq!(plan.code, 2, "{plan:?}");
    for part in [
        "well-known-role may not read kv/data/test/test",
        "well-known-kv-rw grants kv/data/well-known/*",
        "clusters/well-known/test.yaml:9",
    ] {
        assert!(plan.out.contains(part), "{part:?} in\n{}", plan.out);
    }
    assert_eq!(blocked(&keyfleet.plan_json(), "shop/test")["status"], 403);
    assert!(
        proxy.logins().is_empty(),
        "nothing was tried: {:?}",
        proxy.logins()
    );
    assert!(cluster.secret("shop", "test").await.is_none());
}

#[tokio::test]
async fn status_says_403_of_the_one_and_success_of_the_others() {
    let (world, cluster) = (world().await, hand_cluster().await);
    Commands::named("status").run(&world.vault, &cluster).await;
    world
        .vault
        .kv_put("kv", "status/app", &[("password", "canary-app")])
        .await;
    world
        .vault
        .kv_put("kv", "test/other", &[("password", "canary-test")])
        .await;
    let repository = Repository::new();
    repository.fleet("status", "");
    repository.cluster("status", &cluster, "");
    repository.kes(
        "clusters/status/app.yaml",
        "status-app",
        &[("password", "kv/data/status/app", "password")],
    );
    repository.kes(
        "clusters/status/test.yaml",
        "status-test",
        &[("password", "kv/data/test/other", "password")],
    );
    repository.kes(
        "clusters/status/none.yaml",
        "status-none",
        &[("password", "kv/data/status/none", "password")],
    );
    let keyfleet = repository.keyfleet(world.vault.addr(), &kubeconfig(&[(&cluster, None)]));
    let applied = keyfleet.run(&["apply", "--yes"]);
    assert_eq!(applied.code, 1, "two Secrets cannot be made: {applied:?}");

    let status = keyfleet.run(&["status"]);
    assert_eq!(status.code, 1, "{status:?}");
    let line = |name: &str| {
        let found = status.out.lines().find(|line| line.contains(name));
        found
            .unwrap_or_else(|| panic!("{name} in\n{}", status.out))
            .to_owned()
    };
    assert!(
        line("shop/status-app").contains("SUCCESS"),
        "{}",
        status.out
    );
    assert!(
        line("shop/status-test").contains("ERROR, Status 403"),
        "{}",
        status.out
    );
    assert!(
        line("shop/status-test").contains("kv/data/test/other"),
        "{}",
        status.out
    );
    assert!(
        line("shop/status-none").contains("ERROR, Status 404"),
        "{}",
        status.out
    );
    assert!(!status.out.contains("canary"), "{}", status.out);
}

#[tokio::test]
async fn a_secret_that_was_made_by_hand_is_in_sync_with_the_same_data_and_held_with_other() {
    let (world, cluster) = (world().await, hand_cluster().await);
    Commands::named("made").run(&world.vault, &cluster).await;
    world
        .vault
        .kv_put("kv", "made/app", &[("password", "canary-made")])
        .await;
    make_by_hand(
        &cluster,
        "made-same",
        &json!({"password": "canary-made", "own": "canary-own"}),
    )
    .await;
    make_by_hand(&cluster, "made-other", &json!({"password": "canary-other"})).await;
    let repository = Repository::new();
    repository.cluster("made", &cluster, "");
    repository.kes(
        "clusters/made/same.yaml",
        "made-same",
        &[("password", "kv/data/made/app", "password")],
    );
    let keyfleet = repository.keyfleet(world.vault.addr(), &kubeconfig(&[(&cluster, None)]));
    assert_nothing_to_do(&keyfleet.run(&["plan"]));
    let (_, before) = cluster
        .get("/api/v1/namespaces/shop/secrets/made-same")
        .await;

    repository.kes(
        "clusters/made/other.yaml",
        "made-other",
        &[("password", "kv/data/made/app", "password")],
    );
    let plan = keyfleet.plan_json();
    let change = held(&plan, "Secret");
    assert_eq!(
        (&change["name"], &change["why"][0]["release"]),
        (&json!("shop/made-other"), &json!("adopt"))
    );
    assert!(
        change["fields"]
            .to_string()
            .contains("key password changed"),
        "{change:#}"
    );
    keyfleet.run(&[
        "apply",
        "--yes",
        "--approve",
        change["id"].as_str().unwrap(),
    ]);
    assert_eq!(
        cluster.secret("shop", "made-other").await.unwrap()["password"],
        b"canary-other"
    );

    // No longer declared, and never ours: nothing is deleted.
    repository.remove("clusters/made/same.yaml");
    repository.remove("clusters/made/other.yaml");
    assert_nothing_to_do(&keyfleet.run(&["plan"]));
    let (_, after) = cluster
        .get("/api/v1/namespaces/shop/secrets/made-same")
        .await;
    assert_eq!(before, after);
}
