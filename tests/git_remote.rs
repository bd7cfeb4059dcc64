//! Git servers as they are: `git http-backend` behind TLS and Debian's sshd, both on loopback.
//!
//! OpenSSL and libgit2 read `SSL_CERT_FILE` and `HOME` once per process, so every checkout here runs in a child process: this
//! test program again, told to run the one ignored test `child`, which does what its environment says and prints the result.

#![allow(clippy::unwrap_used)] // Clippy does not see that the helpers of a test are tests.

use std::ffi::OsStr;
use std::path::Path;
use std::process::Command;

use keyfleet::git::{Access, Limits, Source, checkout};
use tempfile::TempDir;

#[path = "git_remote/command.rs"]
mod command;
#[path = "git_remote/https.rs"]
mod https;
#[allow(dead_code, reason = "the tests of the cache use the rest of it")]
#[path = "git_remote/server.rs"]
mod server;
#[path = "git_remote/ssh.rs"]
mod ssh;
#[path = "git_remote/sshd.rs"]
mod sshd;

use command::{commit_all, git, new_repository};

const URL: &str = "TEST_URL";
const REFERENCE: &str = "TEST_REFERENCE";
const LIMIT: &str = "TEST_LIMIT";

#[test]
#[ignore = "runs in a child process of the other tests, which set its environment"]
fn child() {
    let variable = |name: &str| std::env::var(name).ok();
    let mut limits = Limits::default();
    if let Some(limit) = variable(LIMIT) {
        limits.set(&limit).unwrap();
    }
    let source = Source::parse(&variable(URL).unwrap()).unwrap();
    let access = Access::from_lookup(variable);
    match checkout(
        &source,
        variable(REFERENCE).as_deref(),
        &limits,
        &|_| true,
        &access,
    ) {
        Ok(checkout) => println!(
            "read {} {} {:?}",
            checkout.name, checkout.revision, checkout.files
        ),
        Err(error) => {
            let cause = std::error::Error::source(&error).map(ToString::to_string);
            println!("failed: {error}: {}", cause.unwrap_or_default());
        }
    }
}

/// A checkout in a process of its own, with a home and a temporary directory of its own.
struct Child {
    command: Command,
    home: TempDir,
    temporary: TempDir,
}

impl Child {
    fn new(url: &str) -> Self {
        let (home, temporary) = (TempDir::new().unwrap(), TempDir::new().unwrap());
        let mut command = Command::new(std::env::current_exe().unwrap());
        command
            .args(["--exact", "child", "--ignored", "--nocapture"])
            .env_clear()
            .env("HOME", home.path())
            .env("TMPDIR", temporary.path())
            .env(URL, url);
        Self {
            command,
            home,
            temporary,
        }
    }

    fn with(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    fn at(self, reference: &str) -> Self {
        self.with(REFERENCE, reference)
    }

    /// What the child printed. Whatever happened, it must have left no temporary file.
    fn run(mut self) -> String {
        let output = self.command.output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{said}{errors}");
        assert_eq!(
            self.temporary.path().read_dir().unwrap().count(),
            0,
            "temporary files are left"
        );
        said + &errors
    }

    fn fails_with(self, expected: &[&str]) -> String {
        let said = self.run();
        for part in expected {
            assert!(
                said.contains("failed: ") && said.contains(part),
                "no {part:?} in {said}"
            );
        }
        said
    }

    fn reads(self, revision: &str, content: &str) {
        let said = self.run();
        let expected = format!(
            "read acme {} {{\"fleet.yaml\": \"{content}\"}}",
            &revision[..7]
        );
        assert!(said.contains(&expected), "no {expected:?} in {said}");
    }
}

/// A bare repository `acme.git` below `root` with two commits, the tag `v1` on the first and a branch beside it.
struct Acme {
    first: String,
    second: String,
    side: String,
}

fn acme(root: &Path) -> Acme {
    let work = new_repository();
    let commit = |content: &str| {
        std::fs::write(work.path().join("fleet.yaml"), content).unwrap();
        commit_all(work.path());
        git(work.path(), &["rev-parse", "HEAD"])
    };
    let first = commit("first");
    git(work.path(), &["tag", "-a", "-m", "release", "v1"]);
    git(work.path(), &["checkout", "-q", "-b", "feature/side"]);
    let side = commit("side");
    git(work.path(), &["checkout", "-q", "main"]);
    commit("between");
    let second = commit("second");
    std::fs::create_dir_all(root).unwrap();
    git(
        root,
        &[
            "clone",
            "-q",
            "--bare",
            work.path().to_str().unwrap(),
            "acme.git",
        ],
    );
    Acme {
        first,
        second,
        side,
    }
}
