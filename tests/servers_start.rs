//! The test servers themselves: if these fail, look here before looking at keyfleet.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use serde_json::json;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use support::proxy::on;
use support::{Fault, Flavour, Proxy, Vault, kubeconfig, onboard_by_hand, world};

const JSON: &str = "application/json";

#[tokio::test]
async fn a_value_written_to_vault_is_read_through_a_proxy_that_records_the_read() {
    let vault = &world().await.vault;
    let proxy = Proxy::in_front_of_vault(vault.addr());
    vault
        .kv_put("secret", "harness/round", &[("color", "green")])
        .await;

    let url = format!("{}/v1/secret/data/harness/round?version=1", proxy.url());
    let body = http_get(&url, vault.token())
        .await
        .expect("the proxy answers")
        .1;

    assert!(body.contains(r#""color":"green""#), "{body}");
    let requests = proxy.requests();
    let [read] = requests.as_slice() else {
        panic!("one request was made: {requests:?}")
    };
    assert_eq!(
        (
            read.method.as_str(),
            read.path.as_str(),
            read.query.as_str(),
            read.status
        ),
        (
            "GET",
            "/v1/secret/data/harness/round",
            "version=1",
            Some(200)
        )
    );
    assert!(read.reached_server);
    assert!(proxy.writes().is_empty(), "a read is no write");
}

#[tokio::test]
async fn the_command_line_and_the_api_see_the_same_vault() {
    let vault = &world().await.vault;
    vault.cli_ok(&["kv", "put", "-mount=secret", "harness/cli", "size=12"]);
    let (status, body) = vault.api("GET", "secret/data/harness/cli", None).await;
    assert_eq!((status, &body["data"]["data"]["size"]), (200, &json!("12")));
    let refused = vault.cli(&["read", "no/such/mount"]);
    assert!(!refused.status.success());
}

#[tokio::test]
async fn the_flavour_is_what_the_server_says_of_itself() {
    let vault = &world().await.vault;
    let version = vault.cli_ok(&["version"]);
    let expected = match vault.flavour().await {
        Flavour::OpenBao => "OpenBao v",
        Flavour::HashiCorp => "Vault v",
    };
    assert!(version.starts_with(expected), "{version}");
}

#[tokio::test]
async fn a_cluster_onboarded_by_hand_logs_in_and_reads_its_own_secrets_only() {
    let world = world().await;
    let (vault, cluster) = (&world.vault, world.control_plane.cluster("by-hand").await);
    let proxy = Proxy::in_front_of_cluster(&cluster);
    onboard_by_hand(vault, &cluster).await;
    onboard_by_hand(vault, &world.control_plane.cluster("another").await).await;
    vault
        .kv_put("kv", "by-hand/shop", &[("password", "correct horse")])
        .await;
    vault
        .kv_put("kv", "another/shop", &[("password", "not yours")])
        .await;
    through(vault, "by-hand", &proxy).await;

    let jwt = cluster
        .token_request("external-secrets", "kubernetes-external-secrets")
        .await;
    let token = vault
        .login("by-hand", "by-hand-role", &jwt)
        .await
        .expect("the login succeeds");

    let (status, body) = vault
        .api_as(&token, "GET", "kv/data/by-hand/shop", None)
        .await;
    assert_eq!(
        (status, &body["data"]["data"]["password"]),
        (200, &json!("correct horse"))
    );
    let (status, _) = vault
        .api_as(&token, "GET", "kv/data/another/shop", None)
        .await;
    assert_eq!(status, 403);
    let reviews = proxy.logins();
    assert_eq!(
        reviews.len(),
        1,
        "Vault asked the cluster once: {reviews:?}"
    );
    assert_eq!(
        reviews[0].path,
        "/apis/authentication.k8s.io/v1/tokenreviews"
    );
    assert!(proxy.writes().is_empty());
}

/// Lets Vault review tokens through a proxy. Only here the config is written twice: it has to be whole each time.
async fn through(vault: &Vault, mount: &str, proxy: &Proxy) {
    let path = format!("auth/{mount}/config");
    let (_, config) = vault.api("GET", &path, None).await;
    let body = json!({
        "kubernetes_host": proxy.url(),
        "kubernetes_ca_cert": config["data"]["kubernetes_ca_cert"],
        "disable_local_ca_jwt": true,
    });
    let (status, answer) = vault.api("POST", &path, Some(body)).await;
    assert_eq!(status, 204, "{answer}");
}

#[tokio::test]
async fn two_clusters_on_one_etcd_share_nothing() {
    let world = world().await;
    let (one, two) = (world.cluster("one").await, world.cluster("two").await);
    one.create_namespace("only-in-one").await;

    assert_eq!(one.get("/api/v1/namespaces/only-in-one").await.0, 200);
    assert_eq!(two.get("/api/v1/namespaces/only-in-one").await.0, 404);
    assert_ne!(one.ca_pem(), two.ca_pem());
    let uid = async |cluster: &support::Cluster| {
        cluster.get("/api/v1/namespaces/kube-system").await.1["metadata"]["uid"].clone()
    };
    assert_ne!(uid(&one).await, uid(&two).await);
}

#[tokio::test]
async fn the_administrator_may_everything_and_the_user_nothing() {
    let cluster = world().await.cluster("one").await;
    let secrets = "/api/v1/namespaces/default/secrets";
    assert_eq!(cluster.get(secrets).await.0, 200);
    assert_eq!(
        cluster
            .api_as(cluster.user_token(), "GET", secrets, "", None)
            .await
            .0,
        403
    );
    assert_eq!(
        cluster
            .api_as("no-such-token", "GET", secrets, "", None)
            .await
            .0,
        401
    );
}

#[tokio::test]
async fn kube_opens_every_context_of_a_kubeconfig_and_a_dry_run_is_no_write() {
    let world = world().await;
    let (one, two) = (world.cluster("one").await, world.cluster("two").await);
    let proxy = Proxy::in_front_of_cluster(&two);
    let file = kubeconfig(&[(&one, None), (&two, Some(&proxy))]);
    let config = kube::config::Kubeconfig::read_from(file).expect("the file is a kubeconfig");

    for context in ["one", "two"] {
        let options = kube::config::KubeConfigOptions {
            context: Some(context.to_owned()),
            ..Default::default()
        };
        let config = kube::Config::from_custom_kubeconfig(config.clone(), &options).await;
        let client = kube::Client::try_from(config.expect("the context is whole"));
        let version = client
            .expect("a client can be made")
            .apiserver_version()
            .await;
        assert!(
            version
                .expect("the cluster answers")
                .git_version
                .starts_with("v1.")
        );
    }
    assert_eq!(proxy.count(|request| request.path == "/version"), 1);

    let (dry, wet) = ("/api/v1/namespaces?dryRun=All", "/api/v1/namespaces");
    for path in [dry, wet] {
        let body = json!({ "metadata": { "name": "through-the-proxy" } });
        let (status, stored) = at(&proxy, &two, "POST", path, body).await;
        assert_eq!(status, 201, "{stored}");
    }
    let writes = proxy.writes();
    assert_eq!(writes.len(), 1, "{writes:?}");
    assert_eq!(
        (writes[0].path.as_str(), writes[0].query.as_str()),
        (wet, "")
    );
}

#[tokio::test]
async fn a_watch_streams_through_the_proxy_while_it_is_open() {
    let cluster = world().await.cluster("one").await;
    let proxy = Proxy::in_front_of_cluster(&cluster);
    let client = support::request::client(Some(&cluster.ca_pem()));
    let url = format!(
        "{}/api/v1/secrets?watch=true&resourceVersion=0",
        proxy.url()
    );
    let answer = client
        .get(url)
        .bearer_auth(cluster.admin_token())
        .send()
        .await;
    let mut watch = answer.expect("the watch opens");

    let secret = json!({ "metadata": { "name": "watched" }, "stringData": { "color": "green" } });
    cluster
        .create("/api/v1/namespaces/default/secrets", secret)
        .await;

    let mut seen = String::new();
    while !seen.contains("watched") {
        let chunk = watch
            .chunk()
            .await
            .expect("the stream is sound")
            .expect("the stream is open");
        seen.push_str(&String::from_utf8_lossy(&chunk));
    }
    let stored = cluster
        .secret("default", "watched")
        .await
        .expect("the secret exists");
    assert_eq!(stored["color"], b"green");
    assert_eq!(cluster.secret("default", "no-such-secret").await, None);
}

#[tokio::test]
async fn an_answer_of_a_fault_comes_as_often_as_asked_and_spares_the_server() {
    let vault = &world().await.vault;
    let proxy = Proxy::in_front_of_vault(vault.addr());
    let busy = Fault::answer(429, "slow down").with_header("Retry-After", "1");
    proxy.fault_times(2, on("GET", "/sys/auth"), busy);
    let url = format!("{}/v1/sys/auth", proxy.url());

    for expected in [429, 429, 200] {
        let (status, _) = http_get(&url, vault.token())
            .await
            .expect("the proxy answers");
        assert_eq!(status, expected);
    }
    let reached: Vec<_> = proxy
        .requests()
        .iter()
        .map(|request| request.reached_server)
        .collect();
    assert_eq!(reached, [false, false, true]);
}

#[tokio::test]
async fn a_dropped_request_changes_nothing_and_a_dropped_response_comes_too_late() {
    let vault = &world().await.vault;
    let proxy = Proxy::in_front_of_vault(vault.addr());
    for (fault, policy, expected) in [
        (Fault::DropRequest, "never", 404),
        (Fault::DropResponse, "applied", 200),
    ] {
        let path = format!("sys/policies/acl/harness-{policy}");
        proxy.fault_times(1, on("PUT", policy), fault);
        let sent = support::request::client(None)
            .put(format!("{}/v1/{path}", proxy.url()))
            .header("X-Vault-Token", vault.token())
            .json(&json!({ "policy": "path \"a\" { capabilities = [\"read\"] }" }))
            .send()
            .await;
        assert!(sent.is_err(), "the client got no answer");
        assert_eq!(vault.api("GET", &path, None).await.0, expected, "{policy}");
    }
    let writes = proxy.writes();
    assert!(
        writes.iter().all(|write| write.status.is_none()),
        "{writes:?}"
    );
    assert_eq!(
        writes.iter().filter(|write| write.reached_server).count(),
        1
    );
}

#[tokio::test]
async fn a_hanging_request_hangs_alone_and_a_late_one_arrives() {
    let vault = &world().await.vault;
    let proxy = Proxy::in_front_of_vault(vault.addr());
    proxy.fault(on("GET", "/sys/auth"), Fault::Hang);
    proxy.fault(
        on("GET", "/sys/mounts"),
        Fault::Delay(Duration::from_millis(300)),
    );
    let (hung, late) = (
        format!("{}/v1/sys/auth", proxy.url()),
        format!("{}/v1/sys/mounts", proxy.url()),
    );

    let begin = Instant::now();
    let hanging = tokio::time::timeout(Duration::from_secs(2), http_get(&hung, vault.token()));
    let (hanging, late) = tokio::join!(hanging, http_get(&late, vault.token()));

    assert!(hanging.is_err(), "nothing was answered");
    assert_eq!(late.expect("the late answer comes").0, 200);
    assert!(begin.elapsed() >= Duration::from_secs(2));
    let recorded = proxy.requests();
    let late = recorded
        .iter()
        .find(|request| request.path.ends_with("mounts"));
    assert!(
        late.is_some_and(|request| request.millis >= 300),
        "{recorded:?}"
    );
    assert_eq!(proxy.most_at_once(), 2);
}

#[tokio::test]
async fn logins_role_writes_and_capability_checks_are_told_apart() {
    let vault = &world().await.vault;
    let proxy = Proxy::in_front_of_vault(vault.addr());
    for path in [
        "auth/a/b/login",
        "auth/a/login/name",
        "auth/token/renew-self",
        "sys/capabilities-self",
        "auth/a/role/login",
        "sys/policies/acl/x",
    ] {
        proxy.fault_times(1, on("POST", path), Fault::answer(204, ""));
        let url = format!("{}/v1/{path}", proxy.url());
        support::request::client(None)
            .post(url)
            .send()
            .await
            .expect("the fault answers");
    }
    let paths = |requests: Vec<support::Request>| -> Vec<String> {
        requests
            .into_iter()
            .map(|request| request.path.replace("/v1/", ""))
            .collect()
    };
    assert_eq!(
        paths(proxy.logins()),
        [
            "auth/a/b/login",
            "auth/a/login/name",
            "auth/token/renew-self"
        ]
    );
    assert_eq!(
        paths(proxy.writes()),
        ["auth/a/role/login", "sys/policies/acl/x"]
    );
}

#[tokio::test]
async fn a_server_ends_with_its_owner_and_leaves_no_folder() {
    let vault = Vault::start().await;
    let (addr, folder) = (vault.addr().to_owned(), vault.folder().to_owned());
    assert!(folder.is_dir());
    drop(vault);
    assert!(!folder.exists());
    assert!(
        http_get(&format!("{addr}/v1/sys/health"), "")
            .await
            .is_err(),
        "nobody listens"
    );
}

/// The other end of a test process: killed, with no chance to clean up. This test is its own victim, in a child.
#[tokio::test]
async fn servers_end_when_the_test_process_is_killed() {
    use std::io::{BufRead as _, BufReader, Write as _};
    if std::env::var_os("KEYFLEET_TEST_VICTIM").is_some() {
        let vault = Vault::start().await;
        let line = format!("victim {} {}\n", vault.addr(), vault.folder().display());
        std::io::stdout()
            .write_all(line.as_bytes())
            .expect("the parent reads");
        std::future::pending::<()>().await;
    }
    let mut victim = Command::new(std::env::current_exe().expect("a test knows its binary"))
        .args([
            "--exact",
            "servers_end_when_the_test_process_is_killed",
            "--nocapture",
        ])
        .env("KEYFLEET_TEST_VICTIM", "1")
        .stdout(Stdio::piped())
        .spawn()
        .expect("the test binary can be started again");
    let output = BufReader::new(victim.stdout.take().expect("it is piped"));
    let told = output.lines().map_while(Result::ok).find_map(|line| {
        let (addr, folder) = line.split_once("victim ")?.1.split_once(' ')?;
        Some((addr.to_owned(), std::path::PathBuf::from(folder)))
    });
    let (addr, folder) = told.expect("the victim starts a server");
    let health = format!("{addr}/v1/sys/health");
    assert_eq!(http_get(&health, "").await.expect("it runs").0, 200);

    victim.kill().expect("a child can be killed");
    victim.wait().expect("a killed child ends");

    let begin = Instant::now();
    while folder.exists() || http_get(&health, "").await.is_ok() {
        assert!(
            begin.elapsed() < Duration::from_secs(20),
            "the server outlives its owner"
        );
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn http_get(url: &str, token: &str) -> reqwest::Result<(u16, String)> {
    let request = support::request::client(None)
        .get(url)
        .header("X-Vault-Token", token);
    let response = request.send().await?;
    Ok((response.status().as_u16(), response.text().await?))
}

async fn at(
    proxy: &Proxy,
    cluster: &support::Cluster,
    method: &str,
    path: &str,
    body: serde_json::Value,
) -> (u16, serde_json::Value) {
    let client = support::request::client(Some(&cluster.ca_pem()));
    let call = client
        .request(
            support::request::method(method),
            format!("{}{path}", proxy.url()),
        )
        .bearer_auth(cluster.admin_token())
        .header("Content-Type", JSON)
        .body(body.to_string());
    support::request::send(call).await
}
