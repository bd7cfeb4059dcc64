//! What a cluster needs for its logins.

use crate::stage::{ByHand, Drift, stage};
use serde_json::{Value, json};

const BINDING: &str =
    "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings/role-tokenreview-binding";

fn subject(name: &str) -> Value {
    json!({ "kind": "ServiceAccount", "name": name, "namespace": "external-secrets" })
}

#[tokio::test]
async fn every_field_of_a_binding_is_found_and_put_back() {
    let name = "role-tokenreview-binding";
    let edit = |patch: Value| ByHand::Edit(BINDING.to_owned(), patch);
    let of = |patch, fields| Drift::new(edit(patch), "ClusterRoleBinding", name, fields);
    let labels = |label: &str, value: Value| json!({ "metadata": { "labels": { label: value } } });
    stage()
        .await
        .finds_and_restores(vec![
            of(
                json!({ "subjects": [subject("kubernetes-external-secrets"), subject("other")] }),
                &["subjects"],
            ),
            of(
                json!({ "subjects": [subject("kubernetes-external-secrets"), {"apiGroup": "rbac.authorization.k8s.io", "kind": "Group", "name": "system:authenticated"}] }),
                &["subjects"],
            ),
            of(labels("keyfleet.dev/installation", Value::Null), &["labels"]),
            of(labels("app.kubernetes.io/managed-by", json!("Helm")), &["labels"]),
            of(labels("app.kubernetes.io/managed-by", Value::Null), &["labels"]),
            Drift::new(ByHand::Delete(BINDING.to_owned()), "ClusterRoleBinding", name, &[]),
            Drift::new(
                ByHand::Delete("/api/v1/namespaces/external-secrets/serviceaccounts/kubernetes-external-secrets".to_owned()),
                "ServiceAccount",
                "external-secrets/kubernetes-external-secrets",
                &[],
            ),
        ])
        .await;
}
