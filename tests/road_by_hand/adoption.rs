use super::commands::{Commands, hand_cluster};
use super::support::{Cluster, Proxy, Repository, kubeconfig, world};
use super::{assert_nothing_to_do, namespace};
use serde_json::{Value, json};

async fn login_works(name: &str, cluster: &Cluster) -> bool {
    let jwt = cluster
        .token_request("external-secrets", "kubernetes-external-secrets")
        .await;
    world()
        .await
        .vault
        .login(name, &format!("{name}-role"), &jwt)
        .await
        .is_ok()
}

#[tokio::test]
async fn taking_over_writes_marks_keeps_the_reviewer_and_leaves_nothing_to_do() {
    let (world, cluster) = (world().await, hand_cluster().await);
    let vault = &world.vault;
    Commands::named("adopted").run(vault, &cluster).await;
    vault
        .kv_put("kv", "adopted/app", &[("password", "canary-app")])
        .await;
    namespace(&cluster, "shop").await;
    let secret = json!({ "metadata": { "name": "adopted-app" }, "stringData": { "password": "canary-old" } });
    cluster
        .create("/api/v1/namespaces/shop/secrets", secret)
        .await;
    let proxy = Proxy::in_front_of_vault(vault.addr());
    let repository = Repository::new();
    repository.fleet("adopter", "");
    repository.cluster(
        "adopted",
        &cluster,
        "adopt: true\nbinding: adopted-binding\n",
    );
    repository.kes(
        "clusters/adopted/app.yaml",
        "adopted-app",
        &[("password", "kv/data/adopted/app", "password")],
    );
    let keyfleet = repository.keyfleet(proxy.url(), &kubeconfig(&[(&cluster, None)]));

    let applied = keyfleet.run(&["apply", "--yes"]);
    assert_eq!(applied.code, 0, "{applied:?}");
    let configs: Vec<_> = proxy
        .writes()
        .into_iter()
        .filter(|write| write.path.ends_with("/config"))
        .collect();
    assert!(
        configs.is_empty(),
        "the config holds a reviewer token: {configs:?}"
    );
    assert_nothing_to_do(&keyfleet.run(&["plan"]));
    assert_eq!(
        cluster.secret("shop", "adopted-app").await.unwrap()["password"],
        b"canary-app"
    );
    let (_, mounts) = vault.api("GET", "sys/auth", None).await;
    let description = mounts["data"]["adopted/"]["description"].to_string();
    assert!(
        description.contains("installation=adopter"),
        "{description}"
    );
    assert!(login_works("adopted", &cluster).await);

    // What is taken over is kept: git's next wish and a hand's are both seen, the policy goes on as it was.
    vault.cli_ok(&["write", "auth/adopted/role/adopted-role", "ttl=48h"]);
    assert_eq!(keyfleet.run(&["plan"]).code, 2);
    repository.cluster(
        "adopted",
        &cluster,
        "adopt: true\nbinding: adopted-binding\nttl: 1h\n",
    );
    let applied = keyfleet.run(&["apply", "--yes"]);
    assert_eq!(applied.code, 0, "{applied:?}");
    let (_, role) = vault
        .api("GET", "auth/adopted/role/adopted-role", None)
        .await;
    assert_eq!(role["data"]["token_ttl"], 3600);
    let (_, policy) = vault
        .api("GET", "sys/policies/acl/adopted-kv-rw", None)
        .await;
    assert!(
        policy["data"]["policy"]
            .to_string()
            .contains("kv/data/adopted/*"),
        "{policy}"
    );
    assert_nothing_to_do(&keyfleet.run(&["plan"]));
}

#[tokio::test]
async fn only_reviewer_client_gives_up_the_stored_reviewer_token() {
    let (world, cluster) = (world().await, hand_cluster().await);
    let vault = &world.vault;
    Commands::named("client").run(vault, &cluster).await;
    let (_, config) = vault.api("GET", "auth/client/config", None).await;
    let Some(stored) = config["data"].get("token_reviewer_jwt_set") else {
        // This server does not tell whether a token is stored, so keyfleet never takes one for absent.
        return assert_never_rewritten(&cluster).await;
    };
    assert_eq!(stored, &json!(true));
    let repository = Repository::new();
    repository.fleet("client", "");
    repository.cluster(
        "client",
        &cluster,
        "adopt: true\nreviewer: client\nbinding: client-binding\n",
    );
    let keyfleet = repository.keyfleet(vault.addr(), &kubeconfig(&[(&cluster, None)]));

    let plan = keyfleet.plan_json();
    assert!(
        fields(&plan, "AuthConfig").contains("token_reviewer_jwt"),
        "{plan:#}"
    );
    let applied = keyfleet.run(&["apply", "--yes"]);
    assert_eq!(applied.code, 0, "{applied:?}");
    let (_, config) = vault.api("GET", "auth/client/config", None).await;
    assert_eq!(config["data"]["token_reviewer_jwt_set"], false);
    assert!(
        login_works("client", &cluster).await,
        "its own token reviews itself"
    );
    assert_nothing_to_do(&keyfleet.run(&["plan"]));
}

async fn assert_never_rewritten(cluster: &Cluster) {
    let vault = &world().await.vault;
    let repository = Repository::new();
    repository.fleet("client", "");
    repository.cluster("client", cluster, "adopt: true\nbinding: client-binding\n");
    let proxy = Proxy::in_front_of_vault(vault.addr());
    let keyfleet = repository.keyfleet(proxy.url(), &kubeconfig(&[(cluster, None)]));
    keyfleet.run(&["apply", "--yes"]);
    assert!(
        !proxy
            .writes()
            .iter()
            .any(|write| write.path.ends_with("/config"))
    );
    assert!(login_works("client", cluster).await);
}

#[tokio::test]
async fn a_config_that_would_lose_its_reviewer_token_is_never_rewritten() {
    let (world, cluster) = (world().await, hand_cluster().await);
    Commands::named("kept").run(&world.vault, &cluster).await;
    let repository = Repository::new();
    repository.fleet("kept", "");
    repository.cluster("kept", &cluster, "adopt: true\nbinding: kept-binding\n");
    let text =
        std::fs::read_to_string(repository.path().join("clusters/kept/cluster.yaml")).unwrap();
    let moved = text.replace(cluster.server(), "https://127.0.0.1:6443");
    repository.write("clusters/kept/cluster.yaml", &moved);
    let proxy = Proxy::in_front_of_vault(world.vault.addr());
    let keyfleet = repository.keyfleet(proxy.url(), &kubeconfig(&[(&cluster, None)]));

    let plan = keyfleet.plan_json();
    let change = super::held(&plan, "AuthConfig");
    assert!(
        change["why"].to_string().contains("reviewer token"),
        "{change:#}"
    );
    keyfleet.run(&[
        "apply",
        "--yes",
        "--approve",
        change["id"].as_str().unwrap(),
    ]);
    assert!(
        !proxy
            .writes()
            .iter()
            .any(|write| write.path.ends_with("/config"))
    );
}

fn fields(plan: &Value, kind: &str) -> String {
    let changes = plan["changes"].as_array().unwrap().iter();
    changes
        .filter(|change| change["kind"] == kind)
        .map(|change| change["fields"].to_string())
        .collect()
}

#[tokio::test]
async fn asking_for_derived_access_narrows_a_policy_that_is_taken_over() {
    let (world, cluster) = (world().await, hand_cluster().await);
    let vault = &world.vault;
    Commands::named("narrowed").run(vault, &cluster).await;
    vault
        .kv_put("kv", "narrowed/app", &[("password", "canary-app")])
        .await;
    let repository = Repository::new();
    repository.fleet("narrower", "");
    let adopting = "adopt: true\naccess: derived\nreviewer: existing\nbinding: narrowed-binding\n";
    repository.cluster("narrowed", &cluster, adopting);
    repository.kes(
        "clusters/narrowed/app.yaml",
        "narrowed-app",
        &[("password", "kv/data/narrowed/app", "password")],
    );
    let keyfleet = repository.keyfleet(vault.addr(), &kubeconfig(&[(&cluster, None)]));

    let applied = keyfleet.run(&["apply", "--yes"]);
    assert_eq!(applied.code, 0, "{applied:?}");
    let (_, policy) = vault
        .api("GET", "sys/policies/acl/narrowed-kv-rw", None)
        .await;
    let text = policy["data"]["policy"].to_string();
    assert!(
        text.contains("kv/data/narrowed/app") && !text.contains("narrowed/*"),
        "{text}"
    );
    assert_eq!(
        cluster.secret("shop", "narrowed-app").await.unwrap()["password"],
        b"canary-app"
    );
    assert_nothing_to_do(&keyfleet.run(&["plan"]));

    // What is taken over stays so when the file no longer says it, and goes on following git.
    repository.cluster("narrowed", &cluster, &adopting.replace("adopt: true\n", ""));
    assert_nothing_to_do(&keyfleet.run(&["plan"]));
    vault
        .kv_put("kv", "narrowed/more", &[("token", "canary-more")])
        .await;
    repository.kes(
        "clusters/narrowed/more.yaml",
        "narrowed-more",
        &[("token", "kv/data/narrowed/more", "token")],
    );
    let applied = keyfleet.run(&["apply", "--yes"]);
    assert_eq!(applied.code, 0, "{applied:?}");
    assert_eq!(
        cluster.secret("shop", "narrowed-more").await.unwrap()["token"],
        b"canary-more"
    );
    assert!(login_works("narrowed", &cluster).await);
    assert_nothing_to_do(&keyfleet.run(&["plan"]));
}
