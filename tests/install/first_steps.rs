//! docs/install.md, followed as it is written.

use super::support::{Cluster, Vault, binaries};
use super::tools::{cluster, installed, kubectl_ok, objects, project, read, said};
use serde_json::{Value, json};
use std::fs;
use std::process::Command;

/// The fenced block of docs/install.md that begins with this line.
fn block(fence: &str) -> String {
    let paper = read("docs/install.md");
    let (_, block) = paper.split_once(&format!("```{fence}\n")).unwrap();
    block.split("```").next().unwrap().to_owned()
}

/// The policies of the README that are for planning and for applying.
fn policy() -> String {
    let readme = read("README.md");
    let blocks = readme.split("```hcl\n").skip(1).take(2);
    blocks
        .map(|block| block.split("```").next().unwrap())
        .collect()
}

/// Runs a block as its reader would, with the cluster and the Vault of the test.
fn follow(steps: &str, cluster: &Cluster, vault: &Vault, reviewer: &str) {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name);
    fs::write(file("ca.crt"), cluster.ca_pem()).unwrap();
    fs::write(file("reviewer"), reviewer).unwrap();
    fs::write(file("keyfleet.hcl"), policy()).unwrap();
    fs::write(file("kubeconfig"), cluster.kubeconfig_yaml(None, None)).unwrap();
    let programs =
        "vault() { \"$PROGRAM_OF_VAULT\" \"$@\"; }\nkubectl() { \"$PROGRAM_OF_KUBECTL\" \"$@\"; }";
    let ran = Command::new("sh")
        .args(["-c", &format!("set -eu\n{programs}\n{steps}")])
        .current_dir(folder.path())
        .env_clear()
        .env("HOME", folder.path())
        .env("KUBECONFIG", file("kubeconfig"))
        .env("VAULT_ADDR", vault.addr())
        .env("VAULT_TOKEN", vault.token())
        .env("PROGRAM_OF_VAULT", binaries::vault())
        .env("PROGRAM_OF_KUBECTL", binaries::kubectl())
        .output();
    said(&ran.unwrap());
}

/// What the token of Vault is that keyfleet gets for one of Kubernetes.
async fn logged_in(vault: &Vault, jwt: &str) {
    let token = vault.login("keyfleet", "keyfleet", jwt).await.unwrap();
    let (status, itself) = vault
        .api_as(&token, "GET", "auth/token/lookup-self", None)
        .await;
    assert_eq!(status, 200, "{itself}");
    assert_eq!(itself["data"]["policies"], json!(["default", "keyfleet"]));
    assert_eq!(itself["data"]["period"], 3600);
    assert_eq!(vault.api_as(&token, "GET", "sys/auth", None).await.0, 200);
}

/// A token as the Deployment asks for it.
async fn token_for(cluster: &Cluster, account: &str, audience: &str) -> String {
    let path = format!("/api/v1/namespaces/keyfleet/serviceaccounts/{account}/token");
    let asked = json!({ "spec": { "audiences": [audience], "expirationSeconds": 3600 } });
    let made = cluster.create(&path, asked).await;
    made["status"]["token"].as_str().unwrap().to_owned()
}

/// Vault's own account reviews. It has no pod here, so that its token is handed over.
#[tokio::test]
async fn a_vault_in_the_same_cluster_takes_the_token_that_is_for_vault() {
    let (cluster, vault) = (installed().await, Vault::start().await);
    cluster.create_namespace("vault").await;
    cluster.create_service_account("vault", "vault").await;
    let delegate = [
        "create",
        "clusterrolebinding",
        "vault",
        "--serviceaccount=vault:vault",
    ];
    let role = ["--clusterrole=system:auth-delegator"];
    kubectl_ok(cluster, &[&delegate[..], &role].concat(), "");
    let reviewer = cluster.token_request("vault", "vault").await;
    let written = "kubernetes_host=https://kubernetes.default.svc";
    let here = format!(
        "kubernetes_host={} kubernetes_ca_cert=@ca.crt token_reviewer_jwt=@reviewer",
        cluster.server()
    );
    let steps = block("sh");
    assert!(steps.contains(written));
    follow(&steps.replace(written, &here), cluster, &vault, &reviewer);

    let pod = kubectl_ok(
        cluster,
        &["get", "-n", "keyfleet", "deployment/keyfleet", "-o", "json"],
        "",
    );
    assert!(pod.contains("\"audience\": \"vault\""));
    logged_in(&vault, &token_for(cluster, "keyfleet", "vault").await).await;

    let for_the_api = cluster.token_request("keyfleet", "keyfleet").await;
    assert!(
        vault
            .login("keyfleet", "keyfleet", &for_the_api)
            .await
            .is_err()
    );
    let good_for = token_for(cluster, "keyfleet", "vault").await;
    let version = cluster.api_as(&good_for, "GET", "/version", "", None).await;
    assert_eq!(version.0, 401, "it is good for nothing else: {}", version.1);
}

/// Outside of the cluster, as Vault is here.
#[tokio::test]
async fn a_vault_elsewhere_asks_with_the_token_that_is_shown() {
    let (cluster, vault) = (installed().await, Vault::start().await);
    let address = "https://home.k8s.example:6443";
    let steps = block("sh elsewhere");
    assert!(steps.contains(address));
    follow(
        &steps.replace(address, cluster.server()),
        cluster,
        &vault,
        "",
    );

    let jwt = cluster.token_request("keyfleet", "keyfleet").await;
    logged_in(&vault, &jwt).await;

    cluster.create_service_account("keyfleet", "another").await;
    let jwt = cluster.token_request("keyfleet", "another").await;
    assert!(vault.login("keyfleet", "keyfleet", &jwt).await.is_err());
}

#[tokio::test]
async fn a_folder_of_ones_own_changes_image_and_settings() {
    let cluster = cluster().await;
    let folder = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink(project(""), folder.path().join("keyfleet")).unwrap();
    let own = folder.path().join("own");
    fs::create_dir(&own).unwrap();
    fs::write(own.join("kustomization.yaml"), block("yaml")).unwrap();
    let address = "https://git.example/platform/fleet.git";
    let mine = "https://forge.example/mine.git";
    let settings = read("manifests/keyfleet.yaml").replace(address, mine);
    fs::write(own.join("keyfleet.yaml"), &settings).unwrap();

    let text = kubectl_ok(cluster, &["kustomize", own.to_str().unwrap()], "");
    let objects = objects(cluster, &text);
    let find = |kind: &str| -> &Value {
        let found = objects.iter().find(|object| object["kind"] == kind);
        found.unwrap()
    };
    let pod = &find("Deployment")["spec"]["template"]["spec"];
    assert_eq!(
        pod["containers"][0]["image"],
        "registry.example/keyfleet:0.1.0"
    );
    let map = find("ConfigMap");
    assert_eq!(map["data"]["keyfleet.yaml"], settings);
    assert!(settings.contains(mine));
    assert_eq!(
        pod["volumes"][0]["configMap"]["name"],
        map["metadata"]["name"]
    );
}
