//! `SecretStore` and `ClusterSecretStore` of the Vault provider.

use super::document::metadata;
use crate::diagnostics::{Diagnostic, Diagnostics, Place, Severity};
use crate::names::{MountPath, Namespace, ObjectName, RoleName, ServiceAccountRef};
use crate::observe::KvEngine;
use crate::yaml::{Fields, Node};
use std::fmt;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum StoreKind {
    Namespaced,
    Cluster,
}

impl StoreKind {
    /// `kind` of a reference to a store, `node`.
    pub(super) fn read(
        fields: &mut Fields<'_>,
        node: &Node,
        problems: &mut Diagnostics,
    ) -> Option<Self> {
        match fields.text("kind", problems) {
            None | Some("SecretStore") => Some(Self::Namespaced),
            Some("ClusterSecretStore") => Some(Self::Cluster),
            Some(other) => {
                let place = node.get("kind").map_or(&node.place, |kind| &kind.place);
                problems.push(
                    Diagnostic::error(place, format!("`{other}` is not a kind of store"))
                        .hint("write SecretStore or ClusterSecretStore"),
                );
                None
            }
        }
    }
}

impl fmt::Display for StoreKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Namespaced => "SecretStore",
            Self::Cluster => "ClusterSecretStore",
        })
    }
}

/// How an ExternalSecret refers to its store.
#[derive(Debug, Clone)]
pub struct StoreRef {
    pub place: Place,
    pub kind: StoreKind,
    pub name: ObjectName,
}

/// Where and how to read from Vault.
#[derive(Debug, Clone)]
pub struct Store {
    pub place: Place,
    pub name: ObjectName,
    /// `None` for a ClusterSecretStore.
    pub namespace: Option<Namespace>,
    pub server: Option<(String, Place)>,
    pub vault_namespace: Option<(String, Place)>,
    /// The KV mount; without it a key names its mount itself.
    pub path: Option<MountPath>,
    pub engine: KvEngine,
    pub auth_mount: (MountPath, Place),
    pub role: Option<(RoleName, Place)>,
    pub service_account: Option<(ServiceAccountRef, Place)>,
}

const LATER_SPEC: &[&str] = &[
    "controller",
    "retrySettings",
    "refreshInterval",
    "conditions",
];
const LATER_VAULT: &[&str] = &[
    "headers",
    "tls",
    "readYourWrites",
    "forwardInconsistent",
    "checkAndSet",
];
const LATER_AUTH: &[&str] = &[
    "tokenSecretRef",
    "appRole",
    "ldap",
    "userPass",
    "jwt",
    "cert",
    "iam",
    "gcp",
    "namespace",
];

pub(super) fn read(node: &Node, cluster_wide: bool, problems: &mut Diagnostics) -> Option<Store> {
    let before = problems.count(Severity::Error);
    let mut top = Fields::of(node, "a store", problems)?;
    top.optional("apiVersion");
    top.optional("kind");
    top.ignore(&["status"]);
    let head = metadata(&mut top, !cluster_wide, problems);
    let spec = top.required("spec", problems);
    top.finish(problems);
    let mut spec = Fields::of(spec?, "spec", problems)?;
    let provider = spec.required("provider", problems);
    spec.unsupported(LATER_SPEC, problems);
    spec.finish(problems);
    let vault = vault_of(provider?, problems);
    let head = head?;
    let namespace = head.namespace.filter(|_| !cluster_wide);
    let store = vault_provider(vault?, head.place, head.name, namespace, problems)?;
    (problems.count(Severity::Error) == before).then_some(store)
}

/// The Vault provider; any other is named.
fn vault_of<'node>(provider: &'node Node, problems: &mut Diagnostics) -> Option<&'node Node> {
    let mut fields = Fields::of(provider, "provider", problems)?;
    let vault = fields.optional("vault");
    if vault.is_some() {
        fields.finish(problems);
        return vault;
    }
    let (place, wrong) = match provider.entries().first() {
        Some(other) => (
            &other.place,
            format!(
                "the provider `{}` is not read: keyfleet reads from Vault only",
                other.key
            ),
        ),
        None => (&provider.place, "this store names no provider".to_owned()),
    };
    problems.push(Diagnostic::error(place, wrong).hint(
        "a store of the `vault` provider belongs here; keep others out of clusters/ and groups/",
    ));
    None
}

fn vault_provider(
    node: &Node,
    place: Place,
    name: ObjectName,
    namespace: Option<Namespace>,
    problems: &mut Diagnostics,
) -> Option<Store> {
    let mut vault = Fields::of(node, "provider.vault", problems)?;
    let server = located(&mut vault, "server", problems);
    let vault_namespace = located(&mut vault, "namespace", problems);
    let path = vault.parsed("path", MountPath::parse, problems);
    let engine = match vault.optional("version") {
        None => Some(KvEngine::V2),
        Some(node) => engine(node, problems),
    };
    note_authority(&mut vault, problems);
    let auth = vault.required("auth", problems);
    vault.unsupported(LATER_VAULT, problems);
    vault.finish(problems);
    let login = kubernetes_auth(auth?, namespace.as_ref(), problems)?;
    Some(Store {
        place,
        name,
        namespace,
        server,
        vault_namespace,
        path,
        engine: engine?,
        auth_mount: login.mount,
        role: login.role,
        service_account: login.account,
    })
}

fn located(
    fields: &mut Fields<'_>,
    key: &'static str,
    problems: &mut Diagnostics,
) -> Option<(String, Place)> {
    let node = fields.optional(key)?;
    let text = node.text(&format!("`{key}`"), problems)?;
    Some((text.to_owned(), node.place.clone()))
}

fn engine(node: &Node, problems: &mut Diagnostics) -> Option<KvEngine> {
    match node.text("`version`", problems)? {
        "v2" => Some(KvEngine::V2),
        "v1" => Some(KvEngine::V1),
        _ => {
            problems.push(
                Diagnostic::error(&node.place, "`version` must be v1 or v2")
                    .hint("leave it out for v2"),
            );
            None
        }
    }
}

/// keyfleet trusts the CA that its own connection to Vault is given; a store's CA is for the operator in the cluster.
fn note_authority(vault: &mut Fields<'_>, problems: &mut Diagnostics) {
    for key in ["caBundle", "caProvider"] {
        if vault.optional(key).is_some() {
            problems.push(Diagnostic::note(
                &vault.place_of(key),
                format!(
                    "`{key}` has no effect: keyfleet trusts the CA of its own connection to Vault"
                ),
            ));
        }
    }
}

struct KubernetesAuth {
    mount: (MountPath, Place),
    role: Option<(RoleName, Place)>,
    account: Option<(ServiceAccountRef, Place)>,
}

fn kubernetes_auth(
    auth: &Node,
    own: Option<&Namespace>,
    problems: &mut Diagnostics,
) -> Option<KubernetesAuth> {
    let mut fields = Fields::of(auth, "auth", problems)?;
    let kubernetes = fields.optional("kubernetes");
    let is_later = LATER_AUTH.iter().any(|key| auth.get(key).is_some());
    fields.unsupported(LATER_AUTH, problems);
    fields.finish(problems);
    let Some(kubernetes) = kubernetes else {
        if !is_later {
            problems.push(
                Diagnostic::error(&auth.place, "this store has no `auth.kubernetes`")
                    .hint("keyfleet reads as the cluster, by Kubernetes auth"),
            );
        }
        return None;
    };
    let mut fields = Fields::of(kubernetes, "auth.kubernetes", problems)?;
    let place_of = |key: &str| {
        let node = kubernetes.get(key).unwrap_or(kubernetes);
        node.place.clone()
    };
    let mount = if kubernetes.get("mountPath").is_some() {
        fields.parsed("mountPath", MountPath::parse, problems)
    } else {
        // What the operator itself takes.
        MountPath::parse("kubernetes").ok()
    };
    let role = fields.parsed("role", RoleName::parse, problems);
    let account = fields
        .optional("serviceAccountRef")
        .and_then(|node| service_account(node, own, problems));
    fields.unsupported(&["secretRef"], problems);
    fields.finish(problems);
    Some(KubernetesAuth {
        mount: (mount?, place_of("mountPath")),
        role: role.map(|role| (role, place_of("role"))),
        account,
    })
}

/// Without a namespace of its own, it is in that of its SecretStore.
fn service_account(
    node: &Node,
    own: Option<&Namespace>,
    problems: &mut Diagnostics,
) -> Option<(ServiceAccountRef, Place)> {
    let mut fields = Fields::of(node, "serviceAccountRef", problems)?;
    let name = fields
        .required("name", problems)
        .and_then(|name| name.parsed("name", ObjectName::parse, problems));
    let namespace = match fields.optional("namespace") {
        Some(node) => Some(node.parsed("namespace", Namespace::parse, problems)?),
        None => own.cloned(),
    };
    let place = node
        .get("name")
        .map_or_else(|| node.place.clone(), |name| name.place.clone());
    fields.unsupported(&["audiences"], problems);
    fields.finish(problems);
    // Of a ClusterSecretStore the operator takes the ExternalSecret's own, which is never the cluster's one reading account.
    let Some(namespace) = namespace else {
        problems.push(
            Diagnostic::error(
                &place,
                "`serviceAccountRef` without a namespace is not supported yet",
            )
            .hint("add the `namespace:` of the cluster's service account"),
        );
        return None;
    };
    Some((
        ServiceAccountRef {
            namespace,
            name: name?,
        },
        place,
    ))
}
