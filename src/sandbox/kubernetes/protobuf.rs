//! Bodies in protobuf, which clients made of the Kubernetes libraries send for built-in kinds, read into the JSON that
//! everything else understands.
//!
//! Answers are never protobuf: such a client always takes JSON as well. What the server itself fills in (`status`,
//! `managedFields`) is passed over.

use super::schema::{ListType, Schema, Struct, field};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde_json::{Map, Value, json};

pub(super) const MEDIA_TYPE: &str = "application/vnd.kubernetes.protobuf";
/// What every such body begins with.
const MAGIC: &[u8] = b"k8s\0";

/// The fields of each message in the order of their numbers, from 1; `-` where there is none.
const NUMBERS: [(&str, &str); 40] = [
    (
        "v1.DeleteOptions",
        "gracePeriodSeconds preconditions orphanDependents propagationPolicy dryRun",
    ),
    ("v1.Preconditions", "uid resourceVersion"),
    ("v1.ConfigMap", "metadata data binaryData immutable"),
    ("v1.Secret", "metadata data type stringData immutable"),
    (
        "v1.ServiceAccount",
        "metadata secrets imagePullSecrets automountServiceAccountToken",
    ),
    (
        "v1.ObjectReference",
        "kind namespace name uid apiVersion resourceVersion fieldPath",
    ),
    ("v1.LocalObjectReference", "name"),
    ("v1.Namespace", "metadata spec"),
    ("v1.NamespaceSpec", "finalizers"),
    ("v1.Lease", "metadata spec"),
    (
        "v1.LeaseSpec",
        "holderIdentity leaseDurationSeconds acquireTime renewTime leaseTransitions strategy preferredHolder",
    ),
    ("v1.ClusterRole", "metadata rules aggregationRule"),
    ("v1.AggregationRule", "clusterRoleSelectors"),
    ("v1.Role", "metadata rules"),
    (
        "v1.PolicyRule",
        "verbs apiGroups resources resourceNames nonResourceURLs",
    ),
    ("v1.ClusterRoleBinding", "metadata subjects roleRef"),
    ("v1.RoleBinding", "metadata subjects roleRef"),
    ("v1.RoleRef", "apiGroup kind name"),
    ("v1.Subject", "kind apiGroup name namespace"),
    (
        "v1.ObjectMeta",
        "name generateName namespace selfLink uid resourceVersion generation creationTimestamp deletionTimestamp deletionGracePeriodSeconds labels annotations ownerReferences finalizers",
    ),
    (
        "v1.OwnerReference",
        "kind - name uid apiVersion controller blockOwnerDeletion",
    ),
    ("v1.LabelSelector", "matchLabels matchExpressions"),
    ("v1.LabelSelectorRequirement", "key operator values"),
    ("v1.SelfSubjectReview", "metadata"),
    ("v1.TokenRequest", "metadata spec"),
    (
        "v1.TokenRequestSpec",
        "audiences - boundObjectRef expirationSeconds",
    ),
    ("v1.BoundObjectReference", "kind apiVersion name uid"),
    ("v1.TokenReview", "metadata spec"),
    ("v1.TokenReviewSpec", "token audiences"),
    ("v1.SubjectAccessReview", "metadata spec"),
    ("v1.LocalSubjectAccessReview", "metadata spec"),
    (
        "v1.SubjectAccessReviewSpec",
        "resourceAttributes nonResourceAttributes user groups extra uid",
    ),
    ("v1.SelfSubjectAccessReview", "metadata spec"),
    (
        "v1.SelfSubjectAccessReviewSpec",
        "resourceAttributes nonResourceAttributes",
    ),
    ("v1.SelfSubjectRulesReview", "metadata spec"),
    ("v1.SelfSubjectRulesReviewSpec", "namespace"),
    (
        "v1.ResourceAttributes",
        "namespace verb group version resource subresource name fieldSelector labelSelector",
    ),
    ("v1.NonResourceAttributes", "path verb"),
    ("v1.FieldSelectorAttributes", "rawSelector requirements"),
    ("v1.LabelSelectorAttributes", "rawSelector requirements"),
];

pub(super) static DELETE_OPTIONS: Struct = Struct {
    name: "v1.DeleteOptions",
    fields: &[
        field("gracePeriodSeconds", Schema::Integer(64)),
        field("preconditions", Schema::Struct(&PRECONDITIONS)),
        field("orphanDependents", Schema::Boolean),
        field("propagationPolicy", Schema::Text),
        field("dryRun", Schema::List(&Schema::Text, ListType::Atomic)),
    ],
    atomic: false,
};

static PRECONDITIONS: Struct = Struct {
    name: "v1.Preconditions",
    fields: &[
        field("uid", Schema::Text),
        field("resourceVersion", Schema::Text),
    ],
    atomic: false,
};

/// The object in a body, or `None` where it is not well formed.
pub(super) fn object(body: &[u8], schema: &Struct) -> Option<Value> {
    let (mut kind, mut version, mut raw) = (String::new(), String::new(), &[][..]);
    for field in fields(body.strip_prefix(MAGIC)?) {
        match field? {
            (1, Wire::Bytes(of)) => {
                for field in fields(of) {
                    match field? {
                        (1, Wire::Bytes(text)) => version = utf8(text)?,
                        (2, Wire::Bytes(text)) => kind = utf8(text)?,
                        _ => {}
                    }
                }
            }
            (2, Wire::Bytes(bytes)) => raw = bytes,
            _ => {}
        }
    }
    let mut object = message(raw, schema)?;
    object["kind"] = kind.into();
    object["apiVersion"] = version.into();
    Some(object)
}

fn message(bytes: &[u8], schema: &Struct) -> Option<Value> {
    let mut object = Map::new();
    for field in fields(bytes) {
        let (number, wire) = field?;
        let Some((name, shape)) = numbered(schema, number) else {
            continue;
        };
        match shape {
            Schema::List(inner, _) => {
                let item = value(&wire, inner)?;
                if let Value::Array(items) = object.entry(name).or_insert_with(|| json!([])) {
                    items.push(item);
                }
            }
            Schema::Map(inner) => {
                let (key, item) = entry(&wire, inner)?;
                if let Value::Object(items) = object.entry(name).or_insert_with(|| json!({})) {
                    items.insert(key, item);
                }
            }
            _ => {
                let value = value(&wire, shape)?;
                // These messages say also what was not set.
                if value != "" && !value.is_null() {
                    object.insert(name.to_owned(), value);
                }
            }
        }
    }
    Some(Value::Object(object))
}

fn numbered(schema: &Struct, number: u64) -> Option<(&'static str, &'static Schema)> {
    let (_, names) = NUMBERS
        .iter()
        .find(|(message, _)| *message == schema.name)?;
    let index = usize::try_from(number).ok()?.checked_sub(1)?;
    let name = names.split(' ').nth(index)?;
    Some((name, schema.field(name)?))
}

fn entry(wire: &Wire<'_>, inner: &Schema) -> Option<(String, Value)> {
    let Wire::Bytes(bytes) = wire else {
        return None;
    };
    let (mut key, mut item) = (String::new(), Wire::Bytes(&[]));
    for field in fields(bytes) {
        match field? {
            (1, Wire::Bytes(text)) => key = utf8(text)?,
            (2, found) => item = found,
            _ => {}
        }
    }
    // A list cannot be the value of a map here: it is a message with the list in it.
    let value = match (inner, &item) {
        (Schema::List(of, _), Wire::Bytes(bytes)) => {
            let items = fields(bytes).map(|field| value(&field?.1, of));
            Value::Array(items.collect::<Option<_>>()?)
        }
        _ => value(&item, inner)?,
    };
    Some((key, value))
}

fn value(wire: &Wire<'_>, shape: &Schema) -> Option<Value> {
    Some(match (wire, shape) {
        (Wire::Bytes(bytes), Schema::Text | Schema::Named(_)) => utf8(bytes)?.into(),
        (Wire::Bytes(bytes), Schema::Bytes) => STANDARD.encode(bytes).into(),
        (Wire::Bytes(bytes), Schema::Struct(inner)) => message(bytes, inner)?,
        (Wire::Bytes(bytes), Schema::Time) => time(bytes, "%Y-%m-%dT%H:%M:%SZ")?,
        (Wire::Bytes(bytes), Schema::MicroTime) => time(bytes, "%Y-%m-%dT%H:%M:%S%.6fZ")?,
        (Wire::Number(number), Schema::Boolean) => (*number != 0).into(),
        // Negative numbers are sent as what their bits are without a sign.
        (Wire::Number(number), Schema::Integer(_)) => number.cast_signed().into(),
        (_, Schema::Anything) => Value::Null,
        _ => return None,
    })
}

/// A message without seconds is no time at all.
fn time(bytes: &[u8], format: &str) -> Option<Value> {
    let (mut seconds, mut nanos) = (None, 0);
    for field in fields(bytes) {
        match field? {
            (1, Wire::Number(number)) => seconds = Some(number.cast_signed()),
            (2, Wire::Number(number)) => nanos = i32::try_from(number).ok()?,
            _ => {}
        }
    }
    let Some(seconds) = seconds else {
        return Some(Value::Null);
    };
    let time = Timestamp::new(seconds, nanos).ok()?;
    Some(time.strftime(format).to_string().into())
}

fn utf8(bytes: &[u8]) -> Option<String> {
    String::from_utf8(bytes.to_vec()).ok()
}

#[derive(Debug)]
enum Wire<'a> {
    Number(u64),
    Bytes(&'a [u8]),
}

/// Field numbers and values; `None` once, where the bytes are no message.
fn fields(mut bytes: &[u8]) -> impl Iterator<Item = Option<(u64, Wire<'_>)>> {
    std::iter::from_fn(move || {
        if bytes.is_empty() {
            return None;
        }
        let read = read(&mut bytes);
        if read.is_none() {
            bytes = &[];
        }
        Some(read)
    })
}

fn read<'a>(bytes: &mut &'a [u8]) -> Option<(u64, Wire<'a>)> {
    let tag = varint(bytes)?;
    let wire = match tag & 7 {
        0 => Wire::Number(varint(bytes)?),
        1 => Wire::Bytes(take(bytes, 8)?),
        2 => {
            let length = usize::try_from(varint(bytes)?).ok()?;
            Wire::Bytes(take(bytes, length)?)
        }
        5 => Wire::Bytes(take(bytes, 4)?),
        _ => return None,
    };
    Some((tag >> 3, wire))
}

fn take<'a>(bytes: &mut &'a [u8], length: usize) -> Option<&'a [u8]> {
    let (taken, rest) = bytes.split_at_checked(length)?;
    *bytes = rest;
    Some(taken)
}

fn varint(bytes: &mut &[u8]) -> Option<u64> {
    let mut number = 0;
    for shift in (0..64).step_by(7) {
        let (first, rest) = bytes.split_first()?;
        *bytes = rest;
        number |= u64::from(first & 0x7f) << shift;
        if first & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}
