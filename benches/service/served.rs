//! The service as a process, with its log in a file.

use super::log::Log;
use super::world::World;
use std::fs::File;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

pub(crate) struct Served {
    child: Child,
    log: PathBuf,
    pub probes: String,
    pub webhooks: String,
}

/// What a webhook is signed with here.
pub(crate) const WEBHOOK_SECRET: &str = "only-of-this-bench";

/// How long the service may take to start and to end.
const PATIENCE: Duration = Duration::from_secs(60);

impl Served {
    /// Starts it on the world's repository, by the commits of it. `reconcile` is a section of the settings.
    pub(crate) async fn start(world: &World, name: &str, reconcile: &str) -> Self {
        let folder = world.folder().join(name);
        std::fs::create_dir_all(&folder).unwrap();
        let [web, probes, webhooks] = [free_port(), free_port(), free_port()];
        let settings = folder.join("keyfleet.yaml");
        std::fs::write(folder.join("webhook"), WEBHOOK_SECRET).unwrap();
        let text = format!(
            "apiVersion: keyfleet.dev/v1alpha1
kind: Service
repository:
  url: file://{}
  interval: 1h
  limits: {{files: 1000000, total_bytes: 4000000000}}
webhooks:
  listen: {webhooks}
  from:
    - {{forge: github, secret: {{file: {}}}}}
reconcile: {reconcile}
data: {}
web: {{listen: {web}}}
probes: {{listen: {probes}}}
log: {{format: json}}
",
            world.repository.display(),
            folder.join("webhook").display(),
            folder.join("data").display(),
        );
        std::fs::write(&settings, text).unwrap();
        let log = folder.join("log");
        let child = Command::new(env!("CARGO_BIN_EXE_keyfleet"))
            .arg("serve")
            .arg("--settings")
            .arg(&settings)
            .envs(&world.environment)
            .env("RUST_LOG", "keyfleet::serve=debug")
            .stdin(Stdio::null())
            .stderr(File::create(&log).unwrap())
            .spawn()
            .unwrap();
        let served = Self {
            child,
            log,
            probes: format!("http://{probes}"),
            webhooks: format!("http://{webhooks}"),
        };
        served.is_ready().await;
        served
    }

    async fn is_ready(&self) {
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let begin = Instant::now();
        let ready = format!("{}/readyz", self.probes);
        loop {
            let answer = client.get(&ready).send().await;
            if answer.is_ok_and(|answer| answer.status() == 200) {
                return;
            }
            assert!(begin.elapsed() < PATIENCE, "{}", self.log().last(20));
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    pub(crate) fn log(&self) -> Log {
        Log::read(&self.log)
    }

    /// What is resident now, in MiB.
    pub(crate) fn memory(&self) -> u64 {
        let id = self.child.id();
        let status = std::fs::read_to_string(format!("/proc/{id}/status")).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kibibytes: u64 = line
            .and_then(|line| line.split_whitespace().next()?.parse().ok())
            .unwrap();
        kibibytes / 1024
    }

    /// Seconds of a processor that it has used so far.
    pub(crate) fn processor(&self) -> f64 {
        let id = self.child.id();
        let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).unwrap();
        // The name, in parentheses, may hold anything; user and system time are the 12th and 13th after it.
        let (_, after) = stat.rsplit_once(')').unwrap();
        let ticks: u32 = after
            .split_whitespace()
            .skip(11)
            .take(2)
            .map(|number| number.parse::<u32>().unwrap())
            .sum();
        // The kernel tells these in hundredths, whatever its own tick is.
        f64::from(ticks) / 100.0
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn free_port() -> String {
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    listener.local_addr().unwrap().to_string()
}
