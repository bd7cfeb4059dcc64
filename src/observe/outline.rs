//! What there is at a path, as far as it shows without a value: whether there is a secret, its newest version, and the names
//! of its fields. Only keyfleet's own token is used, and nothing is asked that would answer with a value.

use super::gather::gather;
use super::live::{FieldNames, KvFields, KvVersion, Observed};
use super::reader::{KvEngine, KvReference, ReadVault};
use super::{Failure, FailureClass};
use crate::names::{KvPath, MountPath};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;
use tokio::time::Instant;

const AT_ONCE: usize = 8;

/// A secret without its values.
#[derive(Debug)]
pub struct Outline {
    /// `None`: KV v1, which has none.
    pub version: Option<KvVersion>,
    pub fields: Fields,
}

/// The fields of a secret.
#[derive(Debug)]
pub enum Fields {
    Named(FieldNames),
    /// Nobody asked, or this kind of secret does not show them without their values.
    NotShown,
    Unread(Failure),
}

/// Looks at these paths, and at the fields of those that say so; what does not answer in time is not known.
pub async fn see_outlines(
    vault: &dyn ReadVault,
    wanted: &BTreeMap<KvReference, bool>,
    until: Instant,
) -> BTreeMap<KvReference, Observed<Outline>> {
    let look = Look {
        vault,
        until,
        outage: OnceLock::new(),
    };
    let (v1, v2): (Vec<_>, Vec<_>) = wanted
        .iter()
        .partition(|(from, _)| from.version == KvEngine::V1);
    let look = &look;
    let each = v2.into_iter().map(|(from, with_fields)| async move {
        let seen = look.in_time(look.versioned(from, *with_fields)).await;
        (from.clone(), seen.unwrap_or_else(Observed::Unknown))
    });
    let mut folders: BTreeMap<(&MountPath, &str), Vec<&KvReference>> = BTreeMap::new();
    for (from, _) in v1 {
        let folder = split(&from.path).0;
        folders.entry((&from.mount, folder)).or_default().push(from);
    }
    let listed = folders
        .into_iter()
        .map(|((mount, folder), paths)| async move {
            let names = look.in_time(vault.kv_names(mount, folder)).await;
            let names = names.and_then(|names| names);
            if let Err(failure) = &names {
                look.note(failure);
            }
            let seen = paths
                .into_iter()
                .map(|from| (from.clone(), of_list(from, &names)));
            seen.collect::<Vec<_>>()
        });
    let (each, listed): (BTreeMap<_, _>, Vec<Vec<_>>) =
        futures::join!(gather(each, AT_ONCE), gather(listed, AT_ONCE));
    each.into_iter()
        .chain(listed.into_iter().flatten())
        .collect()
}

struct Look<'a> {
    vault: &'a dyn ReadVault,
    until: Instant,
    /// Set once the Vault was found out of reach: the rest is not asked.
    outage: OnceLock<Failure>,
}

impl Look<'_> {
    async fn in_time<T>(&self, asked: impl Future<Output = T>) -> Result<T, Failure> {
        if let Some(failure) = self.outage.get() {
            return Err(failure.clone());
        }
        let answer = tokio::time::timeout_at(self.until, asked).await;
        answer.map_err(|_| late("look at a path"))
    }

    /// The names of fields come with all the rest. Where they are refused, what is left to see is asked for by itself.
    async fn versioned(&self, from: &KvReference, with_fields: bool) -> Observed<Outline> {
        if !with_fields {
            return self.version(from, Fields::NotShown).await;
        }
        match self.vault.kv_fields(&from.mount, &from.path).await {
            Observed::Present(KvFields { version, names }) => Observed::Present(Outline {
                version: Some(version),
                fields: Fields::Named(names),
            }),
            // A server that does not know the question says the same as one that has no such secret.
            Observed::Absent => self.version(from, Fields::NotShown).await,
            Observed::Unknown(failure) if failure.class == FailureClass::Forbidden => {
                self.version(from, Fields::Unread(failure)).await
            }
            Observed::Unknown(failure) => self.unknown(failure),
        }
    }

    async fn version(&self, from: &KvReference, fields: Fields) -> Observed<Outline> {
        let path = BTreeSet::from([from.path.clone()]);
        let mut seen = self.vault.kv_versions(&from.mount, &path).await;
        match seen.remove(&from.path) {
            Some(Observed::Present(version)) => Observed::Present(Outline {
                version: Some(version),
                fields,
            }),
            Some(Observed::Unknown(failure)) => self.unknown(failure),
            Some(Observed::Absent) | None => Observed::Absent,
        }
    }

    fn unknown(&self, failure: Failure) -> Observed<Outline> {
        self.note(&failure);
        Observed::Unknown(failure)
    }

    fn note(&self, failure: &Failure) {
        if failure.is_outage() {
            // Whoever found out first is as right.
            let _ = self.outage.set(failure.clone());
        }
    }
}

/// Nothing came in the time that there is for all questions together.
pub fn late(request: &str) -> Failure {
    let why = "no answer in the time that there is for all questions together";
    Failure::new(FailureClass::TimedOut, request, why)
}

/// The folder of a path, and the name in it.
fn split(path: &KvPath) -> (&str, &str) {
    path.as_str()
        .rsplit_once('/')
        .unwrap_or(("", path.as_str()))
}

fn of_list(from: &KvReference, names: &Result<BTreeSet<String>, Failure>) -> Observed<Outline> {
    match names {
        Ok(names) if names.contains(split(&from.path).1) => Observed::Present(Outline {
            version: None,
            fields: Fields::NotShown,
        }),
        Ok(_) => Observed::Absent,
        Err(failure) => Observed::Unknown(failure.clone()),
    }
}
