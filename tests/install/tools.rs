//! The programs of those who install keyfleet, and the cluster that they install it in.

use super::support::{Cluster, ControlPlane, binaries, kubeconfig};
use serde_json::{Value, json};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use tokio::sync::OnceCell;

/// A path below the project.
pub(crate) fn project(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

pub(crate) fn read(path: &str) -> String {
    std::fs::read_to_string(project(path)).unwrap()
}

/// A cluster that knows the kinds of Prometheus Operator; the tests of this binary share it.
pub(crate) async fn cluster() -> &'static Cluster {
    static CLUSTER: OnceCell<Cluster> = OnceCell::const_new();
    CLUSTER
        .get_or_init(|| async {
            let cluster = ControlPlane::start().await.cluster("home").await;
            let kinds = json!({ "apiVersion": "v1", "kind": "List", "items": operator_kinds() });
            kubectl_ok(&cluster, &["create", "-f", "-"], &kinds.to_string());
            let established = ["wait", "--for=condition=Established", "crd", "--all"];
            kubectl_ok(&cluster, &established, "");
            cluster
        })
        .await
}

/// What `kubectl apply -k` takes.
pub(crate) const FOLDERS: [&str; 3] = [
    "manifests",
    "manifests/managed-cluster",
    "manifests/monitoring",
];

/// Everything, as docs/install.md says. Whoever comes second waits, since two that create the same object are in each
/// other's way.
pub(crate) async fn installed() -> &'static Cluster {
    static INSTALLED: OnceCell<()> = OnceCell::const_new();
    let cluster = cluster().await;
    INSTALLED
        .get_or_init(|| async {
            for folder in FOLDERS {
                kubectl_ok(cluster, &["apply", "--validate=strict", "-k", folder], "");
            }
        })
        .await;
    cluster
}

/// No more of the two kinds than the manifests use, so that strict validation finds a field that is misspelt.
fn operator_kinds() -> [Value; 2] {
    let strings = json!({ "type": "object", "additionalProperties": { "type": "string" } });
    let object = |properties: Value| json!({ "type": "object", "properties": properties });
    let list = |items: Value| json!({ "type": "array", "items": items });
    let text = json!({ "type": "string" });
    let rule = object(json!({
        "alert": text, "expr": text, "for": text, "labels": strings, "annotations": strings
    }));
    let group = object(json!({ "name": text, "rules": list(rule) }));
    let endpoint = object(json!({
        "port": text, "path": text, "interval": text, "honorLabels": { "type": "boolean" }
    }));
    let selector = object(json!({ "matchLabels": strings }));
    let monitor = object(json!({ "selector": selector, "endpoints": list(endpoint) }));
    let kind = |kind: &str, plural: &str, spec: Value| {
        json!({
            "apiVersion": "apiextensions.k8s.io/v1",
            "kind": "CustomResourceDefinition",
            "metadata": { "name": format!("{plural}.monitoring.coreos.com") },
            "spec": {
                "group": "monitoring.coreos.com",
                "scope": "Namespaced",
                "names": { "kind": kind, "plural": plural },
                "versions": [{
                    "name": "v1", "served": true, "storage": true,
                    "schema": { "openAPIV3Schema": object(json!({ "spec": spec })) },
                }],
            },
        })
    };
    [
        kind("ServiceMonitor", "servicemonitors", monitor),
        kind(
            "PrometheusRule",
            "prometheusrules",
            object(json!({ "groups": list(group) })),
        ),
    ]
}

/// As administrator, in the folder of the project.
pub(crate) fn kubectl(cluster: &Cluster, arguments: &[&str], input: &str) -> Output {
    let mut command = Command::new(binaries::kubectl());
    command
        .arg("--kubeconfig")
        .arg(kubeconfig(&[(cluster, None)]))
        .args(arguments);
    run(&mut command, input)
}

pub(crate) fn kubectl_ok(cluster: &Cluster, arguments: &[&str], input: &str) -> String {
    said(&kubectl(cluster, arguments, input))
}

pub(crate) fn helm(arguments: &[&str]) -> Output {
    run(Command::new(binaries::helm()).args(arguments), "")
}

pub(crate) fn promtool(arguments: &[&str], folder: &Path) -> Output {
    run(
        Command::new(binaries::promtool())
            .args(arguments)
            .current_dir(folder),
        "",
    )
}

/// What was printed; panics with the complaint of a program that failed.
pub(crate) fn said(output: &Output) -> String {
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{text}{}", complaint(output));
    text
}

pub(crate) fn complaint(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// With nothing of the environment but PATH, and a home of its own.
fn run(command: &mut Command, input: &str) -> Output {
    let home = tempfile::tempdir().unwrap();
    if command.get_current_dir().is_none() {
        command.current_dir(project(""));
    }
    let mut child = command
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("HOME", home.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    std::thread::scope(|scope| {
        // A program that fails early reads no more of it.
        scope.spawn(move || drop(stdin.write_all(input.as_bytes())));
        child.wait_with_output().unwrap()
    })
}

/// The objects of a text, as kubectl reads them. None is written, and no default is added.
pub(crate) fn objects(cluster: &Cluster, text: &str) -> Vec<Value> {
    let only_read = [
        "create",
        "--dry-run=client",
        "--validate=false",
        "-o",
        "json",
        "-f",
        "-",
    ];
    let printed = kubectl_ok(cluster, &only_read, text);
    let documents = serde_json::Deserializer::from_str(&printed).into_iter::<Value>();
    let mut found = Vec::new();
    for document in documents {
        let document = document.unwrap();
        match document["items"].as_array() {
            Some(items) => found.extend(items.clone()),
            None => found.push(document),
        }
    }
    found
}

/// The objects of a folder of `manifests/`, as `kubectl apply -k` takes them.
pub(crate) fn kustomized(cluster: &Cluster, folder: &str) -> Vec<Value> {
    let text = kubectl_ok(cluster, &["kustomize", folder], "");
    objects(cluster, &text)
}

/// `Deployment/keyfleet`
pub(crate) fn name(object: &Value) -> String {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    format!(
        "{}/{}",
        text(&object["kind"]),
        text(&object["metadata"]["name"])
    )
}
