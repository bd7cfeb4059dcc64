//! A real Vault in development mode: `OpenBao`, or the `HashiCorp` Vault that `KEYFLEET_TEST_VAULT` names.
//!
//! It keeps everything in memory, is unsealed, and has a KV v2 mount at `secret/`. Absent: TLS and HA, which
//! development mode does not have.

use super::process::{Server, folder};
use super::{binaries, ports, request};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::Duration;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flavour {
    OpenBao,
    HashiCorp,
}

#[derive(Debug)]
pub struct Vault {
    addr: String,
    token: String,
    program: PathBuf,
    client: reqwest::Client,
    server: Server,
}

impl Vault {
    pub async fn start() -> Self {
        let program = binaries::vault();
        let folder = folder("vault");
        // Development mode takes the next port too, for its cluster listener.
        let port = ports::free_ports(2);
        let token = "root".to_owned();
        let arguments = [
            "server".to_owned(),
            "-dev".to_owned(),
            format!("-dev-root-token-id={token}"),
            format!("-dev-listen-address=127.0.0.1:{port}"),
            "-dev-no-store-token".to_owned(),
        ];
        let server = Server::start("vault", &program, &folder, &arguments);
        let addr = format!("http://127.0.0.1:{port}");
        let mut vault = Self {
            addr,
            token,
            program,
            client: request::client(None),
            server,
        };
        let health = format!("{}/v1/sys/health", vault.addr);
        let client = vault.client.clone();
        let answers = async || {
            client
                .get(&health)
                .send()
                .await
                .is_ok_and(|r| r.status() == 200)
        };
        vault.server.wait_until(answers).await;
        vault
    }

    pub fn addr(&self) -> &str {
        &self.addr
    }

    /// The root token.
    pub fn token(&self) -> &str {
        &self.token
    }

    /// A place for files that the CLI reads; it goes away with the server.
    pub fn folder(&self) -> &Path {
        self.server.folder()
    }

    pub async fn flavour(&self) -> Flavour {
        // Only OpenBao has the bulk read of policies.
        let (status, _) = self.api("LIST", "sys/policies/detailed/acl", None).await;
        if status == 200 {
            Flavour::OpenBao
        } else {
            Flavour::HashiCorp
        }
    }

    /// The real command line, as root.
    pub fn cli(&self, arguments: &[&str]) -> Output {
        Command::new(&self.program)
            .args(arguments)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.folder())
            .env("VAULT_ADDR", &self.addr)
            .env("VAULT_TOKEN", &self.token)
            .output()
            .expect("the command line of Vault can be started")
    }

    /// What the command printed; panics when it failed. Only the subcommand is named, since arguments may be tokens.
    pub fn cli_ok(&self, arguments: &[&str]) -> String {
        let output = self.cli(arguments);
        assert!(
            output.status.success(),
            "`{}` failed:\n{}",
            arguments
                .iter()
                .take(2)
                .copied()
                .collect::<Vec<_>>()
                .join(" "),
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// The HTTP API as root; `path` is what follows `/v1/`.
    pub async fn api(&self, method: &str, path: &str, body: Option<Value>) -> (u16, Value) {
        self.api_as(&self.token, method, path, body).await
    }

    pub async fn api_as(
        &self,
        token: &str,
        method: &str,
        path: &str,
        body: Option<Value>,
    ) -> (u16, Value) {
        let url = format!("{}/v1/{path}", self.addr);
        let mut call = self.client.request(request::method(method), url);
        if !token.is_empty() {
            call = call.header("X-Vault-Token", token);
        }
        if let Some(body) = body {
            call = call.json(&body);
        }
        request::send(call).await
    }

    /// Writes a version of a KV v2 secret and returns its number.
    pub async fn kv_put(&self, mount: &str, path: &str, pairs: &[(&str, &str)]) -> u64 {
        let data: serde_json::Map<_, _> = pairs
            .iter()
            .map(|(key, value)| ((*key).to_owned(), Value::from(*value)))
            .collect();
        let path = format!("{mount}/data/{path}");
        let (mut status, mut body) = (400, Value::Null);
        // For a moment after it is mounted, the engine only says that it upgrades itself.
        for _ in 0..500 {
            (status, body) = self.api("POST", &path, Some(json!({ "data": data }))).await;
            if status != 400 || !body.to_string().contains("Upgrading from non-versioned") {
                break;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        assert_eq!(status, 200, "writing {path}: {body}");
        body["data"]["version"]
            .as_u64()
            .expect("a write answers with the version")
    }

    /// Logs in with the token of a service account and returns the client token, or what Vault said instead.
    pub async fn login(&self, mount: &str, role: &str, jwt: &str) -> Result<String, (u16, Value)> {
        let body = json!({ "role": role, "jwt": jwt });
        let answer = self
            .api_as("", "POST", &format!("auth/{mount}/login"), Some(body))
            .await;
        match answer.1["auth"]["client_token"].as_str() {
            Some(token) => Ok(token.to_owned()),
            None => Err(answer),
        }
    }
}
