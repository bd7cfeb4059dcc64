//! Reports on their way: to a directory, and to webhooks that answer well, badly, late, or with another address.

use crate::made::at;
use crate::receiver::{Answer, Receiver};
use crate::renderings::rich;
use crate::support::tls::Authority;
use keyfleet::drift::Ledger;
use keyfleet::report::drift::Format;
use keyfleet::serve::settings::{Destination, Schedule, SecretSource, Sink};
use keyfleet::serve::sinks::{Courier, Patience, Rendered};
use serde_json::Value;
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// Whoever knows this may post; nobody may see it.
const SECRET: &str = "T000canary/B000canary/webhook-canary-4711";
fn patience() -> Patience {
    Patience {
        request: Duration::from_secs(5),
        all: Duration::from_secs(10),
        attempts: 4,
        first_wait: Duration::from_millis(10),
    }
}

fn schedule(to: &str) -> Schedule {
    Schedule {
        name: "daily".to_owned(),
        cron: "0 9 * * *".to_owned(),
        zone: "Europe/Berlin".to_owned(),
        to: vec![to.to_owned()],
        formats: vec![Format::Text, Format::Html],
    }
}

fn sink(to: Destination) -> Sink {
    Sink {
        name: "platform".to_owned(),
        to,
    }
}

fn rendered(sink: &Sink) -> Rendered {
    Rendered::of(&rich(), &schedule(&sink.name), std::slice::from_ref(sink))
}

/// A secret in a file, as it is mounted.
fn kept(folder: &TempDir, text: &str) -> SecretSource {
    let path = folder.path().join("url");
    fs::write(&path, format!("{text}\n")).unwrap();
    SecretSource::File(path)
}

/// What became of a delivery to this address; an error shows neither the secret nor an answer.
async fn deliver(url: &str, to: fn(SecretSource) -> Destination) -> Result<(), String> {
    let folder = tempfile::tempdir().unwrap();
    let sink = sink(to(kept(&folder, url)));
    let courier = Courier::new(patience(), None).unwrap();
    let delivered = courier.deliver(&sink, &rendered(&sink)).await;
    delivered.map_err(|error| {
        let said = format!("{error} {error:?}");
        for canary in ["canary", "T000", url] {
            assert!(!said.contains(canary), "{canary} is in: {said}");
        }
        assert!(said.contains("platform"), "{said}");
        error.to_string()
    })
}

#[tokio::test]
async fn each_kind_of_webhook_gets_its_own_form() {
    let receiver = Receiver::start(vec![Answer::status(200); 3]).await;
    let url = receiver.url(SECRET);
    deliver(&url, Destination::Webhook).await.unwrap();
    deliver(&url, Destination::Slack).await.unwrap();
    deliver(&url, Destination::Teams).await.unwrap();
    let seen = receiver.seen();
    let bodies: Vec<Value> = seen
        .iter()
        .map(|request| serde_json::from_str(&request.body).unwrap())
        .collect();
    assert_eq!(bodies[0]["schema"], "keyfleet.dev/drift/v1");
    assert!(bodies[1]["blocks"].is_array() && bodies[1]["text"].is_string());
    assert_eq!(
        bodies[2]["attachments"][0]["contentType"],
        "application/vnd.microsoft.card.adaptive"
    );
    for request in &seen {
        assert_eq!(request.line, format!("POST /{SECRET} HTTP/1.1"));
        assert!(request.has("content-type", "application/json") && request.names("user-agent"));
        assert!(
            !request.names("authorization")
                && !request.names("cookie")
                && !request.names("referer")
        );
    }
}

#[tokio::test]
async fn over_https_the_authority_has_to_be_trusted() {
    let authority = Authority::new("webhooks");
    let receiver = Receiver::start_tls(vec![Answer::status(200)], &authority.issue()).await;
    let folder = tempfile::tempdir().unwrap();
    let sink = sink(Destination::Webhook(kept(&folder, &receiver.url(SECRET))));
    let trusting = Courier::new(patience(), Some(authority.pem().as_bytes())).unwrap();
    trusting.deliver(&sink, &rendered(&sink)).await.unwrap();
    assert_eq!(receiver.seen().len(), 1);
    let error = deliver(&receiver.url(SECRET), Destination::Webhook)
        .await
        .unwrap_err();
    assert!(error.contains("certificate"), "{error}");
    assert_eq!(receiver.seen().len(), 1);
}

#[tokio::test]
async fn what_did_nothing_is_asked_again_and_nothing_else_is() {
    for (answers, requests, fails) in [
        (vec![503, 429, 500, 200], 4, None),
        (vec![503; 6], 4, Some("it answers 503, 4 times")),
        (
            vec![404, 200],
            1,
            Some("it answers 404: is its URL still the right one?"),
        ),
        (vec![400, 200], 1, Some("it answers 400")),
        (vec![413, 200], 1, Some("the report is too large")),
        (vec![204], 1, None),
    ] {
        let scripted = answers
            .iter()
            .map(|status| Answer::status(*status))
            .collect();
        let receiver = Receiver::start(scripted).await;
        let delivered = deliver(&receiver.url(SECRET), Destination::Slack).await;
        match (&delivered, fails) {
            (Ok(()), None) => {}
            (Err(error), Some(why)) => assert!(
                error.contains(why) && error.contains("127.0.0.1"),
                "{error}"
            ),
            _ => panic!("{answers:?}: {delivered:?}"),
        }
        assert_eq!(receiver.seen().len(), requests, "{answers:?}");
    }
}

/// An hour is more than anybody waits; what was asked for is not cut short either.
#[tokio::test]
async fn a_wait_that_is_asked_for_is_kept_or_not_waited_for() {
    let receiver = Receiver::start(vec![
        Answer::status(429).with("Retry-After: 1"),
        Answer::status(200),
    ])
    .await;
    let begin = Instant::now();
    deliver(&receiver.url(SECRET), Destination::Slack)
        .await
        .unwrap();
    assert!(begin.elapsed() >= Duration::from_secs(1));
    for asked in ["3600", "18446744073709551615"] {
        let answer = Answer::status(429).with(&format!("Retry-After: {asked}"));
        let receiver = Receiver::start(vec![answer, Answer::status(200)]).await;
        let begin = Instant::now();
        let error = deliver(&receiver.url(SECRET), Destination::Slack)
            .await
            .unwrap_err();
        assert!(
            error.contains("429") && begin.elapsed() < Duration::from_secs(5),
            "{error}"
        );
        assert_eq!(receiver.seen().len(), 1);
    }
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let elsewhere = Receiver::start(vec![Answer::status(200)]).await;
    for status in [301, 302, 307, 308] {
        let answer = Answer::status(status).with(&format!("Location: {}", elsewhere.url("canary")));
        let receiver = Receiver::start(vec![answer]).await;
        let error = deliver(&receiver.url(SECRET), Destination::Webhook)
            .await
            .unwrap_err();
        assert!(error.contains("not followed"), "{error}");
    }
    assert_eq!(elsewhere.seen().len(), 0);
}

#[tokio::test]
async fn one_that_hangs_or_is_not_there_fails_in_time() {
    let receiver = Receiver::start(vec![Answer::never()]).await;
    let folder = tempfile::tempdir().unwrap();
    let sink = sink(Destination::Webhook(kept(&folder, &receiver.url(SECRET))));
    let short = Patience {
        request: Duration::from_secs(1),
        ..patience()
    };
    let begin = Instant::now();
    let courier = Courier::new(short, None).unwrap();
    let error = courier
        .deliver(&sink, &rendered(&sink))
        .await
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("no answer within 1 s") && begin.elapsed() < Duration::from_secs(5),
        "{error}"
    );
    // An answer that never came may have been taken: it is not sent twice.
    assert_eq!(receiver.seen().len(), 1);
    let gone = Receiver::start(Vec::new()).await;
    let url = gone.url(SECRET);
    drop(gone);
    let error = deliver(&url, Destination::Webhook).await.unwrap_err();
    assert!(error.contains("no connection"), "{error}");
}

#[tokio::test]
async fn an_address_that_cannot_be_used_is_said_without_it() {
    for (url, why) in [
        ("http://hooks.example/canary", "not https"),
        ("http://127.0.0.1.example/canary", "not https"),
        ("ftp://hooks.example/canary", "not https"),
        ("canary", "holds no URL"),
        ("", "is empty"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let sink = sink(Destination::Slack(kept(&folder, url)));
        let courier = Courier::new(patience(), None).unwrap();
        let error = courier
            .deliver(&sink, &rendered(&sink))
            .await
            .unwrap_err()
            .to_string();
        assert!(error.contains(why) && !error.contains("canary"), "{error}");
    }
    let courier = Courier::new(patience(), None).unwrap();
    for (source, why) in [
        (
            SecretSource::File("/nowhere/at-all".into()),
            "see that the file is there",
        ),
        (
            SecretSource::Environment("KEYFLEET_TEST_NO_SUCH_VARIABLE".to_owned()),
            "is not set",
        ),
    ] {
        let sink = sink(Destination::Slack(source));
        let error = courier
            .deliver(&sink, &rendered(&sink))
            .await
            .unwrap_err()
            .to_string();
        assert!(error.contains(why), "{error}");
    }
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[tokio::test]
async fn a_directory_gets_each_form_under_its_time_and_keeps_the_last() {
    let folder = tempfile::tempdir().unwrap();
    let kept = folder.path().join("reports/drift");
    fs::create_dir_all(&kept).unwrap();
    let others = [
        "2020-01-01T000000Z-daily-eu.html",
        "2020-01-01T000000Z-weekly.txt",
        "README.md",
    ];
    for other in others {
        fs::write(kept.join(other), "not ours").unwrap();
    }
    for day in 0..95 {
        fs::write(
            kept.join(format!("2020-01-01T0000{day:02}Z-daily.txt")),
            "old",
        )
        .unwrap();
    }
    let sink = sink(Destination::Directory(kept.clone()));
    let courier = Courier::new(patience(), None).unwrap();
    let rendered = rendered(&sink);
    courier.deliver(&sink, &rendered).await.unwrap();
    let made = at(125).strftime("%Y-%m-%dT%H%M%SZ").to_string();
    let names = names(&kept);
    for ending in ["html", "txt"] {
        let name = format!("{made}-daily.{ending}");
        let text = fs::read_to_string(kept.join(&name)).unwrap();
        assert!(text.contains("prod-eu-kv-rw"), "{name}");
    }
    assert!(
        others
            .iter()
            .all(|other| names.iter().any(|name| name == other)),
        "{names:?}"
    );
    // The new one, 89 old ones, and what is not its own.
    let old = names
        .iter()
        .filter(|name| name.starts_with("2020-01-01T0000") && name.ends_with("-daily.txt"));
    assert_eq!(old.count(), 89);
    assert!(!names.iter().any(|name| name.starts_with('.')), "{names:?}");
}

#[tokio::test]
async fn a_directory_that_takes_nothing_says_why() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("file"), "").unwrap();
    let sink = sink(Destination::Directory(folder.path().join("file/reports")));
    let courier = Courier::new(patience(), None).unwrap();
    let error = courier
        .deliver(&sink, &rendered(&sink))
        .await
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("platform") && error.contains("file/reports"),
        "{error}"
    );
}

#[test]
fn a_chat_is_told_where_the_whole_report_is() {
    let archive = Sink {
        name: "archive".to_owned(),
        to: Destination::Directory("/somewhere".into()),
    };
    let chat = sink(Destination::Slack(SecretSource::Environment(
        "X".to_owned(),
    )));
    let mut schedule = schedule("archive");
    schedule.to.push("platform".to_owned());
    let rendered = Rendered::of(&rich(), &schedule, &[chat, archive]);
    assert_eq!(rendered.files().len(), 2);
    let debug = format!("{rendered:?}");
    assert!(debug.contains(&format!("{}.html in archive", rendered.name())));
}

#[test]
fn the_ledger_is_kept_and_begins_anew_where_it_is_not_readable() {
    use keyfleet::serve::ledger_file;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger.json");
    let first = ledger_file::load(&path, at(0));
    assert_eq!(
        first.report(crate::made::about(Some("daily")), at(1)).anew,
        None
    );
    let mut memory = crate::made::Memory::new();
    let north = crate::made::cluster("north");
    memory.look(
        &north,
        1,
        &[crate::made::edited(&north, "shop/app", "helm", 1)],
    );
    let keep = |ledger: &Ledger| fs::write(&path, serde_json::to_string(ledger).unwrap()).unwrap();
    keep(&memory.ledger);
    assert_eq!(ledger_file::load(&path, at(9)), memory.ledger);
    let whole = fs::read_to_string(&path).unwrap();
    let newer = whole.replace("ledger/v1", "ledger/v2");
    for (text, why) in [
        (&whole[..whole.len() / 2], "damaged"),
        ("", "damaged"),
        ("{\"schema\":\"keyfleet.dev/ledger/v1\"}", "damaged"),
        (&newer, "another version"),
    ] {
        fs::write(&path, text).unwrap();
        let anew = ledger_file::load(&path, at(10));
        let report = anew.report(crate::made::about(Some("daily")), at(11));
        assert!(report.anew.unwrap().contains(why), "{why}");
        assert_eq!(
            fs::read_to_string(folder.path().join("ledger.json.unread")).unwrap(),
            text
        );
        keep(&anew);
    }
    assert_eq!(names(folder.path()), ["ledger.json", "ledger.json.unread"]);
}
