//! `kubernetes-client.io/v1` ExternalSecret, as kubernetes-external-secrets reads it.

use super::document::metadata;
use super::external_secret::{
    Destination, Dialect, Entry, ExternalSecret, Login, Remote, is_usable,
};
use crate::diagnostics::{Diagnostic, Diagnostics, Place, Severity};
use crate::names::{MountPath, NameError, RoleName, SecretKey};
use crate::observe::KvEngine;
use crate::yaml::{Fields, Node};
use std::collections::BTreeMap;

/// Fields of the format that keyfleet does not honour yet.
const LATER: &[&str] = &[
    "dataFromWithOptions",
    "template",
    "controllerId",
    "roleArn",
    "region",
    "projectId",
    "keyVaultName",
    "keyByName",
];
const LATER_DATA: &[&str] = &[
    "path",
    "recursive",
    "version",
    "versionStage",
    "versionId",
    "secretType",
];

pub(super) fn read(node: &Node, problems: &mut Diagnostics) -> Option<ExternalSecret> {
    let before = problems.count(Severity::Error);
    let mut top = Fields::of(node, "an ExternalSecret", problems)?;
    top.optional("apiVersion");
    top.optional("kind");
    top.ignore(&["status"]);
    let head = metadata(&mut top, true, problems);
    // The format's first name for `spec`; it is named below.
    let spec = if node.get("secretDescriptor").is_some() {
        top.optional("spec")
    } else {
        top.required("spec", problems)
    };
    top.unsupported(&["secretDescriptor"], problems);
    top.finish(problems);
    let (head, mut spec) = (head?, Fields::of(spec?, "spec", problems)?);
    check_backend(&mut spec, problems);
    check_type(&mut spec, problems);
    let engine = engine(&mut spec, problems);
    let login = Login::Inline {
        mount: located(&mut spec, "vaultMountPoint", MountPath::parse, problems),
        role: located(&mut spec, "vaultRole", RoleName::parse, problems),
    };
    let every_key = spec.list("dataFrom", problems);
    let keys = spec.list("data", problems);
    // Of these there are many: none takes more room than it needs.
    let mut entries = Vec::with_capacity(every_key.len() + keys.len());
    for item in every_key {
        let Some(path) = item.text("an entry of `dataFrom`", problems) else {
            continue;
        };
        let remote = Remote::ApiPath {
            path: path.to_owned(),
            engine,
        };
        entries.push(Entry {
            place: item.place.clone(),
            remote,
            into: Destination::EveryKey,
        });
    }
    for item in keys {
        entries.extend(data(item, engine, problems));
    }
    let place = spec.place.clone();
    spec.unsupported(LATER, problems);
    spec.finish(problems);
    if !is_usable(&entries, &place, before, problems) {
        return None;
    }
    Some(ExternalSecret {
        place: head.place,
        dialect: Dialect::Kes,
        namespace: head.namespace?,
        name: head.name,
        labels: BTreeMap::new(),
        annotations: BTreeMap::new(),
        login,
        entries,
    })
}

fn located<T>(
    fields: &mut Fields<'_>,
    key: &'static str,
    parse: fn(&str) -> Result<T, NameError>,
    problems: &mut Diagnostics,
) -> Option<(T, Place)> {
    let node = fields.optional(key)?;
    Some((node.parsed(key, parse, problems)?, node.place.clone()))
}

fn check_backend(spec: &mut Fields<'_>, problems: &mut Diagnostics) {
    let Some(node) = spec.required("backendType", problems) else {
        return;
    };
    if node.scalar() != Some("vault") {
        problems.push(
            Diagnostic::error(
                &node.place,
                "this backend is not read: keyfleet reads from Vault only",
            )
            .hint("write `backendType: vault`, or leave this declaration to its operator"),
        );
    }
}

/// A Secret is `Opaque` anyway.
fn check_type(spec: &mut Fields<'_>, problems: &mut Diagnostics) {
    if let Some(node) = spec.optional("type")
        && node.scalar() != Some("Opaque")
    {
        problems.push(
            Diagnostic::error(&node.place, "`type` other than Opaque is not supported yet")
                .hint("remove it, or write `type: Opaque`"),
        );
    }
}

/// A name, or a path of names and numbers; the format's library reads quoted names as well.
fn property(node: &Node, problems: &mut Diagnostics) -> Option<String> {
    let text = node.text("`property`", problems)?;
    if text.contains(['"', '\'']) {
        problems.push(
            Diagnostic::error(&node.place, "a property with quotes is not supported yet")
                .hint("name a field, or a path of fields and numbers: a.b.0"),
        );
        return None;
    }
    Some(text.to_owned())
}

/// KES reads KV v2 unless told otherwise.
fn engine(spec: &mut Fields<'_>, problems: &mut Diagnostics) -> KvEngine {
    let Some(node) = spec.optional("kvVersion") else {
        return KvEngine::V2;
    };
    match node.scalar() {
        Some("1") => KvEngine::V1,
        Some("2") => KvEngine::V2,
        _ => {
            problems.push(
                Diagnostic::error(&node.place, "`kvVersion` must be 1 or 2")
                    .hint("leave it out for 2"),
            );
            KvEngine::V2
        }
    }
}

fn data(node: &Node, engine: KvEngine, problems: &mut Diagnostics) -> Option<Entry> {
    let mut fields = Fields::of(node, "an entry of `data`", problems)?;
    // An entry with `path` is one of another backend, and needs neither; that field is named below.
    let needed = node.get("path").is_none();
    let mut take = |key, problems: &mut Diagnostics| {
        if needed {
            fields.required(key, problems)
        } else {
            fields.optional(key)
        }
    };
    let key_node = take("key", problems);
    let name = take("name", problems);
    let key = key_node
        .and_then(|key| key.text("`key`", problems))
        .map(str::to_owned);
    let name = name.and_then(|name| name.parsed("name", SecretKey::parse, problems));
    let property = fields
        .optional("property")
        .and_then(|node| property(node, problems));
    let base64 = fields.boolean("isBinary", problems).unwrap_or(false);
    let place = key_node.map_or_else(|| node.place.clone(), |key| key.place.clone());
    fields.unsupported(LATER_DATA, problems);
    fields.finish(problems);
    Some(Entry {
        place,
        remote: Remote::ApiPath { path: key?, engine },
        into: Destination::Key {
            name: name?,
            property,
            base64,
        },
    })
}
