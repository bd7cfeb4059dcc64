//! Objects as the API server sends them, turned into what `observe` knows.

use super::metadata::{Metadata, meta};
use crate::observe::live::{LiveBinding, LiveSecret, LiveSecretMeta};
use crate::secret::SecretBytes;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use k8s_openapi::api::rbac::v1::{RoleRef, Subject};
use serde::de::Visitor;
use serde::{Deserialize, Deserializer};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

/// `PartialObjectMetadata`.
#[derive(Deserialize)]
pub(super) struct MetadataOnly {
    /// Absent in the items of a list.
    #[serde(default)]
    pub(super) kind: String,
    pub(super) metadata: Metadata,
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
    metadata: Metadata,
    #[serde(default, rename = "type")]
    secret_type: Option<String>,
    #[serde(default)]
    immutable: Option<bool>,
    #[serde(default)]
    data: Option<BTreeMap<String, Decoded>>,
}

/// `ClusterRoleBinding`.
#[derive(Deserialize)]
pub(super) struct BindingObject {
    metadata: Metadata,
    #[serde(rename = "roleRef")]
    role_ref: RoleRef,
    #[serde(default)]
    subjects: Option<Vec<Subject>>,
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

pub(super) fn secret_meta(object: MetadataOnly) -> Option<LiveSecretMeta> {
    let mut metadata = object.metadata;
    Some(LiveSecretMeta {
        namespace: metadata.namespace.take()?,
        name: metadata.name.take()?,
        meta: Arc::new(meta(metadata)?),
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

pub(super) fn binding(object: BindingObject) -> Option<LiveBinding> {
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
