//! Real servers on loopback, started from the programs that are on this machine: a Vault in development mode, one etcd,
//! and a kube-apiserver for each cluster. They end with this process.
//!
//! Nothing is downloaded or built here; what is not found is named.

use super::address::{Addresses, ClusterAddress};
use super::folder::{Passing, create_private, make_private, write_private};
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
/// A killed one is gone long before.
const END: Duration = Duration::from_secs(2);

/// How much of the log of a server that does not start is shown.
const LAST_LINES: usize = 10;

#[derive(Debug)]
pub(in crate::cli) struct RealServers {
    addresses: Addresses,
    _running: Running,
}

impl RealServers {
    pub(super) async fn start(clusters: &[String]) -> anyhow::Result<Self> {
        let vault = found(&["bao", "vault"])?;
        let (etcd, apiserver) = (found(&["etcd"])?, found(&["kube-apiserver"])?);
        let mut running = Running {
            processes: Processes(Vec::new()),
            folder: Passing::temporary("servers"),
        };
        make_private(running.folder.path())?;
        let (vault, vault_token) = running.vault(&vault).await?;
        let store = running.etcd(&etcd).await?;
        let mut started = Vec::new();
        for name in clusters {
            started.push(running.cluster(&apiserver, &store, name).await?);
        }
        Ok(Self {
            addresses: Addresses {
                vault,
                vault_token,
                vault_ca_pem: None,
                clusters: started,
            },
            _running: running,
        })
    }

    pub(super) fn addresses(&self) -> &Addresses {
        &self.addresses
    }
}

#[derive(Debug)]
struct Process {
    child: Child,
    name: String,
    program: PathBuf,
    log: PathBuf,
}

#[derive(Debug)]
struct Processes(Vec<Process>);

impl Drop for Processes {
    fn drop(&mut self) {
        // The last started is the first to end.
        for process in self.0.iter_mut().rev() {
            let _ = process.child.start_kill();
        }
        // What still writes would leave something of its folder behind.
        let begin = Instant::now();
        let is_running = |process: &mut Process| matches!(process.child.try_wait(), Ok(None));
        while self.0.iter_mut().any(is_running) && begin.elapsed() < END {
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

/// What runs already, whole or not: it ends when this is dropped, and its logs, keys and data go after it.
#[derive(Debug)]
struct Running {
    processes: Processes,
    folder: Passing,
}

impl Running {
    async fn vault(&mut self, program: &Path) -> anyhow::Result<(String, String)> {
        // Development mode takes the next port as well.
        let port = free_ports(2)?;
        let token = Uuid::new_v4().to_string();
        let arguments = [
            "server".to_owned(),
            "-dev".to_owned(),
            "-dev-no-store-token".to_owned(),
            format!("-dev-listen-address=127.0.0.1:{port}"),
        ];
        let address = format!("http://127.0.0.1:{port}");
        // Arguments can be read by everybody on the machine. OpenBao and Vault each have their own name for it.
        let root = [
            ("BAO_DEV_ROOT_TOKEN_ID", token.as_str()),
            ("VAULT_DEV_ROOT_TOKEN_ID", token.as_str()),
        ];
        self.spawn(program, "vault", &arguments, &root)?;
        let health = format!("{address}/v1/sys/health");
        self.wait(&client(None)?, &health, None).await?;
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
            format!("--data-dir={}", self.folder.path().join("data").display()),
            format!("--listen-client-urls={address}"),
            format!("--advertise-client-urls={address}"),
            format!("--listen-peer-urls={peer}"),
            format!("--initial-advertise-peer-urls={peer}"),
            format!("--initial-cluster=default={peer}"),
        ];
        self.spawn(program, "etcd", &arguments, &[])?;
        let health = format!("{address}/health");
        self.wait(&client(None)?, &health, None).await?;
        Ok(address)
    }

    async fn cluster(
        &mut self,
        program: &Path,
        etcd: &str,
        name: &str,
    ) -> anyhow::Result<ClusterAddress> {
        let folder = self.folder.path().join(name);
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
        self.spawn(program, name, &flags(&folder, etcd, name, port), &[])?;
        let server = format!("https://127.0.0.1:{port}");
        // It is made by the server a moment after it calls itself ready, and keyfleet knows a cluster by it.
        let system = format!("{server}/api/v1/namespaces/kube-system");
        self.wait(&client(Some(&authority.pem))?, &system, Some(&token))
            .await?;
        Ok(ClusterAddress {
            name: name.to_owned(),
            server,
            ca_pem: authority.pem,
            token,
        })
    }

    fn spawn(
        &mut self,
        program: &Path,
        name: &str,
        arguments: &[String],
        environment: &[(&str, &str)],
    ) -> anyhow::Result<()> {
        let folder = self.folder.path();
        let log = folder.join(format!("{name}.log"));
        let output = create_private(&log)?;
        let child = Command::new(program)
            .args(arguments)
            .env_clear()
            .env("HOME", folder)
            .envs(environment.iter().copied())
            .current_dir(folder)
            .stdin(Stdio::null())
            .stdout(output.try_clone()?)
            .stderr(output)
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("failed to start {}", program.display()))?;
        self.processes.0.push(Process {
            child,
            name: name.to_owned(),
            program: program.to_owned(),
            log,
        });
        Ok(())
    }

    /// Until the server that was started last answers this well.
    async fn wait(
        &mut self,
        client: &Client,
        url: &str,
        token: Option<&str>,
    ) -> anyhow::Result<()> {
        let begin = Instant::now();
        loop {
            let mut request = client.get(url);
            if let Some(token) = token {
                request = request.bearer_auth(token);
            }
            let answer = request.send().await;
            if answer.is_ok_and(|answer| answer.status() == 200) {
                return Ok(());
            }
            if let Some(process) = self.processes.0.last_mut() {
                if let Ok(Some(status)) = process.child.try_wait() {
                    return Err(failed(
                        process,
                        &format!("ended with {status}"),
                        &mut self.folder,
                    ));
                }
                if begin.elapsed() > START {
                    let how = format!("was not ready after {} seconds", START.as_secs());
                    return Err(failed(process, &how, &mut self.folder));
                }
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

/// What a person needs to find out why; the folder stays where its log says more than this.
fn failed(process: &Process, how: &str, folder: &mut Passing) -> anyhow::Error {
    let Process { name, program, .. } = process;
    let what = format!("{name} did not start: {} {how}", program.display());
    let log = std::fs::read(&process.log).unwrap_or_default();
    let log = String::from_utf8_lossy(&log);
    let lines: Vec<&str> = log.lines().filter(|line| !line.trim().is_empty()).collect();
    if lines.is_empty() {
        return anyhow::anyhow!("{what}, and said nothing");
    }
    folder.keep();
    let last: String = lines[lines.len().saturating_sub(LAST_LINES)..]
        .iter()
        .map(|line| format!("\n    {}", crate::report::clean(line)))
        .collect();
    anyhow::anyhow!(
        "{what}\n  its last words:{last}\n  its whole log stays in {}",
        process.log.display()
    )
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
