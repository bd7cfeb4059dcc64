//! Looking at Secrets of a cluster without their data, with as few requests as it takes.

use super::Failure;
use super::cell::AT_ONCE;
use super::gather::gather;
use super::live::{LiveMeta, LiveSecretMeta, Observed};
use super::reader::ReadCluster;
use super::seen::SeenSecret;
use crate::desire::{Cell, SecretId};
use crate::names::Namespace;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// With more Secrets of a namespace in question, all of it is listed once.
const SINGLY: usize = 4;

type Listed<'a> = BTreeMap<(&'a str, &'a str), &'a Arc<LiveMeta>>;

/// From the list of all that carry keyfleet's label where it has them. The others, on a first run all of them, are asked
/// for namespace by namespace.
pub(super) async fn see_secrets(
    cell: &Cell,
    cluster: &dyn ReadCluster,
    marked: &Result<Vec<LiveSecretMeta>, Failure>,
) -> BTreeMap<SecretId, Observed<SeenSecret>> {
    let marked = by_name(marked.iter().flatten());
    let mut seen = BTreeMap::new();
    let mut in_question: BTreeMap<&Namespace, Vec<&SecretId>> = BTreeMap::new();
    for id in cell.secrets.iter().map(|secret| &secret.id) {
        match marked.get(&key(id)) {
            Some(meta) => drop(seen.insert(id.clone(), present(meta))),
            None => in_question.entry(&id.namespace).or_default().push(id),
        }
    }
    seen.extend(see_namespaces(cluster, in_question).await);
    seen
}

/// These Secrets' metadata, whoever made them.
pub async fn see_some(
    cluster: &dyn ReadCluster,
    ids: &BTreeSet<SecretId>,
) -> BTreeMap<SecretId, Observed<Arc<LiveMeta>>> {
    let mut in_question: BTreeMap<&Namespace, Vec<&SecretId>> = BTreeMap::new();
    for id in ids {
        in_question.entry(&id.namespace).or_default().push(id);
    }
    let seen = see_namespaces(cluster, in_question).await.into_iter();
    seen.map(|(id, seen)| (id, seen.map(|seen| seen.meta)))
        .collect()
}

async fn see_namespaces(
    cluster: &dyn ReadCluster,
    in_question: BTreeMap<&Namespace, Vec<&SecretId>>,
) -> Vec<(SecretId, Observed<SeenSecret>)> {
    let reads = in_question
        .into_iter()
        .map(|(namespace, ids)| see_namespace(cluster, namespace, ids));
    let read: Vec<Vec<_>> = gather(reads, AT_ONCE).await;
    read.into_iter().flatten().collect()
}

async fn see_namespace(
    cluster: &dyn ReadCluster,
    namespace: &Namespace,
    ids: Vec<&SecretId>,
) -> Vec<(SecretId, Observed<SeenSecret>)> {
    if ids.len() > SINGLY {
        match cluster.secrets_of_small_namespace(namespace).await {
            Ok(Some(listed)) => return from_list(&ids, &listed),
            Err(failure) if !failure.is_of_one_object() => {
                let unknown = |id: &SecretId| (id.clone(), Observed::Unknown(failure.clone()));
                return ids.into_iter().map(unknown).collect();
            }
            // Too many, or a list that keyfleet has no right to.
            Ok(None) | Err(_) => {}
        }
    }
    let reads = ids.into_iter().map(|id| async move {
        let observed = cluster.secret_meta(&id.namespace, &id.name).await;
        (id.clone(), observed.map(Arc::new).map(SeenSecret::of))
    });
    gather(reads, AT_ONCE).await
}

fn from_list(
    ids: &[&SecretId],
    listed: &[LiveSecretMeta],
) -> Vec<(SecretId, Observed<SeenSecret>)> {
    let listed = by_name(listed.iter());
    let seen = ids.iter().map(|id| {
        let found = listed.get(&key(id));
        let observed = found.map_or(Observed::Absent, |meta| present(meta));
        (SecretId::clone(id), observed)
    });
    seen.collect()
}

fn by_name<'a>(listed: impl Iterator<Item = &'a LiveSecretMeta>) -> Listed<'a> {
    let name = |secret: &'a LiveSecretMeta| (secret.namespace.as_str(), secret.name.as_str());
    listed.map(|secret| (name(secret), &secret.meta)).collect()
}

fn key(id: &SecretId) -> (&str, &str) {
    (id.namespace.as_str(), id.name.as_str())
}

fn present(meta: &Arc<LiveMeta>) -> Observed<SeenSecret> {
    Observed::Present(SeenSecret::of(Arc::clone(meta)))
}
