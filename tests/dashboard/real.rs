//! The pages over what real passes saw: the sandbox's Vault and clusters, on which something was changed by hand.

use super::site::Site;
use crate::support::canary::Canaries;
use crate::support::{Sandbox, init};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use keyfleet::connect::{Opener, Settings};
use keyfleet::drift::findings;
use keyfleet::git::{Access, Limits, Source};
use keyfleet::pipeline::{self, Options, Planned, Wanted, World};
use keyfleet::plan::Scope;
use keyfleet::report::{SecretStatus, Status, secret_states};
use keyfleet::secret::SecretBytes;
use keyfleet::serve::Board;
use keyfleet::serve::board::{
    ClusterState, Followed, Pass, PassEnd, Passes, SourceState, Standing, Trigger, VaultState,
};
use reqwest::Certificate;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;

/// A sandbox with the clusters of the example, for people with `kubectl`.
struct Hands {
    sandbox: Sandbox,
    kubeconfig: Value,
}

impl Hands {
    fn start() -> Self {
        let sandbox = Sandbox::start(&[]);
        let kubeconfig = std::fs::read_to_string(&sandbox.keyfleet.kubeconfig).unwrap();
        Self {
            sandbox,
            kubeconfig: serde_json::from_str(&kubeconfig).unwrap(),
        }
    }

    async fn edit_secret(&self, cluster: &str, path: &str, body: Value) {
        let entry = |list: &str| {
            let list = self.kubeconfig[list].as_array().unwrap();
            list.iter()
                .find(|entry| entry["name"] == cluster)
                .unwrap()
                .clone()
        };
        let (server, user) = (entry("clusters"), entry("users"));
        let authority = server["cluster"]["certificate-authority-data"]
            .as_str()
            .unwrap();
        let authority = STANDARD.decode(authority);
        let client = reqwest::Client::builder()
            .no_proxy()
            .tls_certs_only([Certificate::from_pem(&authority.unwrap()).unwrap()])
            .build()
            .unwrap();
        let url = format!(
            "{}{path}?fieldManager=kubectl-edit",
            server["cluster"]["server"].as_str().unwrap()
        );
        let asked = client
            .patch(url)
            .bearer_auth(user["user"]["token"].as_str().unwrap())
            .header("Content-Type", "application/merge-patch+json")
            .body(body.to_string());
        let answer = asked.send().await.unwrap();
        assert!(answer.status().is_success(), "{path}: {}", answer.status());
    }

    /// Whatever it is asked, the connection breaks.
    async fn cut(&self, server: &str) {
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let url = format!("{}/faults/{server}", self.sandbox.control);
        let fault = json!({"mishap": "cut"});
        let answer = client
            .put(url)
            .body(fault.to_string())
            .send()
            .await
            .unwrap();
        assert!(
            answer.status().is_success(),
            "{}",
            answer.text().await.unwrap()
        );
    }

    /// A value is rotated, a policy opened, a Secret edited, and one cluster is out of reach.
    async fn harm(&self) {
        let rotated = json!({"data": {"noreply": ROTATED}});
        self.sandbox.write("kv/data/shared/mail", rotated).await;
        let open = "path \"kv/*\" { capabilities = [\"read\"] }";
        let policy = "sys/policies/acl/prod-eu-kv-rw";
        self.sandbox.write(policy, json!({"policy": open})).await;
        let checkout = "/api/v1/namespaces/shop/secrets/checkout";
        let edited = json!({"data": {"password": STANDARD.encode(BY_HAND)}});
        self.edit_secret("prod-eu", checkout, edited).await;
        self.cut("staging").await;
    }

    /// One pass over all of it, as the service makes it, on a board.
    async fn board(&self) -> Board {
        let source = Source::parse(self.sandbox.keyfleet.repository.to_str().unwrap()).unwrap();
        let read = pipeline::read(source, None, Limits::default(), Access::default()).await;
        let wanted = pipeline::compile(read.unwrap());
        let settings = Settings {
            vault_address: Some(self.sandbox.keyfleet.vault_addr.clone()),
            vault_namespace: None,
            vault_ca_file: None,
            vault_token: Some(SecretBytes::from(self.sandbox.keyfleet.vault_token.clone())),
            kubeconfig: Some(self.sandbox.keyfleet.kubeconfig.clone()),
            vaults: std::collections::BTreeMap::new(),
        };
        let options = Options::default();
        let opener = Opener::new(settings, &wanted.desired);
        let world = World::open(&wanted.desired, &options, &opener).await;
        let planned = pipeline::plan(&wanted.desired, &world, &options).await;
        let status = pipeline::status(&wanted.desired, &world, &options).await;
        world.close(&wanted.desired).await;
        let board = Board::default();
        fill(&board, wanted, &planned, status);
        board
    }
}

/// One pass that found what the plan of the scope shows.
fn passes(planned: &Planned, scope: &Scope, revision: &str) -> (Passes, Vec<SecretStatus>) {
    let mut scopes = planned.scopes.iter();
    let plan = scopes.find(|plan| plan.scope == *scope).unwrap();
    let mut passes = Passes::default();
    super::made_up::ended(
        &mut passes,
        Pass {
            run: "run-1".to_owned(),
            revision: revision.to_owned(),
            began: Timestamp::now(),
            took: Duration::from_millis(200),
            why: Trigger::Start,
            end: PassEnd::Done,
            written: Vec::new(),
            findings: findings(plan),
            notes: plan.guarded.sheet.findings.clone(),
            looked_at: plan.guarded.sheet.looked_at,
            seen: None,
        },
    );
    (passes, secret_states(plan))
}

fn fill(board: &Board, wanted: Wanted, planned: &Planned, status: Status) {
    let now = Timestamp::now();
    let desired = Arc::new(wanted.desired);
    let passes = |scope: Scope| passes(planned, &scope, &wanted.revision);
    let source = SourceState {
        name: wanted.name,
        followed: Some(Arc::new(Followed {
            revision: wanted.revision.clone(),
            since: now,
            desired: desired.clone(),
            problems: Arc::new(wanted.problems),
            sources: Arc::new(wanted.sources),
        })),
        fetched: Some(now),
        failure: None,
        held: None,
    };
    board.write(|known| {
        known.standing = Standing::Active { since: now };
        known.source = Arc::new(source);
        for cell in &desired.cells {
            let (passes, secrets) = passes(Scope::Cluster(cell.cluster.clone()));
            let state = ClusterState {
                cell: cell.clone(),
                passes,
                secrets: Arc::new(secrets),
                breaker: keyfleet::serve::board::Breaker::Closed,
            };
            known.clusters.insert(cell.cluster.clone(), Arc::new(state));
        }
        for vault in status.vaults {
            let name = keyfleet::names::VaultName::parse(&vault.name).unwrap();
            let state = VaultState {
                desired: desired.vaults[&name].clone(),
                passes: passes(Scope::Vault(name.clone())).0,
                health: Some(vault.health),
                token: None,
                health_at: Some(now),
                own_address: None,
            };
            known.vaults.insert(name, Arc::new(state));
        }
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn what_real_passes_saw_is_shown_and_no_value_is() {
    init();
    let hands = Hands::start();
    let mut canaries = Canaries::default();
    canaries.add("a value by hand", BY_HAND);
    canaries.add("a rotated value", ROTATED);
    canaries.add("the root token", &hands.sandbox.keyfleet.vault_token);

    // Nothing is there yet: what a role is needed for waits.
    let site = Site::of(hands.board().await);
    says(&site, "/", &["0<span class=\"quiet\">/"]).await;
    says(&site, "/findings?topic=waiting", &["shop/checkout"]).await;

    let applied = hands.sandbox.keyfleet.run(&["apply", "--yes"]);
    assert_eq!(applied.code, 0, "{applied:?}");
    let site = Site::of(hands.board().await);
    says(&site, "/", &["Nothing waits for a person."]).await;
    let made = ["SUCCESS", "data-label=\"Version\">1<"];
    says(&site, CHECKOUT, &made).await;

    hands.harm().await;
    let site = Site::of(hands.board().await);
    let edited = [
        "drift",
        "by kubectl-edit",
        "password",
        "kv/prod-eu/checkout#password",
        "clusters/prod-eu/checkout.yaml:",
    ];
    says(&site, CHECKOUT, &edited).await;
    says(&site, "/rotation", &["1 → 2", "shop/mail"]).await;
    says(&site, "/", &["</span> failing</span>"]).await;
    says(&site, "/clusters/prod-eu", &["prod-eu-kv-rw"]).await;
    for text in everything(&site).await {
        assert_eq!(canaries.found_in(&text), Vec::<String>::new());
        // What the sandbox makes up as values.
        assert!(!text.contains("made-up-"));
    }
}

const CHECKOUT: &str = "/clusters/prod-eu/secrets/shop/checkout";
const BY_HAND: &str = "canary-by-hand-in-the-cluster";
const ROTATED: &str = "canary-rotated-in-the-vault";

async fn says(site: &Site, path: &str, all: &[&str]) {
    let page = site.page(path).await;
    for said in all {
        assert!(page.contains(said), "{path} says {said}: {page}");
    }
}

/// Every page and every answer of the API.
async fn everything(site: &Site) -> Vec<String> {
    let known = site.board.read();
    let mut paths: Vec<String> = super::site::MAIN
        .iter()
        .map(|path| (*path).to_owned())
        .collect();
    for (name, cluster) in &known.clusters {
        paths.push(format!("/clusters/{name}"));
        paths.extend(
            cluster
                .cell
                .secrets
                .iter()
                .map(|secret| format!("/clusters/{name}/secrets/{}", secret.id)),
        );
    }
    paths.extend(known.vaults.keys().map(|name| format!("/vaults/{name}")));
    let api = [
        "/fleet",
        "/clusters",
        "/findings",
        "/held",
        "/reports",
        "/clusters/prod-eu",
        "/clusters/prod-eu/secrets",
    ];
    paths.extend(api.map(|path| format!("/api/v1{path}")));
    let mut texts = Vec::new();
    for path in paths {
        let answer = site.get(&path).await;
        assert_eq!(answer.status, http::StatusCode::OK, "{path}");
        texts.push(answer.body);
    }
    texts
}
