//! A small fleet that changes at random, a step at a time, and how it is written.

use std::collections::BTreeMap;

/// A fixed sequence: every run makes the same changes.
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A number below `bound`, by xorshift.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).expect("31 bits fit") % bound
    }
}

#[derive(Debug, Clone)]
struct Key {
    name: String,
    path: usize,
    property: Option<&'static str>,
    base64: bool,
}

#[derive(Debug, Clone, Default)]
struct Secret {
    keys: Vec<Key>,
    spreads: Vec<usize>,
    labels: usize,
    eso: bool,
}

#[derive(Debug, Clone)]
struct Cluster {
    secrets: BTreeMap<String, Secret>,
    ttl: usize,
    derived: bool,
}

/// Three clusters with Secrets of their own, and a group for all of them.
pub(crate) struct Fleet {
    clusters: BTreeMap<String, Cluster>,
    group: BTreeMap<String, Secret>,
    /// Told in a comment: what changes and means nothing.
    noise: usize,
}

impl Fleet {
    /// How many paths there are to read.
    pub(crate) const PATHS: usize = 8;

    pub(crate) fn new(names: &[&str]) -> Self {
        let cluster = Cluster {
            secrets: BTreeMap::from([("own".to_owned(), secret(0))]),
            ttl: 24,
            derived: true,
        };
        Self {
            clusters: names
                .iter()
                .map(|name| ((*name).to_owned(), cluster.clone()))
                .collect(),
            group: BTreeMap::from([("common".to_owned(), secret(1))]),
            noise: 0,
        }
    }

    /// Makes some changes, and says which.
    pub(crate) fn change(&mut self, random: &mut Random) -> Vec<String> {
        let edits = 1 + random.below(3);
        (0..edits).map(|_| self.edit(random)).collect()
    }

    fn edit(&mut self, random: &mut Random) -> String {
        let name = self.clusters.keys().nth(random.below(3)).unwrap().clone();
        let in_group = random.below(4) == 0;
        let cluster = self.clusters.get_mut(&name).unwrap();
        match random.below(10) {
            0 => {
                cluster.ttl = 1 + random.below(40);
                return format!("ttl of {name}");
            }
            1 => {
                cluster.derived = !cluster.derived;
                return format!("access of {name}");
            }
            2 => {
                self.noise += 1;
                return "noise".to_owned();
            }
            _ => {}
        }
        let (place, secrets) = if in_group {
            ("the group".to_owned(), &mut self.group)
        } else {
            (name, &mut cluster.secrets)
        };
        format!("{} in {place}", edit_secrets(secrets, in_group, random))
    }

    /// Path and text of every file; of a `cluster.yaml` only the fields at its end.
    pub(crate) fn files(&self) -> Vec<(String, String)> {
        let mut files = Vec::new();
        for (name, cluster) in &self.clusters {
            let folder = format!("clusters/{name}");
            let access = if cluster.derived {
                "  access: derived\n".to_owned()
            } else {
                "  access:\n    - {path: kv/data/gen/*, capabilities: [read]}\n".to_owned()
            };
            let spec = format!("{access}  ttl: {}h\n", cluster.ttl);
            files.push((format!("{folder}/cluster.yaml"), spec));
            let text = self.documents(&cluster.secrets, name);
            files.push((format!("{folder}/secrets.yaml"), text));
        }
        files.push((
            "groups/all/mail.yaml".to_owned(),
            self.documents(&self.group, "${cluster.name}"),
        ));
        files
    }

    fn documents(&self, secrets: &BTreeMap<String, Secret>, mount: &str) -> String {
        let mut documents = vec![store(mount)];
        documents.extend(
            secrets
                .iter()
                .map(|(name, secret)| secret.text(name, store_of(mount))),
        );
        let comment = format!("# written {} times\n", self.noise);
        format!("{comment}{}", documents.join("---\n"))
    }
}

fn secret(path: usize) -> Secret {
    let key = Key {
        name: "key".to_owned(),
        path,
        property: Some("a"),
        base64: false,
    };
    Secret {
        keys: vec![key],
        ..Secret::default()
    }
}

/// The names of a group and of a cluster do not meet.
fn edit_secrets(
    secrets: &mut BTreeMap<String, Secret>,
    in_group: bool,
    random: &mut Random,
) -> &'static str {
    let prefix = if in_group { "shared" } else { "own" };
    let fresh = format!("{prefix}-{}", random.below(6));
    let chosen = secrets
        .keys()
        .nth(random.below(secrets.len()))
        .unwrap()
        .clone();
    match random.below(4) {
        0 if !secrets.contains_key(&fresh) => {
            secrets.insert(fresh, secret(random.below(Fleet::PATHS)));
            "a Secret more"
        }
        1 if secrets.len() > 1 => {
            secrets.remove(&chosen);
            "a Secret less"
        }
        2 if !secrets.contains_key(&fresh) => {
            let renamed = secrets.remove(&chosen).unwrap();
            secrets.insert(fresh, renamed);
            "a Secret renamed"
        }
        _ => {
            secrets.get_mut(&chosen).unwrap().edit(random);
            "a Secret changed"
        }
    }
}

impl Secret {
    fn edit(&mut self, random: &mut Random) {
        let path = random.below(Fleet::PATHS);
        let index = random.below(self.keys.len());
        let key = &mut self.keys[index];
        match random.below(8) {
            0 => key.path = path,
            1 => key.property = [Some("a"), Some("b"), None][random.below(3)],
            // What is not base64 cannot be decoded.
            2 => (key.property, key.base64) = (Some("c"), !key.base64),
            3 => key.name = format!("key-{}", random.below(3)),
            4 if self.keys.len() > 1 => drop(self.keys.remove(index)),
            5 => self.labels += 1,
            6 => match self.spreads.len() {
                0 | 1 => self.spreads.push(path),
                _ => self.spreads.reverse(),
            },
            7 => self.eso = !self.eso,
            _ => self.keys.push(Key {
                name: format!("key-{}", random.below(9)),
                path,
                property: Some("b"),
                base64: false,
            }),
        }
        if self.eso {
            // That operator has no values that are base64 in part, and keeps the text.
            self.keys.iter_mut().for_each(|key| key.base64 = false);
        }
        // Of two entries with one name the later counts; that is a warning, and no change by itself.
        let mut names = std::collections::BTreeSet::new();
        self.keys.retain(|key| names.insert(key.name.clone()));
        self.spreads.dedup();
    }

    fn text(&self, name: &str, store: &str) -> String {
        if self.eso {
            self.external_secrets_operator(name, store)
        } else {
            self.kubernetes_external_secrets(name)
        }
    }

    fn kubernetes_external_secrets(&self, name: &str) -> String {
        let mut text = format!(
            "apiVersion: kubernetes-client.io/v1\nkind: ExternalSecret\nmetadata:\n  name: {name}\n  namespace: shop\nspec:\n  backendType: vault\n"
        );
        text.push_str("  data:\n");
        for key in &self.keys {
            text.push_str(&format!(
                "    - key: kv/data/gen/{}\n      name: {}\n",
                key.path, key.name
            ));
            if let Some(property) = key.property {
                text.push_str(&format!("      property: {property}\n"));
            }
            if key.base64 {
                text.push_str("      isBinary: true\n");
            }
        }
        if !self.spreads.is_empty() {
            text.push_str("  dataFrom:\n");
        }
        for path in &self.spreads {
            text.push_str(&format!("    - kv/data/gen/{path}\n"));
        }
        text
    }

    fn external_secrets_operator(&self, name: &str, store: &str) -> String {
        let mut text = format!(
            "apiVersion: external-secrets.io/v1\nkind: ExternalSecret\nmetadata:\n  name: {name}\n  namespace: shop\n  labels:\n    edition: \"{}\"\nspec:\n  secretStoreRef: {{kind: ClusterSecretStore, name: {store}}}\n",
            self.labels
        );
        text.push_str("  data:\n");
        for key in &self.keys {
            let property = key.property.map(|it| format!(", property: {it}"));
            text.push_str(&format!(
                "    - secretKey: {}\n      remoteRef: {{key: gen/{}{}}}\n",
                key.name,
                key.path,
                property.unwrap_or_default()
            ));
        }
        if !self.spreads.is_empty() {
            text.push_str("  dataFrom:\n");
        }
        for path in &self.spreads {
            text.push_str(&format!("    - extract: {{key: gen/{path}}}\n"));
        }
        text
    }
}

fn store(mount: &str) -> String {
    format!(
        "apiVersion: external-secrets.io/v1\nkind: ClusterSecretStore\nmetadata:\n  name: {}\nspec:\n  provider:\n    vault:\n      server: https://vault.example:8200\n      path: kv\n      version: v2\n      auth:\n        kubernetes: {{mountPath: \"{mount}\", role: \"{mount}-role\"}}\n",
        store_of(mount)
    )
}

/// That of a group and that of a cluster do not meet.
fn store_of(mount: &str) -> &'static str {
    if mount.starts_with('$') {
        "group-vault"
    } else {
        "vault"
    }
}
