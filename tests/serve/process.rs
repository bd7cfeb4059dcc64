//! `keyfleet serve` as a child process.

use super::scene::Scene;
use super::support::Keyfleet;
use super::support::request::client;
use std::fs::{self, File};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

pub(crate) struct Service {
    child: Child,
    log: PathBuf,
    pub settings: PathBuf,
    pub ports: Ports,
}

/// Where it listens.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ports {
    pub web: u16,
    pub probes: u16,
    pub webhooks: u16,
}

/// How long anything may take that is waited for; generous, since a machine that also compiles may be slow, and a report is due
/// every minute.
const PATIENCE: Duration = Duration::from_secs(90);

impl Service {
    /// Starts it on the scene's repository. `more` is added to the settings.
    pub(crate) fn start(scene: &Scene, more: &str) -> Self {
        Self::start_in(&scene.keyfleet, &scene.variables, more)
    }

    /// The same for a fleet that a test has made itself.
    pub(crate) fn start_for(keyfleet: &Keyfleet, more: &str) -> Self {
        Self::start_in(keyfleet, &[], more)
    }

    /// With settings that are all the test's own; they say where it listens.
    pub(crate) fn start_with(scene: &Scene, settings: impl FnOnce(Ports) -> String) -> Self {
        Self::start_of(&scene.keyfleet, &scene.variables, settings)
    }

    fn start_in(keyfleet: &Keyfleet, variables: &[(String, String)], more: &str) -> Self {
        Self::start_of(keyfleet, variables, |ports| text(keyfleet, ports, more))
    }

    fn start_of(
        keyfleet: &Keyfleet,
        variables: &[(String, String)],
        text: impl FnOnce(Ports) -> String,
    ) -> Self {
        let ports = Ports {
            web: free_port(),
            probes: free_port(),
            webhooks: free_port(),
        };
        let folder = keyfleet.repository.parent().unwrap();
        let settings = folder.join("keyfleet.yaml");
        fs::write(&settings, text(ports)).unwrap();
        Self::spawn(keyfleet, variables, settings, ports)
    }

    fn spawn(
        keyfleet: &Keyfleet,
        variables: &[(String, String)],
        settings: PathBuf,
        ports: Ports,
    ) -> Self {
        let log = settings.with_file_name(format!("log-{}", ports.web));
        let child = Command::new(env!("CARGO_BIN_EXE_keyfleet"))
            .arg("serve")
            .arg("--settings")
            .arg(&settings)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", settings.parent().unwrap())
            .env("KUBECONFIG", &keyfleet.kubeconfig)
            .env("VAULT_ADDR", &keyfleet.vault_addr)
            .env("VAULT_TOKEN", &keyfleet.vault_token)
            .env("RUST_LOG", "keyfleet::serve=debug")
            .envs(variables.iter().cloned())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(File::create(&log).unwrap())
            .spawn()
            .unwrap();
        Self {
            child,
            log,
            settings,
            ports,
        }
    }

    /// Writes its settings anew, with this added.
    pub(crate) fn resettle(&self, scene: &Scene, more: &str) {
        fs::write(&self.settings, text(&scene.keyfleet, self.ports, more)).unwrap();
    }

    pub(crate) fn signal(&self, name: &str) {
        let sent = Command::new("kill")
            .args([&format!("-{name}"), &self.child.id().to_string()])
            .status()
            .unwrap();
        assert!(sent.success());
    }

    /// What it said so far.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap()
    }

    /// What it answers at this port of its own.
    pub(crate) async fn get(&self, port: u16, path: &str) -> (u16, String) {
        let url = format!("http://127.0.0.1:{port}{path}");
        let answer = client(None).get(url).send().await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    }

    /// Until it is so.
    pub(crate) async fn until(&self, what: &str, is_so: impl AsyncFn() -> bool) {
        let begin = Instant::now();
        while !is_so().await {
            assert!(
                begin.elapsed() < PATIENCE,
                "no {what} within {PATIENCE:?}:\n{}",
                self.log()
            );
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Until this Secret of the scene's north has this value.
    pub(crate) async fn until_secret(&self, scene: &Scene, name: &str, value: &str) {
        self.until(&format!("{value} in {name}"), async || {
            scene.secret(&scene.north, name).await.as_deref() == Some(value)
        })
        .await;
    }

    /// Until what is in Vault now has reached the scene's north.
    pub(crate) async fn until_rotated(&self, scene: &Scene) {
        scene.put(&scene.north, "app", "rotated").await;
        self.until_secret(scene, "app", "rotated").await;
    }

    /// Until it said this.
    pub(crate) async fn until_said(&self, text: &str) {
        self.until(text, async || self.log().contains(text)).await;
    }

    /// Waits for its end.
    pub(crate) async fn ended(&mut self) -> ExitStatus {
        let begin = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(begin.elapsed() < PATIENCE, "{}", self.log());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn text(keyfleet: &Keyfleet, ports: Ports, more: &str) -> String {
    let Ports {
        web,
        probes,
        webhooks,
    } = ports;
    let data = keyfleet.repository.with_file_name("data");
    format!(
        "apiVersion: keyfleet.dev/v1alpha1\nkind: Service\nrepository: {{url: {}, interval: 5s}}\ndata: {}\n\
         web: {{listen: 127.0.0.1:{web}}}\nprobes: {{listen: 127.0.0.1:{probes}}}\nwebhooks: {{listen: 127.0.0.1:{webhooks}}}\n{more}",
        keyfleet.repository.display(),
        data.display()
    )
}

fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    listener.local_addr().unwrap().port()
}
