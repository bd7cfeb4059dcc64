//! One comment for each pull request, and whose it is.

use super::server::{KINDS, Server};
use super::shapes::Author;
use keyfleet::forge::{Comment, Deed, Kind};
use keyfleet::observe::FailureClass;

const MARKER: &str = "<!-- keyfleet review of acme/fleet -->";

fn bearing(text: &str) -> String {
    format!("{MARKER}\n{text}")
}

#[tokio::test]
async fn it_is_made_left_as_it_is_and_edited_in_place() {
    for kind in KINDS {
        let server = Server::start(kind).await;
        server.say(Author::person(5, "octocat"), "Looks good.");
        let made = server.put("# First").await.unwrap();
        assert_eq!(made.deed, Deed::Created);
        assert_eq!(server.calls().len(), 2, "list, write");
        let left = server.put("# First\n\n").await.unwrap();
        assert_eq!(left.deed, Deed::Unchanged);
        let calls = server.calls();
        assert_eq!(calls.len(), 2, "list, who: {calls:?}");
        let edited = server.put("# Second").await.unwrap();
        assert_eq!(edited.deed, Deed::Edited);
        assert_eq!(server.calls().len(), 3, "list, who, write");
        assert_eq!(
            server.bodies(),
            ["Looks good.".to_owned(), bearing("# Second")]
        );
        let url = match kind {
            Kind::GitHub => Some("https://github.example/acme/fleet/pull/7#issuecomment-1001"),
            Kind::Gitea => Some("https://gitea.example/acme/fleet/pulls/7#issuecomment-1001"),
            Kind::GitLab => None,
        };
        for posted in [made, left, edited] {
            assert_eq!(posted.url.as_deref(), url, "{kind:?}");
        }
    }
}

#[tokio::test]
async fn a_forge_that_changes_the_ends_of_lines_is_not_written_to_again() {
    for kind in KINDS {
        let server = Server::start(kind).await;
        server.put("a\n\nb").await.unwrap();
        let as_kept = format!("{}\r\n", bearing("a\r\n\r\nb").replace("-->\n", "-->\r\n"));
        server.books().comments[0].body = as_kept;
        let again = server.put("a\n\nb").await.unwrap();
        assert_eq!(again.deed, Deed::Unchanged);
    }
}

/// Gitea 1.24 breaks what is not ASCII, but for what is escaped.
#[tokio::test]
async fn every_character_arrives() {
    for kind in KINDS {
        let server = Server::start(kind).await;
        let text = "ü → 🔑 \"\\n\" é\u{301}".repeat(1_000);
        server.put(&text).await.unwrap();
        assert!(server.bodies() == [bearing(&text)], "{kind:?}");
        assert_eq!(server.put(&text).await.unwrap().deed, Deed::Unchanged);
    }
}

/// Somebody who wants a review to look good pastes the marker, before or after it is there.
#[tokio::test]
async fn the_marker_of_a_stranger_is_neither_edited_nor_believed() {
    for kind in KINDS {
        let server = Server::start(kind).await;
        let forged = bearing("Nothing critical.");
        let stranger = Author::person(5, "octocat");
        server.say(stranger.clone(), &forged);
        // Their account is gone.
        server.books().add(None, &forged);
        assert_eq!(server.put("Critical").await.unwrap().deed, Deed::Created);
        server.say(stranger, &forged);
        assert_eq!(server.put("Critical!").await.unwrap().deed, Deed::Edited);
        assert_eq!(
            server.bodies(),
            [forged.clone(), forged.clone(), bearing("Critical!"), forged]
        );
    }
}

#[tokio::test]
async fn a_person_is_no_app_of_the_same_name() {
    let server = Server::start(Kind::GitHub).await;
    for person in ["github-actions", "github-actions-bot"] {
        server.say(Author::person(5, person), &bearing("forged"));
    }
    server.say(Author::bot(6, "other-app[bot]"), &bearing("forged"));
    server.say(
        Author::bot(41_898_282, "github-actions[bot]"),
        &bearing("ours"),
    );
    assert_eq!(server.put("new").await.unwrap().deed, Deed::Edited);
    assert_eq!(server.bodies()[3], bearing("new"));
    assert_eq!(server.bodies()[..3], [0; 3].map(|_| bearing("forged")));
}

/// The renamed account still is the same one, and another may have its old name.
#[tokio::test]
async fn on_gitlab_and_gitea_we_are_a_number() {
    for kind in [Kind::GitLab, Kind::Gitea] {
        let server = Server::start(kind).await;
        server.put("one").await.unwrap();
        let old = {
            let mut books = server.books();
            let old = books.me.login.clone();
            books.me.login = "renamed".to_owned();
            old
        };
        server.say(Author::person(9, &old), &bearing("forged"));
        assert_eq!(server.put("two").await.unwrap().deed, Deed::Edited);
        assert_eq!(server.bodies(), [bearing("two"), bearing("forged")]);
    }
}

#[tokio::test]
async fn two_names_are_two_comments() {
    for kind in KINDS {
        let server = Server::start(kind).await;
        let forge = server.forge();
        for (name, deed) in [
            ("acme/fleet", Deed::Created),
            ("acme/fleet/eu", Deed::Created),
            ("acme/fleet", Deed::Unchanged),
            ("acme/fleet/eu", Deed::Unchanged),
        ] {
            let comment = Comment {
                name,
                markdown: name,
                whole: None,
            };
            let posted = forge.put_comment(7, &comment).await.unwrap();
            assert_eq!(posted.deed, deed, "{name}");
        }
    }
}

#[tokio::test]
async fn of_two_of_ours_the_oldest_is_edited() {
    for kind in KINDS {
        let server = Server::start(kind).await;
        let me = server.books().me.clone();
        server.say(me.clone(), &bearing("one"));
        server.say(me, &bearing("one"));
        assert_eq!(server.put("two").await.unwrap().deed, Deed::Edited);
        assert_eq!(server.bodies(), [bearing("two"), bearing("one")]);
    }
}

#[tokio::test]
async fn it_is_found_on_a_later_page() {
    for kind in KINDS {
        let server = Server::start(kind).await;
        for _ in 0..230 {
            server.say(Author::person(5, "octocat"), "talk");
        }
        assert_eq!(server.put("one").await.unwrap().deed, Deed::Created);
        server.calls();
        assert_eq!(server.put("two").await.unwrap().deed, Deed::Edited);
        let pages = match kind {
            Kind::GitHub => 3,
            Kind::GitLab => 5,
            Kind::Gitea => 1,
        };
        assert_eq!(server.calls().len(), pages + 2, "{kind:?}");
    }
}

#[tokio::test]
async fn a_pull_request_of_endless_talk_is_not_looked_through() {
    let server = Server::start(Kind::GitLab).await;
    for _ in 0..2_501 {
        server.say(Author::person(5, "octocat"), "talk");
    }
    let failure = server.put("one").await.unwrap_err();
    assert_eq!(failure.class, FailureClass::Protocol);
    assert!(failure.why.contains("50 pages"), "{failure}");
    assert_eq!(server.calls().len(), 50);
    assert_eq!(server.bodies().len(), 2_501);
}

/// A note of GitLab itself may repeat what somebody wrote.
#[tokio::test]
async fn what_gitlab_notes_itself_is_no_comment() {
    let server = Server::start(Kind::GitLab).await;
    let me = server.books().me.clone();
    server.say(me, &bearing("one"));
    server.books().comments[0].system = true;
    assert_eq!(server.put("two").await.unwrap().deed, Deed::Created);
}

#[tokio::test]
async fn one_that_is_too_long_says_where_the_whole_is() {
    for kind in KINDS {
        let server = Server::start(kind).await;
        let longest = server.forge().longest_comment();
        let fits = "x".repeat(longest);
        server.put(&fits).await.unwrap();
        assert_eq!(server.bodies(), [bearing(&fits)]);
        let long = format!("<details>\n\n{}", "a line\n".repeat(longest / 7));
        server.put(&long).await.unwrap();
        let body = server.bodies().remove(0);
        assert!(body.len() <= longest + 700);
        let end = &body[body.len() - 200..];
        assert!(end.contains("</details>"), "{end}");
        assert!(
            end.contains("[Here is all of it](<https://ci.example/job/7>)"),
            "{end}"
        );
        assert_eq!(server.put(&long).await.unwrap().deed, Deed::Unchanged);
    }
}
