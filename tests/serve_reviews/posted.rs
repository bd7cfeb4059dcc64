//! What is posted, and of which commit.

use super::https::{Server as GitServer, TOKEN as GIT_TOKEN};
use super::scene::{Scene, grants, means_nothing};
use super::server::KINDS;
use super::webhook::Said;
use keyfleet::forge::Kind;
use std::fs;

#[tokio::test(flavor = "multi_thread")]
async fn a_pull_request_of_a_fork_gets_one_comment_and_the_status_of_what_was_read_on_each_forge() {
    for kind in KINDS {
        let scene = Scene::new(kind).await;
        let first = scene.pull(|folder| grants(folder, "kv/data/finance/ledger"));
        let service = scene.serve(&scene.settings("")).await;
        assert_eq!(scene.say(&service, &Said::of(&first)).await, 202);
        let posted = async || !scene.states(&first).is_empty();
        service.until("status", posted).await;
        let comments = scene.forge.bodies();
        assert_eq!(comments.len(), 1, "{comments:?}");
        assert!(comments[0].contains("finance/ledger"), "{comments:?}");
        assert!(comments[0].contains("review of acme"), "{comments:?}");

        // The branch was rewritten before the webhook came: git says what is there now.
        let second = scene.pull(means_nothing);
        assert_eq!(scene.say(&service, &Said::of(&first)).await, 202);
        scene.until_state(&service, &second, "success").await;
        let comments = scene.forge.bodies();
        assert_eq!(comments.len(), 1, "it is edited in place");
        assert!(!comments[0].contains("finance/ledger"), "{comments:?}");
        // It may be that git is behind: it is looked at again in a while.
        assert_eq!(service.counted("keyfleet_reviews_waiting").await, 1);
        assert!(
            service
                .counted("keyfleet_reviews_total{result=\"posted\"}")
                .await
                >= 2
        );
        scene.nothing_leaked(&service).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn over_https_only_the_followed_server_is_asked_and_never_a_forks_own() {
    let git_server = GitServer::start();
    let fork = GitServer::start();
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("git-token"), GIT_TOKEN).unwrap();
    let repository = format!(
        "repository:\n  url: {}\n  interval: 1h\n  token: {{file: {}}}\n  certificateAuthority: {}",
        git_server.url("private/acme.git"),
        folder.path().join("git-token").display(),
        git_server.authority().display()
    );
    let bare = git_server.root.path().join("private/acme.git");
    let scene = Scene::at(Kind::GitHub, folder, bare, repository).await;
    let head = scene.pull(|folder| grants(folder, "kv/data/finance/ledger"));
    let service = scene.serve(&scene.settings("")).await;
    let mut said = Said::of(&head);
    said.fork = fork.url("mallory.git");
    assert_eq!(scene.say(&service, &said).await, 202);
    let posted = async || !scene.states(&head).is_empty();
    service.until("status", posted).await;
    assert!(scene.forge.bodies()[0].contains("finance/ledger"));
    assert!(fork.seen().is_empty(), "{:?}", fork.seen());
    assert!(!service.log().contains(GIT_TOKEN));
    scene.nothing_leaked(&service).await;
}
