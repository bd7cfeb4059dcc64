//! A status beside a commit, as each forge takes it.

use super::server::{COMMIT, Fault, KINDS, Server};
use keyfleet::forge::{Kind, State, Status};
use keyfleet::observe::FailureClass;
use serde_json::json;

fn status(state: State) -> Status<'static> {
    Status {
        state,
        context: "keyfleet/review",
        description: "2 critical changes",
        link: Some("https://ci.example/job/7"),
    }
}

#[tokio::test]
async fn each_forge_gets_it_in_its_own_words() {
    for kind in KINDS {
        let server = Server::start(kind).await;
        let forge = server.forge();
        for state in [State::Pending, State::Success, State::Failure, State::Error] {
            forge.put_status(COMMIT, status(state)).await.unwrap();
        }
        let (name, words) = match kind {
            Kind::GitLab => ("name", ["pending", "success", "failed", "failed"]),
            _ => ("context", ["pending", "success", "failure", "error"]),
        };
        let expected = words.map(|word| {
            let mut status = json!({
                "state": word,
                "description": "2 critical changes",
                "target_url": "https://ci.example/job/7",
            });
            status[name] = "keyfleet/review".into();
            status
        });
        assert_eq!(server.books().statuses, expected);
        assert_eq!(server.calls().len(), 4);
    }
}

#[tokio::test]
async fn what_a_status_says_is_one_short_line_and_its_link_a_web_address() {
    for (kind, longest) in [(Kind::GitHub, 140), (Kind::Gitea, 140), (Kind::GitLab, 255)] {
        let server = Server::start(kind).await;
        let long = format!("one\ntwo\u{1b}[31m {}", "ü".repeat(300));
        let sly = Status {
            description: &long,
            link: Some("javascript:alert(1)"),
            ..status(State::Failure)
        };
        server.forge().put_status(COMMIT, sly).await.unwrap();
        let sent = server.books().statuses.remove(0);
        let description = sent["description"].as_str().unwrap();
        assert_eq!(description.chars().count(), longest);
        assert!(description.starts_with("one two [31m ü"), "{description}");
        assert!(sent.get("target_url").is_none());
    }
}

/// GitLab refuses a state that a status has already; a later one is another sentence.
#[tokio::test]
async fn a_state_that_is_set_already_is_no_error() {
    let already = r#"{"message":"Cannot transition status via :enqueue from :pending (Reason(s): Status cannot transition via \"enqueue\")"}"#;
    let server = Server::start(Kind::GitLab).await;
    server.fails("POST", Fault::RefuseSaying(400, already.to_owned()));
    let forge = server.forge();
    forge
        .put_status(COMMIT, status(State::Pending))
        .await
        .unwrap();
    server.fails("POST", Fault::Refuse(400, Vec::new()));
    let refused = forge.put_status(COMMIT, status(State::Pending)).await;
    assert_eq!(refused.unwrap_err().class, FailureClass::Rejected);
}

#[tokio::test]
async fn a_commit_is_named_by_its_whole_id_or_nothing_is_asked() {
    let server = Server::start(Kind::GitHub).await;
    let forge = server.forge();
    for commit in ["", "main", "6dcb09b", "../../../user", &"g".repeat(40)] {
        let refused = forge.put_status(commit, status(State::Success)).await;
        assert_eq!(refused.unwrap_err().class, FailureClass::Setup, "{commit}");
    }
    assert_eq!(server.calls(), Vec::<String>::new());
    let sha256 = "0123456789abcdef".repeat(4);
    forge
        .put_status(&sha256, status(State::Success))
        .await
        .unwrap();
}
