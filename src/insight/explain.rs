//! What somebody asks by one name: a path of Vault, a pattern of paths, a cluster, or a Secret.
//!
//! A name may be several of these at once; all of them are explained. Only the repository is asked: whether a path exists, and
//! what was granted by hand, nobody here knows.

use super::elsewhere::{Elsewhere, granting};
use super::index::{Entry, MayRead, Read};
use super::stanza::{self, Stanza};
use super::{Known, mean_path};
use crate::declare::Destination;
use crate::desire::Desired;
use crate::diagnostics::Place;
use crate::policy::{Capability, PathPattern};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// Everything that a name stands for.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Explained {
    pub name: String,
    pub paths: Vec<PathStory>,
    pub clusters: Vec<ClusterStory>,
    pub secrets: Vec<SecretStory>,
    /// Of the policy with this name, or with this pattern.
    pub stanzas: Vec<Stanza>,
}

/// A path, from Vault's end: who is hit when it is rotated or deleted, and who else can read it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PathStory {
    pub vault: String,
    /// As a policy has it.
    pub path: String,
    /// The Secrets that are filled from it, each with its clusters.
    pub fills: Vec<Filled>,
    /// Roles that may read it.
    pub readers: Vec<Reader>,
    /// Policies that were read from Vault and that no role of the fleet has.
    pub elsewhere: Vec<Elsewhere>,
}

/// A Secret that is filled from a path.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Filled {
    pub secret: String,
    /// Its keys with the property each comes from; `*` for every field.
    pub keys: BTreeSet<String>,
    pub place: Place,
    pub clusters: BTreeSet<String>,
}

/// A role that may read a path, or that tries to.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Reader {
    pub cluster: String,
    /// `mount/role`.
    pub role: String,
    pub may: May,
    /// The stanza that decides.
    pub by: Option<String>,
    /// Whether a declaration of the cluster reads it.
    pub uses: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum May {
    Read,
    /// A declaration reads it, and Vault will refuse.
    Denied,
    /// What is not in the repository decides.
    Unknown,
}

/// A cluster, from its own end: what it can read, and what of that it uses.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ClusterStory {
    pub cluster: String,
    pub vault: String,
    pub role: String,
    pub service_account: String,
    pub policies: BTreeSet<String>,
    /// Policies that are not in the repository.
    pub unseen: BTreeSet<String>,
    pub secrets: usize,
    /// Paths that its declarations read and its role may.
    pub uses: BTreeSet<String>,
    /// Paths that its declarations read and its role may not.
    pub denied: BTreeSet<String>,
    /// Paths of which what is not in the repository decides.
    pub unknown: BTreeSet<String>,
    /// What is granted beyond what its declarations use.
    pub beyond: Vec<Beyond>,
}

/// A stanza that grants more than the cluster uses.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Beyond {
    pub path: String,
    pub capabilities: BTreeSet<&'static str>,
    /// Paths that it opens and other clusters use, with those.
    pub opens: BTreeMap<String, BTreeSet<String>>,
}

/// A Secret, from the workload's end.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SecretStory {
    pub secret: String,
    pub clusters: BTreeSet<String>,
    pub place: Place,
    /// Each key, `*` for every field, with what it comes from.
    pub keys: BTreeMap<String, BTreeSet<String>>,
}

/// Explains a name; `None` for one that stands for nothing.
pub fn explain(fleet: &Desired, known: &Known, name: &str) -> Option<Explained> {
    let entries = Entry::all(fleet, known);
    let explained = Explained {
        name: name.to_owned(),
        paths: paths(fleet, known, &entries, name),
        clusters: clusters(&entries, name),
        secrets: secrets(&entries, name),
        stanzas: stanza::named(&entries, name),
    };
    let is_anything = !explained.paths.is_empty()
        || !explained.clusters.is_empty()
        || !explained.secrets.is_empty()
        || !explained.stanzas.is_empty();
    is_anything.then_some(explained)
}

/// Every cluster, as its own explanation: what is granted and not used, used and not granted.
pub fn overview(fleet: &Desired, known: &Known) -> Vec<ClusterStory> {
    let entries = Entry::all(fleet, known);
    entries
        .iter()
        .map(|entry| cluster(entry, &entries))
        .collect()
}

/// Every name that would be explained, for who mistyped one.
pub fn known_names(fleet: &Desired) -> BTreeSet<String> {
    let nothing = Known::default();
    let entries = Entry::all(fleet, &nothing);
    let mut names = BTreeSet::new();
    for entry in &entries {
        names.insert(entry.cell.cluster.to_string());
        names.insert(entry.role());
        names.extend(entry.policy_names());
        names.extend(entry.reads.keys().cloned());
        names.extend(
            entry
                .cell
                .secrets
                .iter()
                .map(|secret| secret.id.to_string()),
        );
    }
    names
}

/// What a person may mean by a path: as a policy has it, or as `vault kv get` takes it; or a pattern of such.
fn paths(fleet: &Desired, known: &Known, entries: &[Entry<'_>], name: &str) -> Vec<PathStory> {
    let name = name.trim_matches('/');
    let mut wanted: BTreeSet<(String, String)> = BTreeSet::new();
    let pattern = PathPattern::parse(name).ok().filter(|it| !it.is_exact());
    for entry in entries {
        let reads = entry.reads.values().flatten();
        for read in reads {
            let from = &read.assignment.from;
            let path = from.api_path();
            let is_meant = path == name
                || format!("{}/{}", from.mount, from.path) == name
                || pattern.as_ref().is_some_and(|it| it.matches(&path));
            if is_meant {
                wanted.insert((entry.cell.vault.to_string(), path));
            }
        }
    }
    // Granted and read by nobody: it is a path all the same.
    if pattern.is_none() && wanted.is_empty() {
        for entry in entries.iter().filter(|_| name.contains('/')) {
            let path = mean_path(fleet.vaults.get(&entry.cell.vault).map(AsRef::as_ref), name);
            if entry.access.acl.deciding_pattern(&path).is_some() {
                wanted.insert((entry.cell.vault.to_string(), path));
            }
        }
    }
    // Of one path it is told; of ten thousand nobody reads it.
    let is_pattern = pattern.is_some();
    wanted
        .into_iter()
        .map(|(vault, path)| path_story(entries, vault, path))
        .map(|story| PathStory {
            elsewhere: if is_pattern {
                Vec::new()
            } else {
                granting(fleet, known, &story.vault, &story.path)
            },
            ..story
        })
        .collect()
}

fn path_story(entries: &[Entry<'_>], vault: String, path: String) -> PathStory {
    let here = || {
        entries
            .iter()
            .filter(|entry| entry.cell.vault.as_str() == vault)
    };
    let mut fills: BTreeMap<(String, Place), Filled> = BTreeMap::new();
    for entry in here() {
        for read in entry.reads.get(&path).into_iter().flatten() {
            let id = (read.secret.id.to_string(), read.secret.place.clone());
            let filled = fills.entry(id).or_insert_with(|| Filled {
                secret: read.secret.id.to_string(),
                keys: BTreeSet::new(),
                place: read.secret.place.clone(),
                clusters: BTreeSet::new(),
            });
            filled.keys.insert(key(*read));
            filled.clusters.insert(entry.cell.cluster.to_string());
        }
    }
    let readers = here().filter_map(|entry| reader(entry, &path)).collect();
    PathStory {
        vault,
        fills: fills.into_values().collect(),
        elsewhere: Vec::new(),
        readers,
        path,
    }
}

fn reader(entry: &Entry<'_>, path: &str) -> Option<Reader> {
    let uses = entry.reads.contains_key(path);
    let may = match entry.may_read(path) {
        MayRead::Yes => May::Read,
        MayRead::No if uses => May::Denied,
        MayRead::No => return None,
        MayRead::Unknown => May::Unknown,
    };
    let by = entry.access.acl.deciding_pattern(path);
    Some(Reader {
        cluster: entry.cell.cluster.to_string(),
        role: entry.role(),
        may,
        by: by.map(ToString::to_string),
        uses,
    })
}

fn key(read: Read<'_>) -> String {
    match &read.assignment.into {
        Destination::EveryKey => "*".to_owned(),
        Destination::Key { name, .. } => name.to_string(),
    }
}

fn clusters(entries: &[Entry<'_>], name: &str) -> Vec<ClusterStory> {
    let named = entries.iter().filter(|entry| entry.is_called(name));
    named.map(|entry| cluster(entry, entries)).collect()
}

fn cluster(entry: &Entry<'_>, entries: &[Entry<'_>]) -> ClusterStory {
    let cell = entry.cell;
    let (mut uses, mut denied, mut unknown) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    for path in entry.reads.keys() {
        let decided = match entry.may_read(path) {
            MayRead::Yes => &mut uses,
            MayRead::No => &mut denied,
            MayRead::Unknown => &mut unknown,
        };
        decided.insert(path.clone());
    }
    ClusterStory {
        cluster: cell.cluster.to_string(),
        vault: cell.vault.to_string(),
        role: entry.role(),
        service_account: cell.service_account.to_string(),
        policies: entry.policy_names(),
        unseen: entry.unseen(),
        secrets: cell.secrets.len(),
        uses,
        denied,
        unknown,
        beyond: entry
            .beyond()
            .map(|pattern| beyond(pattern, entry, entries))
            .collect(),
    }
}

/// A stanza and the paths that it opens, which other clusters use and this one does not.
fn beyond(pattern: &PathPattern, entry: &Entry<'_>, entries: &[Entry<'_>]) -> Beyond {
    let mut opens: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let others = entries
        .iter()
        .filter(|other| other.cell.vault == entry.cell.vault);
    for other in others {
        let paths = other.reads.keys().filter(|path| {
            pattern.matches(path)
                && !entry.reads.contains_key(*path)
                && entry.may_read(path) == MayRead::Yes
        });
        for path in paths {
            let users = opens.entry(path.clone()).or_default();
            users.insert(other.cell.cluster.to_string());
        }
    }
    let said = entry.access.acl.said_of(pattern);
    Beyond {
        path: pattern.to_string(),
        capabilities: said.capabilities.iter().map(Capability::word).collect(),
        opens,
    }
}

/// One Secret of many clusters is told once for each way in which it is filled.
fn secrets(entries: &[Entry<'_>], name: &str) -> Vec<SecretStory> {
    let mut stories: BTreeMap<(Place, BTreeMap<String, BTreeSet<String>>), SecretStory> =
        BTreeMap::new();
    for entry in entries {
        let secrets = entry.cell.secrets.iter();
        for secret in secrets.filter(|secret| secret.id.to_string() == name) {
            let mut keys: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
            for assignment in &secret.assignments {
                let read = Read { secret, assignment };
                keys.entry(key(read)).or_default().insert(source(read));
            }
            let id = (secret.place.clone(), keys.clone());
            let story = stories.entry(id).or_insert_with(|| SecretStory {
                secret: name.to_owned(),
                clusters: BTreeSet::new(),
                place: secret.place.clone(),
                keys,
            });
            story.clusters.insert(entry.cell.cluster.to_string());
        }
    }
    stories.into_values().collect()
}

fn source(read: Read<'_>) -> String {
    let path = read.assignment.from.api_path();
    match &read.assignment.into {
        Destination::Key {
            property: Some(property),
            ..
        } => format!("{path} # {property}"),
        Destination::Key { property: None, .. } | Destination::EveryKey => path,
    }
}
