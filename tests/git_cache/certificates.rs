//! https with an authority of one's own, and a token in a file.

use std::fs;

use keyfleet::git::{Access, Branch, Cache, Limits, Outcome, Source, Token, checkout};
use tempfile::TempDir;

use super::branch::change;
use super::command::git;
use super::place::{Place, said, url};
use super::server::{Kind, Server, TOKEN};

const CANARY: &str = "canary-token-5e1f";

fn fetch(server: &Server, path: &str, access: &Access) -> String {
    let folder = TempDir::new().unwrap();
    let mut cache = Cache::open(folder.path(), &url(&server.url(path)), None).unwrap();
    match cache.fetch(&Limits::default(), access) {
        Ok(fetched) => format!("{:?}", fetched.outcome),
        Err(error) => said(&error),
    }
}

fn trusting(server: &Server) -> Access {
    Access {
        authority: Some(server.authority()),
        ..Access::default()
    }
}

/// A server with one commit in `acme.git` and in `private/acme.git`, which asks for a login.
fn server(kind: Kind) -> Server {
    let server = Server::start_with(kind);
    let work = super::command::new_repository();
    fs::write(work.path().join("fleet.yaml"), "first").unwrap();
    super::command::commit_all(work.path());
    let from = work.path().to_str().unwrap();
    for path in ["acme.git", "private/acme.git"] {
        git(server.root.path(), &["clone", "-q", "--bare", from, path]);
    }
    server
}

#[test]
fn the_authority_of_a_file_is_trusted_and_no_other() {
    let (good, other) = (server(Kind::Good), server(Kind::Good));
    assert!(fetch(&good, "acme.git", &trusting(&good)).contains("First"));
    let wrong = fetch(&good, "acme.git", &trusting(&other));
    let file = other.authority();
    assert!(
        wrong.contains("failed to trust the certificate") && wrong.contains(file.to_str().unwrap()),
        "{wrong}"
    );
    let without = fetch(&good, "acme.git", &Access::default());
    assert!(without.contains("KEYFLEET_GIT_CACERT"), "{without}");
    // A single checkout takes the same road.
    let source = Source::parse(&good.url("acme.git")).unwrap();
    let read = checkout(
        &source,
        None,
        &Limits::default(),
        &|_| true,
        &trusting(&good),
    )
    .unwrap();
    assert_eq!(&*read.files["fleet.yaml"], "first");
    // And both in one process, one after the other.
    assert!(fetch(&other, "acme.git", &trusting(&other)).contains("First"));
    assert!(fetch(&other, "acme.git", &trusting(&good)).contains("failed to trust"));
}

#[test]
fn an_authority_between_is_asked_from_the_server() {
    let server = server(Kind::Between);
    let said = fetch(&server, "acme.git", &trusting(&server));
    assert!(said.contains("First"), "{said}");
}

#[test]
fn a_certificate_that_is_expired_or_of_another_host_is_refused() {
    for (kind, why) in [
        (Kind::Expired, "xpired"),
        (Kind::ForAnotherHost, "not valid for"),
    ] {
        let server = server(kind);
        let said = fetch(&server, "acme.git", &trusting(&server));
        assert!(
            said.contains("failed to trust") && said.contains(why),
            "{said}"
        );
        assert!(server.seen().is_empty(), "nothing is asked of it");
    }
}

#[test]
fn a_file_without_an_authority_is_named() {
    let server = server(Kind::Good);
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("ca.pem");
    let access = Access {
        authority: Some(file.clone()),
        ..Access::default()
    };
    for content in [
        None,
        Some("no certificate"),
        Some("-----BEGIN CERTIFICATE-----\nx"),
    ] {
        if let Some(content) = content {
            fs::write(&file, content).unwrap();
        }
        let said = fetch(&server, "acme.git", &access);
        assert!(
            said.contains("certificate authorities") && said.contains(file.to_str().unwrap()),
            "{said}"
        );
    }
}

#[test]
fn a_token_that_is_replaced_in_its_file_counts_from_the_next_fetch_on() {
    let server = server(Kind::Good);
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("token");
    let access = Access {
        token: Some(Token::File(file.clone())),
        ..trusting(&server)
    };
    let cache = folder.path().join("cache");
    let mut cache = Cache::open(&cache, &url(&server.url("private/acme.git")), None).unwrap();
    let mut fetch = || cache.fetch(&Limits::default(), &access);
    let missing = said(&fetch().unwrap_err());
    assert!(
        missing.contains("the token file") && missing.contains("/token"),
        "{missing}"
    );
    fs::write(&file, format!("{TOKEN}\n")).unwrap();
    assert!(matches!(fetch().unwrap().outcome, Outcome::First { .. }));
    fs::write(&file, format!("{CANARY}\n")).unwrap();
    let refused = said(&fetch().unwrap_err());
    assert!(
        refused.contains("refused the token in") && refused.contains("/token"),
        "{refused}"
    );
    assert!(!refused.contains(CANARY) && !format!("{access:?}").contains(CANARY));
    fs::write(&file, TOKEN).unwrap();
    assert!(matches!(
        fetch().unwrap().outcome,
        Outcome::Unchanged { .. }
    ));
}

#[test]
fn a_token_is_in_no_error_and_in_no_file() {
    let place = Place::new();
    let access = Access {
        token: Some(Token::Value(CANARY.to_owned().into())),
        ..place.access.clone()
    };
    let mut errors = Vec::new();
    for path in [
        "private/acme.git",
        "other.git",
        "page/acme.git",
        "moved/acme.git",
    ] {
        let folder = place.folder.path().join(path);
        let mut cache = Cache::open(&folder, &url(&place.server.url(path)), None).unwrap();
        let fetched = cache.fetch(&Limits::default(), &access);
        errors.push(format!(
            "{fetched:?} {}",
            said(fetched.as_ref().unwrap_err())
        ));
        let branch = Branch::new(&url(&place.server.url(path)), "reports").unwrap();
        let written = branch.write(&change("a", "b"), &Limits::default(), &access);
        errors.push(format!(
            "{written:?} {}",
            said(written.as_ref().unwrap_err())
        ));
    }
    assert!(
        errors.iter().all(|error| !error.contains(CANARY)),
        "{errors:?}"
    );
    let found = super::sshd::output(
        std::process::Command::new("sh")
            .args(["-c", &format!("grep -r {CANARY} . || true")])
            .current_dir(place.folder.path()),
    );
    assert_eq!(found, "");
}
