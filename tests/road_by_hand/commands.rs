use super::support::{Cluster, Vault, world};
use serde_json::json;
use std::sync::Arc;
use tokio::sync::OnceCell;

/// The well-known commands, with what a person does otherwise.
pub(super) struct Commands {
    pub(super) name: &'static str,
    enable: &'static [&'static str],
    /// Further words of the config; `None` for the usual `disable_local_ca_jwt=true`.
    config: &'static [&'static str],
    reviewer: bool,
    /// Words of the role, with NAME for the cluster.
    role: &'static [&'static str],
    policy: &'static str,
    tune: &'static [&'static str],
    /// What plan says of it, besides that nothing changes.
    pub(super) said: &'static [&'static str],
}

const GRANT: &str = "path \"kv/data/NAME/*\" {\n  capabilities = [\"create\", \"read\", \"update\", \"delete\", \"list\"]\n}\n";
const COMMENTED: &str = "# The applications of NAME\npath \"kv/data/NAME/*\" { # all of it\n  capabilities = [\"list\", \"delete\", \"update\", \"read\", \"create\"]\n}";

impl Commands {
    pub(super) fn named(name: &'static str) -> Self {
        Self {
            name,
            enable: &[],
            config: &["disable_local_ca_jwt=true"],
            reviewer: true,
            role: &["policies=default,NAME-kv-rw", "ttl=24h"],
            policy: GRANT,
            tune: &[],
            said: &[],
        }
    }

    pub(super) fn variants() -> Vec<Self> {
        vec![
            Self {
                config: &[],
                said: &["disable_local_ca_jwt is false"],
                ..Self::named("by-local-default")
            },
            Self {
                role: &["token_policies=default,NAME-kv-rw", "token_ttl=24h"],
                ..Self::named("by-token-fields")
            },
            Self {
                role: &["policies=NAME-kv-rw,default", "ttl=86400", "audience="],
                ..Self::named("by-seconds")
            },
            Self {
                enable: &["-description=kubernetes auth of the shop"],
                ..Self::named("by-description")
            },
            Self {
                tune: &["-max-lease-ttl=768h", "-listing-visibility=unauth"],
                said: &["max_lease_ttl 768h", "listing_visibility unauth"],
                ..Self::named("by-tuning")
            },
            Self {
                role: &["policies=default,NAME-kv-rw", "ttl=2h", "max_ttl=8h"],
                said: &["token_ttl 2h (default 24h)", "token_max_ttl 8h"],
                ..Self::named("by-short-ttl")
            },
            Self {
                role: &["policies=NAME-kv-rw", "ttl=24h"],
                said: &["token_policies by-one-policy-kv-rw"],
                ..Self::named("by-one-policy")
            },
            Self {
                policy: COMMENTED,
                ..Self::named("by-comments")
            },
            Self {
                reviewer: false,
                ..Self::named("by-client")
            },
        ]
    }

    /// Runs them for a mount of this name, whatever the cluster is called.
    pub(super) async fn run(&self, vault: &Vault, cluster: &Cluster) {
        let name = self.name;
        let enable = vault.cli(&["secrets", "enable", "-path=kv", "kv-v2"]);
        let refusal = String::from_utf8_lossy(&enable.stderr);
        assert!(
            enable.status.success() || refusal.contains("already in use"),
            "{refusal}"
        );
        let file = vault.folder().join(format!("{name}.hcl"));
        std::fs::write(&file, self.policy.replace("NAME", name)).unwrap();
        vault.cli_ok(&[
            "policy",
            "write",
            &format!("{name}-kv-rw"),
            file.to_str().unwrap(),
        ]);
        let path = format!("-path={name}");
        vault.cli_ok(&[&["auth", "enable"], self.enable, &[&path, "kubernetes"]].concat());
        self.write_config(vault, cluster).await;
        let role: Vec<String> = self
            .role
            .iter()
            .map(|word| word.replace("NAME", name))
            .collect();
        let path = format!("auth/{name}/role/{name}-role");
        let mut words = vec![
            "write",
            &path,
            "bound_service_account_names=kubernetes-external-secrets",
            "bound_service_account_namespaces=external-secrets",
        ];
        words.extend(role.iter().map(String::as_str));
        vault.cli_ok(&words);
        if !self.tune.is_empty() {
            let path = format!("{name}/");
            vault.cli_ok(&[&["auth", "tune"], self.tune, &[&path]].concat());
        }
    }

    async fn write_config(&self, vault: &Vault, cluster: &Cluster) {
        let path = format!("auth/{}/config", self.name);
        let host = format!("kubernetes_host={}", cluster.server());
        let ca = format!(
            "kubernetes_ca_cert=@{}",
            cluster.folder().join("ca.crt").display()
        );
        let mut words = vec!["write", &path, &host, &ca];
        words.extend(self.config);
        let jwt = cluster
            .token_request("external-secrets", "kubernetes-external-secrets")
            .await;
        let reviewer = format!("token_reviewer_jwt={jwt}");
        if self.reviewer {
            words.push(&reviewer);
        }
        vault.cli_ok(&words);
    }
}

/// The cluster that most tests here share, with what the hand procedure makes in it.
pub(super) async fn hand_cluster() -> Arc<Cluster> {
    static READY: OnceCell<()> = OnceCell::const_new();
    let cluster = world().await.cluster("hand").await;
    READY
        .get_or_init(|| async {
            cluster.create_namespace("external-secrets").await;
            cluster.create_namespace("shop").await;
            cluster.create_service_account("external-secrets", "kubernetes-external-secrets").await;
            let binding = json!({
                "metadata": { "name": "role-tokenreview-binding" },
                "roleRef": { "apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "system:auth-delegator" },
                "subjects": [{ "kind": "ServiceAccount", "name": "kubernetes-external-secrets", "namespace": "external-secrets" }],
            });
            cluster.create("/apis/rbac.authorization.k8s.io/v1/clusterrolebindings", binding).await;
        })
        .await;
    cluster
}
