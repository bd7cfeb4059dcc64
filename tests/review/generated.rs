//! Generated changes of a repository on a sandbox that holds what the revision before asks for: what the review says of a
//! change is what the plan then does, object by object.

use crate::fleet::{Fleet, Random};
use crate::support::Sandbox;
use keyfleet::connect::{Opener, Settings};
use keyfleet::git::{Access, Limits, Source};
use keyfleet::pipeline::{self, Options, Planned, Repository, World};
use keyfleet::plan::{Kind, Scope, Target};
use keyfleet::review::{Meaning, Review, SecretMove};
use keyfleet::secret::SecretBytes;
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};

/// How many changes are made, one after another.
const STEPS: usize = 40;

/// What is touched, by cluster: Secrets by name, and whatever else of a cluster a change of its declarations moves.
#[derive(Debug, Default, PartialEq, Eq)]
struct Touched {
    secrets: BTreeSet<(String, String)>,
    policies: BTreeSet<String>,
    roles: BTreeSet<String>,
}

impl Touched {
    fn by_plan(planned: &Planned) -> Self {
        let mut touched = Self::default();
        let sheets = planned.scopes.iter();
        for scope in sheets {
            let approved = scope.guarded.approved.changes().iter();
            let held = scope.guarded.held.iter().map(|held| &held.change);
            let waiting = scope.guarded.sheet.waiting.iter().map(|it| &it.target);
            let blocked = &scope.guarded.sheet.blocked;
            assert!(blocked.is_empty(), "{blocked:#?}");
            let targets = approved.chain(held).map(|change| &change.target);
            for target in targets.chain(waiting) {
                touched.add(&scope.scope, target);
            }
        }
        touched
    }

    fn add(&mut self, scope: &Scope, target: &Target) {
        let Scope::Cluster(cluster) = scope else {
            panic!("nothing of a Vault as a whole changes here: {target}");
        };
        let cluster = cluster.to_string();
        match target.kind {
            Kind::Secret => drop(self.secrets.insert((cluster, target.name.clone()))),
            Kind::Policy => drop(self.policies.insert(cluster)),
            Kind::Role => drop(self.roles.insert(cluster)),
            _ => panic!("nothing else changes here: {target}"),
        }
    }

    fn by_review(review: &Review) -> Self {
        let mut touched = Self::default();
        for change in &review.changes {
            let clusters = change.clusters.iter().cloned();
            match &change.meaning {
                Meaning::Secret(secret) => {
                    let named = |name: &str, cluster: &String| (cluster.clone(), name.to_owned());
                    for cluster in &change.clusters {
                        touched.secrets.insert(named(&secret.secret, cluster));
                        if let SecretMove::Renamed { from } = &secret.how {
                            touched.secrets.insert(named(from, cluster));
                        }
                    }
                    if let SecretMove::Moved { from } = &secret.how {
                        touched
                            .secrets
                            .extend(from.iter().map(|cluster| named(&secret.secret, cluster)));
                    }
                }
                Meaning::Access(_) => touched.policies.extend(clusters),
                Meaning::Onboarding(field) if field.field == "access" => {}
                Meaning::Onboarding(_) => touched.roles.extend(clusters),
                other => panic!("nothing else changes here: {other:?}"),
            }
        }
        touched
    }
}

struct Stage {
    sandbox: Sandbox,
    fleet: Fleet,
}

impl Stage {
    async fn start() -> Self {
        keyfleet::backends::install_crypto();
        let sandbox = Sandbox::start(&["--clusters", "3", "--secrets", "1"]);
        for number in 0..Fleet::PATHS {
            let data = json!({"a": "made-up-a", "b": "made-up-b", "c": "bWFkZS11cC1j"});
            let path = format!("kv/data/gen/{number}");
            sandbox.write(&path, json!({ "data": data })).await;
        }
        let fleet = Fleet::new(&["prod-eu", "prod-us", "staging"]);
        let stage = Self { sandbox, fleet };
        stage.write();
        stage
    }

    fn write(&self) {
        for (path, text) in self.fleet.files() {
            let path = self.sandbox.keyfleet.repository.join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            let text = if path.ends_with("cluster.yaml") {
                with_spec(&path, &text)
            } else {
                text
            };
            std::fs::write(path, text).unwrap();
        }
    }

    async fn read(&self) -> Repository {
        let repository = self.sandbox.keyfleet.repository.to_str().unwrap();
        let source = Source::parse(repository).unwrap();
        pipeline::read(source, None, Limits::default(), Access::default())
            .await
            .unwrap()
    }

    async fn plan(&self, repository: Repository) -> Planned {
        let desired = pipeline::compile(repository).desired;
        let keyfleet = &self.sandbox.keyfleet;
        let settings = Settings {
            vault_address: Some(keyfleet.vault_addr.clone()),
            vault_namespace: None,
            vault_ca_file: None,
            vault_token: Some(SecretBytes::from(keyfleet.vault_token.clone())),
            kubeconfig: Some(keyfleet.kubeconfig.clone()),
            vaults: BTreeMap::new(),
        };
        let options = Options::default();
        let opener = Opener::new(settings, &desired);
        let world = World::open(&desired, &options, &opener).await;
        let planned = pipeline::plan(&desired, &world, &options).await;
        world.close(&desired).await;
        assert!(!planned.has_unread());
        planned
    }

    /// Makes it so, with what is held released.
    fn apply(&self, planned: &Planned) {
        let held: Vec<String> = planned.held().map(|held| held.change.id()).collect();
        let released = held.iter().flat_map(|id| ["--approve", id]);
        let arguments: Vec<&str> = ["apply", "--yes"].into_iter().chain(released).collect();
        let run = self.sandbox.keyfleet.run(&arguments);
        assert_eq!(run.code, 0, "{}\n{}", run.out, run.err);
    }
}

/// The sandbox's own file of a cluster, with these fields at the end of its `spec`.
fn with_spec(path: &std::path::Path, fields: &str) -> String {
    const MARK: &str = "  # generated\n";
    let text = std::fs::read_to_string(path).unwrap();
    let own = text.split(MARK).next().unwrap();
    format!("{}\n{MARK}{fields}", own.trim_end())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_review_of_a_change_says_what_the_plan_of_it_does() {
    let mut stage = Stage::start().await;
    stage.apply(&stage.plan(stage.read().await).await);
    let mut random = Random::new(0x7265_7669_6577);
    let (mut secrets, mut policies, mut roles, mut nothing) = (0, 0, 0, 0);
    for step in 0..STEPS {
        let before = stage.read().await;
        let edits = stage.fleet.change(&mut random);
        stage.write();
        let after = stage.read().await;
        let review = pipeline::review(before, after.clone()).review;
        let planned = stage.plan(after).await;
        let (said, done) = (Touched::by_review(&review), Touched::by_plan(&planned));
        assert_eq!(said, done, "step {step}, {edits:?}: {:#?}", review.changes);
        secrets += said.secrets.len();
        policies += said.policies.len();
        roles += said.roles.len();
        nothing += usize::from(review.changes.is_empty());
        stage.apply(&planned);
        let settled = stage.plan(stage.read().await).await;
        let left = Touched::by_plan(&settled);
        assert_eq!(left, Touched::default(), "step {step}, {edits:?}");
    }
    assert!(
        secrets >= STEPS && policies >= STEPS / 2 && roles >= 3 && nothing >= 1,
        "the changes are lopsided: {secrets} Secrets, {policies} policies, {roles} roles, {nothing} times nothing"
    );
}
