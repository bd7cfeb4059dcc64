//! A server as a child process: started with a log, awaited until it answers, ended with its owner.
//!
//! Promise: no server and no folder of one outlives the test process, not even when that is killed. A small `sh` stands
//! between the two: it holds the reading end of a pipe whose only writing end is ours, and ends the server by its pid
//! when the pipe closes. Tokio owns no child here, since servers outlive the runtime of the test that started them.
//!
//! Absent: restarting. A test that needs a server to fail puts a proxy in front of it.

use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::{Duration, Instant};

/// Generous, since a machine that also compiles may be slow; a server that dies is noticed at once.
const START_TIMEOUT: Duration = Duration::from_secs(120);
const LOG_TAIL: u64 = 4_000;

const SUPERVISOR: &str = r#"
folder=$1
shift
exec 3<&0
"$@" 3<&- </dev/null &
server=$!
{ read -r _ <&3; kill -KILL "$server"; } 2>/dev/null &
watcher=$!
wait "$server"
code=$?
kill "$watcher" 2>/dev/null
rm -rf -- "$folder"
exit "$code"
"#;

#[derive(Debug)]
pub struct Server {
    name: String,
    supervisor: Child,
    lifeline: Option<ChildStdin>,
    log: File,
    folder: PathBuf,
}

/// A new folder for the files of one server, which go away with it.
pub fn folder(name: &str) -> PathBuf {
    tempfile::Builder::new()
        .prefix(&format!("keyfleet-test-{name}-"))
        .tempdir()
        .expect("a temporary folder can be made")
        .keep()
}

impl Server {
    /// Starts `program`; its environment is empty but for PATH and HOME, so that a developer's `VAULT_ADDR` or
    /// `ETCD_NAME` changes nothing.
    pub fn start(name: &str, program: &Path, folder: &Path, arguments: &[String]) -> Self {
        let log_path = folder.join("log");
        let writing = File::create(&log_path).expect("the log can be made");
        let log = File::open(&log_path).expect("the log can be read");
        let mut supervisor = Command::new("sh")
            .args(["-c", SUPERVISOR, "supervisor"])
            .arg(folder)
            .arg(program)
            .args(arguments)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", folder)
            .current_dir(folder)
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(writing.try_clone().expect("a file handle can be cloned"))
            .stderr(writing)
            .spawn()
            .expect("`sh` can be started");
        let lifeline = supervisor.stdin.take();
        Self {
            name: name.to_owned(),
            supervisor,
            lifeline,
            log,
            folder: folder.to_owned(),
        }
    }

    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Returns when `answers` does; panics with the end of the log when the server ends or the time is up.
    pub async fn wait_until(&mut self, answers: impl AsyncFn() -> bool) {
        let begin = Instant::now();
        while !answers().await {
            if let Some(status) = self.supervisor.try_wait().expect("a child can be asked") {
                panic!(
                    "{} ended while starting ({status}):\n{}",
                    self.name,
                    self.log_tail()
                );
            }
            assert!(
                begin.elapsed() < START_TIMEOUT,
                "{} was not ready after {START_TIMEOUT:?}:\n{}",
                self.name,
                self.log_tail()
            );
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// The last lines of the log. The handle still reads it when the supervisor has removed the folder.
    pub fn log_tail(&self) -> String {
        let size = self.log.metadata().map_or(0, |metadata| metadata.len());
        let from = size.saturating_sub(LOG_TAIL);
        let mut tail = vec![0; usize::try_from(size - from).expect("a tail is short")];
        let read = self.log.read_at(&mut tail, from).unwrap_or(0);
        String::from_utf8_lossy(&tail[..read]).into_owned()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.lifeline.take());
        let _ = self.supervisor.wait();
    }
}
