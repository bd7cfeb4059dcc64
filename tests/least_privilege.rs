//! What the README says that keyfleet must be allowed is enough: to plan with the first policy alone, and to do
//! everything with both. The rights are read out of the README and given on real servers.

#![expect(
    clippy::unwrap_used,
    reason = "the helpers of a test fail as the test does"
)]

mod support;

use keyfleet::diagnostics::Diagnostics;
use keyfleet::yaml::{self, Content, Node};
use serde_json::{Map, Value, json};
use std::fs;
use std::path::{Path, PathBuf};
use support::{Cluster, Flavour, Keyfleet, Vault, fleet, kubeconfig, world};

const SECTION: &str = "## What keyfleet itself must be allowed";

/// The fenced blocks of one language in the section of the README that is about keyfleet's own rights.
fn blocks(language: &str) -> Vec<String> {
    let readme =
        fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).unwrap();
    let (_, section) = readme.split_once(SECTION).expect("the section is there");
    let section = section.split("\n## ").next().unwrap();
    let fence = format!("```{language}\n");
    let blocks = section.split(fence.as_str()).skip(1);
    blocks
        .map(|block| block.split("```").next().unwrap().to_owned())
        .collect()
}

/// A token with these policies of the README, and Vault's own `default`.
async fn token(vault: &Vault, name: &str, policies: &[String]) -> String {
    let mut names = Vec::new();
    for (number, text) in policies.iter().enumerate() {
        let policy = format!("{name}-{number}");
        let path = format!("sys/policies/acl/{policy}");
        let (status, answer) = vault
            .api("POST", &path, Some(json!({ "policy": text })))
            .await;
        assert!(status < 300, "{answer}");
        names.push(policy);
    }
    let body = json!({ "policies": names, "ttl": "1h" });
    let (status, answer) = vault.api("POST", "auth/token/create", Some(body)).await;
    assert_eq!(status, 200, "{answer}");
    answer["auth"]["client_token"].as_str().unwrap().to_owned()
}

fn to_json(node: &Node) -> Value {
    match &node.content {
        Content::Scalar { text, .. } => json!(text),
        Content::List(items) => items.iter().map(to_json).collect(),
        Content::Map(entries) => entries
            .iter()
            .map(|entry| (entry.key.clone(), to_json(&entry.value)))
            .collect::<Map<_, _>>()
            .into(),
    }
}

/// Gives the cluster's powerless user the role of the README.
async fn allow_user(cluster: &Cluster) {
    let role = blocks("yaml").pop().expect("a ClusterRole");
    let documents = yaml::parse("README.md", &role, &mut Diagnostics::default());
    let api = "/apis/rbac.authorization.k8s.io/v1";
    let role = to_json(&documents.documents[0]);
    let name = role["metadata"]["name"].clone();
    cluster.create(&format!("{api}/clusterroles"), role).await;
    let binding = json!({
        "metadata": { "name": name },
        "roleRef": { "apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": name },
        "subjects": [{ "apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": "user" }],
    });
    cluster
        .create(&format!("{api}/clusterrolebindings"), binding)
        .await;
}

/// A kubeconfig that enters every cluster as its user, and not as administrator.
fn as_users(clusters: &[&Cluster]) -> PathBuf {
    let all: Vec<_> = clusters.iter().map(|cluster| (*cluster, None)).collect();
    let file = kubeconfig(&all);
    let mut text = fs::read_to_string(&file).unwrap();
    for cluster in clusters {
        text = text.replace(cluster.admin_token(), cluster.user_token());
    }
    fs::write(&file, text).unwrap();
    file
}

/// The policies for reading, and those for changing besides. What only `OpenBao` knows is for `OpenBao` only.
async fn policies(vault: &Vault) -> (Vec<String>, Vec<String>) {
    let blocks = blocks("hcl");
    let [reading, changing, scanning] = blocks.as_slice() else {
        panic!("{} policies in the README", blocks.len());
    };
    let mut read = vec![reading.clone()];
    if vault.flavour().await == Flavour::OpenBao {
        read.push(scanning.clone());
    }
    let all = read.iter().chain([changing]).cloned().collect();
    (read, all)
}

#[tokio::test]
async fn the_rights_of_the_readme_are_enough_for_the_whole_life_of_a_fleet() {
    let world = world().await;
    let vault = &world.vault;
    fleet::seed(vault).await;
    let folder = tempfile::tempdir().unwrap();
    let repository = folder.path().join("repo");
    fleet::copy(&fleet::example(), &repository);
    let declared = repository.join("fleet.yaml");
    let fleet = fs::read_to_string(&declared).unwrap();
    let mounts = "      kvMounts:\n";
    assert!(fleet.contains(mounts), "the example keeps KV mounts");
    let more = format!("{mounts}        - path: team\n          version: 2\n");
    fs::write(&declared, fleet.replace(mounts, &more)).unwrap();
    let (prod, staging) = (
        world.cluster("prod-eu").await,
        world.cluster("staging").await,
    );
    for cluster in [&prod, &staging] {
        cluster.create_namespace("shop").await;
        fleet::point_at(&repository, cluster);
        allow_user(cluster).await;
    }
    let (reading, everything) = policies(vault).await;
    let reader = Keyfleet {
        repository: repository.clone(),
        vault_addr: vault.addr().to_owned(),
        vault_token: token(vault, "read", &reading).await,
        kubeconfig: as_users(&[&prod, &staging]),
    };
    let owner = Keyfleet {
        vault_token: token(vault, "own", &everything).await,
        ..reader.clone()
    };

    let plan = reader.plan_json();
    assert_eq!(
        plan["unknown"],
        json!([]),
        "reading needs no more than the first policy"
    );
    assert!(!plan["changes"].as_array().unwrap().is_empty());
    let refused = reader.run(&["apply", "--yes", "--cluster", "prod-eu"]);
    assert_eq!(refused.code, 1, "{}", refused.out);
    assert!(
        refused.err.contains("`create`, `update` and `sudo`"),
        "{}",
        refused.err
    );

    let applied = owner.run(&["apply", "--yes"]);
    assert_eq!(applied.code, 0, "{}{}", applied.out, applied.err);
    let planned = reader.run(&["plan", "--full"]);
    assert_eq!(planned.code, 0, "{}{}", planned.out, planned.err);
    let status = reader.run(&["status"]);
    assert_eq!(status.code, 0, "{}{}", status.out, status.err);

    // What is tuned by hand is tuned back, and what is no longer declared goes.
    vault.cli_ok(&["auth", "tune", "-max-lease-ttl=1h", "prod-eu/"]);
    vault.cli_ok(&["secrets", "tune", "-max-lease-ttl=1h", "team/"]);
    vault.cli_ok(&["write", "auth/prod-eu/role/prod-eu-role", "token_ttl=5m"]);
    let applied = owner.run(&["apply", "--yes"]);
    assert!(
        applied.out.contains("3 writes"),
        "{}{}",
        applied.out,
        applied.err
    );
    fs::write(&declared, fleet).unwrap();
    fs::remove_file(repository.join("groups/all/mail.yaml")).unwrap();
    fs::remove_dir_all(repository.join("clusters/staging")).unwrap();
    let held = owner.plan_json()["held"].clone();
    let ids: Vec<&str> = held
        .as_array()
        .unwrap()
        .iter()
        .map(|held| held["id"].as_str().unwrap())
        .collect();
    let mut arguments = vec!["apply", "--yes"];
    arguments.extend(ids.iter().flat_map(|id| ["--approve", id]));
    let applied = owner.run(&arguments);
    assert_eq!(applied.code, 0, "{}{}", applied.out, applied.err);
    let (_, mounts) = vault.api("GET", "sys/mounts", None).await;
    assert!(mounts["data"]["team/"].is_null() && !mounts["data"]["kv/"].is_null());
    assert_eq!(vault.api("GET", "sys/auth/staging/tune", None).await.0, 400);
    assert_eq!(
        vault
            .api("GET", "sys/policies/acl/staging-kv-rw", None)
            .await
            .0,
        404
    );
    assert!(prod.secret("shop", "mail").await.is_none());
    assert_eq!(reader.run(&["plan"]).code, 0);
}
