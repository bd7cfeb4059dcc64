use super::{Cluster, Keyfleet};
use std::fs;
use std::path::{Path, PathBuf};

/// A repository of declarations that a test writes itself.
pub struct Repository {
    folder: tempfile::TempDir,
}

impl Repository {
    pub fn new() -> Self {
        let folder = tempfile::Builder::new()
            .prefix("keyfleet-test-repository-")
            .tempdir()
            .expect("a temporary folder can be made");
        fs::create_dir(folder.path().join("repo")).expect("a temporary folder is writable");
        Self { folder }
    }

    pub fn path(&self) -> PathBuf {
        self.folder.path().join("repo")
    }

    pub fn write(&self, file: &str, text: &str) {
        let file = self.path().join(file);
        fs::create_dir_all(file.parent().unwrap_or(Path::new("/"))).expect("a folder can be made");
        fs::write(file, text).expect("a temporary folder is writable");
    }

    pub fn remove(&self, file: &str) {
        let path = self.path().join(file);
        let removed = if path.is_dir() {
            fs::remove_dir_all(path)
        } else {
            fs::remove_file(path)
        };
        removed.expect("it was there");
    }

    /// The fleet, under a name of its own: what other tests own in a shared Vault is then another installation's.
    pub fn fleet(&self, name: &str, spec: &str) {
        let spec = if spec.is_empty() {
            String::new()
        } else {
            format!("spec:\n{}", indented(spec))
        };
        self.write(
            "fleet.yaml",
            &format!(
                "apiVersion: keyfleet.dev/v1alpha1\nkind: Fleet\nmetadata:\n  name: {name}\n{spec}"
            ),
        );
    }

    /// The short file of a cluster: its name, where it is and how keyfleet gets in; `more` is added to its spec.
    pub fn cluster(&self, name: &str, cluster: &Cluster, more: &str) {
        let context = &cluster.name;
        self.cluster_by(
            name,
            cluster,
            &format!("connect:\n  kubeconfig:\n    context: {context}\n{more}"),
        );
    }

    /// The same without `connect`, which is then part of `spec`.
    pub fn cluster_by(&self, name: &str, cluster: &Cluster, spec: &str) {
        let text = format!(
            "apiVersion: keyfleet.dev/v1alpha1\nkind: Cluster\nmetadata:\n  name: {name}\nspec:\n  server: {}\n  certificateAuthority:\n    file: ca.crt\n{}",
            cluster.server(),
            indented(spec)
        );
        self.write(&format!("clusters/{name}/cluster.yaml"), &text);
        self.write(&format!("clusters/{name}/ca.crt"), &cluster.ca_pem());
    }

    /// An ExternalSecret of kubernetes-external-secrets with these keys of a Secret from a path and property.
    pub fn kes(&self, file: &str, name: &str, keys: &[(&str, &str, &str)]) {
        let data: String = keys
            .iter()
            .map(|(key, path, property)| {
                format!("    - key: {path}\n      name: {key}\n      property: {property}\n")
            })
            .collect();
        self.write(
            file,
            &format!(
                "apiVersion: kubernetes-client.io/v1\nkind: ExternalSecret\nmetadata:\n  name: {name}\n  namespace: shop\nspec:\n  backendType: vault\n  data:\n{data}"
            ),
        );
    }

    /// The command, as root of this Vault.
    pub fn keyfleet(&self, vault_addr: &str, kubeconfig: &Path) -> Keyfleet {
        Keyfleet {
            repository: self.path(),
            vault_addr: vault_addr.to_owned(),
            vault_token: "root".to_owned(),
            kubeconfig: kubeconfig.to_owned(),
        }
    }
}

fn indented(text: &str) -> String {
    text.lines().map(|line| format!("  {line}\n")).collect()
}
