use super::support::{Proxy, kubeconfig};
use super::*;
use keyfleet::observe::ReadCluster as _;
use serde_json::Value;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A connection by a kubeconfig that is not a file of this machine.
pub(super) fn text(text: &str, context: Option<&str>) -> Result<ClusterConnection, Failure> {
    let access = Access::KubeconfigText {
        text: SecretBytes::from(text.to_owned()),
        context: context.map(ToOwned::to_owned),
        origin: "kv/clusters/backend#kubeconfig".to_owned(),
    };
    ClusterConnection::new(access, Limits::default())
}

pub(super) fn own(path: &Path, context: Option<&str>) -> Result<ClusterConnection, Failure> {
    let access = Access::Kubeconfig {
        file: Arc::new(KubeconfigFile::read(Some(path))?),
        context: context.map(ToOwned::to_owned),
    };
    let limits = Limits {
        plugin: Duration::from_secs(2),
        ..Limits::default()
    };
    ClusterConnection::new(access, limits)
}

fn config(cluster: &Cluster) -> Value {
    serde_json::from_str(&cluster.kubeconfig_yaml(None, None)).expect("it is JSON")
}

/// The operator's own file with one user that runs this script.
pub(super) fn with_plugin(mut config: Value, folder: &Path, script: &str, wanted: &str) -> PathBuf {
    let plugin = folder.join("plugin.sh");
    std::fs::write(
        &plugin,
        format!(
            "#!/bin/sh\necho run >> {}/runs\n{script}\n",
            folder.display()
        ),
    )
    .expect("writable");
    std::fs::set_permissions(&plugin, std::fs::Permissions::from_mode(0o700)).expect("ours");
    config["users"][0]["user"] = json!({ "exec": {
        "apiVersion": "client.authentication.k8s.io/v1", "command": "./plugin.sh", "interactiveMode": "Never",
        "provideClusterInfo": true, "env": [{ "name": "WANTED", "value": wanted }] } });
    let file = folder.join("config");
    std::fs::write(&file, config.to_string()).expect("writable");
    file
}

fn runs(folder: &Path) -> usize {
    std::fs::read_to_string(folder.join("runs")).map_or(0, |runs| runs.lines().count())
}

fn credential(token: &str, rest: &str) -> String {
    format!(
        r#"echo '{{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1","status":{{"token":"'{token}'"{rest}}}}}'"#
    )
}

#[tokio::test]
async fn a_kubeconfig_opens_its_cluster_by_file_and_by_text() {
    let cluster = cluster().await;
    let proxy = Proxy::in_front_of_cluster(cluster);
    let file = kubeconfig(&[(cluster, Some(&proxy))]);
    let by_file = own(&file, Some("backend")).expect("the context is there");
    assert_eq!(by_file.server(), proxy.url());
    by_file
        .reader()
        .identity()
        .await
        .expect("the file is right");
    assert_eq!(proxy.count(|_| true), 1);

    let mut config = config(cluster);
    config
        .as_object_mut()
        .expect("an object")
        .remove("current-context");
    let by_text = text(&config.to_string(), None).expect("there is only one context");
    by_text
        .reader()
        .identity()
        .await
        .expect("the text is right");
    let failure = failed(
        text(&config.to_string(), Some("other")),
        FailureClass::Setup,
    );
    assert_eq!(failure.why, "it has no context `other`");
    assert_eq!(failure.hint.as_deref(), Some("its contexts are: backend"));
}

#[tokio::test]
async fn a_kubeconfig_kept_elsewhere_runs_nothing_and_reads_no_file() {
    let cluster = cluster().await;
    for (section, kind, field, value) in [
        (
            "users",
            "user",
            "exec",
            json!({ "command": CANARY, "apiVersion": "v1" }),
        ),
        (
            "users",
            "user",
            "auth-provider",
            json!({ "name": "gcp", "config": { "cmd-path": CANARY } }),
        ),
        ("users", "user", "tokenFile", json!(CANARY)),
        ("users", "user", "client-certificate", json!(CANARY)),
        ("users", "user", "client-key", json!(CANARY)),
        (
            "clusters",
            "cluster",
            "certificate-authority",
            json!(CANARY),
        ),
        (
            "clusters",
            "cluster",
            "proxy-url",
            json!(format!("http://{CANARY}")),
        ),
        (
            "clusters",
            "cluster",
            "insecure-skip-tls-verify",
            json!(true),
        ),
    ] {
        let mut config = config(cluster);
        config[section][0][kind][field] = value;
        let failure = failed(text(&config.to_string(), None), FailureClass::Setup);
        assert_eq!(
            failure.to_string(),
            format!(
                "failed to connect with the kubeconfig kv/clusters/backend#kubeconfig (context backend): it uses `{field}`, which is not allowed there"
            )
        );
    }
}

#[tokio::test]
async fn what_is_no_kubeconfig_is_refused_without_being_quoted() {
    let cluster = cluster().await;
    let mut no_https = config(cluster);
    no_https["clusters"][0]["cluster"]["server"] = json!("http://127.0.0.1:1");
    let mut bad_ca = config(cluster);
    bad_ca["clusters"][0]["cluster"]["certificate-authority-data"] = json!(CANARY_BASE64);
    let mut bad_token = config(cluster);
    bad_token["users"][0]["user"]["token"] = json!(format!("{CANARY}\nX-Other: 1"));
    let broken = format!("users: [{CANARY}: {{ token: {CANARY}");
    for content in [
        no_https.to_string(),
        bad_ca.to_string(),
        bad_token.to_string(),
        broken,
        format!("- {CANARY}"),
    ] {
        failed(text(&content, None), FailureClass::Setup);
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("config");
        std::fs::write(&file, &content).expect("writable");
        failed(own(&file, None), FailureClass::Setup);
    }
    failed(
        own(Path::new("/no/such/kubeconfig"), None),
        FailureClass::Setup,
    );
    failed(
        ClusterConnection::new(Access::InCluster, Limits::default()),
        FailureClass::Setup,
    );
}

#[tokio::test]
async fn a_token_with_a_newline_at_its_end_is_accepted() {
    let cluster = cluster().await;
    let reader = with_token(
        cluster,
        cluster.server(),
        &format!("{}\n", cluster.admin_token()),
        Limits::default(),
    )
    .reader();
    reader
        .identity()
        .await
        .expect("the newline is no part of the token");
}

#[tokio::test]
async fn a_plugin_of_the_own_file_runs_once_and_gives_a_token() {
    let cluster = cluster().await;
    let folder = tempfile::tempdir().expect("a folder");
    let script = format!(
        "case $KUBERNETES_EXEC_INFO in *{}*) {};; esac",
        cluster.server(),
        credential("$WANTED", "")
    );
    let file = with_plugin(
        config(cluster),
        folder.path(),
        &script,
        cluster.admin_token(),
    );
    let reader = own(&file, None).expect("it is a kubeconfig").reader();
    for _ in 0..3 {
        reader.identity().await.expect("the plugin gives a token");
    }
    assert_eq!(runs(folder.path()), 1);
}

#[tokio::test]
async fn a_token_that_ran_out_or_is_refused_is_asked_for_again() {
    let cluster = cluster().await;
    let folder = tempfile::tempdir().expect("a folder");
    let past = r#","expirationTimestamp":"2020-01-01T00:00:00Z""#;
    let file = with_plugin(
        config(cluster),
        folder.path(),
        &credential("$WANTED", past),
        cluster.admin_token(),
    );
    let reader = own(&file, None).expect("it is a kubeconfig").reader();
    reader.identity().await.expect("the plugin gives a token");
    reader.identity().await.expect("the plugin gives a token");
    assert_eq!(runs(folder.path()), 2);

    let folder = tempfile::tempdir().expect("a folder");
    let first_wrong = format!(
        "if [ $(wc -l < {0}/runs) = 1 ]; then {1}; else {2}; fi",
        folder.path().display(),
        credential("revoked", ""),
        credential("$WANTED", "")
    );
    let file = with_plugin(
        config(cluster),
        folder.path(),
        &first_wrong,
        cluster.admin_token(),
    );
    let reader = own(&file, None).expect("it is a kubeconfig").reader();
    reader.identity().await.expect("the second token is good");
    assert_eq!(runs(folder.path()), 2);
}

#[tokio::test]
async fn a_plugin_that_fails_or_hangs_says_nothing_of_its_output() {
    let cluster = cluster().await;
    let no_json = format!("echo {CANARY}");
    let failing = format!("{}; echo {CANARY} >&2; exit 3", credential(CANARY, ""));
    let bad_token = format!(r#"printf %s '{{"status":{{"token":"{CANARY}\nX-Other: 1"}}}}'"#);
    let hanging = format!("echo {CANARY}; exec sleep 30");
    let deaf = format!("echo {CANARY}; exec >&-; exec sleep 30");
    for script in [
        &no_json,
        &failing,
        &bad_token,
        &hanging,
        &deaf,
        "echo '{}'",
        "",
    ] {
        let folder = tempfile::tempdir().expect("a folder");
        let file = with_plugin(
            config(cluster),
            folder.path(),
            script,
            cluster.admin_token(),
        );
        let reader = own(&file, None).expect("it is a kubeconfig").reader();
        let (one, two) = tokio::join!(reader.identity(), reader.identity());
        let failure = failed(one, FailureClass::Setup);
        assert!(failure.why.contains("plugin.sh` "), "{failure:?}");
        failed(two, FailureClass::Setup);
        assert_eq!(
            runs(folder.path()),
            1,
            "two who wait share one run: {script}"
        );
    }
}

#[tokio::test]
async fn a_plugin_that_is_not_installed_is_told_with_its_install_hint() {
    let cluster = cluster().await;
    let folder = tempfile::tempdir().expect("a folder");
    let mut config = config(cluster);
    config["users"][0]["user"] = json!({ "exec": { "apiVersion": "client.authentication.k8s.io/v1",
        "command": "no-such-plugin", "installHint": "install it from example.com\n" } });
    let file = folder.path().join("config");
    std::fs::write(&file, config.to_string()).expect("writable");
    let failure = failed(
        own(&file, None)
            .expect("it is a kubeconfig")
            .reader()
            .identity()
            .await,
        FailureClass::Setup,
    );
    assert_eq!(failure.hint.as_deref(), Some("install it from example.com"));
}

#[tokio::test]
async fn a_failing_command_of_an_auth_provider_says_nothing_of_its_output() {
    let cluster = cluster().await;
    let folder = tempfile::tempdir().expect("a folder");
    let script = folder.path().join("provider.sh");
    std::fs::write(&script, format!("#!/bin/sh\necho {CANARY}; exit 1\n")).expect("writable");
    std::fs::set_permissions(&script, std::fs::Permissions::from_mode(0o700)).expect("ours");
    let mut config = config(cluster);
    config["users"][0]["user"] =
        json!({ "auth-provider": { "name": "gcp", "config": { "cmd-path": script } } });
    let file = folder.path().join("config");
    std::fs::write(&file, config.to_string()).expect("writable");
    let reader = own(&file, None).expect("it is a kubeconfig").reader();
    let failure = failed(reader.identity().await, FailureClass::Setup);
    assert_eq!(failure.why, "its credentials cannot be read");
}

/// The test is its own child, since the environment of a running process cannot be changed safely.
#[tokio::test]
async fn the_environment_names_the_kubeconfig_but_no_proxy() {
    if std::env::var_os("KEYFLEET_TEST_CHILD").is_some() {
        let access = Access::Kubeconfig {
            file: Arc::new(KubeconfigFile::read(None).expect("KUBECONFIG names it")),
            context: None,
        };
        let connection =
            ClusterConnection::new(access, Limits::default()).expect("KUBECONFIG names it");
        connection
            .reader()
            .identity()
            .await
            .expect("the cluster answers without the proxy");
        return;
    }
    let cluster = cluster().await;
    let child =
        std::process::Command::new(std::env::current_exe().expect("a test knows its binary"))
            .args([
                "--exact",
                "access::the_environment_names_the_kubeconfig_but_no_proxy",
            ])
            .env("KEYFLEET_TEST_CHILD", "1")
            .env("KUBECONFIG", kubeconfig(&[(cluster, None)]))
            .env("HTTPS_PROXY", "http://127.0.0.1:9")
            .env("https_proxy", "http://127.0.0.1:9")
            .output()
            .expect("the test binary can be started again");
    let said = String::from_utf8_lossy(&child.stdout);
    assert!(
        child.status.success() && said.contains("1 passed"),
        "{said}"
    );
}
