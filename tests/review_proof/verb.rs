//! The command, as a person or a pipeline runs it.

use crate::support::canary::Canaries;
use crate::support::{Keyfleet, Proxy, Purpose, Repository, kubeconfig, world};
use serde_json::json;
use std::path::Path;
use std::process::Command;

const VALUE: &str = "canary-value-of-the-verb-0815";
const NAME: &str = "canary-name-of-the-verb-4711";

fn git(folder: &Path, arguments: &[&str]) {
    let who = ["-c", "user.name=a", "-c", "user.email=a@example.org"];
    let output = Command::new("git")
        .current_dir(folder)
        .args(who)
        .args(arguments)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {said}");
}

#[tokio::test]
async fn a_refuted_answer_is_critical_and_an_open_one_is_no_error() {
    let world = world().await;
    let data = json!({ "data": { "p": VALUE, NAME: VALUE } });
    let (status, _) = world
        .vault
        .api("POST", "secret/data/verb/live", Some(data))
        .await;
    assert_eq!(status, 200);
    let cluster = world.cluster("review").await;
    let (vault, front) = (
        Proxy::in_front_of_vault(world.vault.addr()),
        Proxy::in_front_of_cluster(&cluster),
    );
    let repository = Repository::new();
    repository.fleet("verb", "");
    let grants = "access:\n  - path: secret/data/verb/*\n    capabilities: [read]\n";
    repository.cluster("review", &cluster, grants);
    let folder = repository.path();
    git(&folder, &["init", "-q", "-b", "main"]);
    let commit = |message: &str| {
        git(&folder, &["add", "-A"]);
        git(&folder, &["commit", "-q", "--allow-empty", "-m", message]);
    };
    commit("base");
    git(&folder, &["tag", "base"]);
    let keyfleet = Keyfleet {
        vault_token: world.vault.token().to_owned(),
        ..repository.keyfleet(vault.url(), &kubeconfig(&[(&cluster, Some(&front))]))
    };
    let mut canaries = Canaries::default();
    canaries.add("a value", VALUE);
    canaries.add("the name of a field", NAME);
    let review = |live: &[&str]| {
        let mut arguments = vec!["-vvv", "review", "--base", "base", "--head", "HEAD"];
        arguments.extend(live);
        let run = keyfleet.run(&arguments);
        let found = canaries.found_in(&format!("{}{}", run.out, run.err));
        assert_eq!(found, Vec::<String>::new());
        run
    };
    let file = "clusters/review/app.yaml";
    for (property, live, expected) in [
        ("p", &[][..], 0),
        ("p", &["--live"], 0),
        ("p", &["--live=me"], 0),
        ("none", &[], 0),
        ("none", &["--live"], 3),
        ("none", &["--live=me"], 3),
        ("none", &["--live=everyone"], 3),
    ] {
        repository.kes(file, "app", &[("k", "secret/data/verb/live", property)]);
        commit(property);
        vault.clear();
        let run = review(live);
        assert_eq!(
            run.code, expected,
            "{property} {live:?}: {}{}",
            run.out, run.err
        );
        let asked = vault.requests();
        assert_eq!(asked.len(), usize::from(!live.is_empty()), "{asked:?}");
        assert!(asked.iter().all(|it| it.purpose == Purpose::Read));
    }
    let nowhere = Keyfleet {
        vault_addr: "http://127.0.0.1:1".to_owned(),
        ..keyfleet.clone()
    };
    let run = nowhere.run(&["review", "--base", "base", "--head", "HEAD", "--live=me"]);
    assert_eq!(run.code, 0, "{}{}", run.out, run.err);
    // Without a token nobody is asked, and that is no error either.
    let nobody = Keyfleet {
        vault_token: String::new(),
        ..keyfleet
    };
    vault.clear();
    let run = nobody.run(&["review", "--base", "base", "--head", "HEAD", "--live=me"]);
    assert_eq!(
        (run.code, vault.requests().len()),
        (0, 0),
        "{}{}",
        run.out,
        run.err
    );
}
