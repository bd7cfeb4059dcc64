//! Clusters that were onboarded by hand, with the commands that everybody knows, on real servers: what plan says of
//! them, what is held, and what taking over does.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

#[path = "road_by_hand/adoption.rs"]
mod adoption;
#[path = "road_by_hand/commands.rs"]
mod commands;
#[path = "road_by_hand/secrets.rs"]
mod secrets;

use commands::{Commands, hand_cluster};
use serde_json::{Value, json};
use support::{Cluster, Proxy, Repository, Run, kubeconfig, onboard_by_hand, world};

fn held<'a>(plan: &'a Value, kind: &str) -> &'a Value {
    let found = plan["held"]
        .as_array()
        .and_then(|held| held.iter().find(|change| change["kind"] == kind));
    found.unwrap_or_else(|| panic!("no {kind} is held: {plan:#}"))
}

fn assert_nothing_to_do(run: &Run) {
    assert_eq!(run.code, 0, "{}\n{}", run.out, run.err);
    assert!(run.out.contains("No changes"), "{}", run.out);
}

#[tokio::test]
async fn what_the_well_known_commands_made_plans_as_no_changes() {
    let world = world().await;
    let cluster = world.control_plane.cluster("plain").await;
    onboard_by_hand(&world.vault, &cluster).await;
    let proxy = Proxy::in_front_of_vault(world.vault.addr());
    let cluster_proxy = Proxy::in_front_of_cluster(&cluster);
    let repository = Repository::new();
    repository.cluster("plain", &cluster, "");
    let config = kubeconfig(&[(&cluster, Some(&cluster_proxy))]);
    let keyfleet = repository.keyfleet(proxy.url(), &config);

    assert_nothing_to_do(&keyfleet.run(&["plan"]));
    let applied = keyfleet.run(&["apply", "--yes"]);
    assert_eq!(applied.code, 0, "{applied:?}");

    let touched = [
        proxy.writes(),
        proxy.logins(),
        cluster_proxy.writes(),
        cluster_proxy.logins(),
    ];
    assert!(touched.iter().all(Vec::is_empty), "{touched:?}");

    // Taking it over marks what there is, and gives it back to nobody when it leaves git again.
    repository.fleet("plain", "");
    repository.cluster("plain", &cluster, "adopt: true\n");
    let applied = keyfleet.run(&["apply", "--yes"]);
    assert_eq!(applied.code, 0, "{applied:?}");
    let (_, binding) = cluster
        .get("/apis/rbac.authorization.k8s.io/v1/clusterrolebindings/role-tokenreview-binding")
        .await;
    assert_eq!(
        binding["metadata"]["labels"]["keyfleet.dev/installation"],
        "plain"
    );
    assert_nothing_to_do(&keyfleet.run(&["plan"]));
}

#[tokio::test]
async fn a_hand_made_cluster_that_leaves_git_is_named_and_never_deleted() {
    let (world, cluster) = (world().await, hand_cluster().await);
    Commands::named("forgotten")
        .run(&world.vault, &cluster)
        .await;
    let repository = Repository::new();
    repository.fleet("forgetful", "");
    repository.cluster("forgotten", &cluster, "");
    let keyfleet = repository.keyfleet(world.vault.addr(), &kubeconfig(&[(&cluster, None)]));
    assert_nothing_to_do(&keyfleet.run(&["plan"]));

    repository.remove("clusters/forgotten");
    let plan = keyfleet.run(&["plan"]);
    assert_nothing_to_do(&plan);
    for said in ["auth mount forgotten", "policy forgotten-kv-rw"] {
        assert!(plan.out.contains(said), "{said:?} in {}", plan.out);
    }
}

#[tokio::test]
async fn however_people_run_these_commands_the_short_file_plans_as_no_changes() {
    let (world, cluster) = (world().await, hand_cluster().await);
    let kubeconfig = kubeconfig(&[(&cluster, None)]);
    for variant in Commands::variants() {
        variant.run(&world.vault, &cluster).await;
        let repository = Repository::new();
        repository.cluster(variant.name, &cluster, "");
        let keyfleet = repository.keyfleet(world.vault.addr(), &kubeconfig);

        assert_nothing_to_do(&keyfleet.run(&["plan"]));
        let plan = keyfleet.plan_json();
        let findings = plan["findings"].to_string();
        for said in variant.said {
            assert!(
                findings.contains(said),
                "{}: {said:?} in {:#}",
                variant.name,
                plan["findings"]
            );
        }
    }
}

#[tokio::test]
async fn what_the_file_asks_for_and_differs_is_held_until_it_says_adopt() {
    let (world, cluster) = (world().await, hand_cluster().await);
    Commands::named("asking").run(&world.vault, &cluster).await;
    let proxy = Proxy::in_front_of_vault(world.vault.addr());
    let repository = Repository::new();
    repository.cluster(
        "asking",
        &cluster,
        "ttl: 1h\naccess: derived\nreviewer: client\n",
    );
    let keyfleet = repository.keyfleet(proxy.url(), &kubeconfig(&[(&cluster, None)]));

    let plan = keyfleet.plan_json();
    assert_eq!(plan["changes"], json!([]), "{plan:#}");
    for kind in ["Role", "Policy", "AuthConfig"] {
        let change = held(&plan, kind);
        assert!(
            change["why"]
                .as_array()
                .unwrap()
                .iter()
                .any(|why| why["release"] == "adopt"),
            "{change:#}"
        );
    }
    let ids: Vec<&str> = plan["held"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|held| held["id"].as_str())
        .collect();
    let mut arguments = vec!["apply", "--yes"];
    arguments.extend(ids.iter().flat_map(|id| ["--approve", *id]));
    keyfleet.run(&arguments);
    assert!(
        proxy.writes().is_empty(),
        "no id releases what is not ours: {:?}",
        proxy.writes()
    );

    let text = keyfleet.run(&["plan"]);
    assert_eq!(text.code, 2);
    assert!(text.out.contains("adopt: true"), "{}", text.out);
    assert!(text.out.contains("24h → 1h"), "{}", text.out);
}

#[tokio::test]
async fn another_installations_objects_are_held_and_no_id_releases_them() {
    let (world, cluster) = (world().await, hand_cluster().await);
    let theirs = Repository::new();
    theirs.fleet("theirs", "");
    theirs.cluster("shared", &cluster, "");
    world
        .vault
        .kv_put(
            "kv",
            "shared/app",
            &[("password", "canary-app"), ("user", "canary-user")],
        )
        .await;
    theirs.kes(
        "clusters/shared/app.yaml",
        "shared-app",
        &[("password", "kv/data/shared/app", "password")],
    );
    let config = kubeconfig(&[(&cluster, None)]);
    let applied = theirs
        .keyfleet(world.vault.addr(), &config)
        .run(&["apply", "--yes"]);
    assert_eq!(applied.code, 0, "{applied:?}");

    let ours = Repository::new();
    ours.fleet("ours", "");
    ours.cluster(
        "shared",
        &cluster,
        "ttl: 1h\nadopt: true\naccess:\n  - path: kv/data/shared/*\n    capabilities: [read]\n",
    );
    ours.kes(
        "clusters/shared/app.yaml",
        "shared-app",
        &[("password", "kv/data/shared/app", "user")],
    );
    let proxy = Proxy::in_front_of_vault(world.vault.addr());
    let keyfleet = ours.keyfleet(proxy.url(), &config);
    let plan = keyfleet.plan_json();
    for kind in ["Role", "Policy", "Secret"] {
        let change = held(&plan, kind);
        assert_eq!(change["why"][0]["release"], "byHand", "{change:#}");
        assert!(change["why"].to_string().contains("theirs"), "{change:#}");
        keyfleet.run(&[
            "apply",
            "--yes",
            "--approve",
            change["id"].as_str().unwrap(),
        ]);
    }
    assert!(proxy.writes().is_empty(), "{:?}", proxy.writes());
    assert_eq!(
        cluster.secret("shop", "shared-app").await.unwrap()["password"],
        b"canary-app"
    );
}

/// A namespace that another test of this file may have made.
async fn namespace(cluster: &Cluster, name: &str) {
    let object = json!({ "metadata": { "name": name } });
    let (status, _) = cluster
        .api(
            "POST",
            "/api/v1/namespaces",
            "application/json",
            Some(object),
        )
        .await;
    assert!(
        matches!(status, 201 | 409),
        "making namespace {name}: {status}"
    );
}
