//! What only a Vault knows: on a real one, and on the sandbox as either flavour.

use super::forms::cluster;
use super::questions::keyfleet;
use crate::support::canary::Canaries;
use crate::support::request;
use crate::support::sandbox::Sandbox;
use crate::support::{Keyfleet, Proxy, Purpose, Repository, Vault};
use serde_json::{Value, json};
use std::path::PathBuf;

const FLEET: &str = "vaults:\n  main:\n    kvMounts:\n      - path: expl\n        version: 2\ndefaults:\n  vault: main\n";
const VALUE: &str = "canary-value-nobody-sees-0815";
const HIDDEN: &str = "canary-folder-nobody-sees-4711";
const BELOW: &str = "canary-below-nobody-sees-1234";

/// A Vault over HTTP, whichever it is.
struct Server {
    addr: String,
    token: String,
}

impl Server {
    async fn post(&self, path: &str, body: Value) -> Value {
        let client = request::client(None);
        let url = format!("{}/v1/{path}", self.addr);
        // A moment after it is mounted, the engine says that it upgrades itself.
        for _ in 0..100 {
            let asked = client.post(&url).header("X-Vault-Token", &self.token);
            let answer = asked.body(body.to_string()).send().await.unwrap();
            let (status, text) = (answer.status(), answer.text().await.unwrap());
            if status.is_success() {
                return serde_json::from_str(&text).unwrap_or_default();
            }
            assert!(text.contains("Upgrading"), "{path}: {status} {text}");
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        panic!("{path} stays as it is");
    }

    async fn fill(&self) {
        self.post(
            "sys/mounts/expl",
            json!({ "type": "kv", "options": { "version": "2" } }),
        )
        .await;
        let hidden = format!("{HIDDEN}/{BELOW}");
        for path in ["shop/mail", "old/one", "old/deep/two", hidden.as_str()] {
            let data = json!({ "data": { "p": VALUE } });
            self.post(&format!("expl/data/{path}"), data).await;
        }
        let policies = [
            (
                "elsewhere",
                "path \"expl/data/old/one\" { capabilities = [\"read\"] }".to_owned(),
            ),
            (
                "auditor",
                "path \"expl/data/*\" { capabilities = [\"read\"] }".to_owned(),
            ),
            (
                "lister",
                format!(
                    "path \"expl/metadata/*\" {{ capabilities = [\"list\"] }}\npath \"expl/metadata/{HIDDEN}*\" {{ capabilities = [\"deny\"] }}"
                ),
            ),
        ];
        for (name, policy) in policies {
            self.post(
                &format!("sys/policies/acl/{name}"),
                json!({ "policy": policy }),
            )
            .await;
        }
    }

    async fn lister(&self) -> String {
        let body = json!({ "policies": ["lister"], "no_default_policy": true });
        let answer = self.post("auth/token/create", body).await;
        answer["auth"]["client_token"].as_str().unwrap().to_owned()
    }
}

fn repository() -> Repository {
    let repository = Repository::new();
    repository.fleet("live", FLEET);
    cluster(&repository, "a", "  policies: [elsewhere]\n");
    repository.kes(
        "clusters/a/mail.yaml",
        "mail",
        &[("k", "expl/data/shop/mail", "p")],
    );
    repository
}

/// Everything that is said of a Vault; `lists` is how its mount is listed: as root, and as one who may not see all.
async fn everything(server: Server, lists: [&[(&str, usize)]; 2]) {
    server.fill().await;
    let (repository, proxy) = (repository(), Proxy::in_front_of_vault(&server.addr));
    let root = Keyfleet {
        vault_addr: proxy.url().to_owned(),
        vault_token: server.token.clone(),
        ..keyfleet(repository.path())
    };
    let lister = Keyfleet {
        vault_token: server.lister().await,
        ..root.clone()
    };
    let mut canaries = Canaries::default();
    canaries.add("a value", VALUE);
    let ask = |keyfleet: &Keyfleet, arguments: &[&str]| {
        let run = keyfleet.run(&[&["-vv", "explain", "--live"], arguments].concat());
        let said = format!("{}{}", run.out, run.err);
        assert_eq!(canaries.found_in(&said), Vec::<String>::new());
        run
    };

    // Nobody reads them.
    proxy.clear();
    let run = ask(&root, &[]);
    let expected = "expl of vault main: 4 paths, 3 of them read by no declaration";
    assert!(run.code == 0 && run.out.contains(expected), "{run:?}");
    assert!(
        run.out
            .contains("    expl/data/old/deep/two\n    expl/data/old/one\n"),
        "{run:?}"
    );
    listed(&proxy, lists[0]);
    let run = ask(&root, &["expl/data/old/*", "-o", "json"]);
    let told: Value = serde_json::from_str(&run.out).unwrap();
    let unused = json!(["expl/data/old/deep/two", "expl/data/old/one"]);
    assert_eq!(told["live"]["unused"][0]["paths"], unused, "{told:#}");

    // Who may not see a folder learns that there is one, and not its name.
    canaries_of_names(&lister, &proxy, lists[1]);

    // A policy that is not in the repository is known once it is read, by whoever may.
    let question = ["expl/old/one", "--cluster", "a"];
    let offline = root.run(&[&["explain"], &question[..]].concat());
    assert_eq!(offline.code, 3, "{offline:?}");
    let run = ask(&root, &question);
    assert!(
        run.code == 0 && run.out.contains("policy elsewhere  read from Vault"),
        "{run:?}"
    );
    let run = ask(&root, &["expl/old/none", "--cluster", "a"]);
    assert_eq!(run.code, 2, "{run:?}");
    let run = ask(&lister, &question);
    assert!(
        run.code == 3 && run.out.contains("vault main  the policy elsewhere"),
        "{run:?}"
    );

    // Who else may read it.
    let run = ask(&root, &["expl/data/shop/mail"]);
    assert!(run.out.contains("auditor  by expl/data/*"), "{run:?}");
    assert!(
        run.out.contains("who has them is not known here"),
        "{run:?}"
    );
    let is_harmless =
        |it: &crate::support::Request| it.purpose == Purpose::Read && !it.path.contains("/data/");
    let asked = proxy.requests();
    assert!(asked.iter().all(is_harmless), "{asked:?}");
}

fn canaries_of_names(lister: &Keyfleet, proxy: &Proxy, lists: &[(&str, usize)]) {
    let mut canaries = Canaries::default();
    canaries.add("a value", VALUE);
    canaries.add("a forbidden folder", HIDDEN);
    canaries.add("what is in it", BELOW);
    proxy.clear();
    let run = lister.run(&["explain", "--live"]);
    let said = format!("{}{}", run.out, run.err);
    assert_eq!(canaries.found_in(&said), Vec::<String>::new());
    let expected = "not looked into: 1 folder that this token may not list";
    assert!(
        run.out.contains(expected) && run.out.contains("expl/data/old/one"),
        "{run:?}"
    );
    listed(proxy, lists);
    assert!(proxy.most_at_once() <= 10);
}

/// How often it was listed, and how.
fn listed(proxy: &Proxy, expected: &[(&str, usize)]) {
    for (how, times) in expected {
        let count = proxy.count(|it| it.query == *how && it.path.contains("expl/metadata"));
        assert_eq!(count, *times, "{how}: {:?}", proxy.requests());
    }
}

/// The mount, and four folders in it.
const WALKED: (&str, usize) = ("list=true", 5);

#[tokio::test]
async fn a_real_vault_is_asked_once_where_it_can_list_everything() {
    let vault = Vault::start().await;
    let server = Server {
        addr: vault.addr().to_owned(),
        token: vault.token().to_owned(),
    };
    // It may not scan, so that it walks.
    everything(
        server,
        [
            &[("scan=true", 1), ("list=true", 0)],
            &[("scan=true", 1), WALKED],
        ],
    )
    .await;
}

#[tokio::test]
async fn the_sandbox_of_either_flavour_is_asked_as_it_can_be() {
    for (flavour, lists) in [
        (
            "openbao",
            [
                &[("scan=true", 1), ("list=true", 0)][..],
                &[("scan=true", 1), WALKED],
            ],
        ),
        ("hashicorp", [&[WALKED], &[WALKED]]),
    ] {
        let sandbox = Sandbox::start(&["--clusters", "1", "--flavour", flavour]);
        let server = Server {
            addr: sandbox.keyfleet.vault_addr.clone(),
            token: sandbox.keyfleet.vault_token.clone(),
        };
        everything(server, lists).await;
    }
}

#[tokio::test]
async fn a_mount_without_end_is_listed_for_so_long_and_told_in_few_lines() {
    let sandbox = Sandbox::start(&["--clusters", "1", "--flavour", "hashicorp"]);
    let server = Server {
        addr: sandbox.keyfleet.vault_addr.clone(),
        token: sandbox.keyfleet.vault_token.clone(),
    };
    server.fill().await;
    let client = request::client(None);
    for folder in 0..1_010 {
        let url = format!("{}/v1/expl/data/many/{folder}/one", server.addr);
        let asked = client.post(url).header("X-Vault-Token", &server.token);
        let answer = asked.body(r#"{"data":{"p":"v"}}"#).send().await.unwrap();
        assert!(answer.status().is_success());
    }
    let (repository, proxy) = (repository(), Proxy::in_front_of_vault(&server.addr));
    let keyfleet = Keyfleet {
        vault_addr: proxy.url().to_owned(),
        vault_token: server.token,
        ..keyfleet(repository.path())
    };
    let run = keyfleet.run(&["explain", "--live"]);
    assert!(
        run.out.contains("there is more than was looked at"),
        "{run:?}"
    );
    assert!(run.out.contains("more, in `-o json`"), "{run:?}");
    assert!(run.out.lines().count() < 80, "{run:?}");
    listed(&proxy, &[("list=true", 1_000)]);
}

#[test]
fn a_vault_that_does_not_answer_is_named_and_the_rest_is_told() {
    let keyfleet = Keyfleet {
        // Nothing listens there.
        vault_addr: "http://127.0.0.1:1".to_owned(),
        vault_token: "root".to_owned(),
        kubeconfig: PathBuf::from("none"),
        ..keyfleet(repository().path())
    };
    let repository = repository();
    let keyfleet = Keyfleet {
        repository: repository.path(),
        ..keyfleet
    };
    for arguments in [
        &["explain", "--live"][..],
        &["explain", "--live", "a"],
        &["explain", "--live", "expl/shop/mail"],
    ] {
        let run = keyfleet.run(arguments);
        assert!(run.code == 0 && run.out.contains("main"), "{run:?}");
        assert!(
            run.out.contains("not read, so that nobody here knows"),
            "{run:?}"
        );
    }
}
