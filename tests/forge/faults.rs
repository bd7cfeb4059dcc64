//! What goes wrong between two requests, and answers that are none.

use super::server::{COMMIT, Fault, KINDS, Server, TOKEN};
use keyfleet::forge::{Deed, Forge, Kind, Patience, Place, State, Status};
use keyfleet::observe::FailureClass;
use keyfleet::secret::SecretBytes;
use std::time::{Duration, Instant};

#[tokio::test]
async fn one_that_was_deleted_meanwhile_is_made_anew() {
    for kind in KINDS {
        let server = Server::start(kind).await;
        server.put("one").await.unwrap();
        server.fails(server.edit(), Fault::Vanished);
        assert_eq!(server.put("two").await.unwrap().deed, Deed::Created);
        let bodies = server.bodies();
        assert_eq!(bodies.len(), 1);
        assert!(bodies[0].ends_with("two"));
    }
}

#[tokio::test]
async fn one_that_always_vanishes_is_given_up() {
    let server = Server::start(Kind::GitHub).await;
    server.put("one").await.unwrap();
    server.calls();
    for _ in 0..9 {
        server.fails("PATCH", Fault::Refuse(404, Vec::new()));
    }
    let failure = server.put("two").await.unwrap_err();
    assert_eq!(failure.class, FailureClass::NotFound);
    let calls = server.calls();
    let edits = calls.iter().filter(|call| call.starts_with("PATCH"));
    assert_eq!(edits.count(), 3, "{calls:?}");
}

/// A second attempt at once would make a second comment.
#[tokio::test]
async fn one_whose_answer_was_lost_is_not_made_twice() {
    for kind in KINDS {
        let server = Server::start(kind).await;
        server.fails("POST", Fault::DoneButLost);
        let posted = server.put("one").await.unwrap();
        assert_eq!(posted.deed, Deed::Unchanged);
        assert_eq!(server.bodies().len(), 1);
    }
}

#[tokio::test]
async fn a_fault_of_the_forge_is_waited_out_where_that_is_harmless() {
    for kind in KINDS {
        let server = Server::start(kind).await;
        server.put("one").await.unwrap();
        server.fails("GET", Fault::Refuse(502, Vec::new()));
        // GitLab, while somebody else changes the same thing.
        server.fails(server.edit(), Fault::Refuse(409, Vec::new()));
        server.fails(server.edit(), Fault::Refuse(500, Vec::new()));
        assert_eq!(server.put("two").await.unwrap().deed, Deed::Edited);
        for _ in 0..3 {
            server.fails("GET", Fault::Refuse(500, Vec::new()));
        }
        server.calls();
        let failure = server.put("three").await.unwrap_err();
        assert_eq!(failure.class, FailureClass::Server);
        // Where others say 404.
        let is_told = failure.hint.unwrap().contains("that is not there");
        assert_eq!(is_told, kind == Kind::Gitea);
        assert_eq!(server.calls().len(), 3);
    }
}

#[tokio::test]
async fn what_is_not_this_api_is_an_error() {
    let pages = [
        "",
        "<html>Sign in</html>",
        "null",
        "{}",
        "7",
        "[7]",
        "[null]",
        r#"[{"id": -1, "body": "x"}]"#,
        r#"[{"id": "1001", "body": "x"}]"#,
        r#"[{"id": 1001, "body": ["x"]}]"#,
        r#"[{"id": 1001, "body": "x""#,
    ];
    for kind in KINDS {
        let server = Server::start(kind).await;
        let nested = "[".repeat(200_000);
        for page in pages.into_iter().chain([nested.as_str()]) {
            server.fails("GET", Fault::Says(page.to_owned()));
            let failure = server.put("one").await.unwrap_err();
            assert_eq!(failure.class, FailureClass::Protocol, "{page:.30}");
            assert!(!failure.to_string().contains("Sign in"));
        }
        assert_eq!(server.bodies().len(), 0);
    }
}

/// Who we are decides whom we edit.
#[tokio::test]
async fn who_is_not_told_who_it_is_edits_nothing() {
    for kind in KINDS {
        let server = Server::start(kind).await;
        server.put("one").await.unwrap();
        let says = if kind == Kind::GitHub { "POST" } else { "GET" };
        for answer in [
            "{}",
            r#"{"data": {"viewer": null}}"#,
            r#"{"data": null, "errors": [{"message": "x"}]}"#,
            r#"{"id": null}"#,
        ] {
            if kind != Kind::GitHub {
                // The list is asked for before.
                let list = serde_json::to_string(&listed(&server)).unwrap();
                server.fails("GET", Fault::Says(list));
            }
            server.fails(says, Fault::Says(answer.to_owned()));
            let failure = server.put("two").await.unwrap_err();
            assert_eq!(failure.class, FailureClass::Protocol, "{answer}");
            assert!(failure.request.contains("whose the token is"), "{failure}");
        }
        assert!(server.bodies()[0].ends_with("one"));
        assert_eq!(server.bodies().len(), 1);
    }
}

fn listed(server: &Server) -> Vec<serde_json::Value> {
    let books = server.books();
    let comments = books.comments.iter();
    comments
        .map(|comment| super::shapes::comment(server.kind, comment))
        .collect()
}

#[tokio::test]
async fn an_answer_without_end_is_cut_off() {
    let server = Server::start(Kind::GitLab).await;
    server.fails("GET", Fault::Floods);
    let failure = server.put("one").await.unwrap_err();
    assert_eq!(failure.class, FailureClass::Protocol);
    assert!(failure.why.contains("larger than"), "{failure}");
}

#[tokio::test]
async fn a_forge_that_says_nothing_is_left_in_time() {
    let server = Server::start(Kind::GitHub).await;
    let patience = |request, all| Patience {
        request: Duration::from_millis(request),
        all: Duration::from_millis(all),
        attempts: 3,
        first_wait: Duration::from_millis(1),
    };
    for (patience, words, calls) in [
        (patience(100, 20_000), "no answer within 0.1 s", 3),
        (patience(20_000, 300), "did not do it within 0.3 s", 1),
    ] {
        for _ in 0..calls {
            server.fails("POST", Fault::Hangs);
        }
        let begin = Instant::now();
        let forge = server.patient(patience);
        let failure = forge.put_status(COMMIT, good()).await.unwrap_err();
        assert_eq!(failure.class, FailureClass::TimedOut);
        assert!(failure.why.contains(words), "{failure}");
        assert!(begin.elapsed() < Duration::from_secs(10));
        assert_eq!(server.calls().len(), calls);
    }
}

#[tokio::test]
async fn a_forge_that_is_not_there_is_named_as_such() {
    let unused = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let api = format!("http://{}", unused.local_addr().unwrap());
    drop(unused);
    let place = Place {
        kind: Kind::Gitea,
        api,
        repository: "acme/fleet".to_owned(),
    };
    let patience = Patience {
        attempts: 2,
        first_wait: Duration::from_millis(1),
        ..Patience::default()
    };
    let forge = Forge::new(&place, &TOKEN.to_owned().into(), None, patience).unwrap();
    let failure = forge.put_status(COMMIT, good()).await.unwrap_err();
    assert_eq!(failure.class, FailureClass::Unreachable);
    assert!(failure.why.contains("no connection"), "{failure}");
}

/// Where a token would go that somebody could read, nothing is sent.
#[test]
fn a_place_or_token_that_cannot_be_right_is_refused_at_once() {
    let refused = |api: &str, repository: &str, token: &str| {
        let place = Place {
            kind: Kind::GitHub,
            api: api.to_owned(),
            repository: repository.to_owned(),
        };
        let token = SecretBytes::from(token.to_owned());
        let made = Forge::new(&place, &token, None, Patience::default());
        let failure = made.expect_err("it is wrong");
        assert_eq!(failure.class, FailureClass::Setup);
        assert!(!format!("{failure}{failure:?}").contains("canary"));
        failure.why
    };
    let https = "https://forge.example";
    for api in [
        "http://forge.example",
        "https://canary:canary@forge.example",
        "canary",
    ] {
        refused(api, "acme/fleet", TOKEN);
    }
    for repository in [
        "fleet",
        "",
        "/",
        "a//b",
        "../..",
        "acme/..",
        "a/b/c",
        "a/\u{1b}b",
    ] {
        refused(https, repository, TOKEN);
    }
    for token in ["", "canary\n", "canary canary", "canaryü"] {
        let why = refused(https, "acme/fleet", token);
        assert!(why.contains("token"), "{why}");
    }
}

fn good() -> Status<'static> {
    Status {
        state: State::Success,
        context: "keyfleet/review",
        description: "Nothing critical.",
        link: None,
    }
}
