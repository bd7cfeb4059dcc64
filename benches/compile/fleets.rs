//! A fleet of any size as the files of its repository: the same files for the same numbers.

/// How big a fleet is. A mapping is one data entry of an `ExternalSecret` for one cluster.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Fleet {
    pub(crate) clusters: usize,
    /// Files with declarations in the folder of every cluster.
    pub(crate) files: usize,
    /// Declarations in each of those.
    pub(crate) documents: usize,
    /// Declarations that every cluster gets from a group: half of the fleet is in each of the two groups.
    pub(crate) shared: usize,
    /// Data entries of a declaration.
    pub(crate) keys: usize,
}

/// 200 clusters × 50 Secrets × 10 keys, one declaration in a file.
pub(crate) const WIDE: Fleet = Fleet {
    clusters: 200,
    files: 40,
    documents: 1,
    shared: 10,
    keys: 10,
};

/// 1,000 clusters × 100 Secrets × 1 key, ten declarations in a file.
pub(crate) const MANY: Fleet = Fleet {
    clusters: 1000,
    files: 8,
    documents: 10,
    shared: 20,
    keys: 1,
};

impl Fleet {
    pub(crate) fn secrets(&self) -> usize {
        self.files * self.documents + self.shared
    }

    pub(crate) fn mappings(&self) -> usize {
        self.clusters * self.secrets() * self.keys
    }

    /// Every file with its path, in no order that matters.
    pub(crate) fn for_each_file(&self, mut take: impl FnMut(String, String)) {
        take("fleet.yaml".to_owned(), FLEET.to_owned());
        for group in GROUPS {
            take(format!("groups/{group}/group.yaml"), group_file(group));
            let (path, text) = self.shared_file(group, 0);
            take(path, text);
        }
        for cluster in 0..self.clusters {
            let name = cluster_name(cluster);
            take(
                format!("clusters/{name}/cluster.yaml"),
                cluster_file(cluster),
            );
            for file in 0..self.files {
                let (path, text) = self.own_file(cluster, file, 0);
                take(path, text);
            }
        }
    }

    /// The declarations of a cluster's own file; another `edit` is another text.
    pub(crate) fn own_file(&self, cluster: usize, file: usize, edit: usize) -> (String, String) {
        let name = cluster_name(cluster);
        let first = file * self.documents;
        let documents = (first..first + self.documents)
            .map(|index| external_secret(&format!("app-{index}"), &name, self.keys, edit));
        let path = format!("clusters/{name}/apps/team-{file}.yaml");
        (path, documents.collect::<Vec<_>>().join("---\n"))
    }

    /// The declarations of a group, for half of the clusters.
    pub(crate) fn shared_file(&self, group: &str, edit: usize) -> (String, String) {
        let documents = (0..self.shared).map(|index| {
            external_secret(
                &format!("shared-{index}"),
                "${cluster.name}",
                self.keys,
                edit,
            )
        });
        let path = format!("groups/{group}/shared.yaml");
        (path, documents.collect::<Vec<_>>().join("---\n"))
    }
}

pub(crate) const GROUPS: [&str; 2] = ["prod", "staging"];

fn cluster_name(cluster: usize) -> String {
    format!("cluster-{cluster:04}")
}

const FLEET: &str = "apiVersion: keyfleet.dev/v1alpha1
kind: Fleet
metadata:
  name: acme
spec:
  vaults:
    main:
      kvMounts:
        - path: kv
          version: 2
  defaults:
    access: derived
    ttl: 1h
    certificateAuthority:
      pem: |
        -----BEGIN CERTIFICATE-----
        MIIBeDCCAR+gAwIBAgIBATAKBggqhkjOPQQDAjAYMRYwFAYDVQQDDA1rdWJlcm5l
        -----END CERTIFICATE-----
";

fn cluster_file(cluster: usize) -> String {
    let name = cluster_name(cluster);
    let env = GROUPS[cluster % GROUPS.len()];
    format!(
        "apiVersion: keyfleet.dev/v1alpha1
kind: Cluster
metadata:
  name: {name}
  labels:
    env: {env}
spec:
  server: https://{name}.k8s.example:6443
  connect:
    kubeconfig:
      context: {name}
"
    )
}

fn group_file(group: &str) -> String {
    format!(
        "apiVersion: keyfleet.dev/v1alpha1
kind: Group
metadata:
  name: {group}
spec:
  clusterSelector:
    matchLabels:
      env: {group}
"
    )
}

fn external_secret(name: &str, folder: &str, keys: usize, edit: usize) -> String {
    let mut text = format!(
        "apiVersion: kubernetes-client.io/v1
kind: ExternalSecret
metadata:
  name: {name}
  namespace: shop
spec:
  backendType: vault
  data:
"
    );
    for key in 0..keys {
        text.push_str(&format!(
            "    - key: kv/data/{folder}/{name}/part-{}
      name: field-{key}
      property: field-{}
",
            key / 5,
            key + edit * 100,
        ));
    }
    text
}
