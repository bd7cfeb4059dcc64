//! Secrets of a cluster: which keys come from where, whatever dialect said so.

use super::{kv_path, login};
use crate::declare::{
    Destination, Dialect, Entry, ExternalSecret, KvMount, Login, Remote, Store, StoreRef, VaultSpec,
};
use crate::diagnostics::{Diagnostic, Diagnostics, Place};
use crate::mark::digest;
use crate::names::{MountPath, Namespace, ObjectName, RoleName, SecretKey, ServiceAccountRef};
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
    pub login_said: LoginSaid,
    /// In order: a later one wins.
    pub assignments: Vec<Assignment>,
    /// A digest of what is asked for, so that metadata alone tells whether it changed.
    pub mapping_digest: String,
}

/// As whom a Secret's values are read.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SecretLogin {
    pub mount: MountPath,
    pub role: RoleName,
    pub account: ServiceAccountRef,
}

/// Where a declaration says as whom its values are read.
#[derive(Debug, Clone)]
pub enum LoginSaid {
    /// By the store that it refers to.
    Store(StoreRef),
    /// By itself: at its role, or at its name where it leaves that to the cluster's own.
    Inline { place: Place },
}

impl LoginSaid {
    fn by(external: &ExternalSecret) -> Self {
        match &external.login {
            Login::Store(reference) => Self::Store(reference.clone()),
            Login::Inline { role, .. } => Self::Inline {
                place: role
                    .as_ref()
                    .map_or(&external.place, |(_, place)| place)
                    .clone(),
            },
        }
    }

    pub fn place(&self) -> &Place {
        match self {
            Self::Store(StoreRef { place, .. }) | Self::Inline { place } => place,
        }
    }

    pub fn store(&self) -> Option<&StoreRef> {
        match self {
            Self::Store(reference) => Some(reference),
            Self::Inline { .. } => None,
        }
    }
}

/// One value and what becomes of it.
#[derive(Debug, Clone)]
pub struct Assignment {
    pub place: Place,
    pub from: KvReference,
    pub into: Destination,
}

impl DesiredSecret {
    fn with_digest(mut self) -> Self {
        // No `..`: a new field has to say whether it changes what a Secret holds.
        let Self {
            place: _,
            id: _,
            dialect,
            labels,
            annotations,
            login,
            login_said: _,
            assignments,
            mapping_digest: _,
        } = &self;
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
        self.mapping_digest = digest(&text);
        self
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
    pub(super) mount: &'a MountPath,
    pub(super) role: &'a RoleName,
    pub(super) account: &'a ServiceAccountRef,
    /// The cluster's Vault; `None` when the fleet has no such.
    pub(super) vault: Option<&'a VaultSpec>,
    pub(super) kv_mounts: &'a [KvMount],
    pub(super) stores: &'a [&'a Store],
    /// Whether every declaration of the cluster was understood; else a store may be missing for that reason.
    pub(super) complete: bool,
}

/// The Secrets of a cluster, and whether every declaration became one.
pub(super) fn resolve<'a>(
    declared: impl Iterator<Item = &'a ExternalSecret>,
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
    let mut secrets = Vec::with_capacity(by_id.len());
    let mut complete = true;
    for (id, externals) in by_id {
        let secret = match externals.as_slice() {
            [external] => one(external, id, context, problems),
            several => {
                duplicates(&id, several, problems);
                None
            }
        };
        complete &= secret.is_some();
        secrets.extend(secret);
    }
    (secrets, complete)
}

fn duplicates(id: &SecretId, externals: &[&ExternalSecret], problems: &mut Diagnostics) {
    for external in externals {
        let others: BTreeSet<_> = externals
            .iter()
            .filter(|other| other.place != external.place)
            .map(|other| where_is(&other.place, &external.place))
            .collect();
        let others: Vec<_> = others.into_iter().collect();
        problems.push(
            Diagnostic::error(
                &external.place,
                format!("the Secret {id} is declared {} times", externals.len()),
            )
            .hint(format!(
                "keep one; it is declared also {}",
                others.join(", ")
            )),
        );
    }
}

/// From a group, the files of its clusters are all the same: its problem is said once.
fn where_is(place: &Place, from: &Place) -> String {
    if place.file.starts_with("clusters/") && !from.file.starts_with("clusters/") {
        "in the cluster's own folder".to_owned()
    } else {
        format!("at {place}")
    }
}

fn one(
    external: &ExternalSecret,
    id: SecretId,
    context: &Context<'_>,
    problems: &mut Diagnostics,
) -> Option<DesiredSecret> {
    let store = match &external.login {
        Login::Store(reference) => Some(login::find_store(
            reference,
            &external.namespace,
            context,
            problems,
        )?),
        Login::Inline { .. } => None,
    };
    let login = login::resolve(external, store, context, problems);
    warn_of_overwritten(&external.entries, problems);
    let mut assignments = Vec::with_capacity(external.entries.len());
    for entry in &external.entries {
        assignments.push(assignment(entry, store, context, problems));
    }
    let secret = DesiredSecret {
        place: external.place.clone(),
        id,
        dialect: external.dialect,
        labels: external.labels.clone(),
        annotations: external.annotations.clone(),
        login: login?,
        login_said: LoginSaid::by(external),
        assignments: assignments.into_iter().collect::<Option<_>>()?,
        mapping_digest: String::new(),
    };
    Some(secret.with_digest())
}

/// Both operators let a later entry win in silence.
fn warn_of_overwritten(entries: &[Entry], problems: &mut Diagnostics) {
    let mut last: BTreeMap<&SecretKey, &Place> = BTreeMap::new();
    for entry in entries {
        let Destination::Key { name, .. } = &entry.into else {
            continue;
        };
        if let Some(before) = last.insert(name, &entry.place) {
            problems.push(
                Diagnostic::warning(before, format!("a later entry overwrites the key `{name}`"))
                    .hint(format!(
                        "remove one of the two; the later stands at {}",
                        entry.place
                    )),
            );
        }
    }
}

fn assignment(
    entry: &Entry,
    store: Option<&Store>,
    context: &Context<'_>,
    problems: &mut Diagnostics,
) -> Option<Assignment> {
    let from = match (&entry.remote, store) {
        (Remote::ApiPath { path, engine }, _) => {
            kv_path::from_api_path(path, *engine, context.kv_mounts)
        }
        (Remote::StoreKey(key), Some(store)) => {
            kv_path::from_store_key(key, store, context.kv_mounts)
        }
        (Remote::StoreKey(_), None) => return None,
    };
    let from = from
        .map_err(|(wrong, hint)| problems.push(Diagnostic::error(&entry.place, wrong).hint(hint)))
        .ok()?;
    Some(Assignment {
        place: entry.place.clone(),
        from,
        into: entry.into.clone(),
    })
}
