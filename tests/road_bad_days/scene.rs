//! A fleet of two clusters, `north` and `south`, behind recording proxies, in names of its own on shared servers.
//!
//! Both clusters hold one Secret, `app`. What a test breaks, it breaks for one of them; the other must not notice.
#![allow(
    dead_code,
    unreachable_pub,
    reason = "several test binaries compile this and use their own part"
)]

use crate::support::keyfleet::{Keyfleet, Run};
use crate::support::{Cluster, Proxy, Vault, world::world};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use tempfile::TempDir;

/// One cluster of the scene.
pub struct Member {
    /// Its name in the fleet.
    pub name: String,
    pub cluster: Arc<Cluster>,
    pub proxy: Proxy,
    pub vault: &'static Vault,
}

pub struct Scene {
    /// What all names of this scene end with.
    pub tag: String,
    /// In front of the Vault of `north`, which is the one of `south` too unless a second was given.
    pub vault_proxy: Proxy,
    /// Further environment of the command.
    pub variables: Vec<(String, String)>,
    pub north: Member,
    pub south: Member,
    pub keyfleet: Keyfleet,
    folder: TempDir,
}

/// Everything that the fleet has made, by name.
pub type Snapshot = BTreeMap<String, Value>;

impl Scene {
    /// Both clusters declared, nothing applied. `tag` is one label, used by one test only.
    pub async fn declared(tag: &str) -> Self {
        let vault = &world().await.vault;
        Self::declared_in(tag, vault, vault).await
    }

    /// With each cluster in a Vault of its own.
    pub async fn declared_in(tag: &str, main: &'static Vault, second: &'static Vault) -> Self {
        let world = world().await;
        let vault_proxy = Proxy::in_front_of_vault(main.addr());
        let mut members = Vec::new();
        for (name, vault) in [("north", main), ("south", second)] {
            let cluster = world.cluster(name).await;
            cluster.create_namespace(&format!("apps-{tag}")).await;
            let proxy = Proxy::in_front_of_cluster(&cluster);
            let name = format!("{name}-{tag}");
            members.push(Member {
                name,
                cluster,
                proxy,
                vault,
            });
        }
        let (south, north) = (members.pop().unwrap(), members.pop().unwrap());
        let folder = tempfile::tempdir().unwrap();
        let keyfleet = Keyfleet {
            repository: folder.path().join("fleet"),
            vault_addr: vault_proxy.url().to_owned(),
            vault_token: main.token().to_owned(),
            kubeconfig: folder.path().join("kubeconfig"),
        };
        let scene = Self {
            tag: tag.to_owned(),
            vault_proxy,
            variables: vec![
                ("VAULT_TOKEN_SECOND".to_owned(), second.token().to_owned()),
                ("VAULT_ADDR_SECOND".to_owned(), second.addr().to_owned()),
            ],
            north,
            south,
            keyfleet,
            folder,
        };
        scene.write_kubeconfig(|_, _| {});
        scene.seed().await;
        let two = main.addr() != second.addr();
        scene.write("fleet.yaml", &scene.fleet(two.then_some(second)));
        for (member, further) in [(&scene.north, ""), (&scene.south, "  vault: second\n")] {
            scene.write_cluster(member, if two { further } else { "" });
            scene.declare(member, "app");
        }
        scene
    }

    /// Both clusters with everything in place, each in a Vault of its own.
    pub async fn applied_in(tag: &str, main: &'static Vault, second: &'static Vault) -> Self {
        let scene = Self::declared_in(tag, main, second).await;
        scene.apply_well();
        scene.forget();
        scene
    }

    /// Both clusters with everything in place.
    pub async fn applied(tag: &str) -> Self {
        let scene = Self::declared(tag).await;
        scene.apply_well();
        scene.forget();
        scene
    }

    pub fn apply_well(&self) {
        let run = self.apply();
        assert_eq!(run.code, 0, "{run:?}");
    }

    pub fn forget(&self) {
        for proxy in [&self.vault_proxy, &self.north.proxy, &self.south.proxy] {
            proxy.clear();
        }
    }

    pub fn members(&self) -> [&Member; 2] {
        [&self.north, &self.south]
    }

    async fn seed(&self) {
        let path = format!("-path={}", self.mount());
        for member in self.members() {
            // The second time in the same Vault, it is there.
            member
                .vault
                .cli(&["secrets", "enable", &path, "-version=2", "kv"]);
            for secret in ["app", "new", "old"] {
                self.put(member, secret, &format!("value-of-{secret}"))
                    .await;
            }
        }
    }

    pub async fn put(&self, member: &Member, secret: &str, value: &str) {
        let path = format!("{}/{secret}", member.name);
        member
            .vault
            .kv_put(&self.mount(), &path, &[("password", value)])
            .await;
    }

    /// The KV mount.
    pub fn mount(&self) -> String {
        format!("kv-{}", self.tag)
    }

    pub fn fleet(&self, second: Option<&Vault>) -> String {
        let (tag, mounts) = (
            &self.tag,
            format!("      kvMounts:\n        - path: {}\n", self.mount()),
        );
        let (address, second) = match second {
            None => (String::new(), String::new()),
            Some(vault) => (
                format!("      address: {}\n", self.vault_proxy.url()),
                format!("    second:\n      address: {}\n{mounts}", vault.addr()),
            ),
        };
        format!(
            "apiVersion: keyfleet.dev/v1alpha1\nkind: Fleet\nmetadata:\n  name: {tag}\nspec:\n  vaults:\n    main:\n\
             {address}{mounts}{second}  defaults:\n    vault: main\n    serviceAccount: es-{tag}/reader\n"
        )
    }

    /// `further` are lines of its `spec`, each with two spaces.
    pub fn write_cluster(&self, member: &Member, further: &str) {
        let (name, server, tag) = (&member.name, member.cluster.server(), &self.tag);
        let text = format!(
            "apiVersion: keyfleet.dev/v1alpha1\nkind: Cluster\nmetadata:\n  name: {name}\nspec:\n  server: {server}\n  \
             certificateAuthority:\n    file: ca.crt\n  connect:\n    kubeconfig:\n      context: {name}\n  \
             binding: tokenreview-{tag}\n{further}"
        );
        self.write(&format!("clusters/{name}/cluster.yaml"), &text);
        self.write(&format!("clusters/{name}/ca.crt"), &member.cluster.ca_pem());
    }

    /// A Secret with one key, from a path of the same name.
    pub fn declare(&self, member: &Member, secret: &str) {
        let path = format!("clusters/{}/{secret}.yaml", member.name);
        self.write(&path, &self.external_secret(&member.name, secret));
    }

    pub fn external_secret(&self, folder: &str, secret: &str) -> String {
        let (tag, mount) = (&self.tag, self.mount());
        format!(
            "apiVersion: kubernetes-client.io/v1\nkind: ExternalSecret\nmetadata:\n  name: {secret}\n  namespace: apps-{tag}\n\
             spec:\n  backendType: vault\n  data:\n    - key: {mount}/data/{folder}/{secret}\n      name: password\n      \
             property: password\n"
        )
    }

    pub fn path(&self, file: &str) -> PathBuf {
        self.keyfleet.repository.join(file)
    }

    pub fn write(&self, file: &str, text: &str) {
        let path = self.path(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    pub fn remove(&self, file: &str) {
        fs::remove_file(self.path(file)).unwrap();
    }

    /// A context for each cluster, through its proxy; `change` may spoil one.
    pub fn write_kubeconfig(&self, change: impl Fn(&str, &mut Value)) {
        let entries: Vec<Value> = self
            .members()
            .into_iter()
            .map(|member| {
                let mut entry = json!({
                    "server": member.proxy.url(), "ca": member.cluster.ca_pem(), "token": member.cluster.admin_token(),
                });
                change(&member.name, &mut entry);
                entry["name"] = Value::from(member.name.as_str());
                entry
            })
            .collect();
        let all = |of: &dyn Fn(&Value) -> Value| -> Vec<Value> {
            let named = |entry: &Value| {
                let mut value = of(entry);
                value["name"] = entry["name"].clone();
                value
            };
            entries.iter().map(named).collect()
        };
        let config = json!({
            "apiVersion": "v1", "kind": "Config",
            "clusters": all(&|entry| json!({"cluster": {
                "server": entry["server"],
                "certificate-authority-data": STANDARD.encode(entry["ca"].as_str().unwrap()),
            }})),
            "users": all(&|entry| json!({"user": {"token": entry["token"]}})),
            "contexts": all(&|entry| json!({"context": {"cluster": entry["name"], "user": entry["name"]}})),
        });
        fs::write(&self.keyfleet.kubeconfig, config.to_string()).unwrap();
    }

    pub async fn secret(&self, member: &Member, name: &str) -> Option<String> {
        let namespace = format!("apps-{}", self.tag);
        let data = member.cluster.secret(&namespace, name).await?;
        Some(String::from_utf8_lossy(data.get("password")?).into_owned())
    }

    /// Everything that the fleet has in Vault and in its clusters, without times. A new object in an old one's place
    /// shows by its uid or accessor.
    pub async fn snapshot(&self) -> Snapshot {
        let mut all = Snapshot::new();
        for member in self.members() {
            let name = &member.name;
            let (_, mounts) = member.vault.api("GET", "sys/auth", None).await;
            let mount = &mounts["data"][format!("{name}/")];
            if !mount.is_null() {
                all.insert(format!("mount {name}"), mount.clone());
            }
            for path in [
                format!("auth/{name}/config"),
                format!("auth/{name}/role/{name}-role"),
                format!("sys/policies/acl/{name}-kv-rw"),
            ] {
                let (status, body) = member.vault.api("GET", &path, None).await;
                if status == 200 {
                    all.insert(path, body["data"].clone());
                }
            }
            for path in [
                format!("/api/v1/namespaces/apps-{}/secrets", self.tag),
                format!("/api/v1/namespaces/es-{}/serviceaccounts", self.tag),
            ] {
                let (_, list) = member.cluster.get(&path).await;
                for item in list["items"].as_array().into_iter().flatten() {
                    let key = format!("{name} {path}/{}", item["metadata"]["name"]);
                    all.insert(
                        key,
                        json!({"uid": item["metadata"]["uid"], "data": item["data"]}),
                    );
                }
            }
            for path in [
                format!("/api/v1/namespaces/es-{}", self.tag),
                format!(
                    "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings/tokenreview-{}",
                    self.tag
                ),
            ] {
                let (status, item) = member.cluster.get(&path).await;
                if status == 200 {
                    all.insert(format!("{name} {path}"), object(&item));
                }
            }
        }
        all
    }

    /// Names of this scene and addresses as placeholders, so that a message can be written down.
    pub fn plain(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for (what, with) in [
            (self.folder.path().display().to_string(), "FOLDER"),
            (self.vault_proxy.url().to_owned(), "VAULT"),
            (self.north.proxy.url().to_owned(), "NORTH"),
            (self.south.proxy.url().to_owned(), "SOUTH"),
            (format!("-{}", self.tag), ""),
        ] {
            text = text.replace(&what, with);
        }
        // Where a redirect points.
        match text.split_once("it is at 127.0.0.1:") {
            Some((before, after)) => {
                let after = after.trim_start_matches(|character: char| character.is_ascii_digit());
                format!("{before}it is at ELSEWHERE{after}")
            }
            None => text,
        }
    }

    pub fn run(&self, arguments: &[&str]) -> Run {
        let variables: Vec<_> = self
            .variables
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        self.keyfleet.run_with(arguments, &variables)
    }

    pub fn apply(&self) -> Run {
        self.run(&["apply", "--yes"])
    }

    pub fn plan_json(&self) -> Value {
        let run = self.run(&["plan", "-o", "json"]);
        serde_json::from_str(&run.out).unwrap_or_else(|error| panic!("not JSON ({error}): {run:?}"))
    }
}

fn object(item: &Value) -> Value {
    let metadata = &item["metadata"];
    json!({
        "uid": metadata["uid"], "labels": metadata["labels"], "type": item["type"], "data": item["data"],
        "subjects": item["subjects"], "roleRef": item["roleRef"],
    })
}

/// What a plan does not know: `scope: failure | hint`, each once.
pub fn unknown(scene: &Scene, plan: &Value) -> Vec<String> {
    let all = plan["unknown"].as_array().into_iter().flatten();
    let mut lines: Vec<String> = all
        .map(|entry| {
            let scope = if entry["cluster"].is_null() {
                &entry["vault"]
            } else {
                &entry["cluster"]
            };
            let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
            scene.plain(&format!(
                "{}: {} | {}",
                text(scope),
                text(&entry["failure"]),
                text(&entry["hint"])
            ))
        })
        .collect();
    lines.sort();
    lines.dedup();
    lines
}

/// What a plan cannot do.
pub fn blocked(scene: &Scene, plan: &Value) -> Vec<String> {
    entries(scene, &plan["blocked"], "why")
}

fn entries(scene: &Scene, list: &Value, why: &str) -> Vec<String> {
    let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
    let line = |entry: &Value| {
        let scope = if entry["cluster"].is_null() {
            &entry["vault"]
        } else {
            &entry["cluster"]
        };
        let (scope, kind, name) = (text(scope), text(&entry["kind"]), text(&entry["name"]));
        scene.plain(&format!(
            "{scope} {kind} {name}: {} | {}",
            text(&entry[why]),
            text(&entry["hint"])
        ))
    };
    list.as_array().into_iter().flatten().map(line).collect()
}
