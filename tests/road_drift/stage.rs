//! One cluster of the example fleet, applied once and shared by all tests here, one after the other.

use crate::support::{Cluster, Flavour, Keyfleet, Proxy, fleet, kubeconfig, world};
use serde_json::{Value, json};
use std::fs;
use std::path::Path;
use std::sync::Arc;
use tempfile::TempDir;
use tokio::sync::{Mutex, MutexGuard, OnceCell};

/// What somebody does by hand.
pub(crate) enum ByHand {
    /// `vault write PATH …`
    Write(String, Value),
    /// The same with everything else that is there, for a path that is replaced as a whole.
    Replace(String, Value),
    /// `vault policy write NAME`, with what this makes of the text that is there.
    Policy(&'static str, fn(&str) -> String),
    /// `kubectl edit PATH`
    Edit(String, Value),
    /// `kubectl delete PATH`
    Delete(String),
}

/// What somebody changed, and what the plan is to say of it.
pub(crate) struct Drift {
    pub(crate) by_hand: ByHand,
    pub(crate) kind: &'static str,
    pub(crate) name: &'static str,
    pub(crate) fields: &'static [&'static str],
    /// The server that has this field; the other does not.
    pub(crate) only: Option<Flavour>,
}

impl Drift {
    pub(crate) fn new(
        by_hand: ByHand,
        kind: &'static str,
        name: &'static str,
        fields: &'static [&'static str],
    ) -> Self {
        Self {
            by_hand,
            kind,
            name,
            fields,
            only: None,
        }
    }

    pub(crate) fn only(self, flavour: Flavour) -> Self {
        Self {
            only: Some(flavour),
            ..self
        }
    }
}

pub(crate) struct Stage {
    pub(crate) cluster: Arc<Cluster>,
    pub(crate) keyfleet: Keyfleet,
    pub(crate) vault_proxy: Proxy,
    cluster_proxy: Proxy,
    flavour: Flavour,
    /// What the plan says of this fleet that nobody changed.
    usual: Value,
    _folder: TempDir,
}

/// The stage, with everything in sync.
pub(crate) async fn stage() -> MutexGuard<'static, Stage> {
    static STAGE: OnceCell<Mutex<Stage>> = OnceCell::const_new();
    let stage = STAGE
        .get_or_init(async || Mutex::new(Stage::set_up().await))
        .await
        .lock()
        .await;
    let plan = stage.keyfleet.plan_json();
    assert_eq!(
        plan["inSync"], true,
        "an earlier test left something: {plan:#}"
    );
    stage
}

impl Stage {
    async fn set_up() -> Self {
        let world = world().await;
        let cluster = world.cluster("prod-eu").await;
        cluster.create_namespace("shop").await;
        fleet::seed(&world.vault).await;
        let folder = tempfile::tempdir().expect("a temporary folder");
        let repository = folder.path().join("fleet");
        fleet::copy(&fleet::example(), &repository);
        fleet::point_at(&repository, &cluster);
        fs::remove_dir_all(repository.join("clusters/staging")).unwrap();
        narrow(&repository);
        let vault_proxy = Proxy::in_front_of_vault(world.vault.addr());
        let cluster_proxy = Proxy::in_front_of_cluster(&cluster);
        let keyfleet = Keyfleet {
            repository,
            vault_addr: vault_proxy.url().to_owned(),
            vault_token: world.vault.token().to_owned(),
            kubeconfig: kubeconfig(&[(&cluster, Some(&cluster_proxy))]),
        };
        let applied = keyfleet.run(&["apply", "--yes"]);
        assert_eq!(applied.code, 0, "{}\n{}", applied.out, applied.err);
        let usual = keyfleet.plan_json()["findings"].clone();
        Self {
            flavour: world.vault.flavour().await,
            cluster,
            keyfleet,
            vault_proxy,
            cluster_proxy,
            usual,
            _folder: folder,
        }
    }

    /// Does each of these by hand and holds what the plan says, what it takes to put it back, and that nothing is
    /// left. Tells of all that went wrong, not of the first.
    pub(crate) async fn finds_and_restores(&self, table: Vec<Drift>) {
        let mut wrong = Vec::new();
        let cases = table
            .into_iter()
            .filter(|drift| drift.only.is_none_or(|only| only == self.flavour));
        let before = tempfile::NamedTempFile::new().unwrap();
        let good = self.keyfleet.run(&["drift", "-o", "json"]);
        assert_eq!(good.code, 0, "{good:?}");
        fs::write(before.path(), good.out).unwrap();
        for drift in cases {
            self.by_hand(&drift.by_hand).await;
            let found = self.keyfleet.plan_json();
            for seen in [
                self.names_only(&found, &drift),
                self.reports_only(before.path(), &found, &drift),
            ] {
                if let Err(problem) = seen {
                    wrong.push(format!("{} {:?}: {problem}", drift.name, drift.fields));
                }
            }
            if let Err(problem) = self.restores(1) {
                wrong.push(format!("{} {:?}: {problem}", drift.name, drift.fields));
                break;
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }

    /// Does this by hand, and nothing comes of it.
    pub(crate) async fn finds_nothing(&self, what: &str, by_hand: ByHand) {
        self.by_hand(&by_hand).await;
        let plan = self.keyfleet.plan_json();
        assert_eq!(plan["inSync"], true, "{what}: {plan:#}");
        assert_eq!(self.writes_of_apply(), (0, 0), "{what}");
    }

    fn names_only(&self, plan: &Value, drift: &Drift) -> Result<(), String> {
        let changes = plan["changes"].as_array().unwrap();
        let others = ["held", "waiting", "blocked", "unknown", "diagnostics"];
        let quiet = others
            .iter()
            .all(|list| plan[list].as_array().is_some_and(Vec::is_empty))
            && plan["findings"] == self.usual;
        let [change] = changes.as_slice() else {
            return Err(format!("the plan is {plan:#}"));
        };
        let fields: Vec<&str> = change["fields"]
            .as_array()
            .unwrap()
            .iter()
            .map(|field| field["field"].as_str().unwrap())
            .collect();
        let named = change["kind"] == drift.kind
            && change["name"] == drift.name
            && fields == drift.fields
            && quiet;
        let action = if drift.fields.is_empty() {
            change["action"] == "create"
        } else {
            change["action"] == "update" && change["cause"]["kind"] == "drift"
        };
        if named && action {
            Ok(())
        } else {
            Err(format!("the plan is {plan:#}"))
        }
    }

    /// The drift report against one from before: it was a hand, whose and since when as the plan knows it.
    fn reports_only(&self, before: &Path, plan: &Value, drift: &Drift) -> Result<(), String> {
        let before = before.to_str().unwrap();
        let run = self
            .keyfleet
            .run(&["drift", "-o", "json", "--since", before]);
        let report: Value = serde_json::from_str(&run.out).map_err(|_| format!("{run:?}"))?;
        let findings = report["findings"].as_array().unwrap();
        let mut news = findings.iter().filter(|finding| finding["class"] != "note");
        let (Some(finding), None) = (news.next(), news.next()) else {
            return Err(format!("the report is {report:#}"));
        };
        // What was taken away leaves no record of who did it.
        let cause = &plan["changes"][0]["cause"];
        let has_record = cause["since"].is_string();
        let told_by = if has_record { "server" } else { "firstSeen" };
        let is_said = run.code == 2
            && finding["kind"] == drift.kind
            && finding["name"] == drift.name
            && finding["state"] == "new"
            && finding["class"] == "drift"
            && finding["cause"]["by"] == cause["by"]
            && finding["cause"]["since"] == cause["since"]
            && finding["since"]["toldBy"] == told_by;
        if is_said {
            Ok(())
        } else {
            Err(format!("the report is {report:#}"))
        }
    }

    /// Applies, with this many writes, and holds that nothing is left.
    pub(crate) fn restores(&self, writes: usize) -> Result<(), String> {
        self.vault_proxy.clear();
        self.cluster_proxy.clear();
        let applied = self.keyfleet.run(&["apply", "--yes", "-o", "json"]);
        let made = self.vault_proxy.writes().len() + self.cluster_proxy.writes().len();
        let left =
            serde_json::from_str::<Value>(&applied.out).map(|json| json["left"]["inSync"] == true);
        if applied.code == 0 && made == writes && left.is_ok_and(|left| left) {
            return Ok(());
        }
        Err(format!(
            "apply ended with {} after {made} writes:\n{}\n{}",
            applied.code, applied.out, applied.err
        ))
    }

    /// The writes of an apply, to the Vault and to the cluster.
    pub(crate) fn writes_of_apply(&self) -> (usize, usize) {
        self.vault_proxy.clear();
        self.cluster_proxy.clear();
        self.keyfleet.run(&["apply", "--yes"]);
        (
            self.vault_proxy.writes().len(),
            self.cluster_proxy.writes().len(),
        )
    }

    pub(crate) async fn by_hand(&self, by_hand: &ByHand) {
        let vault = &world().await.vault;
        match by_hand {
            ByHand::Write(path, body) => self.write(path, body.clone()).await,
            ByHand::Replace(path, body) => {
                let (status, read) = vault.api("GET", path, None).await;
                assert_eq!(status, 200, "reading {path}");
                let mut whole = read["data"].clone();
                whole
                    .as_object_mut()
                    .unwrap()
                    .remove("token_reviewer_jwt_set");
                for (name, value) in body.as_object().unwrap() {
                    whole[name] = value.clone();
                }
                self.write(path, whole).await;
            }
            ByHand::Policy(name, change) => {
                let text = self.policy(name).await;
                let other = change(&text);
                assert_ne!(other, text, "this changes nothing of {name}:\n{text}");
                self.write(
                    &format!("sys/policies/acl/{name}"),
                    json!({ "policy": other }),
                )
                .await;
            }
            ByHand::Edit(path, change) => {
                let path = format!("{path}?fieldManager=kubectl-edit");
                let (status, answer) = self
                    .cluster
                    .api(
                        "PATCH",
                        &path,
                        "application/merge-patch+json",
                        Some(change.clone()),
                    )
                    .await;
                assert_eq!(status, 200, "editing {path}: {answer}");
            }
            ByHand::Delete(path) => {
                let (status, answer) = self.cluster.api("DELETE", path, "", None).await;
                assert_eq!(status, 200, "deleting {path}: {answer}");
            }
        }
    }

    pub(crate) async fn policy(&self, name: &str) -> String {
        let path = format!("sys/policies/acl/{name}");
        let (status, read) = world().await.vault.api("GET", &path, None).await;
        assert_eq!(status, 200, "reading {path}");
        read["data"]["policy"].as_str().unwrap().to_owned()
    }

    async fn write(&self, path: &str, body: Value) {
        let (status, answer) = world().await.vault.api("POST", path, Some(body)).await;
        assert!(status < 300, "writing {path}: {status} {answer}");
    }

    /// Changes a file of the repository until this is dropped.
    pub(crate) fn edit_file(&self, file: &str, change: impl Fn(&str) -> String) -> Edited {
        let path = self.keyfleet.repository.join(file);
        let before = fs::read_to_string(&path).ok();
        fs::write(&path, change(before.as_deref().unwrap_or_default())).unwrap();
        Edited { path, before }
    }
}

/// A file that goes back to what it was.
pub(crate) struct Edited {
    path: std::path::PathBuf,
    before: Option<String>,
}

impl Drop for Edited {
    fn drop(&mut self) {
        match &self.before {
            Some(text) => fs::write(&self.path, text).unwrap(),
            None => fs::remove_file(&self.path).unwrap(),
        }
    }
}

/// What these tests need beside the example: a KV mount that keyfleet makes, two capabilities on one path, and no
/// Secret from KV v1, whose value is read in every pass and would wait for whatever is being put right.
fn narrow(repository: &Path) {
    let edit = |file: &str, change: fn(&str) -> String| {
        let path = repository.join(file);
        fs::write(&path, change(&fs::read_to_string(&path).unwrap())).unwrap();
    };
    edit("fleet.yaml", |text| {
        text.replace(
            "        - path: legacy\n",
            "        - path: extra\n          version: 2\n        - path: legacy\n",
        )
    });
    edit("policies/platform-read.hcl", |text| {
        text.replace("[\"read\"]", "[\"read\", \"list\"]")
    });
    edit("clusters/prod-eu/checkout.yaml", |text| {
        text.split("---").next().unwrap().to_owned()
    });
}
