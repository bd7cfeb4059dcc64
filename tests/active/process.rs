//! A contender in a process of its own.

use super::support::Cluster;
use super::{CHILD, PATIENCE};
use keyfleet::serve::active::Times;
use std::ffi::OsStr;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use tokio::sync::mpsc;
use tokio::time::timeout;

#[derive(Clone, Copy)]
pub(crate) enum Signal {
    Stop,
    Continue,
    Term,
}

/// Ends with this value, however the test ends: it reads a pipe of ours, and gives up when that closes.
pub(crate) struct Process {
    child: Child,
    name: String,
    lifeline: Option<ChildStdin>,
    said: mpsc::UnboundedReceiver<String>,
}

impl Process {
    pub(crate) fn on_lease(cluster: &Cluster, lease: &str, name: &str, times: Times) -> Self {
        Self::on_lease_at(cluster, cluster.server(), lease, name, times)
    }

    /// Asks for the Lease at one address, which may be a proxy's, and writes at the cluster's own.
    pub(crate) fn on_lease_at(
        cluster: &Cluster,
        lease_server: &str,
        lease: &str,
        name: &str,
        times: Times,
    ) -> Self {
        let millis = |time: std::time::Duration| time.as_millis().to_string();
        let (ca, token) = (cluster.ca_pem(), cluster.admin_token());
        let variables = [
            ("TEST_LEASE", lease.to_owned()),
            ("TEST_LEASE_SERVER", lease_server.to_owned()),
            ("TEST_SERVER", cluster.server().to_owned()),
            ("TEST_CA", ca),
            ("TEST_TOKEN", token.to_owned()),
            ("TEST_DURATION", millis(times.duration)),
            ("TEST_RENEW", millis(times.renew)),
            ("TEST_RETRY", millis(times.retry)),
            ("TEST_REQUEST", millis(times.request)),
        ];
        Self::start(name, variables)
    }

    pub(crate) fn on_lock(folder: &Path, name: &str) -> Self {
        Self::start(name, [("TEST_FOLDER", folder)])
    }

    fn start<V: AsRef<OsStr>>(
        name: &str,
        variables: impl IntoIterator<Item = (&'static str, V)>,
    ) -> Self {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(CHILD)
            .env_clear()
            .env("TEST_NAME", name)
            .envs(variables)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let (lifeline, output) = (child.stdin.take(), child.stdout.take().unwrap());
        let (tell, said) = mpsc::unbounded_channel();
        std::thread::spawn(move || {
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                if let Some(line) = line.strip_prefix(super::child::SAYS) {
                    let _ = tell.send(line.to_owned());
                }
            }
        });
        Self {
            child,
            name: name.to_owned(),
            lifeline,
            said,
        }
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// The next line that begins like this; what came before it is passed over.
    pub(crate) async fn until(&mut self, begin: &str) -> String {
        let find = async {
            while let Some(line) = self.said.recv().await {
                if line.starts_with(begin) {
                    return line;
                }
            }
            panic!("{} ended without saying {begin:?}", self.name);
        };
        timeout(PATIENCE, find)
            .await
            .unwrap_or_else(|_| panic!("{} did not say {begin:?}", self.name))
    }

    pub(crate) fn signal(&self, signal: Signal) {
        let flag = match signal {
            Signal::Stop => "-STOP",
            Signal::Continue => "-CONT",
            Signal::Term => "-TERM",
        };
        let id = self.child.id().to_string();
        let status = Command::new("kill").args([flag, &id]).status().unwrap();
        assert!(status.success(), "kill {flag} {id}: {status}");
    }

    /// `kill -9`.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Waits until it has ended in order.
    pub(crate) async fn ended(&mut self) {
        self.until("gone").await;
        assert!(self.child.wait().unwrap().success());
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        drop(self.lifeline.take());
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
