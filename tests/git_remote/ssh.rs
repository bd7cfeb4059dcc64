//! ssh, against a real sshd that lets the user of the tests in with one key.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};

use super::sshd::{INSTALL, Sshd, keygen, output};
use super::{Acme, Child, acme};

fn start() -> (Sshd, Acme) {
    let sshd = Sshd::start();
    let acme = acme(sshd.dir.path());
    (sshd, acme)
}

/// A child that knows nothing yet: no key, no host.
fn bare_child(sshd: &Sshd) -> Child {
    Child::new(&sshd.url(sshd.port, "acme.git"))
}

fn child(sshd: &Sshd) -> Child {
    bare_child(sshd)
        .with("KEYFLEET_GIT_SSH_KEY", sshd.at("user"))
        .with(
            "KEYFLEET_GIT_KNOWN_HOSTS",
            sshd.known_hosts(sshd.port, "host"),
        )
}

#[test]
fn a_key_file_and_a_known_host_let_keyfleet_in() {
    let (sshd, acme) = start();
    child(&sshd).reads(&acme.second, "second");
    child(&sshd).at("v1").reads(&acme.first, "first");
    child(&sshd)
        .at(&acme.first[..9])
        .reads(&acme.first, "first");
}

#[test]
fn the_known_hosts_of_the_user_are_used_where_no_other_file_is_named() {
    let (sshd, acme) = start();
    let child = |known: &str| {
        let child = bare_child(&sshd).with("KEYFLEET_GIT_SSH_KEY", sshd.at("user"));
        let directory = child.home.path().join(".ssh");
        fs::create_dir(&directory).unwrap();
        fs::write(
            directory.join("known_hosts"),
            sshd.known_line(sshd.port, known),
        )
        .unwrap();
        (child, directory.join("known_hosts"))
    };
    child("host").0.reads(&acme.second, "second");
    let (hashed, file) = child("host");
    output(Command::new("ssh-keygen").arg("-H").arg("-f").arg(&file));
    assert!(fs::read_to_string(file).unwrap().starts_with("|1|"));
    hashed.reads(&acme.second, "second");
    child("stranger")
        .0
        .fails_with(&["~/.ssh/known_hosts does not have this key"]);
}

#[test]
fn an_unknown_host_is_refused_with_its_fingerprint() {
    let (sshd, _) = start();
    let print = output(
        Command::new("ssh-keygen")
            .arg("-lf")
            .arg(sshd.at("host.pub")),
    );
    let print = print.split(' ').nth(1).unwrap();
    fs::write(sshd.at("nobody"), "else.example ssh-ed25519 AAAA\n").unwrap();
    let scan = format!("ssh-keyscan -p {} 127.0.0.1", sshd.port);
    let expected = ["does not have this host", print, &scan];
    child(&sshd)
        .with("KEYFLEET_GIT_KNOWN_HOSTS", sshd.at("nobody"))
        .fails_with(&expected);
    let without_any = bare_child(&sshd).with("KEYFLEET_GIT_SSH_KEY", sshd.at("user"));
    without_any.fails_with(&["~/.ssh/known_hosts", print]);
}

#[test]
fn a_host_with_another_key_is_refused() {
    let (sshd, _) = start();
    let other = sshd.known_hosts(sshd.port, "stranger");
    child(&sshd)
        .with("KEYFLEET_GIT_KNOWN_HOSTS", other)
        .fails_with(&["has other keys for this host"]);
}

#[test]
fn a_key_that_the_server_does_not_know_is_refused() {
    let (sshd, _) = start();
    let stranger = child(&sshd).with("KEYFLEET_GIT_SSH_KEY", sshd.at("stranger"));
    stranger.fails_with(&["refused the key ", "/stranger"]);
}

#[test]
fn a_key_file_that_cannot_be_used_is_named() {
    let (sshd, _) = start();
    child(&sshd)
        .with("KEYFLEET_GIT_SSH_KEY", "/nowhere/key")
        .fails_with(&["the ssh key /nowhere/key"]);
    keygen(&sshd.at("locked"), "ed25519", "passphrase");
    let locked = child(&sshd).with("KEYFLEET_GIT_SSH_KEY", sshd.at("locked"));
    locked.fails_with(&["/locked cannot be used", "without a passphrase"]);
}

#[test]
fn the_agent_is_asked_where_no_key_file_is_named() {
    let (sshd, acme) = start();
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
        let known = sshd.known_hosts(sshd.port, "host");
        bare_child(&sshd)
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
        filled.contains(&format!("read acme {}", &acme.second[..7])),
        "{filled}"
    );
    assert!(
        gone.contains("failed: ") && gone.contains("KEYFLEET_GIT_SSH_KEY"),
        "{gone}"
    );
}
