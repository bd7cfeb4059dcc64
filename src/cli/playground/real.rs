//! Real servers on loopback, started from the programs that are on this machine: a Vault in development mode, one etcd,
//! and a kube-apiserver for each cluster. They end with this process.
//!
//! Nothing is downloaded or built here; what is not found is named.

use super::address::{Addresses, ClusterAddress};
use super::folder::{create_private, make_private, write_private};
use super::hands::client;
use crate::sandbox::Authority;
use anyhow::Context;
use rcgen::KeyPair;
use reqwest::Client;
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};
use tokio::process::{Child, Command};
use uuid::Uuid;

/// A server that is not ready after this is not going to be.
const START: Duration = Duration::from_secs(60);

#[derive(Debug)]
pub(in crate::cli) struct RealServers {
    addresses: Addresses,
    /// The last started is the first to end.
    _processes: Vec<Child>,
    folder: PathBuf,
}

impl RealServers {
    pub(super) async fn start(clusters: &[String]) -> anyhow::Result<Self> {
        let vault = found(&["bao", "vault"])?;
        let (etcd, apiserver) = (found(&["etcd"])?, found(&["kube-apiserver"])?);
        let folder = std::env::temp_dir().join(format!("keyfleet-servers-{}", Uuid::new_v4()));
        make_private(&folder)?;
        let mut starting = Starting {
            folder,
            processes: Vec::new(),
        };
        let (vault, vault_token) = starting.vault(&vault).await?;
        let store = starting.etcd(&etcd).await?;
        let mut started = Vec::new();
        for name in clusters {
            started.push(starting.cluster(&apiserver, &store, name).await?);
        }
        let mut processes = starting.processes;
        processes.reverse();
        Ok(Self {
            addresses: Addresses {
                vault,
                vault_token,
                vault_ca_pem: None,
                clusters: started,
            },
            _processes: processes,
            folder: starting.folder,
        })
    }

    pub(super) fn addresses(&self) -> &Addresses {
        &self.addresses
    }
}

impl Drop for RealServers {
    fn drop(&mut self) {
        // Logs, keys and data of servers that end now.
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

struct Starting {
    folder: PathBuf,
    processes: Vec<Child>,
}

impl Starting {
    async fn vault(&mut self, program: &Path) -> anyhow::Result<(String, String)> {
        // Development mode takes the next port as well.
        let port = free_ports(2)?;
        let token = Uuid::new_v4().to_string();
        let arguments = [
            "server".to_owned(),
            "-dev".to_owned(),
            "-dev-no-store-token".to_owned(),
            format!("-dev-root-token-id={token}"),
            format!("-dev-listen-address=127.0.0.1:{port}"),
        ];
        let address = format!("http://127.0.0.1:{port}");
        self.spawn(program, "vault", &arguments)?;
        let health = format!("{address}/v1/sys/health");
        self.wait(&client(None)?, &health, None, "vault").await?;
        Ok((address, token))
    }

    async fn etcd(&mut self, program: &Path) -> anyhow::Result<String> {
        let port = free_ports(2)?;
        let (address, peer) = (
            format!("http://127.0.0.1:{port}"),
            format!("http://127.0.0.1:{}", port + 1),
        );
        let arguments = [
            "--unsafe-no-fsync".to_owned(),
            format!("--data-dir={}", self.folder.join("data").display()),
            format!("--listen-client-urls={address}"),
            format!("--advertise-client-urls={address}"),
            format!("--listen-peer-urls={peer}"),
            format!("--initial-advertise-peer-urls={peer}"),
            format!("--initial-cluster=default={peer}"),
        ];
        self.spawn(program, "etcd", &arguments)?;
        let health = format!("{address}/health");
        self.wait(&client(None)?, &health, None, "etcd").await?;
        Ok(address)
    }

    async fn cluster(
        &mut self,
        program: &Path,
        etcd: &str,
        name: &str,
    ) -> anyhow::Result<ClusterAddress> {
        let folder = self.folder.join(name);
        make_private(&folder)?;
        let authority = Authority::new(name)?;
        let accounts = KeyPair::generate()?;
        let token = Uuid::new_v4().to_string();
        for (file, text) in [
            ("server.crt", authority.certificate_pem.clone()),
            ("server.key", authority.key_pem.clone()),
            ("accounts.key", accounts.serialize_pem()),
            ("accounts.pub", accounts.public_key_pem()),
            (
                "tokens.csv",
                format!("{token},admin,admin,\"system:masters\"\n"),
            ),
        ] {
            write_private(&folder.join(file), &text)?;
        }
        let port = free_ports(1)?;
        self.spawn(program, name, &flags(&folder, etcd, name, port))?;
        let server = format!("https://127.0.0.1:{port}");
        // It is made by the server a moment after it calls itself ready, and keyfleet knows a cluster by it.
        let system = format!("{server}/api/v1/namespaces/kube-system");
        self.wait(&client(Some(&authority.pem))?, &system, Some(&token), name)
            .await?;
        Ok(ClusterAddress {
            name: name.to_owned(),
            server,
            ca_pem: authority.pem,
            token,
        })
    }

    fn spawn(&mut self, program: &Path, name: &str, arguments: &[String]) -> anyhow::Result<()> {
        let log = create_private(&self.folder.join(format!("{name}.log")))?;
        let child = Command::new(program)
            .args(arguments)
            .env_clear()
            .env("HOME", &self.folder)
            .current_dir(&self.folder)
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("failed to start {}", program.display()))?;
        self.processes.push(child);
        Ok(())
    }

    /// Until the server answers this well.
    async fn wait(
        &mut self,
        client: &Client,
        url: &str,
        token: Option<&str>,
        name: &str,
    ) -> anyhow::Result<()> {
        let begin = Instant::now();
        loop {
            let mut request = client.get(url);
            if let Some(token) = token {
                request = request.bearer_auth(token);
            }
            if request
                .send()
                .await
                .is_ok_and(|answer| answer.status() == 200)
            {
                return Ok(());
            }
            let ended = self.processes.last_mut().map(Child::try_wait);
            let log = self.folder.join(format!("{name}.log"));
            if matches!(ended, Some(Ok(Some(_)))) || begin.elapsed() > START {
                let text = std::fs::read_to_string(&log).unwrap_or_default();
                let end: Vec<&str> = text.lines().rev().take(5).collect();
                anyhow::bail!("{name} did not start:\n{}", end.join("\n"));
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

fn flags(folder: &Path, etcd: &str, name: &str, port: u16) -> Vec<String> {
    let file = |name: &str| folder.join(name).display().to_string();
    vec![
        format!("--etcd-servers={etcd}"),
        format!("--etcd-prefix=/{name}"),
        "--bind-address=127.0.0.1".to_owned(),
        format!("--secure-port={port}"),
        format!("--tls-cert-file={}", file("server.crt")),
        format!("--tls-private-key-file={}", file("server.key")),
        "--service-account-issuer=https://kubernetes.default.svc".to_owned(),
        format!("--service-account-key-file={}", file("accounts.pub")),
        format!(
            "--service-account-signing-key-file={}",
            file("accounts.key")
        ),
        format!("--token-auth-file={}", file("tokens.csv")),
        "--authorization-mode=RBAC".to_owned(),
        "--service-cluster-ip-range=10.0.0.0/24".to_owned(),
        // It waits for a service account that only a controller makes.
        "--disable-admission-plugins=ServiceAccount".to_owned(),
    ]
}

/// The first of these programs in `KUBEBUILDER_ASSETS` or on PATH.
fn found(names: &[&str]) -> anyhow::Result<PathBuf> {
    let assets = std::env::var_os("KUBEBUILDER_ASSETS").map(PathBuf::from);
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders: Vec<PathBuf> = assets
        .into_iter()
        .chain(std::env::split_paths(&path))
        .collect();
    let files = folders
        .iter()
        .flat_map(|folder| names.iter().map(move |name| folder.join(name)));
    files.into_iter().find(|file| file.is_file()).with_context(|| {
        format!(
            "there is no `{}` in KUBEBUILDER_ASSETS or on PATH; without --real, nothing is needed but this command",
            names.join("` or `")
        )
    })
}

/// The first of neighbouring ports that nobody listens on.
fn free_ports(count: u16) -> anyhow::Result<u16> {
    for _ in 0..50 {
        let first = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let port = first.local_addr()?.port();
        let rest = (1..count).all(|next| {
            let next = port.checked_add(next);
            next.is_some_and(|next| TcpListener::bind((Ipv4Addr::LOCALHOST, next)).is_ok())
        });
        if rest {
            return Ok(port);
        }
    }
    anyhow::bail!("there are no {count} free ports side by side on 127.0.0.1")
}
