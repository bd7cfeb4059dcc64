use serde_json::Value;
use std::path::PathBuf;
use std::process::{Command, Stdio};

/// What a run of the command came to.
#[derive(Debug)]
pub struct Run {
    pub code: i32,
    pub out: String,
    pub err: String,
}

/// The command as an operator runs it: with a repository, and an environment that holds nothing but this.
#[derive(Debug, Clone)]
pub struct Keyfleet {
    pub repository: PathBuf,
    pub vault_addr: String,
    pub vault_token: String,
    pub kubeconfig: PathBuf,
}

impl Keyfleet {
    /// Runs the command in the folder of the repository. An empty address or token is not set at all.
    pub fn run(&self, arguments: &[&str]) -> Run {
        self.run_with(arguments, &[])
    }

    /// With further variables in its environment.
    pub fn run_with(&self, arguments: &[&str], variables: &[(&str, &str)]) -> Run {
        let home = self.repository.parent().unwrap_or(&self.repository);
        let mut command = Command::new(binary());
        command
            .args(arguments)
            .current_dir(&self.repository)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", home)
            .env("KUBECONFIG", &self.kubeconfig)
            .stdin(Stdio::null());
        for (name, value) in [
            ("VAULT_ADDR", self.vault_addr.as_str()),
            ("VAULT_TOKEN", self.vault_token.as_str()),
        ] {
            if !value.is_empty() {
                command.env(name, value);
            }
        }
        let output = command
            .envs(variables.iter().copied())
            .output()
            .expect("keyfleet can be started");
        Run {
            code: output.status.code().unwrap_or(-1),
            out: String::from_utf8_lossy(&output.stdout).into_owned(),
            err: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// The plan as JSON, whatever it came to.
    pub fn plan_json(&self) -> Value {
        let run = self.run(&["plan", "-o", "json"]);
        serde_json::from_str(&run.out)
            .unwrap_or_else(|error| panic!("the plan is not JSON ({error}): {run:?}"))
    }
}

/// Tests find it by cargo's variable; an example, which has none, beside its own folder.
pub(super) fn binary() -> PathBuf {
    if let Some(built) = option_env!("CARGO_BIN_EXE_keyfleet") {
        return PathBuf::from(built);
    }
    let own = std::env::current_exe().expect("this program has a path");
    let folder = own.parent().and_then(|folder| folder.parent());
    folder.expect("cargo's target folder").join("keyfleet")
}
