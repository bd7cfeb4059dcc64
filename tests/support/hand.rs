use super::{Cluster, Vault};
use serde_json::json;
use std::fs;

/// What a person keeps after onboarding a cluster by hand.
pub struct ByHand {
    pub reviewer_jwt: String,
}

/// Onboards a cluster the way teams do it without keyfleet: the well-known commands, with the real command line of
/// Vault, and their counterpart in the cluster. A fleet that was onboarded like this is where keyfleet begins.
pub async fn onboard_by_hand(vault: &Vault, cluster: &Cluster) -> ByHand {
    let reviewer_jwt = prepare_cluster(cluster).await;
    let name = &cluster.name;
    // All clusters share it, so this fails for all but the first of them.
    let enable = vault.cli(&["secrets", "enable", "-path=kv", "kv-v2"]);
    let refusal = String::from_utf8_lossy(&enable.stderr);
    assert!(
        enable.status.success() || refusal.contains("already in use"),
        "{refusal}"
    );

    let policy = vault.folder().join(format!("{name}.hcl"));
    let text = format!(
        "path \"kv/data/{name}/*\" {{\n  capabilities = [\"create\", \"read\", \"update\", \"delete\", \"list\"]\n}}\n"
    );
    fs::write(&policy, text).expect("the folder of a server is writable");
    let policy = policy.to_str().expect("a temporary path is UTF-8");
    vault.cli_ok(&["policy", "write", &format!("{name}-kv-rw"), policy]);

    vault.cli_ok(&["auth", "enable", &format!("-path={name}"), "kubernetes"]);
    vault.cli_ok(&[
        "write",
        &format!("auth/{name}/config"),
        &format!("kubernetes_host={}", cluster.server()),
        &format!(
            "kubernetes_ca_cert=@{}",
            cluster.folder().join("ca.crt").display()
        ),
        &format!("token_reviewer_jwt={reviewer_jwt}"),
        "disable_local_ca_jwt=true",
    ]);
    vault.cli_ok(&[
        "write",
        &format!("auth/{name}/role/{name}-role"),
        "bound_service_account_names=kubernetes-external-secrets",
        "bound_service_account_namespaces=external-secrets",
        &format!("policies=default,{name}-kv-rw"),
        "ttl=24h",
    ]);
    ByHand { reviewer_jwt }
}

/// The service account that logs in, its right to review tokens, and a token of it for Vault to review with.
async fn prepare_cluster(cluster: &Cluster) -> String {
    let (namespace, account) = ("external-secrets", "kubernetes-external-secrets");
    cluster.create_namespace(namespace).await;
    cluster.create_service_account(namespace, account).await;
    let binding = json!({
        "metadata": { "name": "role-tokenreview-binding" },
        "roleRef": {
            "apiGroup": "rbac.authorization.k8s.io",
            "kind": "ClusterRole",
            "name": "system:auth-delegator",
        },
        "subjects": [{ "kind": "ServiceAccount", "name": account, "namespace": namespace }],
    });
    cluster
        .create(
            "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings",
            binding,
        )
        .await;
    cluster.token_request(namespace, account).await
}
