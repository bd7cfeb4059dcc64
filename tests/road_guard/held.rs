use super::support::{Proxy, world};
use super::{clusters, held_change, names, settled};
use std::collections::BTreeSet;

async fn host(name: &str) -> String {
    let (_, config) = world()
        .await
        .vault
        .api("GET", &format!("auth/{name}/config"), None)
        .await;
    config["data"]["kubernetes_host"]
        .as_str()
        .unwrap_or_default()
        .to_owned()
}

#[tokio::test]
async fn moving_a_live_cluster_is_held_and_its_id_releases_this_move_alone() {
    let [one, _] = clusters().await;
    let (first, second) = (
        Proxy::in_front_of_cluster(&one),
        Proxy::in_front_of_cluster(&one),
    );
    let (repository, keyfleet) = settled("moving", "").await;
    let file = "clusters/moving/cluster.yaml";
    let text = std::fs::read_to_string(repository.path().join(file)).unwrap();
    let move_to = |url: &str| repository.write(file, &text.replace(one.server(), url));
    move_to(first.url());
    let plan = keyfleet.plan_json();
    let (change, id) = held_change(&plan, "AuthConfig");
    assert_eq!(change["why"][0]["release"], "approve", "{change:#}");
    keyfleet.run(&["apply", "--yes"]);
    assert_eq!(host("moving").await, one.server());

    // The id was given for the first address; git asks for another now.
    move_to(second.url());
    let run = keyfleet.run(&["apply", "--yes", "--approve", id]);
    assert_eq!(host("moving").await, one.server());
    assert!(
        run.err.contains(&format!("--approve {id}: no change")),
        "{run:?}"
    );
    let plan = keyfleet.plan_json();
    let (_, id) = held_change(&plan, "AuthConfig");
    let applied = keyfleet.run(&["apply", "--yes", "--approve", id]);
    assert_eq!(applied.code, 0, "{applied:?}");
    assert_eq!(host("moving").await, second.url());
    assert_eq!(keyfleet.run(&["plan"]).code, 0);
    assert_eq!(
        keyfleet.run(&["status"]).code,
        0,
        "logins go by the new address"
    );
}

#[tokio::test]
async fn another_ca_from_git_is_held_and_one_from_a_hand_is_put_right() {
    let [one, two] = clusters().await;
    let vault = &world().await.vault;
    let (repository, keyfleet) = settled("trust", "").await;
    repository.write("clusters/trust/ca.crt", &two.ca_pem());
    let plan = keyfleet.plan_json();
    let (change, _) = held_change(&plan, "AuthConfig");
    assert!(
        change["why"].to_string().contains("changes the CA"),
        "{change:#}"
    );

    repository.write("clusters/trust/ca.crt", &one.ca_pem());
    assert_eq!(keyfleet.run(&["plan"]).code, 0);
    let ca = format!(
        "kubernetes_ca_cert=@{}",
        two.folder().join("ca.crt").display()
    );
    let server = format!("kubernetes_host={}", one.server());
    vault.cli_ok(&[
        "write",
        "auth/trust/config",
        &server,
        &ca,
        "disable_local_ca_jwt=true",
    ]);
    let plan = keyfleet.plan_json();
    assert_eq!(names(&plan["held"]), BTreeSet::new(), "{plan:#}");
    let change = &plan["changes"][0];
    assert_eq!(
        (change["kind"].as_str(), change["cause"]["kind"].as_str()),
        (Some("AuthConfig"), Some("drift")),
        "{plan:#}"
    );
    let applied = keyfleet.run(&["apply", "--yes"]);
    assert_eq!(applied.code, 0, "{applied:?}");
    assert_eq!(keyfleet.run(&["plan"]).code, 0);
}

#[tokio::test]
async fn a_policy_wider_than_the_declarations_is_held_and_approvable() {
    let [one, _] = clusters().await;
    let vault = &world().await.vault;
    let (repository, keyfleet) = settled("wider", "").await;
    repository.cluster(
        "wider",
        &one,
        "access:\n  - path: kv/data/*\n    capabilities: [read]\n",
    );
    let plan = keyfleet.plan_json();
    let (change, id) = held_change(&plan, "Policy");
    assert!(
        change["why"].to_string().contains("kv/data/*"),
        "{change:#}"
    );
    keyfleet.run(&["apply", "--yes"]);
    let policy = async || {
        vault
            .api("GET", "sys/policies/acl/wider-kv-rw", None)
            .await
            .1["data"]["policy"]
            .to_string()
    };
    assert!(!policy().await.contains("kv/data/*"));
    let applied = keyfleet.run(&["apply", "--yes", "--approve", id]);
    assert_eq!(applied.code, 0, "{applied:?}");
    assert!(policy().await.contains("kv/data/*"));

    // What the declarations use needs no release.
    repository.cluster(
        "wider",
        &one,
        "access:\n  - path: kv/data/wider/*\n    capabilities: [read]\n",
    );
    let applied = keyfleet.run(&["apply", "--yes"]);
    assert_eq!(applied.code, 0, "{applied:?}");
}
