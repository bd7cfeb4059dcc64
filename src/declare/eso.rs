//! `external-secrets.io` ExternalSecret (v1, v1beta1), as External Secrets Operator reads it.
//!
//! A field at the value that the operator would put there itself is the same as no field; any other value of a field
//! that keyfleet does not honour yet is an error that names it.

use super::document::metadata;
use super::external_secret::{
    Destination, Dialect, Entry, ExternalSecret, Login, Remote, is_usable,
};
use super::store::{StoreKind, StoreRef};
use crate::diagnostics::{Diagnostic, Diagnostics, Severity};
use crate::names::{ObjectName, SecretKey};
use crate::yaml::{Fields, Node};

const LATER: &[&str] = &["syncWindows"];
const LATER_TARGET: &[&str] = &["template", "manifest"];
const LATER_REMOTE: &[&str] = &["version"];
const LATER_DATA_FROM: &[&str] = &["find", "rewrite", "sourceRef"];

pub(super) fn read(node: &Node, problems: &mut Diagnostics) -> Option<ExternalSecret> {
    let before = problems.count(Severity::Error);
    let mut top = Fields::of(node, "an ExternalSecret", problems)?;
    top.optional("apiVersion");
    top.optional("kind");
    top.ignore(&["status"]);
    let head = metadata(&mut top, true, problems);
    let spec = top.required("spec", problems);
    top.finish(problems);
    let (head, mut spec) = (head?, Fields::of(spec?, "spec", problems)?);
    let store = spec
        .required("secretStoreRef", problems)
        .and_then(|node| store_ref(node, problems));
    note_interval(&mut spec, problems);
    only(&mut spec, "refreshPolicy", "Periodic", problems);
    let target = spec
        .optional("target")
        .and_then(|node| target(node, problems));
    let every_key = spec.list("dataFrom", problems);
    let keys = spec.list("data", problems);
    // Of these there are many: none takes more room than it needs.
    let mut entries = Vec::with_capacity(every_key.len() + keys.len());
    for item in every_key {
        entries.extend(data_from(item, problems));
    }
    for item in keys {
        entries.extend(data(item, problems));
    }
    let place = spec.place.clone();
    spec.unsupported(LATER, problems);
    spec.finish(problems);
    if !is_usable(&entries, &place, before, problems) {
        return None;
    }
    let mut annotations = head.annotations;
    annotations.remove("kubectl.kubernetes.io/last-applied-configuration");
    Some(ExternalSecret {
        place: head.place,
        dialect: Dialect::Eso,
        namespace: head.namespace?,
        name: target.unwrap_or(head.name),
        labels: head.labels,
        annotations,
        login: Login::Store(store?),
        entries,
    })
}

/// The operator's own polling means nothing to keyfleet, which looks at every pass; said once, not refused.
fn note_interval(spec: &mut Fields<'_>, problems: &mut Diagnostics) {
    let place = spec.place_of("refreshInterval");
    match spec.text("refreshInterval", problems) {
        Some("0" | "0s" | "0m" | "0h") => {
            problems.push(
                Diagnostic::error(
                    &place,
                    "`refreshInterval: 0` (read once, never again) is not supported yet",
                )
                .hint("remove it: keyfleet keeps the Secret as Vault has it"),
            );
        }
        Some(_) => problems.push(Diagnostic::note(
            &place,
            "`refreshInterval` has no effect: keyfleet looks at every pass",
        )),
        None => {}
    }
}

fn store_ref(node: &Node, problems: &mut Diagnostics) -> Option<StoreRef> {
    let mut fields = Fields::of(node, "secretStoreRef", problems)?;
    let name = fields
        .required("name", problems)
        .and_then(|name| name.parsed("name", ObjectName::parse, problems));
    let kind = StoreKind::read(&mut fields, node, problems);
    let place = node
        .get("name")
        .map_or_else(|| fields.place.clone(), |node| node.place.clone());
    fields.finish(problems);
    Some(StoreRef {
        place,
        kind: kind?,
        name: name?,
    })
}

fn target(node: &Node, problems: &mut Diagnostics) -> Option<ObjectName> {
    let mut fields = Fields::of(node, "target", problems)?;
    let name = fields.parsed("name", ObjectName::parse, problems);
    only(&mut fields, "creationPolicy", "Owner", problems);
    only(&mut fields, "deletionPolicy", "Retain", problems);
    only(&mut fields, "immutable", "false", problems);
    fields.unsupported(LATER_TARGET, problems);
    fields.finish(problems);
    name
}

/// A field that may only stand at its default.
fn only(fields: &mut Fields<'_>, key: &'static str, default: &str, problems: &mut Diagnostics) {
    let Some(node) = fields.optional(key) else {
        return;
    };
    if node.scalar() != Some(default) {
        let problem = Diagnostic::error(
            &node.place,
            format!("`{key}` other than {default} is not supported yet"),
        );
        problems.push(problem.hint(format!("remove it, or write `{key}: {default}`")));
    }
}

fn data(node: &Node, problems: &mut Diagnostics) -> Option<Entry> {
    let mut fields = Fields::of(node, "an entry of `data`", problems)?;
    let name = fields
        .required("secretKey", problems)
        .and_then(|name| name.parsed("secretKey", SecretKey::parse, problems));
    let remote = fields.required("remoteRef", problems);
    fields.unsupported(&["sourceRef"], problems);
    fields.finish(problems);
    let (key, property, place) = remote_ref(remote?, "remoteRef", problems)?;
    Some(Entry {
        place,
        remote: Remote::StoreKey(key),
        into: Destination::Key {
            name: name?,
            property,
            base64: false,
        },
    })
}

fn data_from(node: &Node, problems: &mut Diagnostics) -> Option<Entry> {
    let mut fields = Fields::of(node, "an entry of `dataFrom`", problems)?;
    let extract = fields.optional("extract");
    let is_later = LATER_DATA_FROM.iter().any(|key| node.get(key).is_some());
    fields.unsupported(LATER_DATA_FROM, problems);
    fields.finish(problems);
    let Some(extract) = extract else {
        if !is_later {
            problems.push(
                Diagnostic::error(&node.place, "an entry of `dataFrom` needs `extract`")
                    .hint("write `extract: {key: …}`"),
            );
        }
        return None;
    };
    let (key, property, place) = remote_ref(extract, "extract", problems)?;
    if property.is_some() {
        let place = extract.get("property").map_or(&place, |node| &node.place);
        problems.push(
            Diagnostic::error(place, "`property` of `extract` is not supported yet")
                .hint("name each key under `data`, with its own `property`"),
        );
        return None;
    }
    Some(Entry {
        place,
        remote: Remote::StoreKey(key),
        into: Destination::EveryKey,
    })
}

/// A name, or a path of names and numbers; the operator's library (gjson) reads queries as well.
fn property_of(node: &Node, problems: &mut Diagnostics) -> Option<String> {
    let text = node.text("`property`", problems)?;
    if text.contains(['#', '*', '?', '|', '@', '!', '\\']) {
        problems.push(
            Diagnostic::error(
                &node.place,
                "a property with a query (gjson) is not supported yet",
            )
            .hint("name a field, or a path of fields and numbers: a.b.0"),
        );
        return None;
    }
    Some(text.to_owned())
}

fn remote_ref(
    node: &Node,
    what: &'static str,
    problems: &mut Diagnostics,
) -> Option<(String, Option<String>, crate::diagnostics::Place)> {
    let mut fields = Fields::of(node, what, problems)?;
    let key_node = fields.required("key", problems);
    let key = key_node.and_then(|key| key.text("`key`", problems));
    let property = fields
        .optional("property")
        .and_then(|node| property_of(node, problems));
    only(&mut fields, "conversionStrategy", "Default", problems);
    only(&mut fields, "decodingStrategy", "None", problems);
    only(&mut fields, "metadataPolicy", "None", problems);
    only(&mut fields, "nullBytePolicy", "Ignore", problems);
    fields.unsupported(LATER_REMOTE, problems);
    fields.finish(problems);
    Some((key?.to_owned(), property, key_node?.place.clone()))
}
