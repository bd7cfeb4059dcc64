//! On a real Vault and a real cluster, behind proxies that record what is asked.

use crate::revisions::{Revision, lines, reviewed};
use crate::support::canary::Canaries;
use crate::support::proxy::on;
use crate::support::{Cluster, Fault, Proxy, Purpose, Vault, kubeconfig, ports, world};
use keyfleet::connect::{Opener, Settings};
use keyfleet::pipeline::prove;
use keyfleet::review::Audience;
use keyfleet::secret::SecretBytes;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Values, and names of fields that no declaration has.
const VALUE: &str = "canary-value-of-a-secret-0815";
const NAME: &str = "canary-name-of-a-field-4711";

struct Scene {
    vault: Proxy,
    cluster: Proxy,
    real: Arc<Cluster>,
    kubeconfig: PathBuf,
    token: String,
    base: Revision,
    head: Revision,
    tag: &'static str,
}

impl Scene {
    /// One cluster with these rights; what is in Vault is below `secret/TAG`.
    async fn new(tag: &'static str, spec: &str) -> Self {
        let world = world().await;
        let real = world.cluster("review").await;
        let cluster = Proxy::in_front_of_cluster(&real);
        let mut base = Revision::new();
        base.with_ca(&real.ca_pem());
        base.cluster_at("review", real.server(), spec);
        Self {
            vault: Proxy::in_front_of_vault(world.vault.addr()),
            kubeconfig: kubeconfig(&[(&real, Some(&cluster))]),
            cluster,
            real,
            token: world.vault.token().to_owned(),
            head: base.clone(),
            base,
            tag,
        }
    }

    /// A Secret of the head, each key from a path below the tag and a property.
    fn secret(&mut self, name: &str, keys: &[(&str, &str)]) {
        let keys: Vec<(String, String, &str)> = keys
            .iter()
            .enumerate()
            .map(|(number, (path, property))| {
                let path = match path.strip_prefix("v1:") {
                    Some(path) => format!("{}-v1/{path}", self.tag),
                    None => format!("secret/data/{}/{path}", self.tag),
                };
                (format!("k{number}"), path, *property)
            })
            .collect();
        let keys: Vec<_> = keys
            .iter()
            .map(|(key, path, property)| (key.as_str(), path.as_str(), *property))
            .collect();
        let file = format!("clusters/review/{name}.yaml");
        self.head.secret(&file, name, &keys);
    }

    async fn ask(&self, audience: Audience) -> Vec<String> {
        self.ask_at(self.vault.url(), audience).await
    }

    async fn ask_at(&self, vault: &str, audience: Audience) -> Vec<String> {
        self.ask_within(Duration::from_secs(60), vault, audience)
            .await
    }

    /// What comes of it. Nothing but reads was sent, no value was read, and nothing of it shows.
    async fn ask_within(&self, time: Duration, vault: &str, audience: Audience) -> Vec<String> {
        self.vault.clear();
        self.cluster.clear();
        let mut reviewed = reviewed(&self.base, &self.head);
        let settings = Settings {
            vault_address: Some(vault.to_owned()),
            vault_namespace: None,
            vault_ca_file: None,
            vault_token: Some(SecretBytes::from(self.token.clone())),
            kubeconfig: Some(self.kubeconfig.clone()),
            vaults: BTreeMap::new(),
        };
        let opener = Opener::new(settings, &reviewed.base.desired);
        prove(&mut reviewed, &opener, audience, time).await;
        for proxy in [&self.vault, &self.cluster] {
            for request in proxy.requests() {
                let is_read = request.method == "GET" && request.purpose == Purpose::Read;
                let is_of_a_value = request.path.contains("/data/")
                    || request.path.ends_with(&format!("{}-v1/live", self.tag));
                assert!(is_read && !is_of_a_value, "{request:?}");
            }
        }
        let mut canaries = Canaries::default();
        canaries.add("a value", VALUE);
        canaries.add("the name of a field", NAME);
        let said = format!(
            "{}{:?}",
            serde_json::to_string_pretty(&reviewed.review).unwrap(),
            reviewed.review
        );
        assert_eq!(canaries.found_in(&said), Vec::<String>::new());
        lines(reviewed.review.proof.as_ref().unwrap())
            .into_iter()
            .map(|line| line.replace(&format!("/{}/", self.tag), "/"))
            .collect()
    }

    /// What was asked of Vault, each path with how often.
    fn asked_of_vault(&self) -> BTreeMap<String, usize> {
        let mut asked = BTreeMap::new();
        for request in self.vault.requests() {
            let path = request.path.trim_start_matches("/v1/").to_owned();
            let path = path.replace(&format!("/{}/", self.tag), "/");
            *asked.entry(path).or_default() += 1;
        }
        asked
    }
}

async fn put(vault: &Vault, path: &str, data: Value) {
    let (status, answer) = vault.api("POST", path, Some(json!({ "data": data }))).await;
    assert_eq!(status, 200, "{path}: {answer}");
}

/// One secret of every state below `secret/TAG`, and a mount of version 1, `TAG-v1`.
async fn fill(vault: &Vault, tag: &str) {
    let data = json!({
        "p": VALUE, NAME: VALUE,
        "db": { "user": VALUE, "hosts": [VALUE], NAME: VALUE },
        "json": format!("{{\"user\":\"{VALUE}\"}}"),
    });
    for path in ["live", "soft", "destroyed"] {
        put(
            vault,
            &format!("secret/data/{tag}/{path}"),
            json!({ "old": VALUE }),
        )
        .await;
        put(vault, &format!("secret/data/{tag}/{path}"), data.clone()).await;
    }
    vault
        .api("DELETE", &format!("secret/data/{tag}/soft"), None)
        .await;
    let destroy = format!("secret/destroy/{tag}/destroyed");
    vault
        .api("POST", &destroy, Some(json!({ "versions": [2] })))
        .await;
    let mount = format!("-path={tag}-v1");
    vault.cli_ok(&["secrets", "enable", &mount, "-version=1", "kv"]);
    let (status, _) = vault
        .api(
            "POST",
            &format!("{tag}-v1/live"),
            Some(json!({ "p": VALUE, NAME: VALUE })),
        )
        .await;
    assert!(status < 300);
}

const EVERYTHING: &str = "access: [{path: '*', capabilities: [read]}]";

#[tokio::test]
async fn every_state_of_a_path_is_told_by_one_read_of_it() {
    let vault = &world().await.vault;
    fill(vault, "states").await;
    let mut scene = Scene::new("states", EVERYTHING).await;
    scene.secret(
        "app",
        &[
            ("live", "p"),
            ("live", "p.x"),
            ("live", "q"),
            ("live", "db.user"),
            ("live", "db.none"),
            ("live", "db.hosts[0]"),
            ("live", "json.user"),
            ("soft", "p"),
            ("destroyed", "p"),
            ("absent", "p"),
        ],
    );
    scene.secret("old", &[("v1:live", "p"), ("v1:absent", "p")]);
    let of = |path: &str, property: &str, verdict: &str| {
        let path = match path.strip_prefix("v1:") {
            Some(path) => format!("states-v1/{path}"),
            None => format!("secret/data/{path}"),
        };
        format!("review/review-role {path} # {property}: {verdict} [review]")
    };
    let no = "refuted, the secret has no such property";
    let gone = "refuted, its newest version is deleted or destroyed";
    let absent = "refuted, there is no secret at this path";
    let within = "open, the property lies within a value, and values are not read for a review";
    let not_shown =
        "open, the secret is there; which properties it has does not show without its value";
    let answers = [
        ("live", "p", "proven"),
        ("live", "p.x", within),
        ("live", "q", no),
        ("live", "db.user", "proven"),
        ("live", "db.none", no),
        ("live", "db.hosts[0]", within),
        ("live", "json.user", within),
        ("soft", "p", gone),
        ("destroyed", "p", gone),
        ("absent", "p", absent),
        ("v1:live", "p", not_shown),
        ("v1:absent", "p", absent),
    ];
    for audience in [Audience::Everyone, Audience::Holder] {
        let said = scene.ask(audience).await;
        assert_eq!(said.len(), answers.len() + 2, "{said:#?}");
        for (path, property, verdict) in answers {
            let verdict = match (verdict, audience) {
                ("proven", Audience::Holder) => "proven at version 2",
                (verdict, _) => verdict,
            };
            let expected = of(path, property, verdict);
            assert!(said.contains(&expected), "{expected} is not in {said:#?}");
        }
        let asked = scene.asked_of_vault();
        let expected = [
            ("secret/metadata/absent", 1),
            ("secret/subkeys/absent", 1),
            ("secret/subkeys/destroyed", 1),
            ("secret/subkeys/live", 1),
            ("secret/subkeys/soft", 1),
            ("states-v1/", 1),
        ];
        let expected = expected.map(|(path, count)| (path.to_owned(), count));
        assert_eq!(asked, BTreeMap::from(expected));
    }
}

#[tokio::test]
async fn a_probing_pull_request_sends_nothing_and_reads_the_same_whatever_there_is() {
    let vault = &world().await.vault;
    fill(vault, "probe").await;
    let mut said = Vec::new();
    for path in ["live", "soft", "absent"] {
        // By a derived policy, it grants itself what it reads.
        let mut scene = Scene::new("probe", "").await;
        scene.secret("app", &[(path, "p"), (path, "q")]);
        let lines = scene.ask(Audience::Everyone).await.join("\n");
        said.push(lines.replace(&format!("/{path} "), "/PATH "));
        assert!(scene.vault.requests().is_empty() && scene.cluster.requests().is_empty());
    }
    said.dedup();
    assert_eq!(said.len(), 1, "{said:#?}");
}

#[tokio::test]
async fn a_path_of_many_clusters_is_read_once() {
    let vault = &world().await.vault;
    fill(vault, "many").await;
    let mut scene = Scene::new("many", EVERYTHING).await;
    for number in 0..30 {
        let name = format!("c{number:02}");
        for revision in [&mut scene.base, &mut scene.head] {
            revision.cluster(&name, EVERYTHING);
            revision.group("all");
        }
    }
    let keys = [
        ("a", "secret/data/many/live", "p"),
        ("b", "secret/data/many/live", "db.user"),
    ];
    scene.head.secret("groups/all/app.yaml", "app", &keys);
    let said = scene.ask(Audience::Everyone).await;
    assert_eq!(said.len(), 3, "{said:#?}");
    assert_eq!(
        scene.asked_of_vault(),
        BTreeMap::from([("secret/subkeys/live".to_owned(), 1)])
    );
}

#[tokio::test]
async fn a_token_that_may_nothing_learns_nothing_and_all_is_open() {
    let vault = &world().await.vault;
    fill(vault, "nothing").await;
    let body = json!({ "policies": ["default"] });
    let (_, answer) = vault.api("POST", "auth/token/create", Some(body)).await;
    let mut scene = Scene::new("nothing", EVERYTHING).await;
    answer["auth"]["client_token"]
        .as_str()
        .unwrap()
        .clone_into(&mut scene.token);
    let mut said = Vec::new();
    for path in ["live", "soft", "absent", "v1:live", "v1:absent"] {
        scene.secret("app", &[(path, "p")]);
        for audience in [Audience::Holder, Audience::Everyone] {
            let lines = scene.ask(audience).await;
            let line = lines.iter().find(|line| line.contains("# p")).unwrap();
            assert!(line.contains("open, "), "{line}");
            if audience == Audience::Everyone {
                let name = path.trim_start_matches("v1:");
                let line = line
                    .replace(name, "PATH")
                    .replace("nothing-v1/", "secret/data/");
                said.push(line);
            }
        }
    }
    said.dedup();
    assert_eq!(said.len(), 1, "{said:#?}");
}

#[tokio::test]
async fn a_token_that_sees_versions_only_says_what_it_lacks() {
    let vault = &world().await.vault;
    fill(vault, "versions").await;
    let policy = r#"path "secret/metadata/*" { capabilities = ["read"] }"#;
    let body = json!({ "policy": policy });
    vault
        .api("POST", "sys/policies/acl/review-versions", Some(body))
        .await;
    let body = json!({ "policies": ["review-versions"] });
    let (_, answer) = vault.api("POST", "auth/token/create", Some(body)).await;
    let mut scene = Scene::new("versions", EVERYTHING).await;
    answer["auth"]["client_token"]
        .as_str()
        .unwrap()
        .clone_into(&mut scene.token);
    scene.secret("app", &[("live", "p"), ("soft", "p"), ("absent", "p")]);
    let said = scene.ask(Audience::Holder).await.join("\n");
    assert!(
        said.contains("the policies of this token must grant `read` on `secret/subkeys/live`"),
        "{said}"
    );
    assert!(
        said.contains("soft # p: refuted, its newest version is deleted"),
        "{said}"
    );
    assert!(
        said.contains("absent # p: refuted, there is no secret"),
        "{said}"
    );
}

#[tokio::test]
async fn policies_beside_the_repository_are_read_for_the_holder_of_the_token() {
    let vault = &world().await.vault;
    fill(vault, "beside").await;
    for (policy, rule, expected) in [
        (
            "review-grants",
            r#"path "secret/data/beside/*" { capabilities = ["read"] }"#,
            "proven at version 2",
        ),
        (
            "review-denies",
            r#"path "secret/data/beside/live" { capabilities = ["deny"] }"#,
            "refuted, the role may not read this path after the change",
        ),
        (
            "review-is-not-there",
            "",
            "refuted, the role may not read this path after the change",
        ),
    ] {
        if !rule.is_empty() {
            let path = format!("sys/policies/acl/{policy}");
            vault
                .api("POST", &path, Some(json!({ "policy": rule })))
                .await;
        }
        let spec = format!("policies: [default, {policy}]\naccess: []");
        let mut scene = Scene::new("beside", &spec).await;
        scene.secret("app", &[("live", "p")]);
        let said = scene.ask(Audience::Holder).await.join("\n");
        assert!(
            said.contains(&format!("live # p: {expected} [review]")),
            "{policy}: {said}"
        );
        let said = scene.ask(Audience::Everyone).await.join("\n");
        assert!(
            said.contains("live # p: open, not told to everyone"),
            "{policy}: {said}"
        );
    }
}

#[tokio::test]
async fn a_secret_in_the_way_is_found_by_its_metadata_alone() {
    let mut scene = Scene::new("names", "").await;
    scene.real.create_namespace("shop").await;
    let object = |name: &str, labels: Value| {
        json!({
            "metadata": { "name": name, "labels": labels },
            "stringData": { NAME: VALUE },
        })
    };
    let secrets = "/api/v1/namespaces/shop/secrets";
    let theirs = json!({});
    scene.real.create(secrets, object("theirs", theirs)).await;
    let ours = json!({ "keyfleet.dev/installation": "acme" });
    scene.real.create(secrets, object("ours", ours)).await;
    for name in ["theirs", "ours", "free"] {
        scene.secret(name, &[("live", "p")]);
    }
    let said = scene.ask(Audience::Holder).await;
    for expected in [
        "secret shop/theirs: refuted, there is a Secret of this name that is not keyfleet's: it stays as it is until its cluster says `adopt: true` [review]",
        "secret shop/ours: proven [review]",
        "secret shop/free: proven [review]",
    ] {
        assert!(
            said.iter().any(|line| line == expected),
            "{expected}: {said:#?}"
        );
    }
    let paths: Vec<String> = scene
        .cluster
        .requests()
        .into_iter()
        .map(|it| it.path)
        .collect();
    assert_eq!(paths.len(), 4, "{paths:?}");
    // With more of them, the namespace is listed once.
    for name in ["a", "b", "c", "d"] {
        scene.secret(name, &[("live", "p")]);
    }
    let again = scene.ask(Audience::Holder).await;
    assert!(
        said.iter()
            .filter(|line| line.starts_with("secret"))
            .all(|line| again.contains(line))
    );
    assert_eq!(scene.cluster.requests().len(), 2);
}

#[tokio::test]
async fn what_is_out_of_reach_leaves_its_own_questions_open() {
    let vault = &world().await.vault;
    fill(vault, "reach").await;
    let mut scene = Scene::new("reach", EVERYTHING).await;
    scene.secret("app", &[("live", "p"), ("soft", "p")]);
    // A Vault that is not there; the cluster is asked all the same.
    let nowhere = format!("http://127.0.0.1:{}", ports::free_ports(1));
    let said = scene.ask_at(&nowhere, Audience::Holder).await;
    assert_eq!(said.len(), 3, "{said:#?}");
    let open = said
        .iter()
        .filter(|line| line.contains("open, failed to read secret/subkeys/"));
    assert_eq!(open.count(), 2, "{said:#?}");
    assert!(
        said.iter()
            .any(|line| line == "secret shop/app: proven [review]"),
        "{said:#?}"
    );

    // A cluster that is down; Vault is asked all the same.
    scene.cluster.fault(|_| true, Fault::answer(503, "down"));
    let said = scene.ask(Audience::Holder).await;
    let proven = "live # p: proven at version 2";
    assert!(said.iter().any(|line| line.contains(proven)), "{said:#?}");
    let open = "secret shop/app: open, failed to ";
    assert!(said.iter().any(|line| line.starts_with(open)), "{said:#?}");

    // What hangs is not waited for longer than there is time, and what was answered until then stays.
    scene.cluster.fault(|_| true, Fault::Hang);
    scene.vault.fault(on("GET", "/soft"), Fault::Hang);
    let begin = Instant::now();
    let time = Duration::from_secs(2);
    let said = scene
        .ask_within(time, scene.vault.url(), Audience::Holder)
        .await;
    assert!(begin.elapsed() < Duration::from_secs(10));
    assert!(said.iter().any(|line| line.contains(proven)), "{said:#?}");
    let late = said
        .iter()
        .filter(|line| line.contains("open, failed to look at a "));
    assert_eq!(late.count(), 2, "{said:#?}");
}

#[tokio::test]
async fn a_sealed_vault_is_asked_little_and_nothing_is_concluded_from_it() {
    let vault = Vault::start().await;
    let mut scene = Scene::new("sealed", EVERYTHING).await;
    scene.vault = Proxy::in_front_of_vault(vault.addr());
    for number in 0..50 {
        let path = format!("p{number}");
        scene.secret(&path, &[(&path, "p")]);
    }
    let (status, _) = vault.api("PUT", "sys/seal", None).await;
    assert!(status < 300);
    let said = scene.ask(Audience::Everyone).await;
    assert_eq!(
        said.iter()
            .filter(|line| line.contains("open, Vault is sealed"))
            .count(),
        50,
        "{said:#?}"
    );
    assert!(
        scene.vault.requests().len() <= 16,
        "{:?}",
        scene.asked_of_vault()
    );
}
