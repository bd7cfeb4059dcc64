//! `keyfleet serve` as a child process, with settings of the test's own.

use super::support::Keyfleet;
use super::support::ports::free_ports;
use super::support::request::client;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

pub(crate) struct Service {
    child: Child,
    log: PathBuf,
    probes: u16,
    pub(crate) webhooks: u16,
}

const PATIENCE: Duration = Duration::from_secs(60);

impl Service {
    /// `settings` are all but where it listens.
    pub(crate) fn start(keyfleet: &Keyfleet, folder: &Path, settings: &str) -> Self {
        let [web, probes, webhooks] = [free_ports(1), free_ports(1), free_ports(1)];
        let file = folder.join(format!("settings-{web}.yaml"));
        let text = format!(
            "apiVersion: keyfleet.dev/v1alpha1\nkind: Service\ndata: {}\nweb: {{listen: 127.0.0.1:{web}}}\n\
             probes: {{listen: 127.0.0.1:{probes}}}\n{}",
            folder.join("data").display(),
            settings.replace("WEBHOOKS", &format!("127.0.0.1:{webhooks}"))
        );
        fs::write(&file, text).unwrap();
        let log = folder.join(format!("log-{web}"));
        let child = Command::new(env!("CARGO_BIN_EXE_keyfleet"))
            .args(["serve", "--settings"])
            .arg(&file)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", folder)
            .env("KUBECONFIG", &keyfleet.kubeconfig)
            .env("VAULT_ADDR", &keyfleet.vault_addr)
            .env("VAULT_TOKEN", &keyfleet.vault_token)
            .env("RUST_LOG", "keyfleet=trace")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(File::create(&log).unwrap())
            .spawn()
            .unwrap();
        Self {
            child,
            log,
            probes,
            webhooks,
        }
    }

    pub(crate) fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap()
    }

    pub(crate) async fn get(&self, path: &str) -> String {
        let url = format!("http://127.0.0.1:{}{path}", self.probes);
        match client(None).get(url).send().await {
            Ok(answer) => answer.text().await.unwrap(),
            Err(_) => String::new(),
        }
    }

    /// Of a series that is written so.
    pub(crate) async fn counted(&self, series: &str) -> u64 {
        let metrics = self.get("/metrics").await;
        let mut lines = metrics.lines();
        let value = lines.find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
        value.map_or(0, |value| value.parse().unwrap())
    }

    pub(crate) async fn until(&self, what: &str, is_so: impl AsyncFn() -> bool) {
        let begin = Instant::now();
        while !is_so().await {
            let waited = begin.elapsed();
            assert!(waited < PATIENCE, "no {what}:\n{}", self.log());
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    pub(crate) async fn until_said(&self, text: &str) {
        self.until(text, async || self.log().contains(text)).await;
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
