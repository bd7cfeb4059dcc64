//! `metadata` of any object, of which only what `observe` knows is kept: a list has it ten thousand times.

use crate::observe::live::{LiveMeta, Manager};
use serde::de::{IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Metadata {
    pub(super) namespace: Option<String>,
    pub(super) name: Option<String>,
    uid: Option<String>,
    resource_version: Option<String>,
    labels: Option<BTreeMap<String, String>>,
    annotations: Option<BTreeMap<String, String>>,
    deletion_timestamp: Option<String>,
    owner_references: Option<Vec<OwnerReference>>,
    managed_fields: Option<Vec<ManagedFields>>,
}

#[derive(Deserialize)]
struct OwnerReference {
    kind: String,
    name: String,
    controller: Option<bool>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ManagedFields {
    manager: Option<String>,
    time: Option<String>,
    fields_v1: Option<Fields>,
}

/// `{"f:data": {".": {}, "f:token": {}}, "f:metadata": {"f:annotations": {…}}}`
#[derive(Default, Deserialize)]
struct Fields {
    #[serde(default, rename = "f:data")]
    data: Names,
    #[serde(default, rename = "f:metadata")]
    metadata: MetadataFields,
}

#[derive(Default, Deserialize)]
struct MetadataFields {
    #[serde(default, rename = "f:annotations")]
    annotations: Names,
}

/// The names of the fields, without what is below them.
#[derive(Default)]
struct Names(BTreeSet<String>);

impl<'de> Deserialize<'de> for Names {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(NamesVisitor)
    }
}

struct NamesVisitor;

impl<'de> Visitor<'de> for NamesVisitor {
    type Value = Names;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("fields by name")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Names, A::Error> {
        let mut names = Names::default();
        while let Some((name, IgnoredAny)) = fields.next_entry::<String, IgnoredAny>()? {
            names.0.extend(name.strip_prefix("f:").map(str::to_owned));
        }
        Ok(names)
    }
}

/// `None` when the server sent an object without an identity, which a real one never does.
pub(super) fn meta(metadata: Metadata) -> Option<LiveMeta> {
    let owners = metadata.owner_references.unwrap_or_default();
    let controller = owners
        .into_iter()
        .find(|owner| owner.controller == Some(true));
    let managers = metadata.managed_fields.unwrap_or_default();
    let live = LiveMeta {
        uid: metadata.uid.unwrap_or_default(),
        resource_version: metadata.resource_version.unwrap_or_default(),
        labels: metadata.labels.unwrap_or_default(),
        annotations: metadata.annotations.unwrap_or_default(),
        owned_by_controller: controller.map(|owner| format!("{}/{}", owner.kind, owner.name)),
        terminating: metadata.deletion_timestamp.is_some(),
        managers: managers.into_iter().map(manager).collect(),
    };
    (!live.uid.is_empty() && !live.resource_version.is_empty()).then_some(live)
}

fn manager(entry: ManagedFields) -> Manager {
    let Fields { data, metadata } = entry.fields_v1.unwrap_or_default();
    Manager {
        name: entry.manager.unwrap_or_default(),
        time: entry.time,
        data_keys: data.0,
        annotations: metadata.annotations.0,
    }
}
