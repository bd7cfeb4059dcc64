//! The bodies of requests. One that holds values is built once, in memory that is wiped.

use crate::apply::{ObjectMarks, SecretWrite};
use crate::backends::buffer::WipedBuffer;
use crate::names::ServiceAccountRef;
use crate::secret::SecretBytes;
use base64::display::Base64Display;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde::{Serialize, Serializer};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// A version that no object has: revisions of etcd begin at 1, and the first object gets 2.
///
/// It makes a server-side apply a pure create. With a version in the body, the API server refuses (409) to change an
/// object that has another, and ignores the version when there is no object. `POST` would be as strict, but is recorded
/// as an `Update` of our manager beside the later `Apply`: both would own every key, and a key that is not declared any
/// more would stay. Version `0` means any version.
const NO_VERSION: &str = "1";

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SecretBody<'a> {
    api_version: &'static str,
    kind: &'static str,
    metadata: SecretMetadata<'a>,
    #[serde(rename = "type")]
    secret_type: &'a str,
    data: BTreeMap<&'a str, Encoded<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SecretMetadata<'a> {
    name: &'a str,
    namespace: &'a str,
    labels: &'a BTreeMap<String, String>,
    annotations: &'a BTreeMap<String, String>,
    resource_version: &'a str,
}

/// Written as base64 straight into the body, with no copy in between.
struct Encoded<'a>(&'a SecretBytes);

impl Serialize for Encoded<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&Base64Display::new(self.0.expose(), &STANDARD))
    }
}

/// `None` only when the labels cannot be written as JSON, which texts always can.
pub(super) fn secret(secret: &SecretWrite) -> Option<Bytes> {
    let body = SecretBody {
        api_version: "v1",
        kind: "Secret",
        metadata: SecretMetadata {
            name: secret.name.as_str(),
            namespace: secret.namespace.as_str(),
            labels: &secret.labels,
            annotations: &secret.annotations,
            resource_version: secret.resource_version.as_deref().unwrap_or(NO_VERSION),
        },
        secret_type: &secret.kind,
        data: secret
            .data
            .iter()
            .map(|(key, value)| (key.as_str(), Encoded(value)))
            .collect(),
    };
    let size: usize = secret
        .data
        .iter()
        .map(|(key, value)| key.len() + value.len() * 4 / 3 + 16)
        .sum();
    let mut buffer = WipedBuffer::with_capacity(size + 4096);
    serde_json::to_writer(&mut buffer, &body).ok()?;
    Some(Bytes::from_owner(buffer))
}

pub(super) fn namespace(name: &str, marks: &ObjectMarks) -> Bytes {
    object("v1", "Namespace", metadata(name, marks), &[])
}

pub(super) fn service_account(account: &ServiceAccountRef, marks: &ObjectMarks) -> Bytes {
    let mut metadata = metadata(account.name.as_str(), marks);
    metadata["namespace"] = account.namespace.as_str().into();
    object("v1", "ServiceAccount", metadata, &[])
}

pub(super) fn binding(
    name: &str,
    role: &str,
    subjects: &BTreeSet<ServiceAccountRef>,
    marks: &ObjectMarks,
) -> Bytes {
    let subjects: Vec<Value> = subjects
        .iter()
        .map(|account| {
            json!({"kind": "ServiceAccount", "namespace": account.namespace.as_str(), "name": account.name.as_str()})
        })
        .collect();
    let role =
        json!({"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": role});
    object(
        "rbac.authorization.k8s.io/v1",
        "ClusterRoleBinding",
        metadata(name, marks),
        &[("roleRef", role), ("subjects", subjects.into())],
    )
}

/// 600 s is the shortest life that the API allows.
pub(super) fn token_request(audiences: &[&str]) -> Bytes {
    let spec = json!({"expirationSeconds": 600, "audiences": audiences});
    object(
        "authentication.k8s.io/v1",
        "TokenRequest",
        json!({}),
        &[("spec", spec)],
    )
}

/// Only the very object that was seen.
pub(super) fn delete(uid: &str, resource_version: &str) -> Bytes {
    let preconditions = json!({"uid": uid, "resourceVersion": resource_version});
    let rest = [
        ("propagationPolicy", "Background".into()),
        ("preconditions", preconditions),
    ];
    object("v1", "DeleteOptions", Value::Null, &rest)
}

fn metadata(name: &str, marks: &ObjectMarks) -> Value {
    json!({"name": name, "labels": marks.labels, "annotations": marks.annotations})
}

fn object(api_version: &str, kind: &str, metadata: Value, rest: &[(&str, Value)]) -> Bytes {
    let mut object = json!({"apiVersion": api_version, "kind": kind});
    if !metadata.is_null() {
        object["metadata"] = metadata;
    }
    for (field, value) in rest {
        object[*field] = value.clone();
    }
    Bytes::from(object.to_string())
}
