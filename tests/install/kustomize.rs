//! `manifests/`, applied to a real kube-apiserver.

use super::tools::{
    FOLDERS, cluster, complaint, installed, kubectl, kubectl_ok, kustomized, name, objects, read,
};
use serde_json::{Value, json};

/// Seen at the server: what kubectl calls configured need not have been changed by it.
#[tokio::test]
async fn what_is_applied_again_changes_nothing() {
    let cluster = installed().await;
    let versions = |folder: &str| {
        let stored = ["get", "-o", "json", "-k", folder];
        let stored: Value = serde_json::from_str(&kubectl_ok(cluster, &stored, "")).unwrap();
        let objects = stored["items"].as_array().unwrap();
        let version =
            |object: &Value| (name(object), object["metadata"]["resourceVersion"].clone());
        objects.iter().map(version).collect::<Vec<_>>()
    };
    for folder in FOLDERS {
        let before = versions(folder);
        assert!(before.len() >= 3, "{before:?}");
        kubectl_ok(cluster, &["apply", "--validate=strict", "-k", folder], "");
        assert_eq!(versions(folder), before);
    }
}

#[tokio::test]
async fn strict_validation_refuses_a_field_that_is_misspelt() {
    let cluster = installed().await;
    let text = kubectl_ok(cluster, &["kustomize", "manifests/monitoring"], "");
    for (field, slip) in [
        ("honorLabels", "honourLabels"),
        ("annotations", "anotations"),
    ] {
        let text = text.replace(&format!("{field}:"), &format!("{slip}:"));
        let dry = ["apply", "--dry-run=server", "--validate=strict", "-f", "-"];
        let refused = kubectl(cluster, &dry, &text);
        assert!(!refused.status.success());
        let why = complaint(&refused);
        assert!(why.contains(slip), "{why}");
    }
}

/// The pod that the Deployment makes: no controller is here to make it.
fn pod(objects: &[Value]) -> Value {
    let deployment = objects
        .iter()
        .find(|object| object["kind"] == "Deployment")
        .unwrap();
    let template = &deployment["spec"]["template"];
    let mut metadata = template["metadata"].clone();
    metadata["name"] = json!("keyfleet-0");
    json!({ "apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": template["spec"] })
}

/// The namespace asks for pods that are restricted, and the kube-apiserver looks at that.
#[tokio::test]
async fn its_pod_is_admitted_where_pods_are_restricted() {
    let cluster = installed().await;
    let pod = pod(&kustomized(cluster, "manifests"));
    let url = "/api/v1/namespaces/keyfleet/pods?dryRun=All&fieldValidation=Strict";
    let create = async |pod: Value| {
        cluster
            .api("POST", url, "application/json", Some(pod))
            .await
    };

    let (status, answer) = create(pod.clone()).await;
    assert_eq!(status, 201, "{answer}");

    let mut root = pod;
    root["spec"]["securityContext"]["runAsNonRoot"] = json!(false);
    let (status, answer) = create(root).await;
    assert_eq!(status, 403, "{answer}");
    assert!(answer["message"].as_str().unwrap().contains("runAsNonRoot"));
}

#[tokio::test]
async fn its_files_are_read_only_but_for_the_cache() {
    let cluster = cluster().await;
    let pod = pod(&kustomized(cluster, "manifests"));
    let container = &pod["spec"]["containers"][0];
    assert_eq!(container["securityContext"]["readOnlyRootFilesystem"], true);
    let writable: Vec<&str> = container["volumeMounts"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|mount| mount["readOnly"] != true)
        .map(|mount| mount["mountPath"].as_str().unwrap())
        .collect();
    assert_eq!(writable, ["/var/lib/keyfleet", "/tmp"]);
    for volume in pod["spec"]["volumes"].as_array().unwrap() {
        if !volume["emptyDir"].is_null() {
            assert!(volume["emptyDir"]["sizeLimit"].is_string(), "{volume}");
        }
    }
}

/// Asked as the service account itself, with a token of the real server.
#[tokio::test]
async fn it_may_hold_its_lease_and_nothing_else() {
    let cluster = cluster().await;
    // By itself, without what it needs to manage a cluster.
    let alone = |text: String| text.replace("keyfleet", "alone");
    let text = alone(kubectl_ok(cluster, &["kustomize", "manifests"], ""));
    kubectl_ok(cluster, &["apply", "--validate=strict", "-f", "-"], &text);
    let token = cluster.token_request("alone", "alone").await;
    let leases = "/apis/coordination.k8s.io/v1/namespaces/alone/leases";
    let lease = |name: &str| json!({ "metadata": { "name": name }, "spec": {} });
    let ask = async |method: &str, path: &str, body: Option<Value>| {
        cluster
            .api_as(&token, method, path, "application/json", body)
            .await
    };

    let own = format!("{leases}/alone");
    assert_eq!(ask("GET", &own, None).await.0, 404);
    let (status, made) = ask("POST", leases, Some(lease("alone"))).await;
    assert_eq!(status, 201, "{made}");
    let (status, renewed) = ask("PUT", &own, Some(made)).await;
    assert_eq!(status, 200, "{renewed}");

    cluster.create(leases, lease("another")).await;
    let another = format!("{leases}/another");
    for (method, path, body) in [
        ("GET", another.as_str(), None),
        ("PUT", &another, Some(lease("another"))),
        ("DELETE", &own, None),
        ("GET", leases, None),
        ("GET", "/api/v1/namespaces/alone/secrets", None),
        ("GET", "/api/v1/namespaces/alone/configmaps", None),
        ("GET", "/api/v1/namespaces", None),
        ("GET", "/api/v1/nodes", None),
    ] {
        let (status, answer) = ask(method, path, body).await;
        assert_eq!(status, 403, "{method} {path}: {answer}");
    }
}

/// `tests/least_privilege.rs` shows that the README's are enough.
#[tokio::test]
async fn what_it_may_in_a_managed_cluster_is_what_the_readme_says() {
    let cluster = cluster().await;
    let readme = read("README.md");
    let block = readme
        .split("```yaml\n")
        .find(|block| block.contains("kind: ClusterRole\n"));
    let block = block.unwrap().split("```").next().unwrap();
    let rights = |objects: &[Value]| {
        let role = objects
            .iter()
            .find(|object| name(object) == "ClusterRole/keyfleet");
        role.unwrap()["rules"].clone()
    };
    assert_eq!(
        rights(&kustomized(cluster, "manifests/managed-cluster")),
        rights(&objects(cluster, block))
    );
}
