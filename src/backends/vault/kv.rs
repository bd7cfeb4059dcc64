//! Versions and values of KV secrets.
//!
//! Versions come without any value: one recursive list of a mount where the server has it, else one read of metadata
//! for each path. What a bulk list does not show is asked for singly before it is called absent, since a policy
//! can leave entries out of a list.

use super::http::{Http, unexpected};
use super::policy::{is_missing, is_refused};
use super::request::{Request, Token};
use crate::names::{KvPath, MountPath};
use crate::observe::reader::KvEngine;
use crate::observe::{Failure, FailureClass, KvReference, KvValue, KvVersion, Observed};
use crate::secret::SecretBytes;
use futures::{StreamExt, stream};
use jiff::Timestamp;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;
use std::sync::OnceLock;

/// Up to here single reads are no more than the bulk list with what it may leave out.
const SINGLY: usize = 2;

type Versions = BTreeMap<KvPath, Observed<KvVersion>>;

pub(super) async fn versions(http: &Http, mount: &MountPath, paths: &BTreeSet<KvPath>) -> Versions {
    let mut found = Versions::new();
    if paths.len() > SINGLY && http.memory.may_scan(mount) {
        match scan(http, mount, paths).await {
            Ok(scanned) => found = scanned,
            Err(failure) if is_missing(&failure) || is_refused(&failure) => {
                http.memory.no_scan(mount);
            }
            Err(failure) => {
                let unknown = |path: &KvPath| (path.clone(), Observed::Unknown(failure.clone()));
                return paths.iter().map(unknown).collect();
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

async fn scan(
    http: &Http,
    mount: &MountPath,
    paths: &BTreeSet<KvPath>,
) -> Result<Versions, Failure> {
    let request = Request::scan(&[mount.as_str(), "detailed-metadata"]);
    let Some((scanned, now)) = http.send_for::<Scanned>(&request).await? else {
        http.memory.no_scan(mount);
        return Ok(Versions::new());
    };
    let entries = scanned.data.map(|data| data.key_info).unwrap_or_default();
    let wanted = |path: &KvPath| {
        let entry = entries.get(path.as_str())?;
        Some((path.clone(), version(&request, entry, now).into()))
    };
    Ok(paths.iter().filter_map(wanted).collect())
}

/// A whole mount's metadata: of a hundred thousand secrets, so only what is looked at is kept.
#[derive(Deserialize)]
struct Scanned {
    data: Option<ScannedData>,
}

#[derive(Deserialize)]
struct ScannedData {
    #[serde(default)]
    key_info: HashMap<String, Entry>,
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
        let version = latest(http, mount, path).await;
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

async fn latest(
    http: &Http,
    mount: &MountPath,
    path: &KvPath,
) -> Result<Option<KvVersion>, Failure> {
    let request = Request::read(&[mount.as_str(), "metadata", path.as_str()]);
    let reply = http.send(&request).await?;
    let now = reply.date;
    let Some(fields) = reply.data(&request)? else {
        return Ok(None);
    };
    let entry = serde_json::from_value(Value::Object(fields));
    let entry = entry.map_err(|_| unexpected(&request, "version"))?;
    version(&request, &entry, now)
}

/// The newest version in the metadata of a secret.
fn version(
    request: &Request<'_>,
    entry: &Entry,
    now: Option<Timestamp>,
) -> Result<Option<KvVersion>, Failure> {
    let number = entry
        .current_version
        .ok_or_else(|| unexpected(request, "version"))?;
    let mut versions = entry.versions.0.iter();
    let gone = match versions.find(|(known, _)| *known == number) {
        Some((_, newest)) => is_gone(newest, now),
        // Metadata was written before any value.
        None if number == 0 => true,
        None => return Err(unexpected(request, "newest version")),
    };
    Ok(Some(KvVersion { number, gone }))
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
    token: &SecretBytes,
    reference: &KvReference,
) -> Result<KvValue, Failure> {
    let request = Request::read(&[&reference.api_path()]).with(Token::Session(token));
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
