//! `keyfleet sandbox`: servers and a repository that a person, or keyfleet itself, can go on with.

mod support;

use serde_json::Value;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use support::Keyfleet;

struct Sandbox {
    process: Child,
    places: Value,
    _home: tempfile::TempDir,
}

impl Sandbox {
    fn start(arguments: &[&str]) -> Self {
        let home = tempfile::tempdir().expect("a temporary folder can be made");
        let mut process = Command::new(env!("CARGO_BIN_EXE_keyfleet"))
            .args(["sandbox", "-o", "json"])
            .args(arguments)
            .env_clear()
            .env("TMPDIR", home.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("keyfleet can be started");
        let output = process.stdout.take().expect("stdout is a pipe");
        let mut line = String::new();
        BufReader::new(output)
            .read_line(&mut line)
            .expect("it says where it is");
        Self {
            process,
            places: serde_json::from_str(&line).expect("in JSON"),
            _home: home,
        }
    }

    fn keyfleet(&self) -> Keyfleet {
        let variable = |name: &str| {
            let value = self.places["environment"][name].as_str();
            value.unwrap_or_else(|| panic!("no {name}")).to_owned()
        };
        let repository = self.places["repository"].as_str().expect("a repository");
        Keyfleet {
            repository: PathBuf::from(repository),
            vault_addr: variable("VAULT_ADDR"),
            vault_token: variable("VAULT_TOKEN"),
            kubeconfig: PathBuf::from(variable("KUBECONFIG")),
        }
    }

    /// Ends it as Ctrl-C would, and says how it ended.
    fn end(mut self) -> Option<i32> {
        let id = self.process.id().to_string();
        let sent = Command::new("kill").args(["-TERM", &id]).status();
        assert!(sent.expect("kill can be started").success());
        self.process.wait().expect("it ends").code()
    }
}

fn road(arguments: &[&str]) {
    let sandbox = Sandbox::start(arguments);
    let keyfleet = sandbox.keyfleet();
    for (verb, code) in [
        (&["plan"][..], 2),
        (&["apply", "--yes"], 0),
        (&["plan"], 0),
        (&["status"], 0),
    ] {
        let run = keyfleet.run(verb);
        assert_eq!(run.code, code, "{verb:?}:\n{}\n{}", run.out, run.err);
    }
    assert_eq!(sandbox.end(), Some(0));
}

#[test]
fn the_road_runs_on_it_to_its_end() {
    road(&[]);
}

#[test]
fn a_vault_of_hashicorps_flavour_is_as_good() {
    road(&["--flavour", "hashicorp"]);
}

#[test]
fn more_clusters_and_made_up_secrets_are_a_fleet_as_well() {
    road(&["--clusters", "5", "--secrets", "3"]);
}
