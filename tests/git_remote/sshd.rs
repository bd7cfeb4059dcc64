//! A real sshd on loopback, which lets the user of the tests in with one key.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child as Process, Command, Stdio};

use tempfile::TempDir;

pub(crate) const INSTALL: &str =
    "the tests need Debian's package openssh-server: apt-get install -y openssh-server";

pub(crate) struct Sshd {
    pub(crate) dir: TempDir,
    process: Process,
    pub(crate) port: u16,
    user: String,
}

impl Sshd {
    pub(crate) fn start() -> Self {
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
        let user = output(Command::new("id").arg("-un"));
        let process = listen(&at("config"));
        Self {
            dir,
            process,
            port,
            user,
        }
    }

    pub(crate) fn at(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// The URL of a repository in its directory, by a port: its own, or one that leads to it.
    pub(crate) fn url(&self, port: u16, repository: &str) -> String {
        let path = self.at(repository);
        format!("ssh://{}@127.0.0.1:{port}{}", self.user, path.display())
    }

    pub(crate) fn known_line(&self, port: u16, key: &str) -> String {
        let public = fs::read_to_string(self.at(&format!("{key}.pub"))).unwrap();
        format!("[127.0.0.1]:{port} {public}")
    }

    /// A file that knows the server at this port by one of its keys.
    pub(crate) fn known_hosts(&self, port: u16, key: &str) -> PathBuf {
        let path = self.at(&format!("known_hosts_{key}"));
        fs::write(&path, self.known_line(port, key)).unwrap();
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

pub(crate) fn keygen(path: &Path, kind: &str, passphrase: &str) {
    output(
        Command::new("ssh-keygen")
            .args(["-q", "-t", kind, "-N", passphrase, "-f"])
            .arg(path),
    );
}

pub(crate) fn output(command: &mut Command) -> String {
    let output = command.output().expect(INSTALL);
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}
