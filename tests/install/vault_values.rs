//! The values for the Vault that a fleet shares. Their chart is not in a registry that the tests read, so what is tried is what
//! is ours in them: three real nodes run on the configuration, which only gets other addresses and folders.

use super::support::process::{Server, folder};
use super::support::tls::Authority;
use super::support::{binaries, ports, request};
use super::tools::read;
use keyfleet::diagnostics::Diagnostics;
use keyfleet::yaml::{self, Content, Node};
use serde_json::{Value, json};
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(60);
const NODES: [u16; 3] = [0, 1, 2];

fn at<'a>(node: &'a Node, path: &str) -> &'a Node {
    path.split('.').fold(node, |node, key| {
        let Content::Map(entries) = &node.content else {
            panic!("{key} of {path} is in no map");
        };
        let found = entries.iter().find(|entry| entry.key == key);
        &found.unwrap_or_else(|| panic!("no {key} of {path}")).value
    })
}

fn text(values: &Node, path: &str) -> String {
    match &at(values, path).content {
        Content::Scalar { text, .. } => text.clone(),
        _ => panic!("{path} is no text"),
    }
}

fn values() -> Node {
    let file = "manifests/vault-helm/values.yaml";
    let mut problems = Diagnostics::default();
    let mut parsed = yaml::parse(file, &read(file), &mut problems);
    assert_eq!(parsed.documents.len(), 1, "{problems:?}");
    parsed.documents.remove(0)
}

struct Raft {
    /// The API of each node; the one of the cluster is the next port.
    ports: [u16; 3],
    ca: String,
    nodes: Vec<Option<Server>>,
}

impl Raft {
    async fn start(config: &str) -> Self {
        let authority = Authority::new("vault-ca");
        let ports = NODES.map(|_| ports::free_ports(2));
        let mut raft = Self {
            ports,
            ca: authority.pem(),
            nodes: Vec::new(),
        };
        for node in NODES {
            let folder = folder("vault-raft");
            for part in ["tls", "data", "audit"] {
                fs::create_dir(folder.join(part)).unwrap();
            }
            let identity = authority.issue();
            fs::write(folder.join("tls/ca.crt"), authority.pem()).unwrap();
            fs::write(folder.join("tls/tls.crt"), identity.certificate).unwrap();
            fs::write(folder.join("tls/tls.key"), identity.key).unwrap();
            let config = raft.placed(config, node, &folder);
            fs::write(folder.join("config.hcl"), config).unwrap();
            let server = raft.server(node, &folder).await;
            raft.nodes.push(Some(server));
        }
        raft
    }

    /// The configuration on this machine instead of in a pod: the names of Services become ports of loopback.
    fn placed(&self, config: &str, node: u16, folder: &Path) -> String {
        let own = self.ports[usize::from(node)];
        let mut placed = config.to_owned();
        let mut replace = |from: &str, to: &str| {
            assert!(placed.contains(from), "the configuration names {from}");
            placed = placed.replace(from, to);
        };
        replace("[::]:8200", &format!("127.0.0.1:{own}"));
        replace("[::]:8201", &format!("127.0.0.1:{}", own + 1));
        replace("service_registration \"kubernetes\" {}", "");
        for (other, port) in NODES.iter().zip(self.ports) {
            replace(
                &format!("https://vault-{other}.vault-internal:8200"),
                &format!("https://127.0.0.1:{port}"),
            );
        }
        for part in ["tls", "data", "audit"] {
            replace(
                &format!("/vault/{part}"),
                &folder.join(part).display().to_string(),
            );
        }
        placed
    }

    /// The chart gives these by the environment, too. Each program looks for its own.
    async fn server(&self, node: u16, folder: &Path) -> Server {
        let port = self.ports[usize::from(node)];
        let given = [
            ("API_ADDR", format!("https://127.0.0.1:{port}")),
            ("CLUSTER_ADDR", format!("https://127.0.0.1:{}", port + 1)),
            ("RAFT_NODE_ID", format!("vault-{node}")),
        ];
        let mut arguments: Vec<String> = ["BAO", "VAULT"]
            .iter()
            .flat_map(|prefix| {
                given
                    .iter()
                    .map(move |(name, value)| format!("{prefix}_{name}={value}"))
            })
            .collect();
        arguments.push(binaries::vault().display().to_string());
        arguments.push("server".to_owned());
        arguments.push(format!("-config={}", folder.join("config.hcl").display()));
        let mut server = Server::start("vault", Path::new("/usr/bin/env"), folder, &arguments);
        let client = request::client(Some(&self.ca));
        let health = format!("https://127.0.0.1:{port}/v1/sys/seal-status");
        server
            .wait_until(async || client.get(&health).send().await.is_ok())
            .await;
        server
    }

    async fn ask(
        &self,
        node: u16,
        token: &str,
        method: &str,
        path: &str,
        body: Value,
    ) -> (u16, Value) {
        let url = format!(
            "https://127.0.0.1:{}/v1/{path}",
            self.ports[usize::from(node)]
        );
        let call = request::client(Some(&self.ca))
            .request(request::method(method), url)
            .header("X-Vault-Token", token)
            .json(&body);
        request::send(call).await
    }

    /// Asks until the answer is as wanted.
    async fn until(
        &self,
        node: u16,
        token: &str,
        path: &str,
        is_wanted: impl Fn(&Value) -> bool,
    ) -> Value {
        let begin = Instant::now();
        loop {
            let (_, answer) = self.ask(node, token, "GET", path, Value::Null).await;
            if is_wanted(&answer) {
                return answer;
            }
            let log = self.nodes[usize::from(node)].as_ref().map(Server::log_tail);
            assert!(begin.elapsed() < PATIENCE, "{path}: {answer}\n{log:?}");
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }
}

#[tokio::test]
async fn three_nodes_find_each_other_by_the_configuration_and_one_may_be_lost() {
    let values = values();
    let mut raft = Raft::start(&text(&values, "server.ha.raft.config")).await;
    let shares = json!({ "secret_shares": 1, "secret_threshold": 1 });
    let (status, made) = raft.ask(0, "", "PUT", "sys/init", shares).await;
    assert_eq!(status, 200, "{made}");
    let token = made["root_token"].as_str().unwrap().to_owned();
    let key = json!({ "key": made["keys"][0] });
    for node in NODES {
        // The others have joined when they know that there is something to unseal.
        raft.until(node, "", "sys/seal-status", |status| {
            status["initialized"] == true
        })
        .await;
        let (status, answer) = raft.ask(node, "", "PUT", "sys/unseal", key.clone()).await;
        assert_eq!(status, 200, "{answer}");
    }
    let voters = |answer: &Value| {
        let servers = answer["data"]["config"]["servers"].as_array();
        let voters = servers
            .into_iter()
            .flatten()
            .filter(|server| server["voter"] == true);
        voters.count()
    };
    let peers = "sys/storage/raft/configuration";
    let peers = raft
        .until(0, &token, peers, |answer| voters(answer) == 3)
        .await;
    let servers = peers["data"]["config"]["servers"].as_array().unwrap();
    let mut ids: Vec<&str> = servers
        .iter()
        .map(|server| server["node_id"].as_str().unwrap())
        .collect();
    ids.sort_unstable();
    assert_eq!(ids, ["vault-0", "vault-1", "vault-2"]);

    drop(raft.nodes[0].take());
    let leader = |answer: &Value| {
        answer["leader_address"].as_str().is_some_and(|address| {
            !address.is_empty() && !address.ends_with(&raft.ports[0].to_string())
        })
    };
    raft.until(1, &token, "sys/leader", leader).await;
}

/// What the chart makes of the other values, its own tests hold. That they fit together, this one.
#[test]
fn the_values_fit_together() {
    let values = values();
    let config = text(&values, "server.ha.raft.config");
    assert_eq!(text(&values, "server.ha.replicas"), "3");
    assert_eq!(config.matches("retry_join {").count(), 3);
    assert_eq!(text(&values, "fullnameOverride"), "vault");
    for path in [
        "server.dataStorage.mountPath",
        "server.auditStorage.mountPath",
    ] {
        let folder = text(&values, path);
        assert!(config.contains(&format!("\"{folder}")), "{path}: {folder}");
    }
    let Content::List(mounts) = &at(&values, "server.volumeMounts").content else {
        panic!("volumeMounts is a list");
    };
    let tls = text(&mounts[0], "mountPath");
    for file in ["tls.crt", "tls.key", "ca.crt"] {
        assert!(config.contains(&format!("\"{tls}/{file}\"")), "{file}");
    }
    assert_eq!(text(&values, "global.tlsDisable"), "false");
    assert!(!config.contains("tls_disable"));
}
