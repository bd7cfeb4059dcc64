//! The kinds of the External Secrets Operator and of the controller before it, on a real cluster as the sandbox has them.

use super::support;
use serde_json::{Value, json};

const PATH: &str = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";

/// Installs them and waits until they are served.
pub(crate) async fn install(cluster: &support::Cluster) {
    for (group, versions, scope, kind, plural, short) in [
        (
            "external-secrets.io",
            &["v1", "v1beta1"][..],
            "Namespaced",
            "ExternalSecret",
            "externalsecrets",
            "es",
        ),
        (
            "external-secrets.io",
            &["v1", "v1beta1"],
            "Namespaced",
            "SecretStore",
            "secretstores",
            "ss",
        ),
        (
            "external-secrets.io",
            &["v1", "v1beta1"],
            "Cluster",
            "ClusterSecretStore",
            "clustersecretstores",
            "css",
        ),
        (
            "kubernetes-client.io",
            &["v1"],
            "Namespaced",
            "ExternalSecret",
            "externalsecrets",
            "es",
        ),
    ] {
        let categories = match group {
            "external-secrets.io" => json!(["external-secrets"]),
            _ => json!([]),
        };
        let definition = json!({
            "apiVersion": "apiextensions.k8s.io/v1",
            "kind": "CustomResourceDefinition",
            "metadata": { "name": format!("{plural}.{group}") },
            "spec": {
                "group": group,
                "scope": scope,
                "names": {
                    "kind": kind,
                    "listKind": format!("{kind}List"),
                    "plural": plural,
                    "singular": kind.to_lowercase(),
                    "shortNames": [short],
                    "categories": categories,
                },
                "versions": versions.iter().map(|version| version_of(version)).collect::<Vec<_>>(),
            },
        });
        let (status, answer) = cluster
            .api("POST", PATH, "application/json", Some(definition))
            .await;
        assert!(matches!(status, 201 | 409), "{answer}");
    }
    for path in [
        "/apis/external-secrets.io/v1/externalsecrets",
        "/apis/external-secrets.io/v1beta1/externalsecrets",
        "/apis/external-secrets.io/v1/secretstores",
        "/apis/external-secrets.io/v1/clustersecretstores",
        "/apis/kubernetes-client.io/v1/externalsecrets",
    ] {
        for attempt in 0.. {
            if cluster.get(path).await.0 == 200 {
                break;
            }
            assert!(attempt < 200, "{path} is not served");
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
    }
}

/// Whatever stands in the spec and the status is kept.
fn version_of(version: &str) -> Value {
    let open = json!({ "type": "object", "x-kubernetes-preserve-unknown-fields": true });
    json!({
        "name": version,
        "served": true,
        "storage": version == "v1",
        "subresources": { "status": {} },
        "schema": { "openAPIV3Schema": {
            "type": "object",
            "properties": { "spec": open, "status": open },
        }},
    })
}
