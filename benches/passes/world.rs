//! The servers of a case: the sandbox as a process of its own, and a real `OpenBao` where one is found.

use super::keyfleet::Servers;
use serde_json::Value;
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

pub(crate) struct World {
    pub repository: PathBuf,
    /// What keyfleet's environment is to be.
    pub environment: BTreeMap<String, String>,
    pub clusters: Vec<Cluster>,
    counts: String,
    client: reqwest::Client,
    sandbox: Child,
    folder: tempfile::TempDir,
}

#[derive(Clone)]
pub(crate) struct Cluster {
    pub name: String,
    pub server: String,
    pub ca_pem: String,
    pub token: String,
}

/// Requests, by what they mean: `read`, `value`, `login`, `write`.
pub(crate) type Counts = BTreeMap<String, u64>;

/// Requests to the Vault, and to all clusters together.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Asked {
    pub vault: Counts,
    pub clusters: Counts,
}

impl World {
    /// With so many Secrets on each cluster.
    pub(crate) fn start(clusters: usize, secrets: usize) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let begin = Instant::now();
        let mut sandbox = Command::new(env!("CARGO_BIN_EXE_keyfleet"))
            .args(["sandbox", "--output", "json"])
            .args(["--clusters", &clusters.to_string()])
            .args(["--secrets", &secrets.to_string()])
            .arg("--folder")
            .arg(folder.path().join("world"))
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let output = sandbox.stdout.take().unwrap();
        BufReader::new(output).read_line(&mut line).unwrap();
        let places: Value = serde_json::from_str(&line).expect("the sandbox says where it is");
        println!(
            "a sandbox of {clusters} clusters with {secrets} secrets each was ready after {:.1} s",
            begin.elapsed().as_secs_f64()
        );
        let environment: BTreeMap<String, String> =
            serde_json::from_value(places["environment"].clone()).unwrap();
        let kubeconfig = std::fs::read_to_string(&environment["KUBECONFIG"]).unwrap();
        Self {
            repository: PathBuf::from(places["repository"].as_str().unwrap()),
            clusters: read_clusters(&serde_json::from_str(&kubeconfig).unwrap()),
            environment,
            counts: format!("{}/counts", places["control"].as_str().unwrap()),
            client: reqwest::Client::builder().no_proxy().build().unwrap(),
            sandbox,
            folder,
        }
    }

    /// What the sandbox was asked since the last time.
    pub(crate) async fn take_counts(&self) -> Asked {
        let answer = self.client.delete(&self.counts).send().await.unwrap();
        let counts: Value = serde_json::from_str(&answer.text().await.unwrap()).unwrap();
        let mut asked = Asked {
            vault: serde_json::from_value(counts["vault"].clone()).unwrap(),
            ..Asked::default()
        };
        for counts in counts["clusters"].as_object().unwrap().values() {
            let counts: Counts = serde_json::from_value(counts.clone()).unwrap();
            for (kind, number) in counts {
                *asked.clusters.entry(kind).or_default() += number;
            }
        }
        asked
    }

    /// Lets a cluster do something wrong from now on; the fault as the sandbox takes it.
    pub(crate) async fn break_cluster(&self, name: &str, fault: &str) {
        let url = self.counts.replace("/counts", &format!("/faults/{name}"));
        let put = self.client.put(url).body(fault.to_owned());
        let answer = put.send().await.unwrap();
        assert_eq!(answer.status(), 204, "{fault}");
    }

    pub(crate) fn vault(&self) -> (&str, &str) {
        (
            &self.environment["VAULT_ADDR"],
            &self.environment["VAULT_TOKEN"],
        )
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }
}

impl Drop for World {
    fn drop(&mut self) {
        let _ = self.sandbox.kill();
        let _ = self.sandbox.wait();
    }
}

fn read_clusters(kubeconfig: &Value) -> Vec<Cluster> {
    use base64::Engine as _;
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let clusters = kubeconfig["clusters"].as_array().unwrap().iter();
    let users = kubeconfig["users"].as_array().unwrap().iter();
    clusters
        .zip(users)
        .map(|(entry, user)| {
            let ca = text(&entry["cluster"]["certificate-authority-data"]);
            let ca = base64::engine::general_purpose::STANDARD
                .decode(ca)
                .unwrap();
            Cluster {
                name: text(&entry["name"]),
                server: text(&entry["cluster"]["server"]),
                ca_pem: String::from_utf8(ca).unwrap(),
                token: text(&user["user"]["token"]),
            }
        })
        .collect()
}

/// A real Vault in development mode, in memory.
pub(crate) struct RealVault {
    pub addr: String,
    process: Child,
}

impl RealVault {
    pub(crate) const TOKEN: &str = "root";

    /// With no cluster beside it.
    pub(crate) fn alone(&self) -> Servers<'_> {
        Servers::OnlyVault {
            addr: &self.addr,
            token: Self::TOKEN,
        }
    }

    /// `None` where there is no `bao`: `cargo test` puts one into `target/servers/bin`.
    pub(crate) async fn start(folder: &Path) -> Option<Self> {
        let program = found("bao")?;
        let port = std::net::TcpListener::bind("127.0.0.1:0")
            .ok()?
            .local_addr()
            .ok()?
            .port();
        let process = Command::new(program)
            .args(["server", "-dev", "-dev-no-store-token"])
            .arg(format!("-dev-root-token-id={}", Self::TOKEN))
            .arg(format!("-dev-listen-address=127.0.0.1:{port}"))
            .env("HOME", folder)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .ok()?;
        let vault = Self {
            addr: format!("http://127.0.0.1:{port}"),
            process,
        };
        let health = format!("{}/v1/sys/health", vault.addr);
        for _ in 0..600 {
            if reqwest::get(&health)
                .await
                .is_ok_and(|answer| answer.status() == 200)
            {
                return Some(vault);
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        None
    }
}

impl Drop for RealVault {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// On PATH, or where the tests keep it.
fn found(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let on_path = std::env::split_paths(&path).map(|folder| folder.join(program));
    let on_path = on_path.into_iter().find(|file| file.is_file());
    on_path.or_else(|| {
        let bin = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/servers/bin");
        let entries = std::fs::read_dir(bin).ok()?.filter_map(Result::ok);
        let named = |path: &PathBuf| {
            path.file_name()
                .is_some_and(|name| name.to_string_lossy().starts_with(&format!("{program}-")))
        };
        entries.map(|entry| entry.path()).find(named)
    })
}
