//! Secrets of a cluster: which keys come from where, whatever dialect said so.

use super::kv_path;
use crate::declare::{
    Destination, Dialect, Entry, ExternalSecret, KvMount, Login, Remote, Store, StoreKind, StoreRef,
};
use crate::diagnostics::{Diagnostic, Diagnostics, Place};
use crate::mark::digest;
use crate::names::{ClusterName, MountPath, Namespace, ObjectName, RoleName, ServiceAccountRef};
use crate::observe::KvReference;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// A Secret's place in its cluster.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SecretId {
    pub namespace: Namespace,
    pub name: ObjectName,
}

impl fmt::Display for SecretId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/{}", self.namespace, self.name)
    }
}

/// A Secret as it should be, without its values.
#[derive(Debug, Clone)]
pub struct DesiredSecret {
    pub place: Place,
    pub id: SecretId,
    pub dialect: Dialect,
    pub labels: BTreeMap<String, String>,
    pub annotations: BTreeMap<String, String>,
    pub login: SecretLogin,
    /// In order: a later one wins.
    pub assignments: Vec<Assignment>,
}

/// As whom a Secret's values are read.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SecretLogin {
    pub mount: MountPath,
    pub role: RoleName,
    pub account: ServiceAccountRef,
}

/// One value and what becomes of it.
#[derive(Debug, Clone)]
pub struct Assignment {
    pub place: Place,
    pub from: KvReference,
    pub into: Destination,
}

impl DesiredSecret {
    /// A digest of what is asked for, so that metadata alone tells whether it changed.
    pub fn mapping_digest(&self) -> String {
        // No `..`: a new field has to say whether it changes what a Secret holds.
        let Self {
            place: _,
            id: _,
            dialect,
            labels,
            annotations,
            login,
            assignments,
        } = self;
        let mut text = format!(
            "{dialect}|{labels:?}|{annotations:?}|{}|{}\n",
            login.mount, login.role
        );
        for Assignment {
            place: _,
            from,
            into,
        } in assignments
        {
            let into = match into {
                Destination::EveryKey => "*".to_owned(),
                Destination::Key {
                    name,
                    property,
                    base64,
                } => format!("{name}|{property:?}|{base64}"),
            };
            text.push_str(&format!("{:?}|{}|{into}\n", from.version, from.api_path()));
        }
        digest(&text)
    }

    /// Every place that is read for it, each once.
    pub fn references(&self) -> BTreeSet<&KvReference> {
        self.assignments
            .iter()
            .map(|assignment| &assignment.from)
            .collect()
    }
}

/// What the declarations of a cluster are resolved against.
pub(super) struct Context<'a> {
    pub(super) cluster: &'a ClusterName,
    pub(super) mount: &'a MountPath,
    pub(super) role: &'a RoleName,
    pub(super) account: &'a ServiceAccountRef,
    pub(super) kv_mounts: &'a [KvMount],
    pub(super) stores: &'a [Store],
}

/// The Secrets of a cluster, and whether every declaration became one.
pub(super) fn resolve(
    declared: &[ExternalSecret],
    context: &Context<'_>,
    problems: &mut Diagnostics,
) -> (Vec<DesiredSecret>, bool) {
    let mut by_id: BTreeMap<SecretId, Vec<&ExternalSecret>> = BTreeMap::new();
    for external in declared {
        let id = SecretId {
            namespace: external.namespace.clone(),
            name: external.name.clone(),
        };
        by_id.entry(id).or_default().push(external);
    }
    let mut secrets = Vec::new();
    let mut complete = true;
    for (id, externals) in by_id {
        let secret = match externals.as_slice() {
            [external] => one(external, id, context, problems),
            several => {
                duplicates(&id, several, context.cluster, problems);
                None
            }
        };
        complete &= secret.is_some();
        secrets.extend(secret);
    }
    (secrets, complete)
}

fn duplicates(
    id: &SecretId,
    externals: &[&ExternalSecret],
    cluster: &ClusterName,
    problems: &mut Diagnostics,
) {
    for external in externals {
        let others: Vec<_> = externals
            .iter()
            .filter(|other| other.place != external.place)
            .map(|other| other.place.to_string())
            .collect();
        let problem = Diagnostic::error(
            &external.place,
            format!(
                "the Secret {id} of cluster `{cluster}` is declared {} times",
                externals.len()
            ),
        );
        problems.push(problem.hint(format!(
            "keep one; the other stands at {}",
            others.join(", ")
        )));
    }
}

fn one(
    external: &ExternalSecret,
    id: SecretId,
    context: &Context<'_>,
    problems: &mut Diagnostics,
) -> Option<DesiredSecret> {
    let store = match &external.login {
        Login::Store(reference) => Some(find_store(
            reference,
            &external.namespace,
            context,
            problems,
        )?),
        Login::Inline { .. } => None,
    };
    let login = login(external, store, context, problems)?;
    let mut assignments = Vec::new();
    for entry in &external.entries {
        assignments.push(assignment(
            entry,
            external.dialect,
            store,
            context,
            problems,
        ));
    }
    Some(DesiredSecret {
        place: external.place.clone(),
        id,
        dialect: external.dialect,
        labels: external.labels.clone(),
        annotations: external.annotations.clone(),
        login,
        assignments: assignments.into_iter().collect::<Option<_>>()?,
    })
}

fn find_store<'a>(
    reference: &StoreRef,
    namespace: &Namespace,
    context: &Context<'a>,
    problems: &mut Diagnostics,
) -> Option<&'a Store> {
    let wanted = (reference.kind == StoreKind::Namespaced).then_some(namespace);
    let mut found = context
        .stores
        .iter()
        .filter(|store| store.name == reference.name && store.namespace.as_ref() == wanted);
    let Some(store) = found.next() else {
        let kind = if wanted.is_some() {
            "SecretStore"
        } else {
            "ClusterSecretStore"
        };
        let problem = Diagnostic::error(
            &reference.place,
            format!(
                "no {kind} `{}` is declared for cluster `{}`",
                reference.name, context.cluster
            ),
        );
        problems
            .push(problem.hint(
                "put it into the cluster's folder, or into a group that selects the cluster",
            ));
        return None;
    };
    if let Some(second) = found.next() {
        problems.push(
            Diagnostic::error(
                &second.place,
                format!("the store `{}` is declared a second time", store.name),
            )
            .hint(format!("the other stands at {}", store.place)),
        );
        return None;
    }
    Some(store)
}

/// A cluster can only log in at its own mount; a role of that mount may be another than the cluster's.
fn login(
    external: &ExternalSecret,
    store: Option<&Store>,
    context: &Context<'_>,
    problems: &mut Diagnostics,
) -> Option<SecretLogin> {
    let (mount, role, account) = match (&external.login, store) {
        (Login::Inline { mount, role }, _) => (mount.clone(), role.clone(), None),
        (Login::Store(_), Some(store)) => (
            Some(store.auth_mount.clone()),
            store.role.clone(),
            store.service_account.clone(),
        ),
        (Login::Store(_), None) => return None,
    };
    if let Some((mount, place)) = mount.filter(|(mount, _)| mount != context.mount) {
        let problem = Diagnostic::error(
            &place,
            format!(
                "this logs in at auth/{mount}, but cluster `{}` has auth/{}",
                context.cluster, context.mount
            ),
        );
        problems.push(problem.hint("use the cluster's own mount, or set `mount:` in cluster.yaml"));
        return None;
    }
    if let Some((account, place)) = account.filter(|(account, _)| account != context.account) {
        let problem = Diagnostic::error(
            &place,
            format!(
                "this logs in as {account}, but the role of cluster `{}` is bound to {}",
                context.cluster, context.account
            ),
        );
        problems.push(
            problem.hint(
                "use the cluster's service account, or set `serviceAccount:` in cluster.yaml",
            ),
        );
        return None;
    }
    if let Some((role, place)) = role.as_ref().filter(|(role, _)| role != context.role) {
        let problem = Diagnostic::warning(
            place,
            format!(
                "the role `{role}` is not the one that cluster `{}` declares (`{}`)",
                context.cluster, context.role
            ),
        );
        problems
            .push(problem.hint("keyfleet logs in with it as it finds it, and does not manage it"));
    }
    Some(SecretLogin {
        mount: context.mount.clone(),
        role: role.map_or_else(|| context.role.clone(), |(role, _)| role),
        account: context.account.clone(),
    })
}

fn assignment(
    entry: &Entry,
    dialect: Dialect,
    store: Option<&Store>,
    context: &Context<'_>,
    problems: &mut Diagnostics,
) -> Option<Assignment> {
    let from = match (&entry.remote, store) {
        (Remote::ApiPath { path, engine }, _) => {
            kv_path::from_api_path(path, *engine, context.kv_mounts)
        }
        (Remote::StoreKey(key), Some(store)) => kv_path::from_store_key(key, store),
        (Remote::StoreKey(_), None) => return None,
    };
    let from = from
        .map_err(|(wrong, hint)| problems.push(Diagnostic::error(&entry.place, wrong).hint(hint)))
        .ok()?;
    if let Destination::Key {
        property: Some(property),
        ..
    } = &entry.into
        && let Some(wrong) = unsupported_property(property, dialect)
    {
        problems.push(
            Diagnostic::error(
                &entry.place,
                format!("the property {property:?} {wrong} is not supported yet"),
            )
            .hint("name a field, or a path of fields and numbers: a.b.0"),
        );
        return None;
    }
    Some(Assignment {
        place: entry.place.clone(),
        from,
        into: entry.into.clone(),
    })
}

/// Query syntax of either dialect's library that reads more than a path of names.
fn unsupported_property(property: &str, dialect: Dialect) -> Option<&'static str> {
    match dialect {
        Dialect::Eso if property.contains(['#', '*', '?', '|', '@', '!', '\\']) => {
            Some("with a query (gjson)")
        }
        Dialect::Kes if property.contains(['"', '\'']) => Some("with quotes"),
        Dialect::Kes | Dialect::Eso => None,
    }
}
