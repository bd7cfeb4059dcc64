//! A highly available Vault: three real servers on raft, and in front of them what stands there in life, an address that leads to
//! the active one.
//!
//! Absent: TLS, and servers that come back after they were killed. The address is a plain forwarder of connections: what is under way
//! breaks with the server that it goes to.

use super::process::{Server, folder};
use super::{binaries, ports, request};
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// An election takes some seconds.
const ELECTED_WITHIN: Duration = Duration::from_secs(60);

pub struct Raft {
    nodes: Vec<Node>,
    pub root_token: String,
    unseal_key: String,
    client: reqwest::Client,
    address: String,
    active: Arc<Mutex<Option<String>>>,
    forwarder: JoinHandle<()>,
    watcher: JoinHandle<()>,
}

struct Node {
    /// `http://127.0.0.1:8200`
    address: String,
    /// `None` once it was killed.
    server: Option<Server>,
}

impl Raft {
    /// Three servers, unsealed, of which one is active.
    pub async fn start() -> Self {
        let client = request::client(None);
        let mut nodes: Vec<Node> = (0..3).map(Node::start).collect();
        for node in &mut nodes {
            node.answers(&client).await;
        }
        let first = nodes[0].address.clone();
        let (unseal_key, root_token) = initialise(&client, &first).await;
        unseal(&client, &first, &unseal_key).await;
        for node in &nodes[1..] {
            join(&client, &node.address, &first).await;
            unseal(&client, &node.address, &unseal_key).await;
        }
        let active = Arc::new(Mutex::new(None));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let addresses = nodes.iter().map(|node| node.address.clone()).collect();
        let raft = Self {
            forwarder: tokio::spawn(forward(listener, Arc::clone(&active))),
            watcher: tokio::spawn(watch(client.clone(), addresses, Arc::clone(&active))),
            nodes,
            root_token,
            unseal_key,
            client,
            address,
            active,
        };
        raft.until_all_vote().await;
        raft
    }

    /// Leads to the active server.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// The API of the active server, as root.
    pub async fn api(&self, method: &str, path: &str, body: Option<Value>) -> (u16, Value) {
        let active = self.until_active().await;
        self.api_of(&active, method, path, body).await
    }

    async fn api_of(
        &self,
        address: &str,
        method: &str,
        path: &str,
        body: Option<Value>,
    ) -> (u16, Value) {
        let mut call = self
            .client
            .request(request::method(method), format!("{address}/v1/{path}"))
            .header("X-Vault-Token", &self.root_token);
        if let Some(body) = body {
            call = call.json(&body);
        }
        request::send(call).await
    }

    /// Waits until there is an active server.
    pub async fn until_active(&self) -> String {
        let begin = Instant::now();
        loop {
            if let Some(active) = self.active.lock().unwrap().clone() {
                return active;
            }
            assert!(begin.elapsed() < ELECTED_WITHIN, "no server became active");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Without three, the second to go would take the rest with it.
    async fn until_all_vote(&self) {
        let begin = Instant::now();
        loop {
            let (_, body) = self
                .api("GET", "sys/storage/raft/configuration", None)
                .await;
            let servers = body["data"]["config"]["servers"].as_array().cloned();
            let voters = servers.unwrap_or_default();
            if voters.iter().filter(|it| it["voter"] == true).count() == 3 {
                return;
            }
            assert!(begin.elapsed() < ELECTED_WITHIN, "{body}");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// `kill -9` of the active server.
    pub async fn kill_active(&mut self) {
        let active = self.until_active().await;
        let node = self.nodes.iter_mut().find(|it| it.address == active);
        node.unwrap().server = None;
        self.until_another_than(&active).await;
    }

    /// The active server makes way for another.
    pub async fn step_down(&self) {
        let active = self.until_active().await;
        let (status, body) = self.api_of(&active, "PUT", "sys/step-down", None).await;
        assert!(status < 300, "{body}");
    }

    /// Seals the active server, and returns its address.
    pub async fn seal_active(&self) -> String {
        let active = self.until_active().await;
        let (status, body) = self.api_of(&active, "PUT", "sys/seal", None).await;
        assert!(status < 300, "{body}");
        active
    }

    pub async fn unseal(&self, address: &str) {
        unseal(&self.client, address, &self.unseal_key).await;
    }

    async fn until_another_than(&self, before: &str) {
        let begin = Instant::now();
        while self.until_active().await == before {
            assert!(begin.elapsed() < ELECTED_WITHIN, "{before} stays active");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

impl Drop for Raft {
    fn drop(&mut self) {
        self.forwarder.abort();
        self.watcher.abort();
    }
}

impl Node {
    fn start(number: usize) -> Self {
        let name = format!("raft-{number}");
        let folder = folder(&name);
        let port = ports::free_ports(2);
        let address = format!("http://127.0.0.1:{port}");
        std::fs::create_dir(folder.join("data")).expect("a temporary folder is writable");
        let config = json!({
            "storage": {"raft": {"path": folder.join("data"), "node_id": name, "performance_multiplier": 1}},
            "listener": {"tcp": {
                "address": format!("127.0.0.1:{port}"),
                "cluster_address": format!("127.0.0.1:{}", port + 1),
                "tls_disable": true,
            }},
            "api_addr": address,
            "cluster_addr": format!("https://127.0.0.1:{}", port + 1),
            "disable_mlock": true,
        });
        let file = folder.join("config.json");
        std::fs::write(&file, config.to_string()).expect("a temporary folder is writable");
        let arguments = ["server".to_owned(), format!("-config={}", file.display())];
        let server = Server::start(&name, &binaries::vault(), &folder, &arguments);
        Self {
            address,
            server: Some(server),
        }
    }

    async fn answers(&mut self, client: &reqwest::Client) {
        let status = format!("{}/v1/sys/seal-status", self.address);
        let answers = async || client.get(&status).send().await.is_ok();
        if let Some(server) = &mut self.server {
            server.wait_until(answers).await;
        }
    }
}

/// The key and the root token.
async fn initialise(client: &reqwest::Client, address: &str) -> (String, String) {
    let body = json!({"secret_shares": 1, "secret_threshold": 1});
    let call = client.put(format!("{address}/v1/sys/init")).json(&body);
    let (status, answer) = request::send(call).await;
    assert_eq!(status, 200, "{answer}");
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    (text(&answer["keys"][0]), text(&answer["root_token"]))
}

/// The first is active only a moment after it was unsealed.
async fn join(client: &reqwest::Client, address: &str, first: &str) {
    let begin = Instant::now();
    let url = format!("{address}/v1/sys/storage/raft/join");
    loop {
        let call = client.post(&url).json(&json!({"leader_api_addr": first}));
        let (status, answer) = request::send(call).await;
        if status == 200 {
            return;
        }
        assert!(begin.elapsed() < ELECTED_WITHIN, "{answer}");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

/// One that joins knows what it is sealed with only a moment later.
async fn unseal(client: &reqwest::Client, address: &str, key: &str) {
    let begin = Instant::now();
    loop {
        let call = client.put(format!("{address}/v1/sys/unseal"));
        let (status, answer) = request::send(call.json(&json!({"key": key}))).await;
        let (_, now) = request::send(client.get(format!("{address}/v1/sys/seal-status"))).await;
        if status == 200 && now["sealed"] == false {
            return;
        }
        assert!(begin.elapsed() < ELECTED_WITHIN, "{answer}");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

/// Finds the active server again and again, as the health checks of a load balancer do.
async fn watch(
    client: reqwest::Client,
    addresses: Vec<String>,
    active: Arc<Mutex<Option<String>>>,
) {
    loop {
        let mut found = None;
        for address in &addresses {
            let health = client.get(format!("{address}/v1/sys/health"));
            let answer = health.timeout(Duration::from_millis(500)).send().await;
            if answer.is_ok_and(|answer| answer.status() == 200) {
                found = Some(address.clone());
            }
        }
        *active.lock().unwrap() = found;
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

async fn forward(listener: TcpListener, active: Arc<Mutex<Option<String>>>) {
    while let Ok((mut from, _)) = listener.accept().await {
        let to = active.lock().unwrap().clone();
        tokio::spawn(async move {
            // Without an active server, the connection ends at once.
            let Some(to) = to else { return };
            let to = to.trim_start_matches("http://");
            if let Ok(mut to) = TcpStream::connect(to).await {
                let _ = copy_bidirectional(&mut from, &mut to).await;
            }
        });
    }
}
