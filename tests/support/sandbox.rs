use super::Keyfleet;
use super::keyfleet::binary;
use serde_json::Value;
use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

/// `keyfleet sandbox` as a process of its own, which ends with this.
pub struct Sandbox {
    process: Child,
    /// With its repository and what it gives to log in with.
    pub keyfleet: Keyfleet,
    /// Where it is told to do something wrong.
    pub control: String,
    _folder: tempfile::TempDir,
}

impl Sandbox {
    /// With these arguments besides.
    pub fn start(arguments: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut process = Command::new(binary())
            .args(["sandbox", "--output", "json"])
            .args(arguments)
            .arg("--folder")
            .arg(folder.path().join("world"))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let output = process.stdout.take().unwrap();
        BufReader::new(output).read_line(&mut line).unwrap();
        let places: Value = serde_json::from_str(&line).unwrap();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let variable = |name: &str| text(&places["environment"][name]);
        Self {
            process,
            keyfleet: Keyfleet {
                repository: PathBuf::from(text(&places["repository"])),
                vault_addr: variable("VAULT_ADDR"),
                vault_token: variable("VAULT_TOKEN"),
                kubeconfig: PathBuf::from(variable("KUBECONFIG")),
            },
            control: text(&places["control"]),
            _folder: folder,
        }
    }

    /// Writes to its Vault behind keyfleet's back.
    pub async fn write(&self, path: &str, body: Value) {
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let url = format!("{}/v1/{path}", self.keyfleet.vault_addr);
        let asked = client
            .post(url)
            .header("X-Vault-Token", &self.keyfleet.vault_token);
        let answer = asked.body(body.to_string()).send().await.unwrap();
        assert!(answer.status().is_success(), "{path}: {}", answer.status());
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
