use super::support::{Proxy, Repository, kubeconfig, world};
use super::{declare_app, has_app, no_kubeconfig, shared};
use serde_json::{Value, json};

/// How a cluster file names a credential that is kept in Vault.
fn kept(name: &str, property: &str) -> String {
    format!(
        "connect:\n  vault:\n    path: secret/data/connections/{name}\n    {property}: credential\n"
    )
}

async fn keep(name: &str, credential: &str) {
    let vault = &world().await.vault;
    vault
        .kv_put(
            "secret",
            &format!("connections/{name}"),
            &[("credential", credential)],
        )
        .await;
}

#[tokio::test]
async fn a_kubeconfig_and_a_token_are_kept_in_vault() {
    let cluster = shared().await;
    let vault = &world().await.vault;
    let whole = cluster.kubeconfig_yaml(None, None);
    for (name, property, credential) in [
        ("kept-config", "kubeconfig", whole.as_str()),
        ("kept-token", "token", cluster.admin_token()),
    ] {
        keep(name, credential).await;
        let repository = Repository::new();
        repository.fleet(name, "");
        repository.cluster_by(name, &cluster, &kept(name, property));
        declare_app(&repository, vault, name).await;
        let keyfleet = repository.keyfleet(vault.addr(), &no_kubeconfig());
        let applied = keyfleet.run(&["apply", "--yes"]);
        assert_eq!(applied.code, 0, "{name}: {applied:?}");
        assert!(has_app(&cluster, name).await, "{name}");
        assert!(!format!("{applied:?}").contains(cluster.admin_token()));
    }
}

#[tokio::test]
async fn a_kubeconfig_from_vault_runs_no_program_and_reads_no_file() {
    let cluster = shared().await;
    let vault = &world().await.vault;
    let marker = cluster.folder().join("program-ran");
    let own_config: Value = serde_json::from_str(&cluster.kubeconfig_yaml(None, None)).unwrap();
    let with_user = |user: Value| {
        let mut config = own_config.clone();
        config["users"][0]["user"] = user;
        config.to_string()
    };
    let exec = json!({ "exec": {
        "apiVersion": "client.authentication.k8s.io/v1",
        "command": "touch",
        "args": [marker.display().to_string()],
        "interactiveMode": "Never",
    }});
    let file = json!({ "tokenFile": "/etc/hostname" });
    for (name, user, said) in [("runs", exec, "exec"), ("reads", file, "file")] {
        keep(name, &with_user(user)).await;
        let repository = Repository::new();
        repository.fleet(name, "");
        repository.cluster_by(name, &cluster, &kept(name, "kubeconfig"));
        let keyfleet = repository.keyfleet(vault.addr(), &no_kubeconfig());
        let run = keyfleet.run(&["plan"]);
        assert_eq!(run.code, 1, "{run:?}");
        let text = format!("{}{}", run.out, run.err).to_lowercase();
        assert!(text.contains(said), "{name}: {text}");
        assert!(
            text.contains(&format!("secret/data/connections/{name}#credential")),
            "it says which: {text}"
        );
    }
    assert!(!marker.exists(), "nothing from Vault is run");
}

#[tokio::test]
async fn a_connection_that_is_wrong_says_where_and_the_other_clusters_go_on() {
    let cluster = shared().await;
    let vault = &world().await.vault;
    let repository = Repository::new();
    repository.fleet("wrongs", "");
    repository.cluster("right", &cluster, "");
    declare_app(&repository, vault, "right").await;
    keep("wrong-property", "x").await;
    repository.cluster_by(
        "wrong-property",
        &cluster,
        "connect:\n  vault:\n    path: secret/data/connections/wrong-property\n    token: tokken\n",
    );
    repository.cluster_by("wrong-path", &cluster, &kept("nowhere", "token"));
    repository.cluster_by(
        "wrong-context",
        &cluster,
        "connect:\n  kubeconfig:\n    context: no-such-context\n",
    );
    repository.cluster_by("wrong-place", &cluster, "connect: {inCluster: {}}\n");
    for name in [
        "wrong-property",
        "wrong-path",
        "wrong-context",
        "wrong-place",
    ] {
        let file = format!("clusters/{name}/cluster.yaml");
        let text = std::fs::read_to_string(repository.path().join(&file)).unwrap();
        repository.write(
            &file,
            &text.replace(cluster.server(), &format!("https://{name}.example:6443")),
        );
    }
    let keyfleet = repository.keyfleet(vault.addr(), &kubeconfig(&[(&cluster, None)]));

    let applied = keyfleet.run(&["apply", "--yes"]);
    assert_eq!(applied.code, 1, "{applied:?}");
    assert!(has_app(&cluster, "right").await, "{applied:?}");
    let plan = keyfleet.plan_json();
    let unknown = plan["unknown"].as_array().unwrap();
    for (name, said) in [
        ("wrong-property", "\"tokken\""),
        ("wrong-path", "secret/data/connections/nowhere"),
        ("wrong-context", "no-such-context"),
        ("wrong-place", "not a pod"),
    ] {
        let failures: Vec<_> = unknown
            .iter()
            .filter(|unread| unread["cluster"] == name)
            .collect();
        assert!(!failures.is_empty(), "{name}: {plan:#}");
        assert!(
            failures[0]["failure"].as_str().unwrap().contains(said),
            "{name}: {:#}",
            failures[0]
        );
    }
}

#[tokio::test]
async fn two_files_that_lead_to_one_cluster_do_not_delete_each_others_secrets() {
    let cluster = shared().await;
    let vault = &world().await.vault;
    let repository = Repository::new();
    repository.fleet("twins", "");
    repository.cluster("twin", &cluster, "");
    declare_app(&repository, vault, "twin").await;
    let keyfleet = repository.keyfleet(vault.addr(), &kubeconfig(&[(&cluster, None)]));
    assert_eq!(keyfleet.run(&["apply", "--yes"]).code, 0);

    // The same cluster by another address, which nobody noticed.
    let proxy = Proxy::in_front_of_cluster(&cluster);
    keep("other", &cluster.kubeconfig_yaml(Some(proxy.url()), None)).await;
    repository.cluster_by("other", &cluster, &kept("other", "kubeconfig"));
    let file = "clusters/other/cluster.yaml";
    let text = std::fs::read_to_string(repository.path().join(file)).unwrap();
    repository.write(file, &text.replace(cluster.server(), proxy.url()));
    declare_app(&repository, vault, "other").await;
    let applied = keyfleet.run(&["apply", "--yes"]);
    assert!(
        has_app(&cluster, "twin").await && has_app(&cluster, "other").await,
        "{applied:?}"
    );
    let plan = keyfleet.run(&["plan"]);
    assert!(
        plan.out
            .contains("was made for the cluster twin, and stays"),
        "{}",
        plan.out
    );
}

#[tokio::test]
async fn of_another_cluster_than_the_one_that_is_meant_only_its_identity_is_read() {
    let cluster = shared().await;
    let vault = &world().await.vault;
    let repository = Repository::new();
    repository.fleet("identity", "");
    repository.cluster(
        "identity",
        &cluster,
        "identity: 00000000-0000-4000-8000-000000000000\n",
    );
    declare_app(&repository, vault, "identity").await;
    let (proxy, vault_proxy) = (
        Proxy::in_front_of_cluster(&cluster),
        Proxy::in_front_of_vault(vault.addr()),
    );
    let keyfleet = repository.keyfleet(vault_proxy.url(), &kubeconfig(&[(&cluster, Some(&proxy))]));

    let plan = keyfleet.run(&["plan"]);
    assert_eq!(plan.code, 2, "{plan:?}");
    assert!(plan.out.contains("another cluster answers"), "{}", plan.out);
    keyfleet.run(&["apply", "--yes"]);
    let status = keyfleet.run(&["status"]);
    assert_eq!(status.code, 1, "{status:?}");
    assert!(
        status.out.contains("another cluster answers"),
        "{}",
        status.out
    );
    let other = proxy
        .requests()
        .into_iter()
        .find(|request| request.path != "/api/v1/namespaces/kube-system");
    assert!(other.is_none(), "{other:?}");
    assert!(vault_proxy.writes().is_empty() && vault_proxy.logins().is_empty());

    let (_, system) = cluster.get("/api/v1/namespaces/kube-system").await;
    let uid = system["metadata"]["uid"].as_str().unwrap();
    repository.cluster("identity", &cluster, &format!("identity: {uid}\n"));
    let applied = keyfleet.run(&["apply", "--yes"]);
    assert_eq!(applied.code, 0, "{applied:?}");
    assert!(has_app(&cluster, "identity").await);
}
