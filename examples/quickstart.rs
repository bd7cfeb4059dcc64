//! The main job on real servers: starts a Vault and two Kubernetes API servers on loopback, gives them the example
//! repository, and runs `keyfleet plan`, `apply`, `plan` and `status` on it, showing each command as it is typed.
//!
//! The servers stay until Enter is pressed, so that one can go on by hand; `--once` ends at once.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program that shows what it does"
)]

#[path = "../tests/support.rs"]
mod support;

use std::io::{BufRead, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use support::{ControlPlane, Vault, fleet, kubeconfig};

fn main() -> ExitCode {
    // Cargo builds no command for an example. This program holds all of it, and is it when called by its name.
    let called = std::env::args().next().unwrap_or_default();
    if Path::new(&called).file_name() == Some("keyfleet".as_ref()) {
        keyfleet::git::prepare();
        return keyfleet::cli::run();
    }
    if quickstart() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// Says whether every command ended as it should.
fn quickstart() -> bool {
    let once = std::env::args().any(|argument| argument == "--once");
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let (vault, control_plane, clusters) = runtime.block_on(start());
    let folder = std::env::temp_dir().join(format!("keyfleet-quickstart-{}", std::process::id()));
    let repository = folder.join("repo");
    fleet::copy(&fleet::example(), &repository);
    for cluster in &clusters {
        fleet::point_at(&repository, cluster);
    }
    let command = folder.join("keyfleet");
    let own = std::env::current_exe().expect("this program has a path");
    std::os::unix::fs::symlink(own, &command).expect("the folder is writable");
    let contexts: Vec<_> = clusters.iter().map(|cluster| (cluster, None)).collect();
    let shell = Shell {
        command,
        vault: &vault,
        kubeconfig: kubeconfig(&contexts),
        repository,
    };
    let story: [(&[&str], i32); 4] = [
        (&["plan"], 2),
        (&["apply", "--yes"], 0),
        (&["plan"], 0),
        (&["status"], 0),
    ];
    let ends: Vec<bool> = story
        .iter()
        .map(|(arguments, expected)| shell.keyfleet(arguments) == Some(*expected))
        .collect();
    if !once {
        shell.invite();
    }
    drop(control_plane);
    // The copy belongs to this run alone.
    let _ = std::fs::remove_dir_all(folder);
    ends.iter().all(|good| *good)
}

async fn start() -> (Vault, ControlPlane, Vec<support::Cluster>) {
    eprintln!(
        "Starting a Vault and two Kubernetes API servers on loopback (the first time, they are built: about 5 minutes) …"
    );
    let vault = Vault::start().await;
    fleet::seed(&vault).await;
    let control_plane = ControlPlane::start().await;
    let mut clusters = Vec::new();
    for name in ["prod-eu", "staging"] {
        let cluster = control_plane.cluster(name).await;
        cluster.create_namespace("shop").await;
        clusters.push(cluster);
    }
    (vault, control_plane, clusters)
}

struct Shell<'a> {
    command: PathBuf,
    vault: &'a Vault,
    kubeconfig: PathBuf,
    repository: PathBuf,
}

impl Shell<'_> {
    fn keyfleet(&self, arguments: &[&str]) -> Option<i32> {
        println!("\n$ keyfleet {}", arguments.join(" "));
        std::io::stdout().flush().expect("stdout");
        let status = Command::new(&self.command)
            .args(arguments)
            .current_dir(&self.repository)
            .env_remove("VAULT_NAMESPACE")
            .env_remove("VAULT_CACERT")
            .env("VAULT_ADDR", self.vault.addr())
            .env("VAULT_TOKEN", self.vault.token())
            .env("KUBECONFIG", &self.kubeconfig)
            .status()
            .expect("keyfleet runs");
        println!("  (exit code {})", status.code().unwrap_or(-1));
        status.code()
    }

    fn invite(&self) {
        println!("\nThe servers go on running. In another terminal:\n");
        println!(
            "  export VAULT_ADDR={} VAULT_TOKEN={} KUBECONFIG={}",
            self.vault.addr(),
            self.vault.token(),
            self.kubeconfig.display()
        );
        println!("  cd {}", self.repository.display());
        println!("  {} plan\n", self.command.display());
        println!(
            "Edit a file there, or a policy in Vault, or a Secret in a cluster, and plan again. Enter ends it."
        );
        let _ = std::io::stdin().lock().lines().next();
    }
}
