//! ssh, against a real sshd that lets the user of the tests in with one key.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child as Process, Command, Stdio};

use tempfile::TempDir;

use super::{Acme, Child, acme};

const INSTALL: &str =
    "the tests need Debian's package openssh-server: apt-get install -y openssh-server";

struct Sshd {
    dir: TempDir,
    process: Process,
    port: u16,
    user: String,
    acme: Acme,
}

impl Sshd {
    fn start() -> Self {
        let dir = TempDir::new().unwrap();
        let at = |name: &str| dir.path().join(name);
        for key in ["host", "host_ecdsa", "user", "stranger"] {
            keygen(
                &at(key),
                if key == "host_ecdsa" {
                    "ecdsa"
                } else {
                    "ed25519"
                },
                "",
            );
        }
        fs::copy(at("user.pub"), at("authorized_keys")).unwrap();
        let port = TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        let here = dir.path().display();
        let config = format!(
            "Port {port}\nListenAddress 127.0.0.1\nHostKey {here}/host\nHostKey {here}/host_ecdsa\nPidFile none\nUsePAM no\nStrictModes no\n\
             AuthorizedKeysFile {here}/authorized_keys\nPermitRootLogin yes\nPasswordAuthentication no\n\
             KbdInteractiveAuthentication no\n"
        );
        fs::write(at("config"), config).unwrap();
        let acme = acme(dir.path());
        let user = output(Command::new("id").arg("-un"));
        let process = listen(&at("config"));
        Self {
            dir,
            process,
            port,
            user,
            acme,
        }
    }

    fn at(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn url(&self) -> String {
        format!(
            "ssh://{}@127.0.0.1:{}{}",
            self.user,
            self.port,
            self.at("acme.git").display()
        )
    }

    /// A child that knows nothing yet: no key, no host.
    fn bare_child(&self) -> Child {
        Child::new(&self.url())
    }

    fn child(&self) -> Child {
        self.bare_child()
            .with("KEYFLEET_GIT_SSH_KEY", self.at("user"))
            .with("KEYFLEET_GIT_KNOWN_HOSTS", self.known_hosts("host"))
    }

    fn known_line(&self, key: &str) -> String {
        let public = fs::read_to_string(self.at(&format!("{key}.pub"))).unwrap();
        format!("[127.0.0.1]:{} {public}", self.port)
    }

    fn known_hosts(&self, key: &str) -> PathBuf {
        let path = self.at(&format!("known_hosts_{key}"));
        fs::write(&path, self.known_line(key)).unwrap();
        path
    }
}

impl Drop for Sshd {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn listen(config: &Path) -> Process {
    let sshd = Path::new("/usr/sbin/sshd");
    assert!(sshd.exists(), "{INSTALL}");
    // Where it runs as root, sshd wants this directory; Debian makes it when the service starts.
    let _ = fs::create_dir_all("/run/sshd");
    let mut process = Command::new(sshd)
        .arg("-D")
        .arg("-e")
        .arg("-f")
        .arg(config)
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = BufReader::new(process.stderr.take().unwrap());
    let mut line = String::new();
    while !line.contains("Server listening") {
        line.clear();
        assert!(said.read_line(&mut line).unwrap() > 0, "sshd did not start");
    }
    // Read on, so that sshd never waits for a full pipe.
    std::thread::spawn(move || std::io::copy(&mut said, &mut std::io::sink()));
    process
}

fn keygen(path: &Path, kind: &str, passphrase: &str) {
    output(
        Command::new("ssh-keygen")
            .args(["-q", "-t", kind, "-N", passphrase, "-f"])
            .arg(path),
    );
}

fn output(command: &mut Command) -> String {
    let output = command.output().expect(INSTALL);
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

#[test]
fn a_key_file_and_a_known_host_let_keyfleet_in() {
    let sshd = Sshd::start();
    sshd.child().reads(&sshd.acme.second, "second");
    sshd.child().at("v1").reads(&sshd.acme.first, "first");
    sshd.child()
        .at(&sshd.acme.first[..9])
        .reads(&sshd.acme.first, "first");
}

#[test]
fn the_known_hosts_of_the_user_are_used_where_no_other_file_is_named() {
    let sshd = Sshd::start();
    let child = |known: &str| {
        let child = sshd
            .bare_child()
            .with("KEYFLEET_GIT_SSH_KEY", sshd.at("user"));
        let directory = child.home.path().join(".ssh");
        fs::create_dir(&directory).unwrap();
        fs::write(directory.join("known_hosts"), sshd.known_line(known)).unwrap();
        (child, directory.join("known_hosts"))
    };
    child("host").0.reads(&sshd.acme.second, "second");
    let (hashed, file) = child("host");
    output(Command::new("ssh-keygen").arg("-H").arg("-f").arg(&file));
    assert!(fs::read_to_string(file).unwrap().starts_with("|1|"));
    hashed.reads(&sshd.acme.second, "second");
    child("stranger")
        .0
        .fails_with(&["~/.ssh/known_hosts does not have this key"]);
}

#[test]
fn an_unknown_host_is_refused_with_its_fingerprint() {
    let sshd = Sshd::start();
    let print = output(
        Command::new("ssh-keygen")
            .arg("-lf")
            .arg(sshd.at("host.pub")),
    );
    let print = print.split(' ').nth(1).unwrap();
    fs::write(sshd.at("nobody"), "else.example ssh-ed25519 AAAA\n").unwrap();
    let scan = format!("ssh-keyscan -p {} 127.0.0.1", sshd.port);
    let expected = ["does not have this host", print, &scan];
    sshd.child()
        .with("KEYFLEET_GIT_KNOWN_HOSTS", sshd.at("nobody"))
        .fails_with(&expected);
    let without_any = sshd
        .bare_child()
        .with("KEYFLEET_GIT_SSH_KEY", sshd.at("user"));
    without_any.fails_with(&["~/.ssh/known_hosts", print]);
}

#[test]
fn a_host_with_another_key_is_refused() {
    let sshd = Sshd::start();
    let other = sshd.known_hosts("stranger");
    sshd.child()
        .with("KEYFLEET_GIT_KNOWN_HOSTS", other)
        .fails_with(&["has other keys for this host"]);
}

#[test]
fn a_key_that_the_server_does_not_know_is_refused() {
    let sshd = Sshd::start();
    let stranger = sshd
        .child()
        .with("KEYFLEET_GIT_SSH_KEY", sshd.at("stranger"));
    stranger.fails_with(&["refused the key from KEYFLEET_GIT_SSH_KEY"]);
}

#[test]
fn a_key_file_that_cannot_be_used_is_named() {
    let sshd = Sshd::start();
    sshd.child()
        .with("KEYFLEET_GIT_SSH_KEY", "/nowhere/key")
        .fails_with(&["the ssh key /nowhere/key"]);
    keygen(&sshd.at("locked"), "ed25519", "passphrase");
    let locked = sshd.child().with("KEYFLEET_GIT_SSH_KEY", sshd.at("locked"));
    locked.fails_with(&["without a passphrase"]);
}

#[test]
fn the_agent_is_asked_where_no_key_file_is_named() {
    let sshd = Sshd::start();
    let socket = sshd.at("agent");
    let mut agent = Command::new("ssh-agent")
        .arg("-D")
        .arg("-a")
        .arg(&socket)
        .stdout(Stdio::piped())
        .spawn()
        .expect(INSTALL);
    let mut line = String::new();
    // It prints where it listens once it does.
    BufReader::new(agent.stdout.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    let child = || {
        let known = sshd.known_hosts("host");
        sshd.bare_child()
            .with("KEYFLEET_GIT_KNOWN_HOSTS", known)
            .with("SSH_AUTH_SOCK", &socket)
    };
    let empty = child().run();
    output(
        Command::new("ssh-add")
            .arg("-q")
            .arg(sshd.at("user"))
            .env("SSH_AUTH_SOCK", &socket),
    );
    let filled = child().run();
    agent.kill().unwrap();
    agent.wait().unwrap();
    let gone = child().run();
    assert!(
        empty.contains("failed: ") && empty.contains("ssh-add"),
        "{empty}"
    );
    assert!(
        filled.contains(&format!("read acme {}", &sshd.acme.second[..7])),
        "{filled}"
    );
    assert!(
        gone.contains("failed: ") && gone.contains("KEYFLEET_GIT_SSH_KEY"),
        "{gone}"
    );
}
