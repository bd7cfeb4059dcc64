//! Real Kubernetes control planes: one etcd, and on it any number of kube-apiservers, each a cluster of its own.
//!
//! A cluster has its own CA, service account key, etcd prefix and RBAC, and admits an administrator and a user with no
//! rights. Absent: controllers and nodes. Nothing collects garbage, makes token Secrets or default service accounts,
//! and a deleted namespace stays Terminating.

use super::process::{Server, folder};
use super::tls::{Authority, Identity};
use super::{binaries, ports, request};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rcgen::KeyPair;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

pub const ISSUER: &str = "https://kubernetes.default.svc";

#[derive(Debug)]
pub struct ControlPlane {
    etcd: Arc<Server>,
    endpoint: String,
    started: AtomicU32,
}

#[derive(Debug)]
pub struct Cluster {
    pub name: String,
    server: String,
    admin_token: String,
    user_token: String,
    authority: Authority,
    client: reqwest::Client,
    process: Server,
    // Held so that etcd ends after the last cluster on it.
    _etcd: Arc<Server>,
}

impl ControlPlane {
    pub async fn start() -> Self {
        let program = binaries::etcd();
        let folder = folder("etcd");
        let port = ports::free_ports(2);
        let (endpoint, peer) = (
            format!("http://127.0.0.1:{port}"),
            format!("http://127.0.0.1:{}", port + 1),
        );
        let arguments = [
            "--unsafe-no-fsync".to_owned(),
            format!("--data-dir={}", folder.join("data").display()),
            format!("--listen-client-urls={endpoint}"),
            format!("--advertise-client-urls={endpoint}"),
            format!("--listen-peer-urls={peer}"),
            format!("--initial-advertise-peer-urls={peer}"),
            format!("--initial-cluster=default={peer}"),
        ];
        let mut etcd = Server::start("etcd", &program, &folder, &arguments);
        let (client, health) = (request::client(None), format!("{endpoint}/health"));
        etcd.wait_until(async || {
            client
                .get(&health)
                .send()
                .await
                .is_ok_and(|r| r.status() == 200)
        })
        .await;
        Self {
            etcd: Arc::new(etcd),
            endpoint,
            started: AtomicU32::new(0),
        }
    }

    /// A new, empty cluster. Two of the same name are two clusters.
    pub async fn cluster(&self, name: &str) -> Cluster {
        let program = binaries::kube_apiserver();
        let folder = folder(name);
        let authority = Authority::new(&format!("{name}-ca"));
        let (admin_token, user_token) = (format!("admin-of-{name}"), format!("user-of-{name}"));
        let tokens = format!(
            "{admin_token},admin,admin-uid,\"system:masters\"\n{user_token},user,user-uid\n"
        );
        write_files(&folder, &authority, tokens);
        let port = ports::free_ports(1);
        let prefix = format!("/{name}-{}", self.started.fetch_add(1, Ordering::Relaxed));
        let arguments = arguments(&folder, &self.endpoint, &prefix, port);
        let process = Server::start(name, &program, &folder, &arguments);
        let mut cluster = Cluster {
            name: name.to_owned(),
            server: format!("https://127.0.0.1:{port}"),
            client: request::client(Some(&authority.pem())),
            admin_token,
            user_token,
            authority,
            process,
            _etcd: Arc::clone(&self.etcd),
        };
        cluster.wait_until_ready().await;
        cluster
    }
}

fn write_files(folder: &Path, authority: &Authority, tokens: String) {
    let Identity { certificate, key } = authority.issue();
    let accounts = KeyPair::generate().expect("a key can be made");
    for (name, content) in [
        ("ca.crt", authority.pem()),
        ("server.crt", certificate),
        ("server.key", key),
        ("accounts.key", accounts.serialize_pem()),
        ("accounts.pub", accounts.public_key_pem()),
        ("tokens.csv", tokens),
    ] {
        fs::write(folder.join(name), content).expect("a temporary folder is writable");
    }
}

fn arguments(folder: &Path, etcd: &str, prefix: &str, port: u16) -> Vec<String> {
    let file = |name: &str| folder.join(name).display().to_string();
    vec![
        format!("--etcd-servers={etcd}"),
        format!("--etcd-prefix={prefix}"),
        "--bind-address=127.0.0.1".to_owned(),
        format!("--secure-port={port}"),
        format!("--tls-cert-file={}", file("server.crt")),
        format!("--tls-private-key-file={}", file("server.key")),
        format!("--service-account-issuer={ISSUER}"),
        format!("--service-account-key-file={}", file("accounts.pub")),
        format!(
            "--service-account-signing-key-file={}",
            file("accounts.key")
        ),
        format!("--token-auth-file={}", file("tokens.csv")),
        "--authorization-mode=RBAC".to_owned(),
        "--service-cluster-ip-range=10.0.0.0/24".to_owned(),
        // It would wait for a `default` service account, which only a controller makes.
        "--disable-admission-plugins=ServiceAccount".to_owned(),
    ]
}

impl Cluster {
    async fn wait_until_ready(&mut self) {
        let ready = format!("{}/readyz", self.server);
        // Made by the server itself a moment after it is ready; its uid is the identity of the cluster.
        let system = format!("{}/api/v1/namespaces/kube-system", self.server);
        let (client, token) = (self.client.clone(), self.admin_token.clone());
        let answers = async |url: &String| {
            let answer = client.get(url).bearer_auth(&token).send().await;
            answer.is_ok_and(|response| response.status() == 200)
        };
        self.process
            .wait_until(async || answers(&ready).await && answers(&system).await)
            .await;
    }

    /// `https://127.0.0.1:PORT`
    pub fn server(&self) -> &str {
        &self.server
    }

    pub fn ca_pem(&self) -> String {
        self.authority.pem()
    }

    pub fn authority(&self) -> &Authority {
        &self.authority
    }

    /// In `system:masters`.
    pub fn admin_token(&self) -> &str {
        &self.admin_token
    }

    /// Known to the cluster, and allowed nothing.
    pub fn user_token(&self) -> &str {
        &self.user_token
    }

    /// The folder of this cluster's files, such as `ca.crt`; it goes away with the cluster.
    pub fn folder(&self) -> &Path {
        self.process.folder()
    }

    pub async fn api(
        &self,
        method: &str,
        path: &str,
        content_type: &str,
        body: Option<Value>,
    ) -> (u16, Value) {
        self.api_as(&self.admin_token, method, path, content_type, body)
            .await
    }

    pub async fn api_as(
        &self,
        token: &str,
        method: &str,
        path: &str,
        content_type: &str,
        body: Option<Value>,
    ) -> (u16, Value) {
        let url = format!("{}{path}", self.server);
        let mut call = self
            .client
            .request(request::method(method), url)
            .bearer_auth(token);
        if let Some(body) = body {
            call = call
                .header("Content-Type", content_type)
                .body(body.to_string());
        }
        request::send(call).await
    }

    pub async fn get(&self, path: &str) -> (u16, Value) {
        self.api("GET", path, "", None).await
    }

    /// Creates an object that must be new, and returns it as stored.
    pub async fn create(&self, path: &str, object: Value) -> Value {
        let (status, stored) = self
            .api("POST", path, "application/json", Some(object))
            .await;
        assert_eq!(status, 201, "creating {path} in {}: {stored}", self.name);
        stored
    }

    pub async fn create_namespace(&self, name: &str) -> Value {
        let object = json!({ "metadata": { "name": name } });
        self.create("/api/v1/namespaces", object).await
    }

    pub async fn create_service_account(&self, namespace: &str, name: &str) -> Value {
        let object = json!({ "metadata": { "name": name } });
        self.create(
            &format!("/api/v1/namespaces/{namespace}/serviceaccounts"),
            object,
        )
        .await
    }

    /// A token of the service account, valid for a day, by `TokenRequest`.
    pub async fn token_request(&self, namespace: &str, name: &str) -> String {
        let path = format!("/api/v1/namespaces/{namespace}/serviceaccounts/{name}/token");
        let made = self
            .create(&path, json!({ "spec": { "expirationSeconds": 86_400 } }))
            .await;
        made["status"]["token"]
            .as_str()
            .expect("a TokenRequest answers with a token")
            .to_owned()
    }

    /// The decoded data of a Secret, none when there is no such Secret.
    pub async fn secret(&self, namespace: &str, name: &str) -> Option<BTreeMap<String, Vec<u8>>> {
        let (status, secret) = self
            .get(&format!("/api/v1/namespaces/{namespace}/secrets/{name}"))
            .await;
        assert!(
            matches!(status, 200 | 404),
            "reading secret {namespace}/{name}: {status}"
        );
        let decode = |value: &Value| STANDARD.decode(value.as_str()?).ok();
        let decoded = |(key, value): (&String, &Value)| {
            (key.clone(), decode(value).expect("a Secret holds base64"))
        };
        let data = secret["data"].as_object();
        (status == 200).then(|| data.into_iter().flatten().map(decoded).collect())
    }

    /// The real kubectl as administrator, where a test or an example wants to show it. The tests of
    /// keyfleet use `api`, so that they run where there is no kubectl.
    pub fn kubectl(&self, arguments: &[&str]) -> Output {
        let kubectl = binaries::on_path("kubectl").unwrap_or_else(|| {
            panic!("there is no `kubectl` on PATH (https://kubernetes.io/docs/tasks/tools)")
        });
        let config: PathBuf = self.folder().join("kubectl.yaml");
        fs::write(&config, self.kubeconfig_yaml(None, None)).expect("the folder is writable");
        Command::new(kubectl)
            .arg("--kubeconfig")
            .arg(config)
            .args(arguments)
            .env("HOME", self.folder())
            .output()
            .expect("kubectl can be started")
    }
}
