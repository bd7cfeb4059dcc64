//! `SecretStore` and `ClusterSecretStore` of the Vault provider.

use super::document::metadata;
use crate::diagnostics::{Diagnostic, Diagnostics, Place, Severity};
use crate::names::{MountPath, Namespace, ObjectName, RoleName, ServiceAccountRef};
use crate::observe::KvEngine;
use crate::yaml::{Fields, Node};

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum StoreKind {
    Namespaced,
    Cluster,
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
    let mut provider = Fields::of(provider?, "provider", problems)?;
    let vault = provider.required("vault", problems);
    provider.finish(problems);
    let head = head?;
    let store = vault_provider(vault?, head.place, head.name, problems)?;
    let namespace = head.namespace.filter(|_| !cluster_wide);
    (problems.count(Severity::Error) == before).then_some(Store { namespace, ..store })
}

fn vault_provider(
    node: &Node,
    place: Place,
    name: ObjectName,
    problems: &mut Diagnostics,
) -> Option<Store> {
    let mut vault = Fields::of(node, "provider.vault", problems)?;
    let located = |fields: &mut Fields<'_>, key: &'static str, problems: &mut Diagnostics| {
        let place = fields.place_of(key);
        fields
            .text(key, problems)
            .map(|text| (text.to_owned(), place))
    };
    let server = located(&mut vault, "server", problems);
    let vault_namespace = located(&mut vault, "namespace", problems);
    let path = vault.parsed("path", MountPath::parse, problems);
    let engine = match vault.text("version", problems) {
        None | Some("v2") => KvEngine::V2,
        Some("v1") => KvEngine::V1,
        Some(_) => {
            problems.error(&vault.place_of("version"), "`version` must be v1 or v2");
            KvEngine::V2
        }
    };
    // keyfleet trusts the CA that its own connection to Vault is given; a store's CA is for the operator in the cluster.
    vault.ignore(&["caBundle", "caProvider"]);
    let auth = vault.required("auth", problems);
    vault.unsupported(LATER_VAULT, problems);
    vault.finish(problems);
    let mut auth = Fields::of(auth?, "auth", problems)?;
    let kubernetes = auth.optional("kubernetes");
    auth.unsupported(LATER_AUTH, problems);
    let auth_place = auth.place.clone();
    auth.finish(problems);
    let Some(kubernetes) = kubernetes else {
        problems.push(
            Diagnostic::error(&auth_place, "this store has no `auth.kubernetes`")
                .hint("keyfleet reads as the cluster, by Kubernetes auth"),
        );
        return None;
    };
    let mut fields = Fields::of(kubernetes, "auth.kubernetes", problems)?;
    let mount_place = fields.place_of("mountPath");
    let role_place = fields.place_of("role");
    let mount = fields
        .parsed("mountPath", MountPath::parse, problems)
        .or_else(|| MountPath::parse("kubernetes").ok());
    let role = fields
        .parsed("role", RoleName::parse, problems)
        .map(|role| (role, role_place));
    let service_account = fields
        .optional("serviceAccountRef")
        .and_then(|node| service_account(node, problems));
    fields.unsupported(&["secretRef"], problems);
    fields.finish(problems);
    Some(Store {
        place,
        name,
        namespace: None,
        server,
        vault_namespace,
        path,
        engine,
        auth_mount: (mount?, mount_place),
        role,
        service_account,
    })
}

fn service_account(node: &Node, problems: &mut Diagnostics) -> Option<(ServiceAccountRef, Place)> {
    let mut fields = Fields::of(node, "serviceAccountRef", problems)?;
    let name = fields
        .required("name", problems)
        .and_then(|name| name.parsed("name", ObjectName::parse, problems));
    let namespace = fields.parsed("namespace", Namespace::parse, problems);
    let place = fields.place_of("name");
    fields.unsupported(&["audiences"], problems);
    fields.finish(problems);
    // Without a namespace the operator takes the ExternalSecret's own, which is never the cluster's one reading account.
    let Some(namespace) = namespace else {
        problems.push(
            Diagnostic::error(
                &place,
                "`serviceAccountRef` without a namespace is not supported yet",
            )
            .hint("add `namespace:`"),
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
