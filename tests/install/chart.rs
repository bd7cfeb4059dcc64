//! `charts/keyfleet`, rendered by the real helm.

use super::settings::assert_good;
use super::tools::{
    FOLDERS, cluster, complaint, helm, kubectl_ok, kustomized, name, objects, read, said,
};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;

const CHART: &str = "charts/keyfleet";

const EVERYTHING: &str = "managedCluster.enabled=true,monitoring.serviceMonitor=true,monitoring.alerts=true,\
                          monitoring.dashboard=true";

fn rendered(release: &str, namespace: &str, values: &[&str]) -> String {
    let mut arguments = vec!["template", release, CHART, "--namespace", namespace];
    arguments.extend(values.iter().flat_map(|value| ["--set", value]));
    said(&helm(&arguments))
}

/// Takes away what only one of the two tools knows: who made an object, and how a change of the settings starts other pods. The
/// settings are compared as what they say.
fn comparable(cluster: &super::support::Cluster, objects: Vec<Value>) -> BTreeMap<String, Value> {
    let mut comparable = BTreeMap::new();
    for mut object in objects {
        if object["kind"] == "Namespace" {
            continue;
        }
        without_marks(&mut object["metadata"]);
        if object["kind"] == "Deployment" || object["kind"] == "StatefulSet" {
            let template = &mut object["spec"]["template"];
            without_marks(&mut template["metadata"]);
            let settings = &mut template["spec"]["volumes"][0]["configMap"]["name"];
            *settings = json!(without_digest(settings.as_str().unwrap()));
        }
        let named = without_digest(object["metadata"]["name"].as_str().unwrap());
        object["metadata"]["name"] = json!(named);
        if let Some(text) = object["data"]["keyfleet.yaml"].as_str() {
            object["data"]["keyfleet.yaml"] = settings(cluster, text);
        }
        let before = comparable.insert(name(&object), object);
        assert!(before.is_none() || before.unwrap()["kind"] == "ServiceAccount");
    }
    comparable
}

fn without_marks(metadata: &mut Value) {
    for (place, mark) in [
        ("labels", "helm.sh/chart"),
        ("labels", "app.kubernetes.io/managed-by"),
        ("annotations", "checksum/settings"),
    ] {
        if let Some(marks) = metadata[place].as_object_mut() {
            marks.remove(mark);
        }
    }
    let metadata = metadata.as_object_mut().unwrap();
    metadata.retain(|_, value| !value.is_null() && *value != Value::Object(Map::new()));
}

/// `keyfleet-settings` of `keyfleet-settings-d9dm979tkg`.
fn without_digest(name: &str) -> String {
    match name.split_once("-settings-") {
        Some((before, _)) => format!("{before}-settings"),
        None => name.to_owned(),
    }
}

/// kubectl reads any YAML that calls itself an object.
fn settings(cluster: &super::support::Cluster, text: &str) -> Value {
    let indented: String = text.lines().map(|line| format!("  {line}\n")).collect();
    let carrier = format!(
        "apiVersion: monitoring.coreos.com/v1\nkind: PrometheusRule\nmetadata: {{name: settings}}\nspec:\n{indented}"
    );
    objects(cluster, &carrier)[0]["spec"].clone()
}

#[tokio::test]
async fn the_chart_makes_what_the_manifests_make() {
    are_alike(&FOLDERS, &[EVERYTHING]).await;
}

/// The same with volumes that outlive the pods.
#[tokio::test]
async fn the_chart_keeps_what_the_manifests_keep() {
    let [_, managed, monitoring] = FOLDERS;
    let folders = ["tests/install/persistent", managed, monitoring];
    are_alike(&folders, &[EVERYTHING, "persistence.enabled=true"]).await;
}

async fn are_alike(folders: &[&str], values: &[&str]) {
    let cluster = cluster().await;
    let manifests = folders
        .iter()
        .flat_map(|folder| kustomized(cluster, folder));
    let manifests = comparable(cluster, manifests.collect());
    let chart = rendered("keyfleet", "keyfleet", values);
    let chart = comparable(cluster, objects(cluster, &chart));

    let names = |objects: &BTreeMap<String, Value>| objects.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&chart), names(&manifests));
    let unlike: Vec<String> = manifests
        .iter()
        .flat_map(|(name, object)| unlike(name, &chart[name], object))
        .collect();
    assert!(
        unlike.is_empty(),
        "the chart, and the manifests:\n{}",
        unlike.join("\n")
    );
}

/// The places where two objects differ.
fn unlike(place: &str, left: &Value, right: &Value) -> Vec<String> {
    match (left, right) {
        (Value::Object(left), Value::Object(right)) => {
            let keys: BTreeSet<&String> = left.keys().chain(right.keys()).collect();
            let of = |map: &Map<String, Value>, key| map.get(key).cloned().unwrap_or_default();
            keys.into_iter()
                .flat_map(|key| unlike(&format!("{place}.{key}"), &of(left, key), &of(right, key)))
                .collect()
        }
        (Value::Array(left), Value::Array(right)) if left.len() == right.len() => left
            .iter()
            .zip(right)
            .enumerate()
            .flat_map(|(index, (left, right))| unlike(&format!("{place}[{index}]"), left, right))
            .collect(),
        _ if left == right => Vec::new(),
        _ => vec![format!("{place}: {left}, and {right}")],
    }
}

#[test]
fn the_chart_carries_the_alerts_and_the_dashboard_as_they_are() {
    for file in ["alerts.yaml", "dashboard.json"] {
        assert!(
            read(&format!("manifests/monitoring/{file}")) == read(&format!("{CHART}/files/{file}")),
            "{file}: copy it from manifests/monitoring to {CHART}/files"
        );
    }
}

#[test]
fn the_chart_is_of_this_version() {
    let version = env!("CARGO_PKG_VERSION");
    let chart = read(&format!("{CHART}/Chart.yaml"));
    for line in [
        format!("version: {version}"),
        format!("appVersion: {version}"),
    ] {
        assert!(chart.lines().any(|known| known == line), "{line}");
    }
    assert!(read("manifests/kustomization.yaml").contains(&format!("newTag: {version}\n")));
}

#[test]
fn helm_lint_has_nothing_to_say() {
    let told = said(&helm(&["lint", "--strict", CHART]));
    assert!(told.contains("0 chart(s) failed"), "{told}");
}

/// Two installations side by side, each with its own Lease.
#[tokio::test]
async fn another_release_names_everything_after_itself() {
    let cluster = cluster().await;
    cluster.create_namespace("platform").await;
    let text = rendered("second", "platform", &[EVERYTHING]);
    let told = kubectl_ok(
        cluster,
        &["apply", "--dry-run=server", "--validate=strict", "-f", "-"],
        &text,
    );
    assert!(told.lines().count() >= 12, "{told}");
    let objects = objects(cluster, &text);
    for object in &objects {
        let name = name(object);
        assert!(name.contains("/second-keyfleet"), "{name}");
    }
    let find = |kind: &str, end: &str| {
        let found = objects.iter().find(|object| {
            object["kind"] == kind && object["metadata"]["name"].as_str().unwrap().ends_with(end)
        });
        found.unwrap()
    };
    let map = find("ConfigMap", "-settings");
    let settings = settings(cluster, map["data"]["keyfleet.yaml"].as_str().unwrap());
    let lease = json!({ "namespace": "platform", "name": "second-keyfleet" });
    assert_eq!(settings["active"]["lease"], lease);
    let role = find("Role", "keyfleet");
    assert_eq!(
        role["rules"][0]["resourceNames"],
        json!(["second-keyfleet"])
    );
    let pod = &find("Deployment", "keyfleet")["spec"]["template"]["spec"];
    assert_eq!(
        pod["volumes"][0]["configMap"]["name"],
        map["metadata"]["name"]
    );
    assert_eq!(pod["serviceAccountName"], "second-keyfleet");
}

/// Of the cluster's class, of another, and of a claim that is there.
#[tokio::test]
async fn the_volume_is_the_one_that_is_asked_for() {
    let cluster = cluster().await;
    cluster.create_namespace("kept").await;
    for (values, claims, volume) in [
        (&[][..], json!([Value::Null]), Value::Null),
        (
            &["persistence.storageClass=fast"][..],
            json!(["fast"]),
            Value::Null,
        ),
        (
            &["persistence.existingClaim=mine", "replicas=1"][..],
            json!([]),
            json!("mine"),
        ),
    ] {
        let values = [&["persistence.enabled=true"], values].concat();
        let text = rendered("keyfleet", "kept", &values);
        let dry = ["apply", "--dry-run=server", "--validate=strict", "-f", "-"];
        kubectl_ok(cluster, &dry, &text);
        let objects = objects(cluster, &text);
        let set = objects.iter().find(|it| it["kind"] == "StatefulSet");
        let spec = &set.unwrap()["spec"];
        let templates = spec["volumeClaimTemplates"].as_array();
        let classes = templates.into_iter().flatten();
        let classes = classes.map(|it| it["spec"]["storageClassName"].clone());
        assert_eq!(Value::Array(classes.collect()), claims, "{values:?}");
        let volumes = spec["template"]["spec"]["volumes"].as_array().unwrap();
        let data = volumes.iter().find(|it| it["name"] == "data");
        let claim = data.map(|it| it["persistentVolumeClaim"]["claimName"].clone());
        assert_eq!(claim.unwrap_or_default(), volume, "{values:?}");
        assert!(
            volumes
                .iter()
                .all(|it| it["name"] != "data" || it["emptyDir"].is_null())
        );
    }
}

/// What the schema lets through is good for keyfleet, too.
#[tokio::test]
async fn keyfleet_reads_the_settings_of_the_chart() {
    let cluster = cluster().await;
    for values in [
        &[][..],
        &[
            "settings.repository.accept=0123456789abcdef0123456789abcdef01234567",
            "settings.vaults.main.kubernetes=null",
            "settings.vaults.main.appRole.roleId=keyfleet",
            "settings.vaults.main.appRole.secretIdFile=/etc/keyfleet/secrets/secret-id",
            "settings.web.listen=0.0.0.0:9000",
            "settings.web.proxy.header=X-Forwarded-User",
            "settings.web.proxy.from[0]=10.1.0.0/16",
            "settings.webhooks.from[0].forge=forgejo",
            "settings.webhooks.from[0].secret.file=/etc/keyfleet/secrets/webhook",
            "settings.reconcile.mode=apply",
        ],
    ] {
        let objects = objects(cluster, &rendered("keyfleet", "keyfleet", values));
        let map = objects
            .iter()
            .find(|object| object["data"]["keyfleet.yaml"].is_string());
        assert_good(map.unwrap()["data"]["keyfleet.yaml"].as_str().unwrap());
    }
}

#[tokio::test]
async fn the_dashboard_gets_a_port_where_the_settings_let_others_look() {
    let cluster = cluster().await;
    let ports = async |values: &[&str]| {
        let objects = objects(cluster, &rendered("keyfleet", "keyfleet", values));
        let service = objects.iter().find(|object| object["kind"] == "Service");
        service.unwrap()["spec"]["ports"]
            .as_array()
            .unwrap()
            .clone()
    };
    assert_eq!(ports(&[]).await.len(), 2);
    let open = [
        "settings.web.listen=0.0.0.0:9000",
        "settings.web.token.file=/etc/keyfleet/secrets/web-token",
        "networkPolicy.webFrom[0].namespaceSelector.matchLabels.team=platform",
    ];
    let port = ports(&open).await.pop().unwrap();
    assert_eq!(
        (&port["name"], &port["port"]),
        (&json!("web"), &json!(9000))
    );
}

#[test]
fn the_schema_refuses_what_cannot_be_meant() {
    for (values, place) in [
        ("replica: 3", "'replica' not allowed"),
        ("replicas: two", "at '/replicas'"),
        ("replicas: 0", "at '/replicas'"),
        ("image: {repository: ''}", "at '/image/repository'"),
        ("image: {tag: 1.0}", "at '/image/tag'"),
        (
            "settings: {repository: {url: ''}}",
            "at '/settings/repository/url'",
        ),
        ("settings: {repo: {}}", "'repo' not allowed"),
        // What the chart decides is not for the values to say.
        ("settings: {active: {lock: true}}", "'active' not allowed"),
        // A secret has no place here, only where it is kept.
        (
            "settings: {repository: {token: hunter2}}",
            "at '/settings/repository/token'",
        ),
        (
            "settings: {vaults: {main: {token: hunter2}}}",
            "at '/settings/vaults/main",
        ),
        (
            "settings: {reconcile: {mode: dry}}",
            "at '/settings/reconcile/mode'",
        ),
        (
            "settings: {vaults: {main: {address: vault.example}}}",
            "at '/settings/vaults/main/address'",
        ),
        (
            "settings: {webhooks: {from: [{forge: github, secret: hunter2}]}}",
            "at '/settings/webhooks/from/0/secret'",
        ),
        (
            "settings: {webhooks: {listen: '0.0.0.0:80'}}",
            "'listen' not allowed",
        ),
        // The dashboard, for everybody.
        (
            "settings: {web: {listen: '0.0.0.0:8480'}}",
            "at '/settings/web'",
        ),
        (
            "vaultToken: {expirationSeconds: 60}",
            "at '/vaultToken/expirationSeconds'",
        ),
        (
            "networkPolicy: {egressPorts: []}",
            "at '/networkPolicy/egressPorts'",
        ),
        (
            "managedCluster: {loginAccounts: []}",
            "at '/managedCluster/loginAccounts'",
        ),
        ("monitoring: {alerts: 'yes'}", "at '/monitoring/alerts'"),
        ("podLabels: {team: 7}", "at '/podLabels/team'"),
        ("persistence: {size: 10}", "at '/persistence/size'"),
        // No two pods may share it.
        (
            "persistence: {enabled: true, existingClaim: mine}",
            "at '/replicas'",
        ),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("values.yaml");
        fs::write(&file, values).unwrap();
        let refused = helm(&["template", CHART, "--values", file.to_str().unwrap()]);
        let why = complaint(&refused);
        assert!(!refused.status.success(), "{values}");
        assert!(
            why.contains("schema") && why.contains(place),
            "{values}: {why}"
        );
    }
}
