//! https, against a real `git http-backend`.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use super::server::{Server, TOKEN};
use super::{Child, acme, commit_all, git, new_repository};

fn trusting(server: &Server, path: &str) -> Child {
    Child::new(&server.url(path)).with("SSL_CERT_FILE", server.authority())
}

fn with_token(server: &Server, path: &str, token: &str) -> Child {
    trusting(server, path).with("KEYFLEET_GIT_TOKEN", token)
}

#[test]
fn branches_tags_and_commits_are_read() {
    let server = Server::start();
    let acme = acme(server.root.path());
    let read = |reference: &str, revision: &str, content: &str| {
        trusting(&server, "acme.git")
            .at(reference)
            .reads(revision, content);
    };
    trusting(&server, "acme.git").reads(&acme.second, "second");
    read("main", &acme.second, "second");
    read("feature/side", &acme.side, "side");
    read("refs/heads/feature/side", &acme.side, "side");
    read("v1", &acme.first, "first");
    read(&acme.side, &acme.side, "side");
    read(&acme.first, &acme.first, "first");
    read(&acme.first[..10], &acme.first, "first");
}

#[test]
fn a_commit_that_nothing_points_at_is_found_in_the_history() {
    let server = Server::start();
    acme(server.root.path());
    let bare = server.root.path().join("acme.git");
    let between = git(&bare, &["rev-parse", "main~1"]);
    for reference in [&between[..], &between[..8]] {
        trusting(&server, "acme.git")
            .at(reference)
            .reads(&between, "between");
    }
    git(&bare, &["config", "uploadpack.allowAnySHA1InWant", "true"]);
    let before = server.seen().len();
    trusting(&server, "acme.git")
        .at(&between)
        .reads(&between, "between");
    let asked: Vec<_> = server
        .seen()
        .drain(before..)
        .filter(|(.., body)| !body.is_empty())
        .collect();
    assert!(
        asked.iter().all(|(.., body)| body.contains("deepen 1")),
        "{asked:?}"
    );
}

#[test]
fn only_one_commit_is_fetched_for_a_branch() {
    let server = Server::start();
    let acme = acme(server.root.path());
    trusting(&server, "acme.git").reads(&acme.second, "second");
    let asked: Vec<_> = server
        .seen()
        .into_iter()
        .filter(|(.., body)| !body.is_empty())
        .collect();
    assert!(
        !asked.is_empty() && asked.iter().all(|(.., body)| body.contains("deepen 1")),
        "{asked:?}"
    );
}

#[test]
fn a_reference_that_is_not_there_gets_a_suggestion() {
    let server = Server::start();
    acme(server.root.path());
    trusting(&server, "acme.git")
        .at("mian")
        .fails_with(&["'mian'", "did you mean 'main'?"]);
    trusting(&server, "acme.git")
        .at("deadbeef")
        .fails_with(&["'deadbeef'", "is it pushed?"]);
    trusting(&server, "acme.git")
        .at(&"deadbeef".repeat(5))
        .fails_with(&["is it pushed?"]);
}

#[test]
fn a_server_without_the_repository_or_without_commits_says_so() {
    let server = Server::start();
    git(server.root.path(), &["init", "-q", "--bare", "empty.git"]);
    trusting(&server, "empty.git").fails_with(&["has no commits"]);
    trusting(&server, "other.git").fails_with(&["no such repository", "404"]);
    trusting(&server, "page/acme.git").fails_with(&["check the address"]);
}

#[test]
fn a_token_is_sent_when_asked_and_never_printed() {
    let server = Server::start();
    let acme = acme(&server.root.path().join("private"));
    with_token(&server, "private/acme.git", TOKEN).reads(&acme.second, "second");
    // A commit id needs two connections, and both log in.
    let between = git(
        &server.root.path().join("private/acme.git"),
        &["rev-parse", "main~1"],
    );
    with_token(&server, "private/acme.git", TOKEN)
        .at(&between)
        .reads(&between, "between");
    let (_, login, _) = &server.seen()[0];
    assert_eq!(
        *login, None,
        "a token is not offered before it is asked for"
    );
}

#[test]
fn a_refused_token_is_tried_once_and_named_without_its_value() {
    let server = Server::start();
    acme(&server.root.path().join("private"));
    let refused = with_token(&server, "private/acme.git", "wr0ng-token");
    let said = refused.fails_with(&["refused the token from KEYFLEET_GIT_TOKEN"]);
    assert!(!said.contains("wr0ng"), "{said}");
    assert_eq!(
        server
            .seen()
            .iter()
            .filter(|(_, login, _)| login.is_some())
            .count(),
        1
    );
}

#[test]
fn a_login_without_a_token_names_the_variable() {
    let server = Server::start();
    acme(&server.root.path().join("private"));
    trusting(&server, "private/acme.git").fails_with(&["asks for a login", "KEYFLEET_GIT_TOKEN"]);
}

#[test]
fn a_redirect_to_another_host_is_refused_before_anything_is_sent_there() {
    let server = Server::start();
    acme(&server.root.path().join("private"));
    with_token(&server, "moved/private/acme.git", TOKEN).fails_with(&["redirects to another host"]);
    let seen = server.seen();
    assert!(
        seen.iter()
            .all(|(path, login, _)| path.starts_with("/moved/") && login.is_none()),
        "{seen:?}"
    );
}

#[test]
fn a_repository_that_moved_on_its_own_server_is_found() {
    let server = Server::start();
    let acme = acme(&server.root.path().join("private"));
    with_token(&server, "renamed/private/acme.git", TOKEN).reads(&acme.second, "second");
}

#[test]
fn a_certificate_that_nobody_vouches_for_is_refused() {
    let (server, other) = (Server::start(), Server::start());
    acme(server.root.path());
    Child::new(&server.url("acme.git"))
        .with("SSL_CERT_FILE", other.authority())
        .fails_with(&["SSL_CERT_FILE"]);
    assert!(server.seen().is_empty());
}

#[test]
fn the_configuration_of_the_user_does_not_apply() {
    let server = Server::start();
    let acme = acme(server.root.path());
    let config = "[http]\n\tsslVerify = false\n\tproxy = http://127.0.0.1:1\n\tfollowRedirects = true\n\
        [url \"https://127.0.0.1:1/\"]\n\tinsteadOf = https://127.0.0.1\n\
        [credential]\n\thelper = \"!touch $HOME/witness; true\"\n";
    let configured = |child: Child| {
        std::fs::write(child.home.path().join(".gitconfig"), config).unwrap();
        child
    };
    configured(trusting(&server, "acme.git")).reads(&acme.second, "second");
    configured(Child::new(&server.url("acme.git"))).fails_with(&["SSL_CERT_FILE"]);
    configured(trusting(&server, "moved/acme.git")).fails_with(&["redirects to another host"]);
}

#[test]
fn a_server_that_never_answers_is_left_at_the_deadline() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = silent.local_addr().unwrap().port();
    for url in [
        format!("http://127.0.0.1:{port}/acme"),
        format!("https://127.0.0.1:{port}/acme"),
        format!("ssh://127.0.0.1:{port}/acme"),
    ] {
        let started = Instant::now();
        Child::new(&url)
            .with(super::LIMIT, "fetch_seconds=1")
            .fails_with(&["no end after 1 seconds", "fetch_seconds=N"]);
        assert!(started.elapsed() < Duration::from_secs(10), "{url}");
    }
}

/// A repository of one file that does not compress.
fn noise(server: &Server) {
    let work = new_repository();
    let mix = |n: u64| {
        n.wrapping_mul(0x9e37_79b9_7f4a_7c15)
            .rotate_left(23)
            .wrapping_mul(0xd134_2543_de82_ef95)
    };
    let bytes: Vec<u8> = (0..200_000).flat_map(|n| mix(n).to_le_bytes()).collect();
    std::fs::write(work.path().join("noise.bin"), bytes).unwrap();
    commit_all(work.path());
    git(
        server.root.path(),
        &[
            "clone",
            "-q",
            "--bare",
            work.path().to_str().unwrap(),
            "noise.git",
        ],
    );
}

#[test]
fn a_repository_that_is_too_big_is_not_fetched_to_its_end() {
    let server = Server::start();
    noise(&server);
    trusting(&server, "noise.git")
        .with(super::LIMIT, "fetch_bytes=100000")
        .fails_with(&["`fetch_bytes` = 100000", "--git-limit fetch_bytes=N"]);
}

/// Passes connections on to the server, and its answers back at 64 KiB a second.
fn slow_road_to(server: SocketAddr) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        while let Ok((mut client, _)) = listener.accept() {
            let mut server = TcpStream::connect(server).unwrap();
            let (mut up, mut down) = (client.try_clone().unwrap(), server.try_clone().unwrap());
            thread::spawn(move || std::io::copy(&mut up, &mut server));
            thread::spawn(move || {
                let mut piece = [0; 4096];
                while let Ok(n @ 1..) = down.read(&mut piece) {
                    thread::sleep(Duration::from_millis(62)); // This is the slowness itself, not a wait for anything.
                    if client.write_all(&piece[..n]).is_err() {
                        break;
                    }
                }
            });
        }
    });
    port
}

#[test]
fn a_server_that_drips_is_left_at_the_deadline() {
    let server = Server::start();
    noise(&server);
    let port = slow_road_to(server.address);
    let started = Instant::now();
    Child::new(&format!("https://127.0.0.1:{port}/noise.git"))
        .with("SSL_CERT_FILE", server.authority())
        .with(super::LIMIT, "fetch_seconds=2")
        .fails_with(&["no end after 2 seconds"]);
    assert!(started.elapsed() < Duration::from_secs(10));
}
