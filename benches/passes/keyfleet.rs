//! keyfleet itself, run as anybody runs it, and what a run took.

use super::world::World;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

#[derive(Debug, Clone, Copy)]
pub(crate) struct Took {
    pub time: Duration,
    /// The most memory that was resident, in MiB.
    pub memory: u64,
}

/// Which servers a run is let near.
#[derive(Clone, Copy)]
pub(crate) enum Servers<'a> {
    /// The sandbox's Vault and its clusters.
    All,
    /// This Vault, and no cluster: each of them fails before anything is sent.
    OnlyVault { addr: &'a str, token: &'a str },
}

/// Runs keyfleet on the repository, which ends with what it ends with when all goes well.
pub(crate) fn run(world: &World, servers: Servers<'_>, arguments: &[&str]) -> Took {
    let ((addr, token), kubeconfig, code) = match servers {
        Servers::All => (world.vault(), world.environment["KUBECONFIG"].as_str(), 0),
        // What is not known of the clusters is said.
        Servers::OnlyVault { addr, token } => ((addr, token), "/dev/null", 1),
    };
    let begin = Instant::now();
    let mut child = Command::new(env!("CARGO_BIN_EXE_keyfleet"))
        .args(arguments)
        .args([
            "--git-limit",
            "files=1000000",
            "--git-limit",
            "total_bytes=4000000000",
        ])
        .current_dir(&world.repository)
        .envs(&world.environment)
        .env("VAULT_ADDR", addr)
        .env("VAULT_TOKEN", token)
        .env("KUBECONFIG", kubeconfig)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let said = child.stderr.take().unwrap();
    let said = std::thread::spawn(move || std::io::read_to_string(said).unwrap_or_default());
    let mut memory = 0;
    let status = loop {
        memory = memory.max(peak(child.id()));
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        std::thread::sleep(Duration::from_millis(2));
    };
    let time = begin.elapsed();
    let said = said.join().unwrap();
    assert_eq!(status.code(), Some(code), "keyfleet {arguments:?}: {said}");
    Took { time, memory }
}

/// The highest so far: `VmHWM` only ever grows.
fn peak(id: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{id}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kibibytes = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
    kibibytes.unwrap_or(0) / 1024
}
