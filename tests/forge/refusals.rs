//! What each refusal says, and what it never says.

use super::server::{Fault, KINDS, Server, TOKEN, UPSTREAM};
use super::support::log;
use keyfleet::forge::{Deed, Kind};
use keyfleet::observe::{Failure, FailureClass};
use std::time::{Duration, Instant};

/// What `keyfleet` would print, and what a log of values would show.
fn said(failure: &Failure) -> String {
    let hint = failure.hint.as_deref().unwrap_or_default();
    let said = format!("{failure}\n{hint}\n{failure:?}");
    assert!(!said.contains(TOKEN) && !said.contains(UPSTREAM), "{said}");
    said
}

fn asks_to_wait(name: &'static str, value: u64) -> Vec<(&'static str, String)> {
    vec![(name, value.to_string())]
}

#[tokio::test]
async fn each_says_what_to_do() {
    use FailureClass::{Forbidden, NotFound, Redirected, Rejected, Unauthenticated};
    let cases = [
        (Kind::GitHub, 401, Unauthenticated, "not expired"),
        (
            Kind::GitHub,
            403,
            Forbidden,
            "pull-requests: write, statuses: write",
        ),
        (Kind::GitHub, 403, Forbidden, "from a fork"),
        (Kind::GitHub, 404, NotFound, "name of the repository"),
        (Kind::GitHub, 410, Rejected, "archived"),
        (Kind::GitHub, 422, Rejected, "neither locked nor gone"),
        (Kind::GitHub, 301, Redirected, "write the new name"),
        (
            Kind::GitLab,
            401,
            Unauthenticated,
            "CI_JOB_TOKEN cannot comment",
        ),
        (Kind::GitLab, 403, Forbidden, "role Reporter"),
        (Kind::GitLab, 404, NotFound, "scope api"),
        (Kind::GitLab, 400, Rejected, "status 400"),
        (Kind::Gitea, 401, Unauthenticated, "still exists"),
        (Kind::Gitea, 403, Forbidden, "write:issue"),
        (Kind::Gitea, 404, NotFound, "read:user"),
        (Kind::Gitea, 423, Rejected, "archived"),
        (Kind::Gitea, 413, Rejected, "too long"),
        (Kind::Gitea, 501, FailureClass::Server, "later"),
        (Kind::Gitea, 418, Rejected, "status 418"),
    ];
    for (kind, status, class, words) in cases {
        let server = Server::start(kind).await;
        let elsewhere = vec![("location", "http://127.0.0.1:9/".to_owned())];
        server.fails("GET", Fault::Refuse(status, elsewhere));
        let failure = server.put("one").await.unwrap_err();
        assert_eq!((failure.class, failure.status), (class, Some(status)));
        let said = said(&failure);
        assert!(said.contains(words), "{said}");
        let what = if kind == Kind::GitLab {
            "merge"
        } else {
            "pull"
        };
        let what = format!("list the comments of {what} request 7 of ");
        assert!(said.contains(&what), "{said}");
        assert_eq!(server.calls().len(), 1, "no second attempt: {said}");
    }
}

#[tokio::test]
async fn a_limit_is_waited_out_where_that_is_soon() {
    let soon = || asks_to_wait("retry-after", 0);
    for kind in KINDS {
        let server = Server::start(kind).await;
        server.fails("GET", Fault::Refuse(429, soon()));
        // A limit refuses before anything is done, so that even this can be sent again.
        server.fails("POST", Fault::Refuse(429, soon()));
        assert_eq!(server.put("one").await.unwrap().deed, Deed::Created);
        assert_eq!((server.calls().len(), server.bodies().len()), (4, 1));
    }
    // GitHub refuses with 403 what comes too fast.
    let server = Server::start(Kind::GitHub).await;
    server.fails("POST", Fault::Refuse(403, soon()));
    let mut spent = asks_to_wait("x-ratelimit-remaining", 0);
    spent.extend(asks_to_wait("x-ratelimit-reset", 1_700_000_000));
    server.fails("POST", Fault::Refuse(403, spent));
    assert_eq!(server.put("one").await.unwrap().deed, Deed::Created);
}

#[tokio::test]
async fn a_limit_that_lasts_says_how_long() {
    let now = u64::try_from(jiff::Timestamp::now().as_second()).unwrap();
    let until = |name| {
        let mut spent = asks_to_wait(name, now + 3_500);
        let remaining = name.replace("reset", "remaining");
        let remaining: &'static str = Box::leak(remaining.into_boxed_str());
        spent.extend(asks_to_wait(remaining, 0));
        spent
    };
    for (kind, status, headers) in [
        (Kind::GitHub, 429, asks_to_wait("retry-after", 3_480)),
        (Kind::GitHub, 403, until("x-ratelimit-reset")),
        (Kind::GitLab, 429, until("ratelimit-reset")),
        (Kind::Gitea, 429, asks_to_wait("retry-after", u64::MAX)),
    ] {
        let server = Server::start(kind).await;
        server.fails("GET", Fault::Refuse(status, headers));
        let begin = Instant::now();
        let failure = server.put("one").await.unwrap_err();
        assert!(begin.elapsed() < Duration::from_secs(5));
        assert_eq!(failure.class, FailureClass::RateLimited);
        let said = said(&failure);
        let minutes = if kind == Kind::Gitea { "1440" } else { "5" };
        assert!(said.contains(&format!("in {minutes}")), "{said}");
        assert!(said.contains("minutes"), "{said}");
        assert_eq!(server.calls().len(), 1);
    }
}

/// Everything that every crate logs, at every level, and every `Debug`.
#[tokio::test]
async fn the_token_is_in_no_log_and_no_debug_form() {
    for kind in KINDS {
        let server = Server::start(kind).await;
        server.put("one").await.unwrap();
        server.fails("GET", Fault::Refuse(503, Vec::new()));
        server.put("two").await.unwrap();
        server.fails("GET", Fault::Refuse(401, Vec::new()));
        said(&server.put("three").await.unwrap_err());
        let debug = format!("{:?}", server.forge());
        assert!(!debug.contains(TOKEN), "{debug}");
    }
    let log = log::text();
    assert!(log.contains("a forge is asked again"), "it was captured");
    assert!(!log.contains(TOKEN) && !log.contains(UPSTREAM));
}
