use super::{Cluster, Proxy};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

/// One file with a context for each cluster, named after it, through a proxy where one is given. The first is the
/// current context. The file goes away with the first cluster.
pub fn kubeconfig(clusters: &[(&Cluster, Option<&Proxy>)]) -> PathBuf {
    static WRITTEN: AtomicU32 = AtomicU32::new(0);
    let (first, _) = clusters
        .first()
        .expect("a kubeconfig is of at least one cluster");
    let entries: Vec<Entry<'_>> = clusters
        .iter()
        .map(|(cluster, proxy)| {
            let server = proxy.map_or(cluster.server(), Proxy::url);
            Entry {
                cluster,
                server,
                ca: cluster.ca_pem(),
            }
        })
        .collect();
    let number = WRITTEN.fetch_add(1, Ordering::Relaxed);
    let file = first.folder().join(format!("kubeconfig-{number}.yaml"));
    fs::write(&file, render(&entries)).expect("the folder of a cluster is writable");
    file
}

impl Cluster {
    /// A kubeconfig of this cluster alone, as administrator.
    pub fn kubeconfig_yaml(&self, server: Option<&str>, ca_pem: Option<&str>) -> String {
        let server = server.unwrap_or(self.server());
        let ca = ca_pem.map_or_else(|| self.ca_pem(), ToOwned::to_owned);
        render(&[Entry {
            cluster: self,
            server,
            ca,
        }])
    }
}

struct Entry<'a> {
    cluster: &'a Cluster,
    server: &'a str,
    ca: String,
}

/// JSON, which is YAML too.
fn render(entries: &[Entry<'_>]) -> String {
    let each = |describe: &dyn Fn(&Entry<'_>) -> Value| -> Vec<Value> {
        entries
            .iter()
            .map(|entry| {
                let mut value = describe(entry);
                value["name"] = Value::from(entry.cluster.name.as_str());
                value
            })
            .collect()
    };
    let config = json!({
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": entries[0].cluster.name,
        "clusters": each(&|entry| json!({ "cluster": {
            "server": entry.server,
            "certificate-authority-data": STANDARD.encode(&entry.ca),
        }})),
        "users": each(&|entry| json!({ "user": { "token": entry.cluster.admin_token() } })),
        "contexts": each(&|entry| json!({ "context": {
            "cluster": entry.cluster.name,
            "user": entry.cluster.name,
        }})),
    });
    serde_json::to_string_pretty(&config).expect("JSON can be written")
}
