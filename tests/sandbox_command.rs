//! `keyfleet sandbox`: servers and a repository that a person, or keyfleet itself, can go on with.

mod support;

use serde_json::Value;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Stdio};
use support::Keyfleet;

struct Sandbox {
    process: Child,
    places: Value,
    _home: tempfile::TempDir,
}

/// `keyfleet sandbox`, with nothing of this environment.
fn sandbox() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_keyfleet"));
    command.arg("sandbox").env_clear();
    command
}

/// A process, and what it prints.
fn started(command: &mut Command) -> (Child, BufReader<ChildStdout>) {
    command.stdin(Stdio::null()).stdout(Stdio::piped());
    let mut process = command
        .stderr(Stdio::null())
        .spawn()
        .expect("keyfleet can be started");
    let output = process.stdout.take().expect("stdout is a pipe");
    (process, BufReader::new(output))
}

impl Sandbox {
    fn start(arguments: &[&str]) -> Self {
        let home = tempfile::tempdir().expect("a temporary folder can be made");
        let mut command = sandbox();
        command.args(["-o", "json"]).args(arguments);
        command.env("TMPDIR", home.path());
        let (process, mut output) = started(&mut command);
        let mut line = String::new();
        output.read_line(&mut line).expect("it says where it is");
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

/// A test that fails leaves no server behind.
impl Drop for Sandbox {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
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

/// The text that people see, up to the end of what it has to say.
fn printed(home: &std::path::Path, folder: &str) -> String {
    let mut command = sandbox();
    command.args(["--clusters", "1", "--folder", folder]);
    command.current_dir(home).env("PATH", "/nowhere");
    let (mut process, output) = started(&mut command);
    let mut text = String::new();
    for line in output.lines() {
        let line = line.expect("text");
        text.push_str(&line);
        text.push('\n');
        if line.contains("-X DELETE") {
            break;
        }
    }
    // Whoever reads it types its lines while the servers run.
    let tried = try_lines(&text);
    process.kill().expect("it can be ended");
    process.wait().expect("it ends");
    assert!(tried.is_empty(), "{tried}\n{text}");
    text
}

/// Every indented line, in a shell somewhere else: what it cannot read, or cannot do where that needs no program.
fn try_lines(text: &str) -> String {
    let mut failed = String::new();
    for line in text.lines().filter_map(|line| line.strip_prefix("  ")) {
        let program = line.split(' ').next().unwrap_or_default();
        let runs = matches!(program, "." | "export");
        let mut shell = Command::new("sh");
        // Without `-n`, which only reads.
        let shell = if runs { &mut shell } else { shell.arg("-n") };
        let run = shell
            .args(["-c", line])
            .current_dir("/")
            .output()
            .expect("sh can be started");
        if !run.status.success() {
            let said = String::from_utf8_lossy(&run.stderr);
            failed.push_str(&format!("{line}: {said}\n"));
        }
    }
    failed
}

#[test]
fn every_line_to_type_can_be_copied_wherever_the_folder_lies() {
    let home = tempfile::tempdir().expect("a temporary folder can be made");
    let plain = printed(home.path(), "plain");
    for line in plain.lines().filter(|line| !line.contains("/plain")) {
        assert!(line.chars().count() <= 80, "{line}");
    }
    printed(home.path(), "it's a folder; $HOME");
}

/// Whoever names the wrong folder loses nothing in it.
#[test]
fn a_folder_with_anything_in_it_is_refused_and_stays_as_it_was() {
    let home = tempfile::tempdir().expect("a temporary folder can be made");
    let write = |path: &str| std::fs::write(home.path().join(path), "mine").expect("written");
    for folder in ["full", "acme-too/acme"] {
        std::fs::create_dir_all(home.path().join(folder)).expect("a folder can be made");
    }
    let files = [
        "full/env",
        "full/kubeconfig",
        "acme-too/kubeconfig",
        "a-file",
    ];
    for file in files {
        write(file);
    }
    for (folder, why) in [
        ("full", "full is not empty, and what is in it is kept"),
        ("acme-too", "acme-too is not empty"),
        ("a-file", "a-file is not a folder"),
    ] {
        let mut command = sandbox();
        command.args(["--folder", folder]).current_dir(home.path());
        let output = command.output().expect("keyfleet can be started");
        assert_eq!(output.status.code(), Some(1));
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(said.contains(why), "{said}");
    }
    for file in files {
        let text = std::fs::read_to_string(home.path().join(file));
        assert_eq!(text.expect("still there"), "mine", "{file}");
    }
    assert!(!home.path().join("full/acme").exists());
}

#[test]
fn what_opens_the_servers_is_its_owners_alone() {
    let sandbox = Sandbox::start(&["--clusters", "1"]);
    let kubeconfig = sandbox.keyfleet().kubeconfig;
    let folder = kubeconfig.parent().expect("a folder");
    for (path, mode) in [
        (folder, 0o700),
        (&folder.join("env"), 0o600),
        (&kubeconfig, 0o600),
    ] {
        let there = std::fs::metadata(path).expect("it is there");
        let shown = path.display();
        assert_eq!(there.permissions().mode() & 0o777, mode, "{shown}");
    }
    assert_eq!(sandbox.end(), Some(0));
}

#[test]
fn an_empty_folder_is_as_good_as_a_new_one() {
    let home = tempfile::tempdir().expect("a temporary folder can be made");
    let folder = home.path().to_str().expect("text");
    let sandbox = Sandbox::start(&["--clusters", "1", "--folder", folder]);
    assert!(home.path().join("acme/fleet.yaml").is_file());
    assert_eq!(sandbox.end(), Some(0));
}

#[tokio::test]
async fn a_fault_is_taken_as_curl_sends_it_and_what_is_none_is_said() {
    let sandbox = Sandbox::start(&["--clusters", "1"]);
    let control = sandbox.places["control"].as_str().expect("an address");
    let client = support::request::client(None);
    let ask = async |path: &str, body: &'static str| {
        let request = client
            .put(format!("{control}/faults/{path}"))
            .header("content-type", "application/x-www-form-urlencoded")
            .body(body);
        let answer = request.send().await.expect("an answer");
        answer.text().await.expect("text")
    };
    assert_eq!(ask("prod-eu", r#"{"mishap": "hang"}"#).await, "");
    assert_eq!(
        ask("prod", r#"{"mishap": "hang"}"#).await,
        "no server `prod`: there are `vault`, `prod-eu`\n"
    );
    let unknown = ask("vault", r#"{"mishap": "sing"}"#).await;
    assert!(unknown.starts_with("no such fault: unknown variant"));
    assert_eq!(sandbox.end(), Some(0));
}

/// Fifty Secrets that no list of keyfleet's shows yet are asked for by their namespaces.
#[tokio::test]
async fn a_first_look_at_many_secrets_takes_few_requests() {
    let sandbox = Sandbox::start(&["--clusters", "1", "--secrets", "50"]);
    let control = sandbox.places["control"].as_str().expect("an address");
    let client = support::request::client(None);
    let taken = async || {
        let request = client.delete(format!("{control}/counts"));
        support::request::send(request).await.1
    };
    taken().await;
    let run = sandbox.keyfleet().run(&["plan"]);
    assert_eq!(run.code, 2, "{}\n{}", run.out, run.err);
    let counts = taken().await;
    let reads = counts["clusters"]["prod-eu"]["read"].as_u64();
    assert!(reads.is_some_and(|reads| reads < 20), "{counts}");
    assert_eq!(sandbox.end(), Some(0));
}
