//! Objects as the API server sends them, turned into what `observe` knows.

use crate::observe::live::{LiveBinding, LiveMeta, LiveSecret, LiveSecretMeta, Manager};
use crate::secret::SecretBytes;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use k8s_openapi::api::rbac::v1::{ClusterRoleBinding, Subject};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ManagedFieldsEntry, ObjectMeta};
use serde::de::Visitor;
use serde::{Deserialize, Deserializer};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// `PartialObjectMetadata`.
#[derive(Deserialize)]
pub(super) struct MetadataOnly {
    /// Absent in the items of a list.
    #[serde(default)]
    pub(super) kind: String,
    pub(super) metadata: ObjectMeta,
}

#[derive(Deserialize)]
pub(super) struct MetadataList {
    pub(super) kind: String,
    pub(super) metadata: ListPlace,
    /// Required: an answer without it is some other answer, and not an empty list. The API server writes an empty one
    /// of these as `null`.
    #[serde(deserialize_with = "null_is_empty")]
    pub(super) items: Vec<MetadataOnly>,
}

/// Takes `null` for an empty list; a missing field stays an error.
fn null_is_empty<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Vec<MetadataOnly>, D::Error> {
    Option::<Vec<MetadataOnly>>::deserialize(deserializer).map(Option::unwrap_or_default)
}

#[derive(Deserialize)]
pub(super) struct ListPlace {
    #[serde(default, rename = "continue")]
    pub(super) next: Option<String>,
}

/// A Secret, its values decoded into wiped memory while it is parsed.
#[derive(Deserialize)]
pub(super) struct SecretObject {
    pub(super) kind: String,
    metadata: ObjectMeta,
    #[serde(default, rename = "type")]
    secret_type: Option<String>,
    #[serde(default)]
    immutable: Option<bool>,
    #[serde(default)]
    data: Option<BTreeMap<String, Decoded>>,
}

/// `TokenRequest`.
#[derive(Deserialize)]
pub(super) struct TokenObject {
    pub(super) spec: TokenSpec,
    pub(super) status: TokenStatus,
}

#[derive(Deserialize)]
pub(super) struct TokenSpec {
    #[serde(default)]
    pub(super) audiences: Vec<String>,
}

#[derive(Deserialize)]
pub(super) struct TokenStatus {
    pub(super) token: Plain,
}

/// The base64 text of a JSON string, decoded.
struct Decoded(SecretBytes);

/// A JSON string, straight into wiped memory.
pub(super) struct Plain(pub(super) SecretBytes);

impl<'de> Deserialize<'de> for Decoded {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let decode = |text: &str| STANDARD.decode(text).ok().map(SecretBytes::new);
        deserializer.deserialize_str(Text(decode)).map(Self)
    }
}

impl<'de> Deserialize<'de> for Plain {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let keep = |text: &str| Some(SecretBytes::new(text.as_bytes().to_vec()));
        deserializer.deserialize_str(Text(keep)).map(Self)
    }
}

/// Turns a string into a secret without ever quoting it in an error, as serde's own visitors do.
struct Text<F>(F);

impl<F: Fn(&str) -> Option<SecretBytes>> Visitor<'_> for Text<F> {
    type Value = SecretBytes;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a text")
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<SecretBytes, E> {
        (self.0)(text).ok_or_else(|| E::custom("a value is not base64"))
    }
}

/// `None` when the server sent an object without an identity, which a real one never does.
pub(super) fn meta(meta: ObjectMeta) -> Option<LiveMeta> {
    let controller = meta
        .owner_references
        .unwrap_or_default()
        .into_iter()
        .find(|owner| owner.controller == Some(true));
    let live = LiveMeta {
        uid: meta.uid.unwrap_or_default(),
        resource_version: meta.resource_version.unwrap_or_default(),
        labels: meta.labels.unwrap_or_default(),
        annotations: meta.annotations.unwrap_or_default(),
        owned_by_controller: controller.map(|owner| format!("{}/{}", owner.kind, owner.name)),
        terminating: meta.deletion_timestamp.is_some(),
        managers: meta
            .managed_fields
            .unwrap_or_default()
            .into_iter()
            .map(manager)
            .collect(),
    };
    (!live.uid.is_empty() && !live.resource_version.is_empty()).then_some(live)
}

fn manager(entry: ManagedFieldsEntry) -> Manager {
    // `{"f:data": {".": {}, "f:token": {}}}`
    let owned = |pointer: &str| {
        entry
            .fields_v1
            .as_ref()
            .and_then(|fields| fields.0.pointer(pointer)?.as_object())
            .into_iter()
            .flat_map(|fields| fields.keys())
            .filter_map(|name| name.strip_prefix("f:"))
            .map(str::to_owned)
            .collect()
    };
    let data_keys = owned("/f:data");
    let annotations = owned("/f:metadata/f:annotations");
    Manager {
        name: entry.manager.unwrap_or_default(),
        time: entry.time.map(|time| time.0.to_string()),
        data_keys,
        annotations,
    }
}

pub(super) fn secret_meta(object: MetadataOnly) -> Option<LiveSecretMeta> {
    let (namespace, name) = (
        object.metadata.namespace.clone()?,
        object.metadata.name.clone()?,
    );
    Some(LiveSecretMeta {
        namespace,
        name,
        meta: meta(object.metadata)?,
    })
}

pub(super) fn secret(object: SecretObject) -> Option<LiveSecret> {
    let data = object.data.unwrap_or_default();
    Some(LiveSecret {
        meta: meta(object.metadata)?,
        kind: object.secret_type.unwrap_or_default(),
        immutable: object.immutable.unwrap_or_default(),
        data: data
            .into_iter()
            .map(|(key, Decoded(value))| (key, value))
            .collect(),
    })
}

pub(super) fn binding(object: ClusterRoleBinding) -> Option<LiveBinding> {
    let role = object.role_ref;
    let subjects: BTreeSet<String> = object
        .subjects
        .unwrap_or_default()
        .into_iter()
        .map(subject)
        .collect();
    Some(LiveBinding {
        meta: meta(object.metadata)?,
        role: format!("{}/{}", role.kind, role.name),
        subjects,
    })
}

fn subject(subject: Subject) -> String {
    match subject.namespace {
        Some(namespace) if !namespace.is_empty() => {
            format!("{}/{namespace}/{}", subject.kind, subject.name)
        }
        _ => format!("{}/{}", subject.kind, subject.name),
    }
}
