//! Which clusters a playground has and what is declared on them: the example, with as many clusters as are asked for, or
//! a fleet of any size in which every cluster has the same number of Secrets.

use super::address::{Addresses, ClusterAddress};
use super::example;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::cli) struct Shape {
    pub clusters: usize,
    /// Secrets on each cluster of a fleet that is made up; the example otherwise.
    pub secrets: Option<usize>,
}

/// The first two are the example's.
const NAMES: [&str; 8] = [
    "prod-eu",
    "staging",
    "prod-us",
    "prod-ap",
    "staging-us",
    "dev",
    "ci",
    "sandbox",
];

impl Shape {
    pub(in crate::cli) const EXAMPLE: Self = Self {
        clusters: 2,
        secrets: None,
    };

    pub(in crate::cli) fn names(self) -> Vec<String> {
        let numbered = (1..).map(|number| format!("edge-{number:03}"));
        let names = NAMES.iter().map(|name| (*name).to_owned());
        names.chain(numbered).take(self.clusters).collect()
    }
}

/// Path and text of every file of the repository.
pub(super) fn files(shape: &Shape, addresses: &Addresses) -> Vec<(String, String)> {
    let mut files: Vec<(String, String)> = example::FILES
        .iter()
        .filter(|(path, _)| !path.starts_with("clusters/"))
        // What every cluster shares is one of its Secrets.
        .filter(|(path, _)| shape.secrets != Some(0) || !path.starts_with("groups/"))
        .map(|(path, text)| ((*path).to_owned(), (*text).to_owned()))
        .collect();
    for cluster in &addresses.clusters {
        let folder = format!("clusters/{}/", cluster.name);
        files.push((format!("{folder}ca.crt"), cluster.ca_pem.clone()));
        match shape.secrets {
            Some(secrets) => {
                files.push((format!("{folder}cluster.yaml"), smallest(cluster)));
                files.push((
                    format!("{folder}secrets.yaml"),
                    declarations(cluster, secrets),
                ));
            }
            None => files.extend(as_in_the_example(cluster, &folder)),
        }
    }
    files
}

/// A cluster that is not in the example is another `staging`.
fn as_in_the_example(cluster: &ClusterAddress, folder: &str) -> Vec<(String, String)> {
    let is_in_it = example::FILES
        .iter()
        .any(|(path, _)| path.starts_with(folder));
    let model = if is_in_it {
        folder
    } else {
        "clusters/staging/"
    };
    let own = |text: &str| {
        if is_in_it {
            text.to_owned()
        } else {
            text.replace("staging", &cluster.name)
        }
    };
    example::FILES
        .iter()
        .filter_map(|(path, text)| Some((path.strip_prefix(model)?, text)))
        .filter(|(file, _)| *file != "ca.crt")
        .map(|(file, text)| (format!("{folder}{file}"), pointed_at(cluster, &own(text))))
        .collect()
}

/// With the address that the cluster really has.
fn pointed_at(cluster: &ClusterAddress, text: &str) -> String {
    let lines = text.lines().map(|line| {
        if line.starts_with("  server: ") {
            format!("  server: {}\n", cluster.server)
        } else {
            format!("{line}\n")
        }
    });
    lines.collect()
}

fn smallest(cluster: &ClusterAddress) -> String {
    let ClusterAddress { name, server, .. } = cluster;
    format!(
        "apiVersion: keyfleet.dev/v1alpha1\nkind: Cluster\nmetadata:\n  name: {name}\n  labels:\n    region: eu\n\
         spec:\n  server: {server}\n  certificateAuthority:\n    file: ca.crt\n  connect:\n    kubeconfig:\n      \
         context: {name}\n"
    )
}

/// One less than asked for: the group of the example adds one that reads what all clusters share.
fn declarations(cluster: &ClusterAddress, secrets: usize) -> String {
    let own = 1..secrets.max(1);
    let documents = own.map(|number| declaration(&cluster.name, number));
    documents.collect::<Vec<_>>().join("---\n")
}

fn declaration(cluster: &str, number: usize) -> String {
    let key = format!("kv/data/{cluster}/{}", application(number));
    format!(
        "apiVersion: kubernetes-client.io/v1\nkind: ExternalSecret\nmetadata:\n  name: {}\n  namespace: shop\nspec:\n  \
         backendType: vault\n  data:\n    - key: {key}\n      name: username\n      property: username\n    \
         - key: {key}\n      name: password\n      property: password\n",
        application(number)
    )
}

/// The name of a Secret that was made up, and of its path below the cluster's.
pub(super) fn application(number: usize) -> String {
    format!("app-{number:03}")
}
