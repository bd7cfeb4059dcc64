//! When nothing is posted.

use super::scene::{Scene, grants};
use super::service::Service;
use super::webhook::{SECRET, Said};
use keyfleet::forge::Kind;
use std::time::Duration;

async fn stays_quiet(scene: &Scene, service: &Service) {
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(scene.forge.calls(), Vec::<String>::new());
    assert_eq!(service.counted("keyfleet_reviews_waiting").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_to_be_reviewed_is_taken_and_ignored() {
    let scene = Scene::new(Kind::GitHub).await;
    let head = scene.pull(|folder| grants(folder, "kv/data/finance/ledger"));
    let service = scene.serve(&scene.settings("  forks: false\n")).await;
    let into_another = Said {
        into: "release",
        from_fork: false,
        ..Said::of(&head)
    };
    for said in [&into_another, &Said::of(&head)] {
        assert_eq!(scene.say(&service, said).await, 202);
    }
    let forged = Said {
        from_fork: false,
        ..Said::of(&head)
    };
    let port = service.webhooks;
    assert_eq!(forged.deliver(port, scene.kind, "another").await, 401);
    assert_eq!(forged.deliver(port, Kind::Gitea, SECRET).await, 401);
    stays_quiet(&scene, &service).await;
    // What is allowed is reviewed all the same.
    assert_eq!(scene.say(&service, &forged).await, 202);
    let posted = async || !scene.states(&head).is_empty();
    service.until("status", posted).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_section_such_a_webhook_is_as_any_other() {
    let scene = Scene::new(Kind::Gitea).await;
    let head = scene.pull(|folder| grants(folder, "kv/data/finance/ledger"));
    let service = scene.serve(&scene.without_reviews()).await;
    assert_eq!(scene.say(&service, &Said::of(&head)).await, 202);
    stays_quiet(&scene, &service).await;
    let ignored = r#"keyfleet_webhooks_total{forge="gitea",result="ignored"}"#;
    assert_eq!(service.counted(ignored).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_stands_by_says_so_and_posts_nothing() {
    let scene = Scene::new(Kind::GitHub).await;
    let head = scene.pull(|folder| grants(folder, "kv/data/finance/ledger"));
    let settings = scene.settings("");
    let active = scene.serve(&settings).await;
    let other = Service::start(&scene.sandbox.keyfleet, scene.folder.path(), &settings);
    other.until_said("standing by").await;
    assert_eq!(scene.say(&other, &Said::of(&head)).await, 503);
    stays_quiet(&scene, &other).await;
    // The same delivery, sent again, reaches the active one; and whoever takes over takes it, too.
    drop(active);
    other.until_said("this process is active").await;
    let taken = async || scene.say(&other, &Said::of(&head)).await == 202;
    other.until("active process", taken).await;
    let posted = async || !scene.states(&head).is_empty();
    other.until("status", posted).await;
}
