//! docs/install.md, followed as it is written.

use super::support::{binaries, world};
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

/// Vault runs elsewhere: here, outside of the cluster. The account is there, by the manifests.
#[tokio::test]
async fn its_service_account_logs_in_and_no_other_does() {
    let (cluster, vault) = (installed().await, &world().await.vault);
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name);
    fs::write(file("ca.crt"), cluster.ca_pem()).unwrap();
    fs::write(file("keyfleet.hcl"), policy()).unwrap();
    fs::write(file("kubeconfig"), cluster.kubeconfig_yaml(None, None)).unwrap();
    let steps = block("sh elsewhere").replace("https://home.k8s.example:6443", cluster.server());
    assert!(steps.contains(cluster.server()));
    let script = format!(
        "set -eu\nvault() {{ \"$PROGRAM_OF_VAULT\" \"$@\"; }}\nkubectl() {{ \"$PROGRAM_OF_KUBECTL\" \"$@\"; }}\n{steps}"
    );
    let ran = Command::new("sh")
        .args(["-c", &script])
        .current_dir(folder.path())
        .env_clear()
        .env("HOME", folder.path())
        .env("KUBECONFIG", file("kubeconfig"))
        .env("VAULT_ADDR", vault.addr())
        .env("VAULT_TOKEN", vault.token())
        .env("PROGRAM_OF_VAULT", binaries::vault())
        .env("PROGRAM_OF_KUBECTL", binaries::kubectl())
        .output()
        .unwrap();
    said(&ran);

    let jwt = cluster.token_request("keyfleet", "keyfleet").await;
    let token = vault.login("keyfleet", "keyfleet", &jwt).await.unwrap();
    let (status, itself) = vault
        .api_as(&token, "GET", "auth/token/lookup-self", None)
        .await;
    assert_eq!(status, 200, "{itself}");
    assert_eq!(itself["data"]["policies"], json!(["default", "keyfleet"]));
    assert_eq!(itself["data"]["period"], 3600);
    assert_eq!(vault.api_as(&token, "GET", "sys/auth", None).await.0, 200);

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
