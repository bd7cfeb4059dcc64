//! Versions and values of KV secrets.
//!
//! Versions come without any value: one recursive list of a mount where the server has it, or of a folder in it, else one
//! read of metadata for each path. What a bulk list does not show is asked for singly before it is called absent, since a policy
//! can leave entries out of a list.

use super::http::{Http, Reply, unexpected};
use super::long_answer::Field;
use super::policy::{is_missing, is_refused};
use super::request::{Request, Token};
use crate::names::{KvPath, MountPath};
use crate::observe::live::{FieldNames, KvFields};
use crate::observe::reader::KvEngine;
use crate::observe::{Failure, FailureClass, KvReference, KvValue, KvVersion, Observed};
use futures::{StreamExt, stream};
use jiff::Timestamp;
use serde::de::{DeserializeSeed, IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fmt;
use std::sync::{Arc, OnceLock};

/// Up to here single reads are no more than the bulk list with what it may leave out.
const SINGLY: usize = 2;

/// Up to so many requests are sent instead of a list of the whole mount, which may be that of a large fleet.
const FEW: usize = 3;

type Versions = BTreeMap<KvPath, Observed<KvVersion>>;

pub(super) async fn versions(http: &Http, mount: &MountPath, paths: &BTreeSet<KvPath>) -> Versions {
    let mut found = Versions::new();
    if paths.len() > SINGLY {
        let folders = folders(paths).into_iter();
        for (folder, within) in folders.filter(|(folder, _)| http.memory.may_scan(mount, folder)) {
            match scan(http, mount, folder, within).await {
                Ok(scanned) => found.extend(scanned),
                Err(failure) if is_missing(&failure) || is_refused(&failure) => {
                    http.memory.no_scan(mount, folder);
                }
                Err(failure) => {
                    let unknown =
                        |path: &KvPath| (path.clone(), Observed::Unknown(failure.clone()));
                    return paths.iter().map(unknown).collect();
                }
            }
        }
    }
    let left: Vec<_> = paths
        .iter()
        .filter(|path| !found.contains_key(*path))
        .collect();
    found.extend(singly(http, mount, left).await);
    found
}

/// The folders that are listed for these paths, each with its own; without a name, the whole mount.
fn folders(paths: &BTreeSet<KvPath>) -> Vec<(&str, Vec<&KvPath>)> {
    let mut folders: BTreeMap<&str, Vec<&KvPath>> = BTreeMap::new();
    for path in paths {
        let folder = path.as_str().split_once('/');
        let folder = folder.map_or("", |(folder, _)| folder);
        folders.entry(folder).or_default().push(path);
    }
    let is_listed =
        |(folder, paths): &(&str, Vec<&KvPath>)| !folder.is_empty() && paths.len() > SINGLY;
    let (listed, singly): (Vec<_>, Vec<_>) = folders.into_iter().partition(is_listed);
    let left: usize = singly.iter().map(|(_, paths)| paths.len()).sum();
    if listed.len() + left <= FEW {
        listed
    } else {
        vec![("", paths.iter().collect())]
    }
}

async fn scan(
    http: &Http,
    mount: &MountPath,
    folder: &str,
    paths: Vec<&KvPath>,
) -> Result<Versions, Failure> {
    let whole = [mount.as_str(), "detailed-metadata", folder];
    let request = Request::scan(if folder.is_empty() {
        &whole[..2]
    } else {
        &whole
    });
    let paths: Arc<HashSet<KvPath>> = Arc::new(paths.into_iter().cloned().collect());
    let wanted = |now| Field {
        name: "data",
        then: Field {
            name: "key_info",
            then: KeyInfo {
                paths: Arc::clone(&paths),
                folder: folder.to_owned(),
                now,
            },
        },
    };
    let Some(scanned) = http.send_for(&request, &wanted).await? else {
        http.memory.no_scan(mount, folder);
        return Ok(Versions::new());
    };
    let found = scanned.flatten().unwrap_or_default().into_iter();
    let observed = |version: Result<KvVersion, &str>| match version {
        Ok(version) => Observed::Present(version),
        Err(lacking) => Observed::Unknown(unexpected(&request, lacking)),
    };
    Ok(found
        .map(|(path, version)| (path, observed(version)))
        .collect())
}

/// Out of a whole mount's metadata, the newest versions of these secrets; or what their metadata lacks.
struct KeyInfo {
    paths: Arc<HashSet<KvPath>>,
    /// What the keys are relative to.
    folder: String,
    /// By the server's clock.
    now: Option<Timestamp>,
}

impl<'de> DeserializeSeed<'de> for KeyInfo {
    type Value = Vec<(KvPath, Result<KvVersion, &'static str>)>;

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<Self::Value, D::Error> {
        json.deserialize_option(self)
    }
}

impl<'de> Visitor<'de> for KeyInfo {
    type Value = Vec<(KvPath, Result<KvVersion, &'static str>)>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("the metadata of secrets by their paths")
    }

    /// A list without an entry.
    fn visit_none<E>(self) -> Result<Self::Value, E> {
        Ok(Vec::new())
    }

    fn visit_some<D: Deserializer<'de>>(self, json: D) -> Result<Self::Value, D::Error> {
        json.deserialize_map(self)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Self::Value, A::Error> {
        let mut found = Vec::with_capacity(self.paths.len());
        while let Some(path) = entries.next_key_seed(OneOf(&self))? {
            match path {
                Some(path) => found.push((path, newest(&entries.next_value()?, self.now))),
                None => drop(entries.next_value::<IgnoredAny>()?),
            }
        }
        Ok(found)
    }
}

/// The path, when it is one of these; of a whole mount without a copy of its text.
struct OneOf<'a>(&'a KeyInfo);

impl<'de> DeserializeSeed<'de> for OneOf<'_> {
    type Value = Option<KvPath>;

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<Self::Value, D::Error> {
        json.deserialize_str(self)
    }
}

impl Visitor<'_> for OneOf<'_> {
    type Value = Option<KvPath>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a path")
    }

    fn visit_str<E>(self, path: &str) -> Result<Self::Value, E> {
        let KeyInfo { paths, folder, .. } = self.0;
        let found = if folder.is_empty() {
            paths.get(path)
        } else {
            paths.get(format!("{folder}/{path}").as_str())
        };
        Ok(found.cloned())
    }
}

/// The metadata of a secret.
#[derive(Deserialize)]
struct Entry {
    current_version: Option<u64>,
    #[serde(default)]
    versions: Versioned,
}

#[derive(Deserialize)]
struct VersionEntry {
    #[serde(default)]
    deletion_time: String,
    #[serde(default)]
    destroyed: bool,
}

/// By number, mostly one or a few: a table for each of a hundred thousand secrets would take more than all else.
#[derive(Default)]
struct Versioned(Vec<(u64, VersionEntry)>);

impl<'de> Deserialize<'de> for Versioned {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_option(VersionedVisitor)
    }
}

struct VersionedVisitor;

impl<'de> Visitor<'de> for VersionedVisitor {
    type Value = Versioned;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("versions by number")
    }

    fn visit_none<E: serde::de::Error>(self) -> Result<Versioned, E> {
        Ok(Versioned::default())
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Versioned, D::Error> {
        deserializer.deserialize_map(self)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Versioned, A::Error> {
        let mut versions = Vec::new();
        while let Some((number, entry)) = entries.next_entry::<String, VersionEntry>()? {
            // What is no number is no version.
            versions.extend(number.parse().ok().map(|number: u64| (number, entry)));
        }
        Ok(Versioned(versions))
    }
}

/// One read for each path. Once the Vault is out of reach, the rest is not asked.
async fn singly(http: &Http, mount: &MountPath, paths: Vec<&KvPath>) -> Versions {
    let outage = OnceLock::new();
    let read = async |path: &KvPath| {
        if let Some(failure) = outage.get() {
            return (path.clone(), Observed::Unknown(Failure::clone(failure)));
        }
        let version = one(http, mount, path).await;
        if let Err(failure) = &version
            && failure.is_outage()
        {
            let _ = outage.set(failure.clone());
        }
        (path.clone(), version.into())
    };
    stream::iter(paths)
        .map(read)
        .buffer_unordered(http.in_flight())
        .collect()
        .await
}

async fn one(http: &Http, mount: &MountPath, path: &KvPath) -> Result<Option<KvVersion>, Failure> {
    let request = Request::read(&[mount.as_str(), "metadata", path.as_str()]);
    let reply = http.send(&request).await?;
    let now = reply.date;
    let Some(fields) = reply.data(&request)? else {
        return Ok(None);
    };
    let entry = serde_json::from_value(Value::Object(fields));
    let entry = entry.map_err(|_| unexpected(&request, "version"))?;
    let version = newest(&entry, now).map_err(|lacking| unexpected(&request, lacking));
    version.map(Some)
}

/// The names of a secret's fields. One that is deleted or destroyed is answered with 404 and its metadata.
pub(super) async fn fields(
    http: &Http,
    mount: &MountPath,
    path: &KvPath,
) -> Result<Option<KvFields>, Failure> {
    let request = Request::read(&[mount.as_str(), "subkeys", path.as_str()]);
    let Reply {
        found, mut body, ..
    } = http.send(&request).await?;
    let mut outer = KvValue {
        version: None,
        data: object(&mut body, "data"),
    };
    let Some(number) = number(&outer) else {
        return if found {
            Err(unexpected(&request, "version"))
        } else {
            Ok(None)
        };
    };
    let version = KvVersion {
        number,
        gone: !found,
    };
    let names = FieldNames::new(object(&mut outer, "subkeys"));
    Ok(Some(KvFields { version, names }))
}

/// The newest version in the metadata of a secret; or what the metadata lacks.
fn newest(entry: &Entry, now: Option<Timestamp>) -> Result<KvVersion, &'static str> {
    let number = entry.current_version.ok_or("version")?;
    let mut versions = entry.versions.0.iter();
    let gone = match versions.find(|(known, _)| *known == number) {
        Some((_, newest)) => is_gone(newest, now),
        // Metadata was written before any value.
        None if number == 0 => true,
        None => return Err("newest version"),
    };
    Ok(KvVersion { number, gone })
}

/// A deletion may lie in the future (`delete_version_after`), by the server's clock, which tells whole seconds only.
fn is_gone(version: &VersionEntry, now: Option<Timestamp>) -> bool {
    let deletion = version.deletion_time.parse::<Timestamp>().ok();
    version.destroyed
        || deletion
            .is_some_and(|deletion| now.is_none_or(|now| deletion.as_second() <= now.as_second()))
}

/// A value, read with somebody's token.
pub(super) async fn value(
    http: &Http,
    token: Token<'_>,
    reference: &KvReference,
) -> Result<KvValue, Failure> {
    let request = Request::read(&[&reference.api_path()]).with(token);
    let mut reply = http.send(&request).await?;
    let outer = KvValue {
        version: None,
        data: object(&mut reply.body, "data"),
    };
    match reference.version {
        _ if !reply.found => Err(nothing(&request, &outer)),
        KvEngine::V1 if outer.data.is_empty() => Err(unexpected(&request, "`data`")),
        KvEngine::V1 => Ok(outer),
        KvEngine::V2 => versioned(&request, outer),
    }
}

fn versioned(request: &Request<'_>, mut outer: KvValue) -> Result<KvValue, Failure> {
    let version = number(&outer).ok_or_else(|| unexpected(request, "version"))?;
    match outer.data.remove("data") {
        Some(Value::Object(data)) => Ok(KvValue {
            version: Some(version),
            data,
        }),
        _ => Err(unexpected(request, "`data`")),
    }
}

fn object(value: &mut KvValue, name: &str) -> Map<String, Value> {
    match value.data.remove(name) {
        Some(Value::Object(fields)) => fields,
        _ => Map::new(),
    }
}

fn number(outer: &KvValue) -> Option<u64> {
    outer.data.get("metadata")?.get("version")?.as_u64()
}

/// Why there is no value: Vault answers 404 for a deleted version too, with its metadata.
fn nothing(request: &Request<'_>, outer: &KvValue) -> Failure {
    let destroyed = outer
        .data
        .get("metadata")
        .and_then(|metadata| metadata.get("destroyed"));
    let (why, hint) = match (number(outer), destroyed) {
        (Some(number), Some(Value::Bool(true))) => (
            format!("version {number} is destroyed"),
            "write the secret anew, or take it out of the declarations",
        ),
        (Some(number), _) => (
            format!("version {number} is deleted"),
            "undelete it, write it anew, or take it out of the declarations",
        ),
        (None, _) => (
            "there is no secret at this path".to_owned(),
            "check the path, and that its KV engine is of the version that is declared",
        ),
    };
    request
        .failure(FailureClass::NotFound, why)
        .status(404)
        .hint(hint)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listed(paths: &[&str]) -> Vec<String> {
        let paths = paths.iter().map(|path| KvPath::parse(path).unwrap());
        let paths: BTreeSet<KvPath> = paths.collect();
        let folders = folders(&paths).into_iter();
        folders.map(|(folder, _)| folder.to_owned()).collect()
    }

    #[test]
    fn the_secrets_of_one_cluster_are_not_looked_for_in_the_whole_mount() {
        let own = ["eu/a", "eu/b", "eu/deep/c", "shared/mail"];
        assert_eq!(listed(&own), ["eu"]);
        let both = ["eu/a", "eu/b", "eu/c", "shared/a", "shared/b", "shared/c"];
        assert_eq!(listed(&both), ["eu", "shared"]);
        // More requests than a list of all is worth.
        let fleet = ["eu/a", "eu/b", "eu/c", "us/a", "us/b", "shared/mail"];
        assert_eq!(listed(&fleet), [""]);
        assert_eq!(listed(&["a", "b", "c", "d"]), [""]);
    }
}
